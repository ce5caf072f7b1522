"""Pure functions of sound: nothing here knows a net, a run's scenes, or TensorFlow.

reading       files in any format to 16 kHz mono; the 16-bit WAV files that mwwkit keeps
effects       what can happen to a sound on its way to the microphone
rooms         impulse responses: checked, cut to the direct sound, measured
shifts        ways in which a home differs from a test set: noise, rooms, gains, codecs
frontend      the device's spectrogram, bit for bit
endpoints, alignment   where the word is in a clip: from its energy; from many clips of the word
"""

from mwwkit.run.exports import offered

__getattr__ = offered(
    __name__,
    AudioAugmentation="effects",
    AudioValidationError="reading",
    FeatureConfig="frontend",
    MicroFrontend="frontend",
    SpectrogramGeneration="frontend",
)
