"""On Colab a copy of the run is kept in Drive: whole files, checkpoints last, read at a start."""

import errno
import json
import time

import numpy as np
import pytest
import warm
from jupyter_client.provisioning import local_provisioner
from small_run import WAKE_WORD, spoken

from mwwkit.__main__ import main
from mwwkit.audio.wav16 import to_int16, write_wav16
from mwwkit.cli import chain
from mwwkit.run import fresh_session, kept, lock
from mwwkit.run.checkpoint import Checkpoint
from mwwkit.run.disk_budget import Budget
from mwwkit.run.ending import next_places, next_session
from mwwkit.run.errors import CannotGoOn
from mwwkit.run.paths import Run
from mwwkit.run.seeds import rng
from mwwkit.run.session import DiskIsFull, Session, StoppedEarly, full_disk_stops
from mwwkit.stages import acquire


@pytest.fixture
def colab(tmp_path, monkeypatch):
    """Colab's folders: a disk of its own, and Drive."""
    monkeypatch.setenv("MWWKIT_PLATFORM", "colab")
    monkeypatch.setenv("MWWKIT_PATHS", str(tmp_path / "paths.md"))
    (tmp_path / "paths.md").write_text(
        "| name | kind | first run | chained run | colab | local | notes |\n|-|-|-|-|-|-|-|\n"
        f"| run | - | - | - | {tmp_path}/content/mwwkit | - | - |\n"
        f"| kept | - | - | - | {tmp_path}/content/drive/MyDrive/mwwkit | - | - |\n"
        "| previous | - | - | - | - | - | - |\n"
    )
    (tmp_path / "content/drive/MyDrive").mkdir(parents=True)
    monkeypatch.setattr(kept, "_next_time", {})
    monkeypatch.setattr(kept, "_known", {})
    return tmp_path / "content/mwwkit", tmp_path / "content/drive/MyDrive/mwwkit"


def unit(checkpoint: Checkpoint, name: str) -> None:
    folder = checkpoint.path.parent / name
    folder.mkdir(parents=True)
    (folder / "sound.wav").write_bytes(name.encode() * 100)
    checkpoint.finish(name, n=1)


def copied(place) -> list[str]:
    files = (p for p in place.rglob("*") if p.is_file())
    return sorted(str(p.relative_to(place)) for p in files)


def test_a_session_that_starts_anew_goes_on_from_what_was_copied(colab):
    here, place = colab
    checkpoint = Checkpoint.resume(Run.of("auto"), "clips", {"seed": 1})
    unit(checkpoint, "a")
    kept.save(here)
    unit(checkpoint, "b")
    checkpoint.complete(clips=2)
    files = copied(place)
    assert "clips/a/sound.wav" in files and "clips/b/sound.wav" in files
    before = {name: (here / name).read_bytes() for name in copied(here)}
    here.rename(here.with_name("lost"))
    told = fresh_session.prepare({"RUN_DIR": "auto"})
    assert told[f"files restored from {place}"] == len(before)
    assert {name: (here / name).read_bytes() for name in copied(here)} == before
    resumed = Checkpoint.resume(Run.of("auto"), "clips", {"seed": 1})
    assert list(resumed.done) == ["a", "b"] and resumed.is_complete
    assert kept.save(here) == 0, "what was just read back is not written again"


def test_only_finished_files_are_copied_and_what_is_deleted_goes_there_too(colab):
    here, place = colab
    unfinished = (".part-unit/sound.wav", ".part-facts.json", *lock.FILES)
    for name in (*unfinished, "clips/padlock", "training/old.npz"):
        (here / name).parent.mkdir(parents=True, exist_ok=True)
        (here / name).write_text("x")
    (place / "mine").mkdir(parents=True)
    (place / "mine/notes.txt").write_text("of the user")
    kept.save(here)
    assert copied(place) == ["clips/padlock", "kept.json", "mine/notes.txt", "training/old.npz"]
    (here / "training/old.npz").rename(here / "training/new.npz")
    kept.save(here)
    assert copied(place) == ["clips/padlock", "kept.json", "mine/notes.txt", "training/new.npz"]


@pytest.fixture
def machine(colab, monkeypatch):
    """`machine("B")`: from here on a process on that machine of Colab, with its own disk."""
    here, _ = colab
    now, processes = "A", {"A": {}}
    monkeypatch.setattr(kept, "_known", processes["A"])

    def change(name):
        nonlocal now
        if here.exists():
            here.rename(here.with_name(now))
        if here.with_name(name).exists():
            here.with_name(name).rename(here)
        now = name
        monkeypatch.setattr(kept, "_known", processes.setdefault(name, {}))
        monkeypatch.setattr(kept, "_next_time", {})

    return change


def test_a_machine_deletes_nothing_in_the_copy_that_another_one_made(colab, machine):
    here, place = colab
    fresh_session.prepare({"RUN_DIR": "auto"})
    clips = Checkpoint.resume(Run.of("auto"), "clips", {})
    unit(clips, "a")
    clips.complete()
    machine("B")
    fresh_session.prepare({"RUN_DIR": "auto"})
    features = Checkpoint.resume(Run.of("auto"), "features", {})
    unit(features, "x")
    features.complete()
    machine("A")
    unit(clips, "b")  # 01's Run cell again, with more to do
    (here / "clips/a/sound.wav").unlink()
    clips.complete()
    wanted = {"clips/b/sound.wav", "features/x/sound.wav", "features/checkpoint.json"}
    assert wanted <= set(copied(place)) and "clips/a/sound.wav" not in copied(place)
    machine("B")
    (here / "features/x/sound.wav").write_bytes(b"again")
    assert kept.save(here) == 1
    assert "b" in json.loads((place / "clips/checkpoint.json").read_text())["done"], "B's is older"
    assert "clips/a/sound.wav" not in copied(place), "A deleted it"
    machine("C")
    assert kept.restore(here) == len(copied(place)) - 1 and kept.save(here) == 0


def test_a_session_that_has_not_read_the_copy_leaves_it_alone(colab, machine):
    here, place = colab
    unit(Checkpoint.resume(Run.of("auto"), "clips", {}), "a")
    before = {name: (place / name).read_bytes() for name in copied(place)}
    machine("B")
    with pytest.warns(UserWarning, match="did not read back: run the notebook's first cell"):
        unit(Checkpoint.resume(Run.of("auto"), "clips", {}), "z")
    assert {name: (place / name).read_bytes() for name in copied(place)} == before != {}


def test_what_was_finished_before_a_disk_filled_up_is_copied(colab):
    here, place = colab
    fresh_session.prepare({"RUN_DIR": "auto"})
    checkpoint = Checkpoint.resume(Run.of("auto"), "clips", {})
    unit(checkpoint, "a")
    kept._next_time[here] = time.monotonic() + 1000  # the last copying was long
    unit(checkpoint, "b")
    assert "clips/b/sound.wav" not in copied(place)
    with pytest.raises(DiskIsFull), full_disk_stops("01"):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert "clips/b/sound.wav" in copied(place)
    assert "b" in json.loads((place / "clips/checkpoint.json").read_text())["done"]


def test_the_lines_of_the_next_session_read_the_copy_back(colab, machine, tmp_path):
    here, place = colab
    unit(Checkpoint.resume(Run.of("auto"), "clips", {}), "a")
    for is_full in (False, True):
        run = Run.of(str(here))
        said = next_session(run, is_full=is_full)
        assert 'RUN_DIR = "auto"' in said and f"read back from {place}" in said
        assert ("larger disk" in said) is is_full and next_places(run, is_full=is_full) == (
            here,
            (),
        )
        machine(f"full {is_full}")
        told = fresh_session.prepare({"RUN_DIR": str(here)})  # as the command line names it
        assert told[f"files restored from {place}"] == 2
    elsewhere = Run.of(str(tmp_path / "mine"))
    [told] = [
        v
        for k, v in fresh_session.prepare({"RUN_DIR": str(elsewhere.folder)}).items()
        if k == "copy"
    ]
    assert f"no copy of {elsewhere.folder} is kept in" in told
    assert told in next_session(elsewhere, is_full=False)
    assert "copy" not in fresh_session.prepare({"RUN_DIR": str(place.with_name("b"))}), "in Drive"


def test_the_command_line_reads_the_copy_back_before_it_begins(colab, machine, monkeypatch, capsys):
    here, place = colab
    unit(Checkpoint.resume(Run.of("auto"), "clips", acquire.Config("glide").shaping()), "a")
    machine("B")
    monkeypatch.setattr(chain, "execute", lambda jobs, run, show: iter(()))
    assert main(["run", "--stages", "01", "-p", "WORD=glide"]) == 0
    assert (here / "clips/a/sound.wav").is_file()
    assert f"files restored from {place}: 2" in capsys.readouterr().err
    machine("C")
    place.parent.rename(place.parent.with_name("unmounted"))
    assert main(["run", "--stages", "01", "-p", "WORD=glide"]) == 1
    assert "mount Google Drive in a cell" in capsys.readouterr().err and not here.exists()


def test_where_drive_is_not_mounted_nothing_is_made_in_its_place(colab):
    here, place = colab
    place.parent.rmdir()
    with pytest.warns(UserWarning, match="MyDrive is not mounted"):
        unit(Checkpoint.resume(Run.of("auto"), "clips", {}), "a")
    assert not place.parent.exists()


def test_a_checkpoint_in_the_copy_speaks_of_nothing_that_is_not_there(colab, monkeypatch):
    """Whenever the copying dies."""
    here, place = colab
    checkpoint = Checkpoint.resume(Run.of("auto"), "clips", {})
    for name in "abc":
        monkeypatch.setattr(kept, "_next_time", {here: time.monotonic() + 1000})
        unit(checkpoint, name)
    whole, n_copied = kept.replacing, 0
    for dies_at in range(6):
        n_copied = 0

        def dying(path, dies_at=dies_at):
            nonlocal n_copied
            n_copied += 1
            if n_copied > dies_at:
                raise KeyboardInterrupt
            return whole(path)

        monkeypatch.setattr(kept, "replacing", dying)
        try:
            kept.save(here)
        except KeyboardInterrupt:
            pass
        path = place / "clips/checkpoint.json"
        for name in json.loads(path.read_text())["done"] if path.exists() else ():
            assert (place / "clips" / name / "sound.wav").is_file()
        if path.exists():
            break
    assert path.exists() and dies_at > 2


def test_a_full_drive_is_told_and_the_work_goes_on(colab):
    here, place = colab
    place.write_text("no folder")
    (here / "clips").mkdir(parents=True)
    (here / "clips/a").write_text("x")
    with pytest.warns(UserWarning, match="mwwkit could not be brought up to date .*make room"):
        assert kept.save(here) == 0


def test_copying_pauses_ten_times_as_long_as_it_took(colab, monkeypatch):
    here, _ = colab
    saved = []
    monkeypatch.setattr(kept, "_save", lambda *_: saved.append(time.sleep(0.02)) or 1)
    checkpoint = Checkpoint.resume(Run.of("auto"), "clips", {})
    unit(checkpoint, "a")
    unit(checkpoint, "b")
    assert len(saved) == 1
    checkpoint.complete()  # a stage's end is copied at once, and so is a session's
    assert len(saved) == 2
    session = Session(Budget(here, 10**9), 0)
    session.reason = "the session's hours are over"
    with pytest.raises(StoppedEarly):
        session.must_be_continued("01", 1)
    assert len(saved) == 3


def test_a_run_elsewhere_or_on_another_platform_has_no_copy(colab, tmp_path, monkeypatch):
    here, place = colab
    checkpoint = Checkpoint.resume(Run.of(str(tmp_path / "mine")), "clips", {})
    unit(checkpoint, "a")
    assert kept.place_of(tmp_path / "mine") is None and not place.exists()
    monkeypatch.setenv("MWWKIT_PLATFORM", "local")
    assert kept.place_of(here) is None and kept.save(here) == 0 and kept.restore(here) == 0


def test_a_drive_that_is_not_mounted_and_cannot_be_is_told(colab):
    here, place = colab
    place.parent.rmdir()
    with pytest.raises(CannotGoOn, match="MyDrive is not there, and this is no Colab"):
        fresh_session.prepare({"RUN_DIR": "auto"})


def test_notebook_01_goes_on_in_a_new_machine_of_colab(colab, tmp_path, monkeypatch):
    here, place = colab
    for number in range(14):
        path = tmp_path / f"recordings/positive/s{number}/word.wav"
        path.parent.mkdir(parents=True)
        write_wav16(path, to_int16(spoken(WAKE_WORD, rng(3, number)).astype(np.float32)))
    given = {"WORD": "glide", "RECORDINGS": str(tmp_path / "recordings"), "ROOMS": 2, "WORKERS": 1}
    given |= {name: 0 for name in fresh_session.SPOKEN[:3]} | {"TTS_AMBIENT_MINUTES": 0.0}
    given |= {"NOISE_MINUTES": 0.2, "PREVIOUS": "auto"}
    monkeypatch.setattr(local_provisioner, "launch_kernel", warm.launch)
    job = [chain.Job("01", given)]
    [done] = chain.execute(job, Run.of("auto"))
    made = {name: (here / name).read_bytes() for name in copied(here)}
    made = {name: made[name] for name in made if name.split("/")[0] not in chain.OUR_OWN}
    assert made.keys() <= set(copied(place)) and "clips/catalogue.csv" in made
    here.rename(here.with_name("lost"))
    [done] = chain.execute(job, Run.of("auto"))
    assert "files restored from" in done.notebook.read_text()
    assert "Nothing was left to make" in done.notebook.read_text()
    assert {name: (here / name).read_bytes() for name in made} == made
