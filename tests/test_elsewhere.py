"""Another program, which knows the manifest and the model only, hears what mwwkit hears."""

import numpy as np
import pytest

from mwwkit.audio.frontend import spectrogram
from mwwkit.audio.wav16 import to_int16
from mwwkit.device.detector import sliding_sum
from mwwkit.device.simulator import Device
from mwwkit.esphome import manifest

WINDOW = 5
CARD = manifest.Manifest("Word", "me", "word.tflite", ("en",), 0.9, WINDOW, 30_000)


@pytest.fixture
def exported(tiny_model, tmp_path):
    """A manifest and its model, in a folder of their own."""
    (tmp_path / "word.tflite").write_bytes(tiny_model)
    manifest.write(CARD, tmp_path / "word.json")
    return tmp_path / "word.json"


def test_pymicro_wakeword_hears_what_our_device_hears(exported, tiny_model, speech_like):
    program = pytest.importorskip("pymicro_wakeword", reason="extra dev; Linux on x86-64")
    pcm = to_int16(np.concatenate([speech_like(seed, 1.5) for seed in (1, 2, 3)]))
    model = program.MicroWakeWord.from_config(exported)
    frames = program.MicroWakeWordFeatures().process_streaming(pcm.tobytes())
    theirs = np.array([model.process_streaming_prob(frame) for frame in frames])
    # A value each third frame, none until the window is full.
    theirs = theirs[2::3][WINDOW - 1 :]
    scores = Device(tiny_model, reference=True).scores(spectrogram(pcm))
    ours = sliding_sum(scores, WINDOW)[WINDOW - 1 :] / WINDOW / 256
    assert ours.max() - ours.min() > 0.2  # there is something to compare
    np.testing.assert_allclose(theirs, ours[: len(theirs)], atol=0.06)
    assert np.abs(theirs - ours[: len(theirs)]).mean() < 0.01
