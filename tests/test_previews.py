"""Panels show what is in the run's files, and stand without a running widget."""

import io
import json
import subprocess
import sys

import numpy as np
import pytest
import soundfile
from IPython.display import Image
from ipywidgets import IntSlider
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from mwwkit.audio.endpoints import Span
from mwwkit.audio.frontend import spectrogram
from mwwkit.audio.wav16 import write_wav16
from mwwkit.corpus.clips import Kind, Label, SampleRecord, Split, write_catalogue
from mwwkit.previews import (
    cases,
    clip_player,
    drawing,
    mistakes_panel,
    panel,
    scene_player,
    training_curves,
)
from mwwkit.previews.panel import ELSEWHERE
from mwwkit.run.files import replacing
from mwwkit.run.paths import Run
from mwwkit.run.seeds import rng
from mwwkit.scenes.rendering import render
from mwwkit.scenes.scene_drawing import Material, SceneSettings, Word, draw_scene
from mwwkit.scenes.scenes import scene_from
from mwwkit.scenes.sets import probe, training_set
from mwwkit.scenes.shards import FeatureSet, make_shard

VIEW = "application/vnd.jupyter.widget-view+json"


@pytest.fixture(scope="module")
def here(tmp_path_factory, speech_like) -> Run:
    """A run with a catalogue of eight clips."""
    here = Run(tmp_path_factory.mktemp("a run"))
    records = []
    for number in range(8):
        label = Label.POSITIVE if number < 4 else Label.NEGATIVE
        path = f"clips/clip/{label.value}-{number}.wav"
        (here / path).parent.mkdir(parents=True, exist_ok=True)
        write_wav16(here / path, speech_like(number))
        word = "computer" if number < 4 else "<b>& else"
        records.append(
            SampleRecord(
                *(path, label, Kind.CLIP, word, f"s{number}", Split.TRAIN, 1.0),
                *("made", "CC0", "0" * 64, path),
            )
        )
    write_catalogue(here / "clips/catalogue.csv", records)
    return here


@pytest.fixture(scope="module")
def material() -> Material:
    words = [Word(f"clips/clip/positive-{i}.wav", 1.0, Span(0.2, 0.8)) for i in range(4)]
    others = [Word(f"clips/clip/negative-{i}.wav", 1.0, Span(0.2, 0.8)) for i in range(4, 8)]
    noises = (("clips/clip/negative-7.wav", 1.0),)
    return Material(tuple(words), tuple(others), noises=noises)


@pytest.fixture(scope="module")
def features(here, material) -> FeatureSet:
    """Twelve training scenes, as 02 stores them."""
    table = training_set(material, SceneSettings(seconds=4.0), 12, seed=1)
    with replacing(here / "features/train/000000") as part:
        make_shard(part, table, range(12), here.find)
    return FeatureSet.of_folder(here / "features/train/000000")


@pytest.fixture
def shown(monkeypatch) -> list:
    """What the panels display, in order."""
    things: list = []
    for module in (clip_player, panel, training_curves):
        monkeypatch.setattr(module, "display", lambda *new, **_: things.extend(new))
    return things


def test_a_scene_read_back_from_its_stored_record_has_the_stored_spectrogram(here, features):
    for number, record in enumerate(features.scenes):
        again = render(scene_from(record), here.find)
        assert np.array_equal(spectrogram(again), features.store[number])


def test_a_record_goes_through_json_without_a_change(material):
    settings = SceneSettings(word_shares=(0.5,))
    scenes_drawn = [draw_scene(material, settings, rng(2, number)) for number in range(20)]
    scenes_drawn.append(probe(material.positives[0], "noise10", material, rng(3)))
    for scene in scenes_drawn:
        record = json.loads(json.dumps(scene.as_dict()))
        assert json.loads(json.dumps(scene_from(record).as_dict())) == record


def test_clips_are_shown_by_label_each_with_a_player(here, shown):
    clip_player.clips(here, n=3)
    pictures, players = shown[::2], shown[1::2]
    assert len(pictures) == 2 and all(isinstance(each, Image) for each in pictures)
    assert [p.data.count("<audio") for p in players] == [3, 3]


def test_a_scene_is_shown_with_its_sound_and_all_that_was_done_to_it(here, features, shown):
    with_word = next(i for i, ends_s in enumerate(features.ends_s) if ends_s)
    samples = render(scene_from(features.scenes[with_word]), here.find)
    figure = scene_player.draw(samples, features, with_word, scene_player.LabelSettings())
    assert f"{len(features.ends_s[with_word])} wake word" in figure.axes[0].get_title(loc="left")
    told = scene_player.done_to(features.scenes[with_word])
    record = features.scenes[with_word]
    assert told.count("**") == 2 * len(features.ends_s[with_word])
    for item in record["items"]:
        assert f"{item['at_s']:.2f}" in told
        assert all(name in told for name in item["effects"])
    assert f"background: {record['background']['kind']}" in told


def test_the_same_picture_is_drawn_again_when_a_control_moves(monkeypatch):
    updates, shown = [], []

    class Handle:
        def update(self, thing):
            updates.append(thing)

    def display(thing, display_id=False, raw=False):
        shown.append(thing)
        return Handle() if display_id else None

    monkeypatch.setattr(panel, "display", display)
    monkeypatch.setattr(panel, "is_live", lambda: True)
    slider = IntSlider(3, 0, 9)
    panel.panel(lambda number: [f"picture {number}"], number=slider)
    assert VIEW in shown[0] and "HBox" not in shown[0]["text/plain"]
    assert shown[1:] == ["picture 3"]
    slider.value = 5
    assert updates == ["picture 5"]


def test_what_nobody_can_move_is_not_in_an_executed_copy():
    cells = ["from ipywidgets import IntSlider\nfrom mwwkit.previews.panel import panel"]
    cells.append("panel(lambda number: [f'picture {number}'], number=IntSlider(3))")
    notebook = new_notebook(cells=list(map(new_code_cell, cells)))
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "", "language": "python"}
    NotebookClient(notebook).execute()
    outputs = notebook.cells[1].outputs
    told = [output.data["text/plain"] for output in outputs]
    assert told == [ELSEWHERE, "'picture 3'"], "once where they would stand, and no control"
    assert not any(VIEW in output.data for output in outputs)


HISTORY = {
    "step-0000250": {"loss": 2.0, "gradient_norm": 3.0},
    "step-0000500": {
        "loss": 1.0,
        "gradient_norm": 2.0,
        "choice": {"recall": 0.9, "false_accepts_per_hour": 0.0, "rank": [1.0, 0.9], "late": True},
    },
    "step-0000750": {
        "loss": 0.5,
        "gradient_norm": 1.0,
        "choice": {"recall": 0.8, "false_accepts_per_hour": 4.0, "rank": [0.0, 0.8], "late": True},
    },
}


def test_curves_mark_the_step_of_highest_rank_not_the_last():
    titles = [axes.get_title() for axes in training_curves.draw(HISTORY).axes]
    assert any("90.0 % of the words at" in title and "step 500" in title for title in titles)


def test_curves_mark_no_early_step_whatever_its_rank():
    early = {"recall": 1.0, "false_accepts_per_hour": 0.0, "rank": [2.0, 1.0], "late": False}
    history = HISTORY | {"step-0000250": HISTORY["step-0000250"] | {"choice": early}}
    assert "step 500" in training_curves.draw(history).axes[1].get_title()
    alone = {"step-0000250": history["step-0000250"]}
    assert "step 250, early" in training_curves.draw(alone).axes[1].get_title()


def test_every_choice_of_a_listener_has_a_line_of_its_own():
    two = HISTORY | {f"without-3fa81b22-{unit}": facts for unit, facts in HISTORY.items()}
    loss = training_curves.draw(two).axes[0]
    assert [line.get_label() for line in loss.lines] == ["all", "without-3fa81b22"]
    assert all(len(line.get_xdata()) == 3 for line in loss.lines)


def test_curves_are_one_picture_that_is_replaced(monkeypatch):
    calls = []

    class Handle:
        def update(self, thing):
            calls.append("update")

    def display(thing, display_id=False):
        calls.append("display")
        return Handle()

    monkeypatch.setattr(training_curves, "display", display)
    live = training_curves.LiveCurves()
    units = list(HISTORY)
    for n in range(4):
        live({unit: HISTORY[unit] for unit in units[:n]})
    assert calls == ["display", "update", "update"]


def test_mined_events_are_heard_as_the_model_heard_them(here, features):
    at_s = 2.5
    row = {"id": "m0000", "score": "0.9", "clip": "", "clip_s": "0.0"}
    row |= {"unit": "train/000000", "index": "3", "at_s": str(at_s)}
    frames, samples = cases.heard_around(here, row)
    whole = render(scene_from(features.scenes[3]), here.find)
    assert np.array_equal(samples, whole[int((at_s - 2.0) * 16_000) : int((at_s + 0.5) * 16_000)])
    assert np.array_equal(frames, features.store[3][50:300])
    (here / "mined").mkdir(exist_ok=True)
    row["clip"] = "clips/<script>.wav"
    (here / "mined/mined.csv").write_text(",".join(row) + "\n" + ",".join(row.values()) + "\n")
    table = mistakes_panel.static_table(cases.mined_cases(here))
    assert table.html.count("<audio") == 1 and "data:image/png" in table.html
    assert "<script>" not in table.html and "<" not in table.text.replace("<script>", "")


def test_a_player_keeps_the_level_and_silence_is_no_error():
    quiet = np.full(1600, 100, np.int16)
    heard, rate_hz = soundfile.read(io.BytesIO(drawing.player(quiet).data), dtype="int16")
    assert np.array_equal(heard, quiet) and rate_hz == 16_000
    element = drawing.player(np.zeros(1600, np.int16))._repr_html_()
    assert element.startswith('<audio controls src="data:audio/flac;base64,')
    assert drawing.decibels_full_scale(np.zeros(10, np.int16)) == -99.0


def test_the_panels_of_01_and_02_load_no_tensorflow():
    code = (
        "import sys, mwwkit.previews.clip_player, mwwkit.previews.scene_player\n"
        "print('keras' in sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False"
