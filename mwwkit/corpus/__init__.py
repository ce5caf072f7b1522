"""The clips that a wake word is made from, and everything that 01 does to get them.

clips             the catalogue: one record a clip; what is fit to be one; the quarantine
sources           inputs: files in folders and tables; what is to be spoken or made up
role_folders      a folder of recordings: which folder in it is what, and what is neither
recording_folders whose the recordings in such folders are, and in which of the user's own splits
folder_names      what names of folders say: who, when, where, which split
tables            tables of recordings and of splits made into inputs
table_files       tables as people's programs write them: encodings, separators
table_paths       paths as tables name them
long_files        few long recordings cut over the splits
given_places      what 01's settings name of it, and what of that a session lacks
named_speakers    which names of speakers are people's, and which are only what a folder is called
missing_places    one of them that is not there, told in the same words everywhere
gathering         what was given, place by place: inputs, what cannot be used, what is left out
clip_tables       what was given and what was made, as people read it
asked             what 01 was asked for at each catalogue; whether features are of another
fates             the last table of 01: what became of everything that was given
units             inputs cut into units of work
unit_folders      one unit's inputs made into a folder of clips
assembly          the clips of all units put together, doubles removed
cataloguing       the catalogue written from them: who is in which split, what was rejected
speech            text to speech: the engine interface, and espeak-ng
espeak_child      espeak-ng in a process of its own
piper             Piper, for those who have it and voices for it
piper_child       Piper in a process of its own
kokoro            Kokoro, for those who fetched it: its voices, and mixtures of them
kokoro_child      Kokoro in a process and an environment of its own
engines           which of these speak, and who says what
spoken_check      whether machines said the word, by a recogniser (recogniser_child) and by sounds
voice_files       the files of voices that can be had, with digests, and where they lie
voice_fetching    such files fetched from registries or taken from a folder
scripts           which scripts the voices read as words, and which they spell
lexicon           how words are pronounced, and the commonest of a language
sound_distance    how unlike two words sound
confusable        what people say that sounds like the wake word
word_advice       what to know about a wake word before any work
near_misses       pieces and changes of the wake word by letters, other words, sentences
speaker_embedding as how many people voices sound, by a published net in NumPy (its weights come
                  through speaker_weights_child)
voices_heard      as how many people the machines of a run sound, measured once and kept
spoken_needs      which of it machines should say, by what people recorded
synthetic_inputs  what machines are asked to say and to make up, decided by a seed
noise_and_rooms   noise and rooms made up, for those who have none
splits            train, validation and test: nobody (of six or more) and no sound in two; the audit
folds             the clips that each of k runs keeps for its test
clip_measures     level, noise, clipping and bandwidth of a recording, and what to do better
data_health       what the clips of a run are like together, and what to do about it
takes             recordings that are made in the notebook: what is asked for, what there is
decided           the catalogue as a person's decisions about clips have it
caveats           what to know about a run's clips, in whole sentences
own_recordings    people's recordings of the wake word: counted by split, and whose test the model
endpoint_table    where the word is in every short clip of a run, found once and kept
"""

from mwwkit.run.lazy_names import offered

__getattr__ = offered(
    __name__,
    Clips="clips",
    Label="clips",
    SampleRecord="clips",
    Split="clips",
    load_clips="clips",
)
