"""The component on a PC: a manifest in, detections out, with and without a VAD model."""

from dataclasses import replace

import numpy as np
import pytest
import soundfile

from mwwkit.device.detector import Rule, StreamingDetector, voice_track
from mwwkit.device.simulator import Device
from mwwkit.esphome.component import Component
from mwwkit.esphome.manifest import Manifest, ManifestError, write
from mwwkit.evaluation import scoring


@pytest.fixture
def manifests(tiny_model, tmp_path):
    """`manifests(name, cutoff)` -> the path of a manifest of the tiny model."""
    (tmp_path / "tiny.tflite").write_bytes(tiny_model)

    def make(name, cutoff):
        path = tmp_path / f"{name}.json"
        write(Manifest(name, "a test", "tiny.tflite", ("en",), cutoff, 3, 30_000), path)
        return path

    return make


@pytest.fixture(scope="module")
def features(feature_like):
    return feature_like(33, 3000)


def test_a_manifest_is_heard_as_its_parts_are(manifests, tiny_model, features):
    heard = Component.load(manifests("word", 0.4)).hear(features)
    scores = Device(tiny_model, reference=True).scores(features)
    assert np.array_equal(heard.scores, scores) and heard.voice is None
    assert list(heard.detections) == StreamingDetector(0.4, 3).run(scores)
    assert len(heard.detections) >= 2 and heard.blocked == ()


def test_detections_need_the_voice_of_the_vad_model(manifests, tiny_model, features):
    word = manifests("word", 0.4)
    alone = Component.load(word).hear(features)
    gated = Component.load(word, manifests("vad", 0.6)).hear(features)
    vad = Device(tiny_model, reference=True).scores(features)
    assert np.array_equal(gated.voice, voice_track(vad, Rule(0.6, 3)))
    assert gated.detections and gated.blocked
    for detection in gated.detections:
        assert gated.voice[round((detection.time_s - 0.03) / 0.01)]
    for detection in gated.blocked:
        assert not gated.voice[round((detection.time_s - 0.03) / 0.01)]
    silent = Component.load(word, manifests("vad", 0.999)).hear(features)
    assert silent.detections == () and silent.blocked[0] == alone.detections[0]


def test_the_official_vad_model_goes_with_an_official_word(official_models, features):
    word, vad = official_models / "alexa.json", official_models / "vad.json"
    component = Component.load(word, vad)
    assert (component.vad.cutoff, component.vad.window) == (0.5, 5)
    assert component.word.device.engine == component.vad.device.engine == "exact"
    assert len(component.hear(features).voice) == 3000


def test_an_engine_can_be_asked_for(manifests, features):
    word = manifests("word", 0.4)
    fast = Component.load(word, engine="fast")
    assert fast.word.device.engine == "fast"
    assert np.abs(fast.hear(features).scores.astype(int)).max() > 0


def test_a_manifest_that_will_not_do_is_refused(tmp_path):
    (tmp_path / "bad.json").write_text("{}")
    with pytest.raises(ManifestError):
        Component.load(tmp_path / "bad.json")


@pytest.mark.parametrize("engine", ["exact", "fast", "tflm"])
@pytest.mark.parametrize("with_vad", [False, True])
def test_a_stream_in_pieces_is_heard_as_in_one(manifests, features, engine, with_vad):
    if engine == "tflm":
        pytest.importorskip("tflite_micro", reason="install the extra tflm")
    vad = manifests("vad", 0.6) if with_vad else None
    component = Component.load(manifests("word", 0.4), vad, engine)
    whole, listening = component.hear(features), component.listening()
    lengths = np.random.default_rng(1).integers(0, 12, 1000)
    heard = [listening.hear(piece) for piece in np.split(features, np.cumsum(lengths))]
    assert np.array_equal(np.concatenate([h.scores for h in heard]), whole.scores)
    assert tuple(d for h in heard for d in h.detections) == whole.detections != ()
    assert tuple(d for h in heard for d in h.blocked) == whole.blocked
    if with_vad:
        assert whole.blocked and np.array_equal(
            np.concatenate([h.voice for h in heard]), whole.voice
        )


def test_score_hears_whatever_can_be_decoded_and_tells_of_the_rest(
    manifests, tmp_path, speech_like
):
    word, folder = speech_like(1, 0.6), tmp_path / "sounds"
    folder.mkdir()
    soundfile.write(folder / "a.flac", word, 16_000)
    (folder / "a.flac").rename(folder / "no suffix")
    soundfile.write(folder / "opposite.wav", np.stack([word, -word], 1), 16_000)
    (folder / "notes.txt").write_text("the third take is good\n")
    (folder / "gone.wav").symlink_to("nowhere.wav")
    (folder / ".DS_Store").write_bytes(b"\0")
    report = scoring.score(manifests("word", 0.4), [folder])
    assert (report.totals.heard, report.totals.not_read) == (2, 2)
    told = scoring.table(report)
    assert "notes.txt is no audio but text" in told and "gone.wav is a link to nowhere.wav" in told
    assert "opposite.wav has channels that cancel each other" in told
    quiet = replace(report, totals=replace(report.totals, detections=0, files_with_detections=0))
    assert "2 files, 0.0 minutes: no detections in any\n" in scoring.table(quiet)


def test_score_counts_by_the_top_folders_and_compares_as_the_device_does(
    manifests, tmp_path, speech_like
):
    folder = tmp_path / "mine"
    for name in ("positive/ann/a", "positive/ben/b", "negative/c"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(folder / f"{name}.wav", speech_like(1, 0.6), 16_000)
    model = manifests("word", 0.43)
    report = scoring.score(model, [folder])
    assert [(f.folder, f.heard) for f in report.folders] == [("negative/", 1), ("positive/", 2)]
    woken = sum(f.files_with_detections for f in report.folders)
    assert woken == report.totals.files_with_detections
    for file in report.files:
        assert bool(file.detections) <= (file.max_mean > report.level)
    told = scoring.table(report).splitlines()
    assert "is over 0.4275 (the cutoff 0.43, which the device keeps as 109 of 255)" in told[0]
    assert report.level == 0.4275
    assert "max of means: the highest mean of 3 in a row" in told[1]
    assert told[-3:] == [*(f"  {each}" for each in report.folders), scoring.TAUGHT]
    given = [folder / "negative", folder / "positive"]
    assert [f.folder for f in scoring.score(model, given).folders] == [
        f"{folder}/negative/",
        f"{folder}/positive/ann/",
        f"{folder}/positive/ben/",
    ]
    assert scoring.score(model, [folder / "negative"]).folders == ()


def test_a_count_of_a_folder_is_told_in_words():
    assert str(scoring.FolderScore("a/", 24, 4)) == "a/: woke it in 4 of 24 files"
    assert str(scoring.FolderScore("b/", 1, 0)).endswith("0 of 1 file")


@pytest.mark.parametrize("window", [1, 3, 10])
def test_the_digits_of_a_score_tell_every_mean_from_the_cutoff(window):
    rule = Rule(0.43, window)
    over, at = ((rule.limit + n) / (255 * window) for n in (1, 0))
    assert round(over, scoring.DIGITS) > round(at, scoring.DIGITS) == round(rule.level, 4)
