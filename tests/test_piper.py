"""With Piper itself: a tiny voice made here, whose speech is a buzz, and a real one."""

import json

import numpy as np
import pytest

from mwwkit.corpus.clips import validate
from mwwkit.corpus.piper import Piper
from mwwkit.corpus.speech import SpeechError, Voice
from mwwkit.corpus.voice_files import PIPER_JOE
from mwwkit.report.licences import UNKNOWN, of_text
from mwwkit.run.seeds import rng
from mwwkit.stages import acquire

pytest.importorskip("piper", reason="pip install 'mwwkit[piper]'")
with_joe = pytest.mark.skipif(
    not PIPER_JOE.is_there(PIPER_JOE.folder()), reason=f"joe is not here: {PIPER_JOE.command}"
)


def speak(engine: Piper, text: str, voice: Voice) -> np.ndarray:
    [spoken] = engine.speak_many([(text, voice)])
    if isinstance(spoken, SpeechError):
        raise spoken
    return spoken


def tiny_voice(folder, name, n_speakers):
    """A model with Piper's inputs: 512 samples a phoneme times the length scale; speaker: pitch."""
    onnx = pytest.importorskip("onnx", reason="pip install 'mwwkit[onnx]'")
    node, info = onnx.helper.make_node, onnx.helper.make_tensor_value_info
    i64, f32 = onnx.TensorProto.INT64, onnx.TensorProto.FLOAT

    def constant(name, array):
        return onnx.numpy_helper.from_array(np.asarray(array), name)

    nodes = [
        node("Cast", ["input_lengths"], ["count"], to=f32),
        node("Gather", ["scales", "one"], ["stretch"]),  # noise, length, width
        node("Mul", ["count", "stretch"], ["units"]),
        node("Mul", ["units", "per_unit"], ["n"]),
        node("Squeeze", ["n"], ["n0"]),
        node("Range", ["zero", "n0", "step"], ["t"]),
        node("Cast", ["sid"], ["sidf"], to=f32)
        if n_speakers > 1
        else node("Identity", ["zero1"], ["sidf"]),
        node("Add", ["sidf" if n_speakers > 1 else "zero1", "base"], ["pitch"]),
        node("Mul", ["t", "pitch"], ["phase"]),
        node("Sin", ["phase"], ["wave"]),
        node("Unsqueeze", ["wave", "axes"], ["output"]),
    ]
    inputs = [
        info("input", i64, [1, None]),
        info("input_lengths", i64, [1]),
        info("scales", f32, [3]),
    ]
    inputs += [info("sid", i64, [1])] if n_speakers > 1 else []
    constants = [
        constant("one", np.int64(1)), constant("per_unit", np.float32(512)),
        constant("zero", np.float32(0)), constant("zero1", np.float32([0])),
        constant("step", np.float32(0.05)), constant("base", np.float32([1])),
        constant("axes", np.int64([0, 1])),
    ]  # fmt: skip
    graph = onnx.helper.make_graph(nodes, name, inputs, [info("output", f32, None)], constants)
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 13)])
    model.ir_version = 8
    onnx.save(model, str(folder / f"{name}.onnx"))
    letters = {c: [k + 3] for k, c in enumerate("abcdefghijklmnopqrstuvwxyz ")}
    settings = {
        **{"num_symbols": 40, "num_speakers": n_speakers, "audio": {"sample_rate": 22050}},
        **{"espeak": {"voice": "en"}, "phoneme_type": "text", "inference": {}},
        "phoneme_id_map": {"_": [0], "^": [1], "$": [2], **letters},
    }
    (folder / f"{name}.onnx.json").write_text(json.dumps(settings))


@pytest.fixture
def engine(tmp_path):
    tiny_voice(tmp_path, "one", 1)
    tiny_voice(tmp_path, "many", 3)
    return Piper(str(tmp_path))


def test_every_speaker_of_every_voice_is_a_speaker(engine):
    engine.check()
    assert engine.voices() == ("piper many#0", "piper many#1", "piper many#2", "piper one")
    drawn = {engine.draw(rng(0, k)).speaker for k in range(60)}
    assert drawn == set(engine.voices())


def test_speech_comes_at_16_khz_the_same_each_time_and_follows_speaker_and_speed(engine):
    plain = speak(engine, "computer", Voice("x", "many#1"))
    assert plain.dtype == np.float32 and 0.1 < len(plain) / 16_000 < 1000
    np.testing.assert_array_equal(plain, speak(engine, "computer", Voice("x", "many#1")))
    slow = speak(engine, "computer", Voice("x", "many#1", rate_wpm=110))
    assert len(slow) > 1.3 * len(plain)
    other = speak(engine, "computer", Voice("x", "many#2"))
    assert not np.array_equal(other[:1000], plain[:1000])


def test_what_is_missing_is_named(tmp_path, monkeypatch):
    with pytest.raises(SpeechError, match="has no Piper voice"):
        Piper(str(tmp_path)).check()
    (tmp_path / "lonely.onnx").touch()
    with pytest.raises(SpeechError, match="lacks its lonely.onnx.json"):
        Piper(str(tmp_path)).check()
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(SpeechError, match="pip install piper-tts"):
        Piper(str(tmp_path)).check()


def test_a_voice_that_is_gone_costs_its_words_only(engine):
    gone, spoken = engine.speak_many(
        [("computer", Voice("x", "gone")), ("computer", Voice("x", "one"))]
    )
    assert "piper's process died over 'computer'" in str(gone)
    assert len(spoken) > 1000


@with_joe
def test_a_real_voice_speaks_words_the_same_each_time_and_at_the_speed_asked_for():
    [engine] = acquire.Config(word="computer", tts_engines="piper").engines().all
    engine.check()
    assert engine.voices() == ("piper en_US-joe-medium",) and engine.languages == ("en-us",)
    assert "lessac" in engine.licence and of_text(engine.licence)[0] == UNKNOWN
    plain, slow = (Voice("x", "en_US-joe-medium", rate_wpm=rate) for rate in (165, 100))
    first, longer, again = engine.speak_many([("computer", v) for v in (plain, slow, plain)])
    assert not validate(first) and 0.3 < len(first) / 16_000 < 1.5
    np.testing.assert_array_equal(first, again)
    assert len(longer) > 1.3 * len(first)
