"""The panels to record, to look through the data and to hear augmentation: what they write down."""

import base64
import io
import shutil

import numpy as np
import pytest
import soundfile
import tiny_run
from IPython.display import Image

from mwwkit.audio.wav16 import Wav16
from mwwkit.corpus.clip_measures import measured
from mwwkit.corpus.clips import (
    Kind,
    Label,
    Rejected,
    Split,
    load_clips,
    write_quarantine,
)
from mwwkit.corpus.data_health import health_of
from mwwkit.corpus.decided import actions_now, told
from mwwkit.corpus.recording_folders import RECORDED, recorded_in
from mwwkit.corpus.takes import BY_NAME, TASKS, Takes
from mwwkit.corpus.unit_folders import where
from mwwkit.previews import augmentation_ab, clip_browser, guided_recorder
from mwwkit.previews.drawing import Player
from mwwkit.run.decisions import clip_decisions, parameter_decisions
from mwwkit.run.errors import WrongInput
from mwwkit.run.paths import Run
from mwwkit.scenes.augmentation import Recipe
from mwwkit.stages import acquire


def file_of(audio: np.ndarray, form: str = "WAV") -> bytes:
    stream = io.BytesIO()
    soundfile.write(stream, audio, 48_000, format=form)
    return stream.getvalue()


def said(level: float = 0.3, seconds: float = 0.6) -> np.ndarray:
    """float [n] at 48 kHz: a buzz between silences, as from a microphone."""
    t = np.arange(int(48_000 * (seconds + 1.0))) / 48_000
    inside = (t > 0.5) & (t < 0.5 + seconds)
    buzz = level * np.sign(np.sin(2 * np.pi * 150 * t)) * inside
    return buzz + 1e-4 * np.random.default_rng(1).standard_normal(t.size)


def url(content: bytes) -> str:
    return "data:audio/webm;base64," + base64.b64encode(content).decode()


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    here = Run(tmp_path_factory.mktemp("tiny"))
    tiny_run.make(here, tiny_run.PER_SPLIT | {"hard": 2})
    write_quarantine(here, "01 acquire", [Rejected("gone.wav", "silent", "01 acquire")])
    return here


@pytest.fixture
def run(tmp_path, tiny):
    shutil.copytree(tiny.folder, tmp_path / "run")
    return Run(tmp_path / "run")


def pressed(panel, **changed):
    """What a panel shows after a person set some of its controls."""
    names = panel.draw.__code__.co_varnames[1 : panel.draw.__code__.co_argcount]
    for name, value in changed.items():
        getattr(panel, name).value = value
    return panel.draw(**{name: getattr(panel, name).value for name in names})


def test_a_recording_is_checked_and_kept_and_a_new_session_knows_of_it(tmp_path):
    run = Run(tmp_path / "run")
    guide = guided_recorder.Guide(run, "hey you")
    guide.speaker.value = "ann"
    shown, line, picture, player = pressed(guide, recording=url(file_of(said())))
    kept = run / RECORDED / "positive/ann/near-01.wav"
    assert len(Wav16(kept)[:]) == 25_600
    assert "1 of 6" in str(shown) and "near-01.wav: good" in str(line)
    assert isinstance(picture, Image) and isinstance(player, Player)
    again = guided_recorder.Guide(run, "hey you")  # after a restart of the kernel
    assert again.speaker.value == "ann" and "1 of 6" in str(pressed(again)[0])
    shown, line, *_ = pressed(again, retake=True)
    assert "near-01.wav is taken back" in str(line) and not (run / RECORDED).exists()
    assert not recorded_in(run)


def test_a_live_panel_asks_for_the_next_recording_when_a_control_moves_too(tmp_path, monkeypatch):
    monkeypatch.setattr(guided_recorder, "is_live", lambda: True)
    guide = guided_recorder.Guide(Run(tmp_path), "hey you")
    monkeypatch.setattr(guided_recorder, "is_live", lambda: False)  # as in a control's message
    shown, line, *_ = pressed(guide, task="far")
    assert "now: say “hey you” from across the room" in str(line) and "0 of 5" in str(shown)


def test_what_is_no_use_is_not_kept_and_what_could_be_better_is_told(tmp_path):
    takes = Takes(Run(tmp_path), "hey you")
    near = BY_NAME["near"]
    with pytest.raises(WrongInput, match="silent.*record it again"):
        takes.keep(near, "ann", file_of(said(0.0)), "a.wav")
    for nobody in ("", "kitchen", "test", "hey you"):
        with pytest.raises(WrongInput, match="say who speaks"):
            takes.keep(near, nobody, file_of(said()), "a.wav")
    assert not list(tmp_path.iterdir())
    loud = takes.keep(near, "ann", file_of(np.clip(said(1.0), -1, 1)), "a.wav")
    assert "cut off at full scale" in str(loud)
    soft = takes.keep(near, "ann", file_of(said(0.002)), "a.wav")
    assert "very soft" in str(soft) and soft.path.name == "near-02.wav"


def test_how_high_a_sound_goes_tells_a_telephone_from_a_microphone():
    draws = np.random.default_rng(3)
    wide = 0.01 * draws.standard_normal(16_000) + 0.3 * np.sin(np.arange(16_000) * 0.06)
    spectrum = np.fft.rfft(wide)
    spectrum[3400:] = 0
    assert measured(wide.astype(np.float32)).bandwidth_hz > 7_000
    assert 3_000 < measured(np.fft.irfft(spectrum).astype(np.float32)).bandwidth_hz < 4_000
    assert measured(np.zeros(16_000, np.float32)).bandwidth_hz == 0


def test_files_of_a_phone_come_in_together_and_the_next_task_is_asked_for(tmp_path):
    run = Run(tmp_path / "run")
    guide = guided_recorder.Guide(run, "hey you")
    good = {"name": "one.flac", "content": memoryview(file_of(said(), "FLAC"))}
    bad = {"name": "notes.txt", "content": memoryview(b"nothing to hear")}
    guide.speaker.value = "ben"
    values = {n: getattr(guide, n).value for n in ("recording", "speaker", "task", "retake")}
    _, line, *_ = guide.draw(**values, upload=(*[good] * 6, bad))
    assert "notes.txt" in str(line) and guide.task.value == "far"
    assert len(list((run / RECORDED / "positive/ben").iterdir())) == 6


def test_01_reads_what_was_recorded_as_a_folder_of_recordings(tmp_path):
    run = Run(tmp_path / "run")
    takes = Takes(run, "hey you")
    for task in TASKS:
        for number in range(2):
            seconds = 6.0 if task.role in ("ambient", "background") else 0.5 + number / 10
            takes.keep(task, "ann", file_of(said(0.2 + number / 10, seconds)), "a.wav")
    config = acquire.Config(
        word="hey you",
        recordings="",
        tts_positive=0,
        tts_negative=0,
        tts_hard_negative=0,
        tts_ambient_minutes=0,
        noise_minutes=0,
        rooms=0,
    )
    gathered, _ = acquire._gathered(config, run)
    counts = {(i.about.label.value, i.about.kind.value): 0 for i in gathered.inputs}
    for item in gathered.inputs:
        counts[item.about.label.value, item.about.kind.value] += 1
    assert counts["positive", "clip"] == 10 and counts["negative", "clip"] == 2
    assert {"ann"} == {i.about.speaker for i in gathered.inputs if i.about.kind is Kind.CLIP}
    assert counts["negative", "ambient"] and counts["negative", "noise"]
    assert {where(item).split("/")[0] for item in gathered.inputs} == {RECORDED}


def test_a_clip_is_left_out_with_its_reason_and_the_next_one_is_shown(run):
    browser = clip_browser.Browser(run)
    about, picture, player, decided = pressed(browser, sort="negative", split="validation")
    assert "1 of 7" in str(about) and isinstance(picture, Image) and isinstance(player, Player)
    first = load_clips(run).of(label=Label.NEGATIVE, kind=Kind.CLIP, split=Split.VAL).records[0]
    about, *_ = pressed(browser, action="exclude", write=True)
    assert "say why" in str(about) and not clip_decisions(run)
    about, _, _, decided = pressed(browser, reason="a door", write=False)
    assert clip_decisions(run)[first.path].reason == "a door" and "a door" in str(decided)
    assert clip_decisions(run)[first.path].sha256 == first.sha256
    assert first.sha256[:8] in str(decided) and "names none" not in str(decided)
    assert "2 of 7" in str(about)
    about, *_ = pressed(browser, number=0, state="decided")
    assert first.path in str(about) and "1 of 1" in str(about)
    pressed(clip_browser.Browser(run), sort="negative", split="validation", action="take back")
    pressed(browser, action="take back", write=True)
    assert not clip_decisions(run)


def test_the_table_says_which_sound_a_row_written_by_hand_is_of(run):
    first, second = load_clips(run).of(label=Label.NEGATIVE, kind=Kind.CLIP).records[:2]
    rows = f"{first.path},exclude,a door,\n{second.path},exclude,a bell,{'f' * 64}\n"
    (run / "decisions").mkdir()
    (run / "decisions/clips.csv").write_text(f"clip,action,reason,sha256\n{rows}")
    *_, decided = pressed(clip_browser.Browser(run))
    shown = " ".join(str(decided).split())  # cells wrap
    assert "1 decided on" in shown and f"{first.sha256[:8]}, " in shown
    assert "the row names none" in shown and f"{clip_browser.NOT_APPLIED} (ffffffff)" in shown
    clips = load_clips(run)
    actions = actions_now(run, clips)
    assert actions == {first.path: "exclude"}
    [said] = told(run, clips, actions).values()
    assert said == (
        f"1 left out, 0 called otherwise, 1 not applied, since the path has another sound now "
        f"({second.path})"
    )


def test_noise_is_not_called_a_word_and_what_was_set_aside_is_shown_with_its_reason(run):
    browser = clip_browser.Browser(run)
    about, *_ = pressed(browser, sort="noise", action="positive", reason="?", write=True)
    assert "this is noise and no word" in str(about) and not clip_decisions(run)
    about, line, *_ = pressed(browser, sort=clip_browser.ASIDE, text="gone")
    assert "silent" in str(about) and "not to be heard" in str(line)


def test_a_data_sets_health_is_a_picture_and_sentences(run):
    found = health_of(load_clips(run))
    assert isinstance(clip_browser.drawing.png(clip_browser.health_figure(found)), Image)
    assert len(found.of("positive", "floor_db")) == 9 and "room" not in found.found
    some = clip_browser.health_figure(health_of(load_clips(run), most=3))
    assert "positive (3 of 9)" in [text.get_text() for text in some.legends[0].get_texts()]
    of_three = health_of(load_clips(run).of(split=Split.TRAIN))
    assert not any("people say the word" in line for line in of_three.words)  # nobody tests
    assert any("no clip of: positive in validation" in line for line in of_three.words)


def test_a_word_is_heard_before_and_after_and_the_sliders_values_are_kept(run):
    compared = augmentation_ab.Comparison(run, Recipe(), 200, 42)
    values = {name: slider.value for name, slider in compared.sliders.items()}
    before, after, record = compared.pair(0, 0, values | {"rir": 1.0, "eq": 1.0})
    assert len(before) and len(after) and not np.array_equal(before, after[: len(before)])
    assert record["room"] and record["items"][0]["effects"].keys() >= {"eq"}
    line, picture, players, done = compared.draw(0, 0, False, **values)
    assert isinstance(picture, Image) and "effects" in done.data
    line, *_ = compared.draw(0, 0, True, **values | {"eq": 0.75, "snr_db": (0.0, 9.0)})
    assert parameter_decisions(run) == {"featurize": {"EQ": 0.75, "SNR_DB": [0.0, 9.0]}}
    assert "EQ 0.75" in str(line)
    slow = {"time_stretch": 1.0, "stretch": (0.5, 0.5), "time_shift": 1.0, "shift_s": 0.5}
    before, after, record = compared.pair(0, 0, values | slow)
    assert record["items"][0]["effects"]["time_stretch"] == {"rate": 0.5}
    assert len(after) > 1.5 * len(before)
    line, *_ = compared.draw(0, 0, False, **values | {"babble": 1.0, "voice": 1.0})
    assert parameter_decisions(run)["featurize"]["EQ"] == 0.75
