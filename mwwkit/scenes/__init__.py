"""Scenes: continuous labelled audio, drawn as records first and rendered after; their features.

scenes         the record of a scene
scene_drawing  a scene drawn as a record
rendering      a record made into audio
augmentation   the augmentations under the names that 02 sets
materials      what the scenes of a split are made of, from the catalogue
sets           which scenes a run's features consist of
shards         some scenes of one set as spectrograms, with their records
store          spectrograms on disk, in mmap_ninja's ragged format
set_tables     the sets as people read them
classes        scenes by what is in them: the word, nothing like it, what is nearly it
provenance     whose voice, which source, which room
mining         false accepts in long audio: where they are and which are worth keeping
mined_windows  what is kept of them: features around, and a table
"""

from mwwkit.run.lazy_names import offered

__getattr__ = offered(
    __name__,
    FeatureStore="store",
)
