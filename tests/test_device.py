"""The device on a PC: from reset each time, whole steps only, as TensorFlow Lite Micro does it."""

import pickle
import time

import numpy as np
import pytest

from mwwkit.model import device
from mwwkit.model.device import Device, DeviceError


@pytest.fixture(scope="module")
def features(feature_like):
    return feature_like(30, 1500)


def test_every_stream_starts_from_reset(tiny_model, features):
    one = Device(tiny_model)
    first = one.scores(features)
    assert first.dtype == np.uint8 and np.ptp(first) > 20
    one.scores(features[::-1].copy())
    assert np.array_equal(one.scores(features), first)


def test_frames_after_the_last_whole_step_wait(tiny_model, features):
    one = Device(tiny_model)
    assert one.stride == 3
    assert [len(one.scores(features[:n])) for n in (0, 2, 3, 5, 6)] == [0, 0, 1, 1, 2]
    assert np.array_equal(one.scores(features[:302]), one.scores(features)[:100])


def test_a_file_and_its_bytes_are_the_same_model(tiny_model, features, tmp_path):
    (tmp_path / "w.tflite").write_bytes(tiny_model)
    assert np.array_equal(
        Device(tmp_path / "w.tflite").scores(features), Device(tiny_model).scores(features)
    )


def test_reference_kernels_stay_within_a_few_levels_of_the_fast_ones(tiny_model, features):
    fast = Device(tiny_model).scores(features).astype(int)
    difference = np.abs(fast - Device(tiny_model, reference=True).scores(features))
    assert difference.mean() < 1 and difference.max() <= 16


def test_reference_kernels_agree_with_tensorflow_lite_micro(tiny_model, features):
    pytest.importorskip("tflite_micro")
    exact = Device(tiny_model, reference=True).scores(features).astype(int)
    micro = device.tflm_scores(tiny_model, features)
    assert (exact != micro).mean() <= 0.02
    assert np.abs(exact - micro).max() <= 3


def test_official_models_score_alike_in_micro_and_with_reference_kernels(official_models, features):
    pytest.importorskip("tflite_micro")
    path = official_models / "hey_jarvis.tflite"
    exact = Device(path, reference=True).scores(features).astype(int)
    assert np.abs(exact - device.tflm_scores(path, features)).max() <= 6


def test_a_minute_of_audio_takes_milliseconds(official_models, feature_like):
    one = Device(official_models / "okay_nabu.tflite")
    minute = feature_like(31, 6000)
    one.scores(minute)
    before = time.process_time()
    one.scores(minute)
    # Ten hours in under 60 CPU seconds would be 100 ms a minute; it takes about 8.
    assert time.process_time() - before < 0.1


def test_a_device_can_be_sent_to_another_process(tiny_model, features):
    one = Device(tiny_model)
    # The test alone pickles: joblib does so to reach its workers.
    sent = pickle.loads(pickle.dumps(one))
    assert np.array_equal(sent.scores(features), one.scores(features))


@pytest.mark.parametrize(
    "wrong", [np.zeros((30, 40), np.float32), np.zeros((30, 39), np.int8), np.zeros(40, np.int8)]
)
def test_features_off_the_devices_grid_are_refused(tiny_model, wrong):
    with pytest.raises(ValueError, match="wanted int8"):
        Device(tiny_model).scores(wrong)


def test_what_is_no_streaming_int8_model_is_refused(tiny_model, made_net, tmp_path):
    from mwwkit.model import streaming

    with pytest.raises(DeviceError, match="cannot load"):
        Device(b"no model")
    with pytest.raises(DeviceError, match="cannot load"):
        Device(tiny_model[: len(tiny_model) // 2])
    with pytest.raises(FileNotFoundError):
        Device(tmp_path / "none.tflite")
    net = made_net("tiny")
    with pytest.raises(DeviceError, match="float32 and float32, wanted int8 and uint8"):
        Device(streaming.to_float(streaming.fold(net), net.shape))


def test_without_tflite_micro_the_error_says_how_to_get_it(tiny_model, features, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "tflite_micro", None)
    monkeypatch.setitem(sys.modules, "tflite_micro.python.tflite_micro", None)
    with pytest.raises(DeviceError, match="pip install --pre tflite-micro"):
        device.tflm_scores(tiny_model, features)
