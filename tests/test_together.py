"""Several wake words on one device: what they need, and how often it wakes, as each does alone."""

import json
import shutil

import numpy as np
import pytest

from mwwkit import __main__ as cli
from mwwkit.audio.wav16 import write_wav16
from mwwkit.device.detector import Detection
from mwwkit.esphome.component import Component
from mwwkit.esphome.manifest import Manifest, write
from mwwkit.evaluation import scoring
from mwwkit.evaluation.together import _moments, together
from mwwkit.run.errors import WrongInput
from mwwkit.run.seeds import rng


@pytest.fixture
def manifests(tiny_model, tmp_path):
    """`manifests(name, cutoff)` -> the path of a manifest of the tiny model."""

    def make(name, cutoff):
        path = tmp_path / "models" / f"{name}.json"
        path.parent.mkdir(exist_ok=True)
        (path.parent / f"{name}.tflite").write_bytes(tiny_model)
        write(Manifest(name, "a test", f"{name}.tflite", ("en",), cutoff, 3, 30_000), path)
        return path

    return make


@pytest.fixture
def sound(tmp_path):
    """A folder of two files of bursts, 20 s each, and one that is no sound."""
    folder = tmp_path / "sound"
    folder.mkdir()
    for number in range(2):
        draw = rng(number, "bursts")
        loud = np.repeat(draw.uniform(0, 1, 80) ** 4, 4000)
        write_wav16(folder / f"{number}.wav", (loud * draw.normal(0, 0.2, 320_000)).clip(-1, 1))
    (folder / "notes.wav").write_bytes(b"RIFF")
    return folder


def test_a_set_wakes_as_its_words_do_alone_and_needs_what_they_need(manifests, sound, tiny_model):
    words = [manifests("one", 0.4), manifests("two", 0.5)]
    sheet = together(words, audio=[sound])
    assert sheet.arena_bytes == 60_000
    assert sheet.model_bytes == 2 * len(tiny_model)
    for path, rate in zip(words, sheet.wakes, strict=True):
        alone = [
            scoring.listen(Component.load(path), sound / f"{n}.wav", lead_in_s=0) for n in (0, 1)
        ]
        # after the file `listen` goes on with half a second of faint noise
        own = [[d for d in track.detections if d.time_s <= track.seconds] for track in alone]
        assert rate.events == sum(_moments([one]) for one in own) > 0
    assert sheet.all_wakes.hours == round(40 / 3600, 6)
    most = max(rate.events for rate in sheet.wakes)
    assert most <= sheet.all_wakes.events <= sum(rate.events for rate in sheet.wakes)
    assert len(sheet.not_read) == 1 and "notes.wav" in sheet.not_read[0] and not sheet.ok


def test_a_vad_model_counts_and_holds_back(manifests, sound):
    words = [manifests("one", 0.4)]
    free, gated = (together(words, vad, [sound]) for vad in (None, manifests("vad", 0.99)))
    assert gated.all_wakes.events < free.all_wakes.events and gated.blocked > 0
    assert gated.arena_bytes == 60_000 and [m.is_vad for m in gated.members] == [
        False,
        True,
    ]


def test_two_words_that_wake_it_at_once_are_one_wake():
    def at(*times):
        return [Detection(time_s, 1.0, 1.0) for time_s in times]

    assert _moments([at(1.0, 9.0), at(2.5, 9.5, 20.0)]) == 3
    assert _moments([at(1.0, 4.0)]) == 2 and _moments([[], []]) == 0


def test_it_is_printed_and_as_json_and_a_fault_ends_with_1(manifests, capsys):
    words = [str(manifests("one", 0.4)), str(manifests("two", 0.5))]
    code = cli.main(["verify", *words])
    told = capsys.readouterr().out
    assert "together" in told and "60,000" in told
    found = json.loads((cli.main(["verify", *words, "--json"]), capsys.readouterr().out)[1])
    assert found["arena bytes"] == 60_000 and found["all wakes"] is None
    fit = all(member["certificate"]["fit"] for member in found["members"])
    assert code == (cli.OK if fit else cli.BAD)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--vad", "nothing.json"], "nothing.json is not there"),
        (["--audio", "nowhere"], "nowhere is not there"),
        (["--envelope", "vad", "--audio", "."], "beside others give it --vad"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(manifests, capsys, more, told):
    assert cli.main(["verify", str(manifests("one", 0.4)), *more]) == cli.USAGE
    [line] = capsys.readouterr().err.splitlines()
    assert told in line


def test_a_model_twice_and_an_empty_folder_are_refused(manifests, tmp_path):
    one = manifests("one", 0.4)
    with pytest.raises(WrongInput, match="given twice"):
        together([one, one])
    (tmp_path / "empty").mkdir()
    with pytest.raises(WrongInput, match="no audio file in"):
        together([one], audio=[tmp_path / "empty"])


def test_the_official_words_fit_together(official_models, tmp_path):
    for path in official_models.iterdir():
        shutil.copy(path, tmp_path)
    words = [tmp_path / f"{name}.json" for name in ("alexa", "okay_nabu")]
    sheet = together(words, tmp_path / "vad.json")
    assert sheet.ok and sheet.arena_bytes == 22_348 + 26_080 + 16_772
    assert "vad (VAD)" in str(sheet)


def test_a_model_that_is_not_fit_is_told_beside_the_others(manifests, sound):
    good, bad = manifests("one", 0.4), manifests("two", 0.5)
    bad.with_suffix(".tflite").write_bytes(b"no model")
    sheet = together([good, bad], audio=[sound])
    assert not sheet.ok and sheet.not_heard and sheet.all_wakes is None
    told = str(sheet)
    assert "two: the model is no whole .tflite file" in told and "was not heard" in told


def test_sound_none_of_which_can_be_read_is_refused_with_why(manifests, tmp_path):
    (tmp_path / "broken.wav").write_bytes(b"RIFF")
    with pytest.raises(WrongInput, match="none of the sound given can be read: .*broken.wav"):
        together([manifests("one", 0.4)], audio=[tmp_path / "broken.wav"])
