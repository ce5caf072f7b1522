"""A run, from recordings to weights, over sessions that are killed: in one folder, in three."""

import json
from pathlib import Path

import numpy as np
import pytest
from forking import finish, kill_after, start
from small_run import OTHER_WORDS, WAKE_WORD, spoken, tree
from varied import THREADS, seed

from mwwkit.audio.wav16 import write_wav16
from mwwkit.run.paths import Run
from mwwkit.run.seeds import rng
from mwwkit.run.session import Limits
from mwwkit.stages import acquire, featurize, train
from mwwkit.training import loop

STAGES = ("clips", "features", "training")
NO_SPEECH = {
    name: 0 for name in ("tts_positive", "tts_negative", "tts_hard_negative", "tts_ambient_minutes")
}
FEATURES = featurize.Config(scenes=40, scene_seconds=3.0, conditions=("clean",))
TRAINING = {
    **{"shape": "tiny", "steps": 60, "batch": 4, "evaluate_every": 60},
    **{"seed": seed(42), "threads": THREADS},
}
UNIT_STEPS = 20


@pytest.fixture(scope="module")
def recordings(tmp_path_factory) -> Path:
    """Wake words and others of six speakers, and some talk, as people keep them."""
    root = tmp_path_factory.mktemp("my recordings")
    for speaker in range(6):
        for take in range(3):
            voice = rng(3, "voice", speaker, take)
            other = OTHER_WORDS[(speaker + take) % len(OTHER_WORDS)]
            for role, word in (("positive", WAKE_WORD), ("negative", other)):
                path = root / role / f"speaker {speaker}" / f"take {take}.wav"
                path.parent.mkdir(parents=True, exist_ok=True)
                write_wav16(path, spoken(word, voice))
    for number in range(6):
        voice = rng(3, "talk", number)
        words = [OTHER_WORDS[i] for i in voice.integers(0, len(OTHER_WORDS), 12)]
        talk = np.concatenate([spoken(word, voice) for word in words])
        (root / "ambient").mkdir(exist_ok=True)
        write_wav16(root / "ambient" / f"{number}.wav", talk)
    return root


def session(recordings, folder, earlier=()):
    """01, 02 and 03, one after another, as far as they are not done."""
    loop.UNIT_STEPS = UNIT_STEPS
    here, limits = Run(folder, tuple(earlier)), Limits(workers=1)
    heard = {"recordings": str(recordings), "noise_minutes": 0.5, "rooms": 3}
    acquire.run(acquire.Config("hey you", **heard, **NO_SPEECH), here, limits)
    featurize.run(FEATURES, here, limits)
    train.run(train.Config(**TRAINING), here, limits)


@pytest.fixture(scope="module")
def whole(recordings, tmp_path_factory) -> Path:
    """The run of a session that nothing cut short."""
    folder = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "UNIT_STEPS", UNIT_STEPS)
        session(recordings, folder)
    return folder


def units(folder, stage):
    path = folder / stage / "checkpoint.json"
    return json.loads(path.read_text())["done"] if path.exists() else {}


def moment(whole, stage):
    """A file or folder of a unit in the middle of a stage, drawn, and some seconds after it."""
    draw = rng(5, "moment", stage)
    drawn = str(draw.choice(list(units(whole, stage))[:-1]))
    name = f"snapshot-{drawn}.npz" if stage == "training" else drawn
    return f"{stage}/{name}", draw.uniform(0, 0.1)


def test_killed_once_in_every_stage_a_run_ends_with_the_same_files_and_bytes(
    recordings, whole, tmp_path
):
    finished: dict = {}
    for stage in STAGES:
        name, delay_s = moment(whole, stage)
        process = start(session, recordings, tmp_path)
        assert kill_after(process, tmp_path / name, delay_s)
        now = {f"{s}/{unit}": facts for s in STAGES for unit, facts in units(tmp_path, s).items()}
        assert finished.items() <= now.items()
        finished = now
    finish(start(session, recordings, tmp_path))
    assert tree(tmp_path) == tree(whole)


def test_over_three_folders_each_read_by_the_next_a_run_makes_every_unit_once_and_the_same(
    recordings, whole, tmp_path
):
    folders = [tmp_path / name for name in ("first", "second", "third")]
    for number, folder in enumerate(folders[:2]):
        name, delay_s = moment(whole, STAGES[number + 1])
        process = start(session, recordings, folder, folders[:number])
        assert kill_after(process, folder / name, delay_s)
    before = [tree(folder) for folder in folders[:2]]
    finish(start(session, recordings, folders[2], folders[:2]))
    assert [tree(folder) for folder in folders[:2]] == before  # they are only read
    for stage in STAGES:
        made = [units(folder, stage) for folder in folders]
        assert sum(map(len, made)) == len(units(whole, stage))
        assert made[0] | made[1] | made[2] == units(whole, stage)
    last, wanted = tree(folders[2]), tree(whole)
    same = [name for name in last if "checkpoint" not in name]  # those hold their own units only
    assert any(name.startswith("training/averaged") for name in same)
    assert {name: last[name] for name in same} == {name: wanted[name] for name in same}
