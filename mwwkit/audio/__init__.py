"""Sound and spectrograms; nothing here knows TensorFlow.

reading       files in any format to 16 kHz mono; the WAV files that mwwkit keeps
clips         the catalogue: one record a clip; what is fit to be one; the quarantine
sources       inputs: files in folders and tables; what is to be spoken or made up
invented      lists of what machines are asked to say, decided by a seed
units, making, assembly   inputs cut into units, made into clips, put together
speech, piper text to speech, each engine in a child process
confusables   near misses of the wake word, other words, sentences
synthetic     noise and rooms for those who have none
splits        train, validation, test by speaker, sound and file; the leakage audit
words         where in a clip the word is
rooms, effects, scenes, sets   augmentation, drawn as records and applied by pure functions
frontend      the device's spectrogram
store, shards, mining   spectrograms on disk; what a model mistakes in long audio
"""
