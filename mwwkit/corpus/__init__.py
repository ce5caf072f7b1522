"""The clips that a wake word is made from, and everything that 01 does to get them.

clips         the catalogue: one record a clip; what is fit to be one; the quarantine
sources       inputs: files in folders and tables; what is to be spoken or made up
units, unit_folders, assembly   inputs cut into units of work, made into clips, put together
speech, espeak_child, piper, piper_child   text to speech, each engine in a child process
near_misses   what sounds like the wake word, other words, sentences
synthetic_inputs, noise_and_rooms   what machines are asked to say; noise and rooms made up
splits, folds   train, validation, test by speaker, sound and file; k-fold tests; the leakage audit
endpoint_table   where the word is in every short clip of a run, found once
"""

from mwwkit.run.exports import offered

__getattr__ = offered(
    __name__,
    Clips="clips",
    Label="clips",
    SampleRecord="clips",
    Split="clips",
    load_clips="clips",
)
