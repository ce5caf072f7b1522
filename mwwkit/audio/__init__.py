"""Pure functions of sound: nothing here knows a net, a run's scenes, or TensorFlow.

discovery       what is in a folder: sound, what is none, links, what is the system's own
reading         files in any format to 16 kHz mono
wholeness       whether all the sound that a file's header promises is there
file_kinds      what a file is that no decoder takes for sound
downmix         several channels to one, and what to do where they cancel each other
wav16           the 16-bit WAV files that mwwkit keeps
effects         what can happen to a sound on its way to the microphone
effect_recipes  effects drawn as a recipe, and applied
rooms           impulse responses of rooms: checked, cut to the direct sound, measured
shifts          ways in which a home differs from a test set: noise, rooms, gains, codecs
frontend        the device's int8 spectrogram, bit for bit
endpoints       where the word is in a clip, from its energy
alignment       where the word is in a clip, learnt from many clips of it
"""

from mwwkit.run.lazy_names import offered

__getattr__ = offered(
    __name__,
    AudioAugmentation="effect_recipes",
    AudioValidationError="reading",
    FeatureConfig="frontend",
    MicroFrontend="frontend",
    SpectrogramGeneration="frontend",
)
