"""What a person who types the command is told: one line that says what is wrong and what to do."""

import os
import re
import shlex
import struct
import subprocess
from pathlib import Path

import pytest
import warm
from jupyter_client.provisioning import local_provisioner
from small_run import tree

from mwwkit import __main__ as cli
from mwwkit.cli import chain, preflight
from mwwkit.corpus.clips import read_quarantine
from mwwkit.run.checkpoint import Checkpoint
from mwwkit.run.paths import Run
from mwwkit.run.session import Limits
from mwwkit.run.settings import RunSettings, keep
from mwwkit.stages import acquire, featurize, mine, train

QUIET = {
    **{"recordings": "", "tts_positive": 1, "tts_negative": 1, "tts_hard_negative": 0},
    **{"tts_ambient_minutes": 0.0, "noise_minutes": 0.0, "rooms": 0},
}


@pytest.fixture
def run(tmp_path, capsys, monkeypatch):
    """`run(folder, NAME=value ...)` of 01 by the command line -> exit code, and the last lines."""
    monkeypatch.setattr(local_provisioner, "launch_kernel", warm.launch)
    preset = tmp_path / "small.yaml"
    lines = [f"  {name}: {value!r}" for name, value in ({"word": "hey you"} | QUIET).items()]
    preset.write_text("\n".join(["acquire:", *lines]))

    def go(folder, stages="01", **given):
        given = [f"{name}={value}" for name, value in given.items()] or ["SEED=42"]
        options = ["--stages", stages, "--preset", str(preset), "--run-dir", str(folder)]
        code = cli.main(["run", *options, "-p", *given])
        return code, capsys.readouterr().err.strip().splitlines()

    return go


def begun(folder, **settings):
    """A run in which 01 has finished one unit under these settings."""
    config = acquire.Config("hey you", **QUIET | settings)
    checkpoint = Checkpoint.resume(Run(folder), "clips", config.shaping())
    checkpoint.finish("clip/somebody-0000", clips=1)
    return folder / "clips/checkpoint.json"


def told(lines):
    """The one line that is about the failure; the other may say where to read more."""
    [line] = [line for line in lines if line.startswith("mwwkit: ")]
    assert lines.index(line) >= len(lines) - 2
    return line


def test_an_output_folder_that_is_read_only(run, mounted):
    folder = mounted("size=1m")
    (folder / "run/executed").mkdir(parents=True)
    (folder / "run/logs").mkdir()
    remount = ["mount", "-o", "remount,ro", str(folder)]
    subprocess.run(remount, check=True)
    for place in (folder / "run", folder / "new"):
        code, lines = run(place)
        assert code == cli.BAD
        assert f"{place} cannot be written (Read-only file system); give another" in told(lines)


def test_an_output_folder_that_is_a_file(run, tmp_path):
    (tmp_path / "run").write_text("notes")
    code, lines = run(tmp_path / "run")
    assert code == cli.BAD and "run cannot be written (Not a dir" in told(lines)


def test_a_run_that_was_begun_with_other_settings(run, tmp_path):
    path = begun(tmp_path / "run")
    code, lines = run(tmp_path / "run", SEED=7)
    assert code == cli.USAGE
    wanted = f"{path} was made with other values of seed (42 then, 7 now); put them back, or use a"
    assert wanted in told(lines)


CHANGED = {
    "02": ("features", {"SCENES": 7}, "scenes (5000 then, 7 now)"),
    "03": ("training", {"LEARNING_RATE": 0.1}, "learning_rate (0.003 then, 0.1 now)"),
    "04": ("mined", {"KEEP_ABOVE": 0.5}, "keep_above (0.3 then, 0.5 now)"),
}


@pytest.mark.parametrize("stage", CHANGED)
def test_a_setting_of_a_later_stage_that_cannot_change_is_told_before_01_begins(
    run, tmp_path, stage
):
    folder, given, told_of = CHANGED[stage]
    path, here = begun(tmp_path / "run"), Run(tmp_path / "run")
    (path.parent / "clip").mkdir()
    (path.parent / "clip/one.wav").write_bytes(b"a clip")
    of_02 = {"features": featurize.Config().shaping()}
    of_03 = train.begun_with(train.Config(), here)
    for name, settings in (of_02 | of_03 | mine.begun_with(mine.Config(), here)).items():
        Checkpoint.resume(here, name, settings | {"catalogue": "as it was"}).finish("a unit")
    before = tree(path.parent)
    code, lines = run(here.folder, stages="01-04", **given)
    assert code == cli.USAGE
    made = f"{here / folder}/checkpoint.json was made with other values of {told_of}"
    assert f"{made}; put them back, or use a new RUN_DIR" in told(lines)
    assert tree(path.parent) == before and not (here / "executed").exists()


def test_how_to_train_longer_on_the_same_clips_is_told_and_can_be_done(tmp_path):
    here = Run(tmp_path / "my run")
    keep(here, RunSettings("cat", preset="fast_test"))
    for name in ("clips", "features"):
        (here / name).mkdir()
    for folder, settings in train.begun_with(train.Config(steps=250), here).items():
        Checkpoint.resume(here, folder, settings).finish("a unit")
    where = {"PREVIOUS": [], "SEED": 42}

    def refusal(folder: Path) -> str:
        given = where | {"RUN_DIR": str(folder), "STEPS": 500}
        return preflight.why_it_cannot_go_on({"train": chain.parameters("03") | given})[0]

    told = refusal(here.folder)
    assert "steps (250 then, 500 now); put them back, or" in told
    what = told.partition(" on the same clips: ")[2]
    copying, command = re.fullmatch("(.*); then, without .*: this command with (.*)", what).groups()
    subprocess.run(copying, shell=True, check=True)
    options = shlex.split(command)
    new = Path(options[options.index("--run-dir") + 1])
    assert sorted(path.name for path in new.iterdir()) == ["clips", "features", "settings.json"]
    assert options[-2:] == ["--stages", "03-05"] and not refusal(new)


def test_a_run_that_goes_on_under_its_own_settings_is_not_refused_whatever_01_makes(tmp_path):
    here = Run(tmp_path / "run")
    settings = featurize.Config(scenes=7).shaping() | {"catalogue": "another"}
    Checkpoint.resume(here, "features", settings).finish("a unit")
    where = {"RUN_DIR": str(here.folder), "PREVIOUS": []}
    for n_scenes, refused in ((7, False), (8, True)):
        values = {"featurize": chain.parameters("02") | where | {"SCENES": n_scenes, "SEED": 42}}
        assert preflight.why_it_cannot_go_on(values)[1] is refused
        assert not preflight.first_fault([values])  # `mwwkit tune` tries others


def test_a_checkpoint_that_is_damaged_in_both_generations(run, tmp_path):
    path = begun(tmp_path / "run")
    path.write_text('{"settings": {')
    code, lines = run(tmp_path / "run")
    assert code == cli.BAD
    assert f"{path} is damaged" in told(lines) and "delete checkpoint.json and" in told(lines)


def test_a_folder_of_recordings_with_nothing_to_hear_in_it(run, tmp_path):
    (tmp_path / "mine/positive").mkdir(parents=True)
    code, lines = run(tmp_path / "run", RECORDINGS=tmp_path / "mine")
    assert code == cli.BAD
    assert "positive (positive) has no audio in it: found nothing; wanted WAV" in told(lines)


def _bytes_read() -> int:
    """What this process has asked the system to read so far."""
    return int(Path("/proc/self/io").read_text().split()[1])


def test_three_hours_among_the_wake_words_are_quarantined_and_not_read(tmp_path):
    path = tmp_path / "mine/positive/three hours.wav"
    path.parent.mkdir(parents=True)
    n_bytes = 3 * 3600 * 48_000 * 4  # stereo, 16 bits: 2 GB, as a hole in the disk
    sizes = (36 + n_bytes, b"WAVE", b"fmt ", 16, 1, 2, 48_000, 192_000, 4, 16, b"data", n_bytes)
    path.write_bytes(struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", *sizes))
    os.truncate(path, 44 + n_bytes)
    here = Run(tmp_path / "run")
    config = acquire.Config(
        "hey you", **QUIET | {"recordings": str(path.parents[1]), "tts_positive": 12}
    )
    before = _bytes_read()
    acquire.run(config, here, Limits(workers=1))
    assert _bytes_read() - before < 100e6
    [row] = read_quarantine(here)
    assert row.path == str(path) and "longer than the 15 s of a clip" in row.reason


def test_a_disk_without_room(run, mounted, tmp_path):
    folder = mounted("size=20m")
    code, lines = run(folder / "run")
    assert code == cli.STOPPED
    assert any("the disk is full" in line and "nothing is lost" in line for line in lines)
