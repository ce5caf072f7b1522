"""The data engine: stopped anywhere, chained, forced and damaged, it makes the same batches."""

import errno
import os
import shutil
import stat
import subprocess
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import pytest
import stranger
from killing import start
from triples_world import config, hashes, hear, make, write_world

from mwwkit.run import checkpoint, files
from mwwkit.run.checkpoint import CheckpointError
from mwwkit.run.config_base import Before
from mwwkit.run.errors import CannotGoOn
from mwwkit.run.files import read_json, sha256
from mwwkit.run.paths import Run
from mwwkit.run.session import DiskIsFull, Limits, stops_are_raised
from mwwkit.stages import triples
from mwwkit.triples import impulse_responses, status
from mwwkit.triples.clap import CACHE

CLAP = {"embeddings": "clap"}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    write_world(folder, n_speech=8)
    return folder


@pytest.fixture(scope="module")
def whole(world):
    """One uninterrupted run: its folder and its report. Never written to by a test."""
    run = world / "whole"
    return run, make(world, run, **CLAP)


@pytest.fixture
def copy(whole, tmp_path):
    shutil.copytree(whole[0], tmp_path / "run")
    return tmp_path / "run"


def read_only(folder):
    for path in [*folder.rglob("*"), folder]:
        path.chmod(stat.S_IREAD | (stat.S_IEXEC if path.is_dir() else 0))


def manifest(run):
    made = read_json(run / "manifest.json")
    return {name: made[name] for name in ("chain", "batches", "finished", "parameters")}


def test_the_second_run_makes_nothing_and_names_what_proves_each_skip(world, whole):
    run, first = whole
    before = {p: p.stat().st_mtime_ns for p in run.rglob("*") if p.is_file()}
    again = make(world, run, **CLAP)
    assert {p: p.stat().st_mtime_ns for p in run.rglob("*") if p.is_file()} == before
    skips = [line for line in again["said"] if "skipped" in line]
    for name in (impulse_responses.CATALOGUE, CACHE, "segments.npy", "batch_0002.npz"):
        assert any(str(run) in line and name in line for line in skips), name
    assert len(skips) == 4 and again["finished"] and again["run_number"] == 1
    assert first["triples_completed"] == 8 and first["batch_id"] == 3


def test_a_later_run_skips_what_an_earlier_read_only_one_completed(world, whole, tmp_path):
    again = make(world, tmp_path / "next", [whole[0]], **CLAP)
    assert again["finished"] and again["run_number"] == 2
    assert len([line for line in again["said"] if f"skipped, {whole[0]}" in line]) == 4
    assert not hashes(tmp_path / "next")
    assert triples.check(Run(tmp_path / "next", (whole[0],)))["triples"] == 8


def test_the_state_shows_its_counters_to_people(whole):
    state = read_json(whole[0] / "checkpoint.json")
    assert state["figures"] == {
        "run_number": 1,
        "batch_id": 3,
        "triples_completed": 8,
        "vocal_cursor": 8,
        "segment_cursor": 8,
    }
    assert read_json(whole[0] / "sterilize_state.json")["vocal_cursor"] == 8


@pytest.mark.parametrize("workers", [2, 3])
def test_any_number_of_workers_makes_the_same_files(world, whole, tmp_path, workers):
    make(world, tmp_path / "run", workers=workers, **CLAP)
    assert hashes(tmp_path / "run") == hashes(whole[0])
    assert manifest(tmp_path / "run") == manifest(whole[0])


def test_a_stranger_reads_what_the_format_promises(world, whole):
    run, _ = whole
    seen = stranger.read([run], run / CACHE, world / "target")
    assert (seen.files, seen.rows) == (3, list(range(8)))


def test_a_stranger_sees_a_target_that_is_two_steps_off(world, copy):
    path = copy / "batches" / "batch_0001.npz"
    with np.load(path) as file:
        batch = dict(file)
    batch["target"][1, 1000] += 2
    np.savez(path, **batch)
    with pytest.raises(AssertionError, match="batch_0001"):
        stranger.read([copy], copy / CACHE, world / "target")


KILLER = """
import os, signal, sys
from pathlib import Path
from mwwkit.triples import batch_files, clap, examples, impulse_responses, sterilising
from mwwkit.run import files
import triples_world
world, work, chained = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3] == "chained"
moments = eval(sys.argv[4])
impulse_responses.GROUP, clap.UNIT, batch_files.TASK = 2, 1, 1
places = {
    "rooms": (impulse_responses, "read"), "loads": (impulse_responses, "load"),
    "ears": (triples_world.Ears, "embed"),
    "speech": (sterilising, "sterilise"), "triples": (examples, "make"),
    "disk": (files.os, "fsync"),
}

def watched(name, at):
    owner, attribute = places[name]
    real, calls = getattr(owner, attribute), [0]
    def wrapped(*given, **named):
        calls[0] += 1
        with open(work / "calls", "a") as log:
            log.write(name + "\\n")
        if calls[0] == at:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*given, **named)
    setattr(owner, attribute, wrapped)

def session(run, previous, place, at):
    pid = os.fork()
    if pid:
        return os.waitpid(pid, 0)[1]
    for name in places:
        watched(name, at if name == place else -1)
    triples_world.make(world, run, previous, embeddings="clap")
    os._exit(0)

runs, killed = [work / "run001"], 0
for place, at in moments:
    status = session(runs[-1], runs[:-1], place, at)
    if status == 0:
        break
    assert os.WTERMSIG(status) == signal.SIGKILL, status
    killed += 1
    if chained and (runs[-1] / "checkpoint.json").exists():
        for path in [*runs[-1].rglob("*"), runs[-1]]:
            path.chmod(0o555 if path.is_dir() else 0o444)
        runs.append(work / f"run{len(runs) + 1:03d}")
assert session(runs[-1], runs[:-1], "none", -1) == 0
print("killed", killed, "runs", len(runs))
"""
MOMENTS = [  # in each session: the place, and the call at which it dies
    *[("rooms", 1), ("rooms", 3), ("rooms", 2), ("disk", 4), ("ears", 1), ("ears", 2)],
    *[("ears", 2), ("disk", 2), ("speech", 1), ("disk", 9), ("speech", 2), ("speech", 3)],
    *[("disk", 12), ("speech", 3), ("triples", 1), ("triples", 2), ("disk", 1), ("disk", 3)],
    *[("triples", 3), ("disk", 5), ("triples", 2), ("disk", 7), ("triples", 1), ("disk", 6)],
    *[("triples", 2), ("disk", 2), ("disk", 3), ("disk", 4), ("triples", 2), ("disk", 1)],
]


@pytest.mark.parametrize("how", ["resumed", "chained"])
def test_killed_again_and_again_it_makes_the_same_batches(world, whole, tmp_path, how):
    moments = MOMENTS[how == "chained" :: 2]  # each in one of the two
    process = start(KILLER, world, tmp_path, how, moments)
    said, _ = process.communicate(timeout=400)
    assert process.returncode == 0, said.decode()[-3000:]
    counts = said.decode().split("killed ")[-1].split()
    killed, n_runs = int(counts[0]), int(counts[2])
    assert killed >= 5  # how many of the moments come before its end is the machine's
    runs = sorted(tmp_path.glob("run*"))
    assert hashes(*runs) == hashes(whole[0])
    assert manifest(runs[-1]) == manifest(whole[0])
    figures = read_json(runs[-1] / "manifest.json")["this_run"]
    assert figures["run_number"] == n_runs and (n_runs > 1) == (how == "chained")
    calls = (tmp_path / "calls").read_text().split()
    assert calls.count("speech") <= 8 + 2 * killed  # two files a chunk
    assert calls.count("triples") <= 8 + 3 * killed  # three triples a batch
    catalogued = calls.count("rooms") - calls.count("loads")  # to embed and to use one reads it too
    assert catalogued <= 6 + 2 * killed  # two rooms a group


def test_at_the_budget_it_stops_and_the_chained_run_finishes(world, whole, tmp_path):
    first = make(world, tmp_path / "one", budget_gb=0.0125, sterile_share=0.5, **CLAP)
    assert not first["finished"] and "budget" in first["status"]
    assert first["batch_id"] >= 1 and "PREVIOUS = " in first["next"]
    size = sum(p.stat().st_size for p in (tmp_path / "one").rglob("*") if p.is_file())
    assert size <= 12_500_000
    assert triples.check(Run(tmp_path / "one"))["finished"] is False
    read_only(tmp_path / "one")
    again = make(world, tmp_path / "two", [tmp_path / "one"], **CLAP)
    assert again["finished"] and again["run_number"] == 2
    assert hashes(tmp_path / "one", tmp_path / "two") == hashes(whole[0])
    assert manifest(tmp_path / "two") == manifest(whole[0])


@pytest.fixture
def colab(tmp_path, monkeypatch):
    """Colab, with the run in `run` and its copy in `drive/kept`."""
    monkeypatch.setenv("MWWKIT_PLATFORM", "colab")
    monkeypatch.setenv("MWWKIT_PATHS", str(tmp_path / "paths.md"))
    rows = {"run": tmp_path / "run", "kept": tmp_path / "drive/kept", "previous": "-"}
    table = "| name | colab |\n|-|-|\n"
    table += "".join(f"| {name} | {place} |\n" for name, place in rows.items())
    (tmp_path / "paths.md").write_text(table)
    (tmp_path / "drive").mkdir()
    return rows["kept"]


def test_under_the_command_line_a_stop_is_raised_with_the_next_step(world, colab, tmp_path):
    with stops_are_raised(), pytest.raises(DiskIsFull) as stopped:  # takes another folder
        make(world, tmp_path / "run", budget_gb=0.0125, sterile_share=0.5)
    told = str(stopped.value)
    assert told.startswith("01 triples stopped: ") and "budget" in told
    assert "Next: commit this output" in told and f'PREVIOUS = "{tmp_path / "run"}"' in told
    assert read_json(tmp_path / "run" / "manifest.json")["finished"] is False
    made = [path for path in (tmp_path / "run").rglob("*") if path.is_file()]
    for path in made:
        copy = colab / path.relative_to(tmp_path / "run")
        assert copy.read_bytes() == path.read_bytes(), "what was finished outlives the session"


def test_without_embeddings_the_last_word_says_that_they_are_zeros(world, tmp_path):
    made = make(world, tmp_path / "run")
    assert status.ZEROS in made["said"] and status.ZEROS in made["status"]
    assert any("phase 3" in line and status.ZEROS in line for line in made["said"])
    again = make(world, tmp_path / "run")
    assert again["finished"] and status.ZEROS in again["status"]


def test_speech_takes_its_share_and_is_gone_on_with_in_the_next_run(world, whole, tmp_path):
    first = make(world, tmp_path / "one", budget_gb=0.02, sterile_share=0.2, **CLAP)
    assert "share" in first["status"] and 0 < first["vocal_cursor"] < 8
    assert first["triples_completed"] in (3, 6), "whole batches alone; an open one waits"
    make(world, tmp_path / "two", [tmp_path / "one"], **CLAP)
    assert hashes(tmp_path / "one", tmp_path / "two") == hashes(whole[0])


def test_a_limit_that_stops_the_batches_is_said_before_what_is_left_of_the_speech(world, tmp_path):
    stopped = make(world, tmp_path / "run", budget_gb=0.0065, sterile_share=0.5)
    assert 3 <= stopped["vocal_cursor"] < 8 and not stopped["batch_id"]
    assert "the disk budget is reached" in stopped["status"]
    assert any("sterilised speech has its share" in line for line in stopped["said"])


def test_a_chunk_that_can_never_fit_is_said_at_once(world, tmp_path):
    with pytest.raises(CannotGoOn, match="raise BUDGET_GB or STERILE_SHARE, or lower CHUNK_FILES"):
        make(world, tmp_path / "run", budget_gb=0.005, sterile_share=0.1)


def test_speech_can_be_declared_sufficient_as_it_stands(world, tmp_path):
    make(world, tmp_path / "run", budget_gb=0.02, sterile_share=0.2)
    ended = make(world, tmp_path / "run", sterile_is_enough=True)
    assert ended["finished"] and ended["triples_completed"] == ended["segment_cursor"] < 8


def test_a_full_disk_is_said_and_leaves_a_consistent_state(world, whole, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=9m", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("mounting a tmpfs is not allowed here")
    try:
        (disk / "ballast").write_bytes(bytes(1_500_000))
        stopped = make(world, disk / "run", budget_gb=0.03, sterile_share=0.5, **CLAP)
        assert not stopped["finished"] and "disk" in stopped["status"]
        shutil.copytree(disk / "run", tmp_path / "run")
    finally:
        subprocess.run(["umount", str(disk)], check=True)
    assert make(world, tmp_path / "run", **CLAP)["finished"]
    assert hashes(tmp_path / "run") == hashes(whole[0])


WRITTEN = [  # in this order, in one run
    *(
        "checkpoint.json",
        impulse_responses.CATALOGUE,
        CACHE,
        "sterilize_state.json",
        "segments.npy",
    ),
    *("batch_0001.npz", "checkpoint.previous.json", "manifest.json"),
]


def test_a_disk_that_fills_up_at_any_file_is_said_and_gone_on_with(
    world, whole, tmp_path, monkeypatch
):
    real = files._sync

    def fills_up(path):
        if name and path.name in (name, files.PART + name):
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        real(path)

    monkeypatch.setattr(files, "_sync", fills_up)
    for name in WRITTEN:
        report = make(world, tmp_path / "run", **CLAP)
        assert not report["finished"] and "PREVIOUS = " in report["next"], name
        assert f"the disk is full ([Errno {errno.ENOSPC}]" in report["status"], name
        assert name in report["status"]
    name = ""
    assert make(world, tmp_path / "run", **CLAP)["finished"]
    assert hashes(tmp_path / "run") == hashes(whole[0])
    assert manifest(tmp_path / "run") == manifest(whole[0])


def test_a_run_that_ends_before_its_first_unit_counts_in_a_chain(world, tmp_path, monkeypatch):
    runs = [tmp_path / name for name in ("one", "two", "three")]
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(
            impulse_responses, "read", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt)
        )
        make(world, runs[0], **CLAP)
    ends = make(world, runs[1], runs[:1], budget_gb=0.0125, sterile_share=0.5, **CLAP)
    assert ends["run_number"] == 2
    assert make(world, runs[2], runs[:2], **CLAP)["run_number"] == 3


def test_what_a_killed_run_left_unrecorded_is_taken_over_and_not_made_twice(
    world, whole, tmp_path, monkeypatch
):
    real, runs = checkpoint.Checkpoint.finish, []
    for name in ("sterile/00001", "batch/00001"):

        def killed_before(self, unit, name=name, **facts):
            if unit == name:
                raise KeyboardInterrupt
            real(self, unit, **facts)

        monkeypatch.setattr(checkpoint.Checkpoint, "finish", killed_before)
        runs.append(tmp_path / f"run{len(runs) + 1}")
        with pytest.raises(KeyboardInterrupt):
            make(world, runs[-1], runs[:-1], **CLAP)
        read_only(runs[-1])
    monkeypatch.setattr(checkpoint.Checkpoint, "finish", real)
    runs.append(tmp_path / "last")
    make(world, runs[-1], runs[:-1], **CLAP)
    for kind, n in (("sterilized_batches/chunk_*/segments.npy", 4), ("batches/*.npz", 3)):
        names = [p.relative_to(run) for run in runs for p in run.glob(kind)]
        assert len(names) == len(set(names)) == n
    assert hashes(*runs) == hashes(whole[0]) and manifest(runs[-1]) == manifest(whole[0])
    assert triples.check(Run(runs[-1], tuple(runs[:-1])))["triples"] == 8


def test_a_tampered_batch_is_named_and_the_healthy_ones_stay(world, copy, whole):
    path = copy / "batches" / "batch_0001.npz"
    data = bytearray(path.read_bytes())
    data[5000] ^= 1
    path.write_bytes(data)
    with pytest.raises(CannotGoOn, match=r"batch_0001.npz is not what was written: SHA-256"):
        triples.check(Run(copy))
    path.unlink()
    others = {p: p.stat().st_mtime_ns for p in (copy / "batches").glob("*.npz")}
    with pytest.warns(UserWarning, match=r"batch_0001.npz is missing; it is made again"):
        make(world, copy, **CLAP)
    assert hashes(copy) == hashes(whole[0])
    assert {p: p.stat().st_mtime_ns for p in others} == others
    triples.check(Run(copy))


def test_a_batch_that_is_cut_off_is_named_and_made_again(world, copy, whole):
    path = copy / "batches" / "batch_0002.npz"
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.warns(UserWarning, match=r"batch_0002.npz has .* bytes, not .*; it is made again"):
        make(world, copy, **CLAP)
    assert hashes(copy) == hashes(whole[0])


def test_a_missing_earlier_run_is_named_and_not_made_again(world, tmp_path):
    make(world, tmp_path / "one", budget_gb=0.0125, sterile_share=0.5)
    make(world, tmp_path / "two", [tmp_path / "one"])
    with pytest.raises(CannotGoOn, match=r"in an earlier run that is not attached: this is run 2"):
        make(world, tmp_path / "two", sterile_share=0.2)


def test_another_whole_batch_in_the_way_is_never_overwritten(world, whole, tmp_path):
    place = tmp_path / "run" / "batches" / "batch_0000.npz"
    place.parent.mkdir(parents=True)
    shutil.copy(whole[0] / "batches" / "batch_0001.npz", place)
    before = sha256(place)
    with pytest.raises(CannotGoOn, match=r"batch_0000.npz is a whole batch, but not the one"):
        make(world, tmp_path / "run", **CLAP)
    assert sha256(place) == before


def test_a_manifest_of_other_parameters_is_named(world, copy):
    with pytest.raises(CannotGoOn, match=r"manifest.json is of other parameters: seed \(42 there"):
        make(world, copy, seed=7, **CLAP)
    (copy / "manifest.json").unlink()
    with pytest.raises(
        CheckpointError, match=r"checkpoint.json was made with other values of seed"
    ):
        make(world, copy, seed=7, **CLAP)


@dataclass(frozen=True)
class Later(triples.Config):
    """The engine with a setting more, which says what the older code did."""

    echo: Annotated[float, Before(0.0)] = 0.1


def test_a_parameter_that_an_older_version_did_not_have_is_read_as_what_its_code_did(world, copy):
    given, before = vars(config(world, **CLAP)), hashes(copy)
    planned = triples.plan(Later(**given, echo=0.0), Run(copy), Limits(workers=1))
    assert planned["triples left, about"] == 0
    with pytest.raises(RuntimeError, match=r"of other parameters: echo \(0.0 there"):
        triples.plan(Later(**given), Run(copy), Limits(workers=1))
    (copy / "manifest.json").unlink()
    with pytest.raises(CheckpointError, match=r"other values of echo \(0.0 then, 0.1 now\)"):
        triples.plan(Later(**given), Run(copy), Limits(workers=1))
    assert triples.plan(Later(**given, echo=0.0), Run(copy), Limits(workers=1)) == planned
    assert hashes(copy) == before


def test_a_half_written_manifest_and_state_are_named_and_written_again(world, copy, whole):
    for name in ("manifest.json", "sterilize_state.json"):
        (copy / name).write_text((copy / name).read_text()[:30])
    os.remove(copy / "sterilized_batches" / "chunk_00003" / "segments.npy")
    with pytest.warns(UserWarning) as caught:
        make(world, copy, **CLAP)
    said = " ".join(str(w.message) for w in caught)
    for name in ("manifest.json", "sterilize_state.json", "chunk_00003/segments.npy"):
        assert f"{copy / name}" in said or f"{copy}/sterilized_batches/{name}" in said
    assert manifest(copy) == manifest(whole[0])


def test_a_half_written_checkpoint_is_named_and_the_last_good_one_used(world, copy, whole):
    path = copy / "checkpoint.json"
    path.write_bytes(path.read_bytes()[:200])
    with pytest.warns(UserWarning, match=r"checkpoint.json is damaged.*last good generation"):
        make(world, copy, **CLAP)
    assert manifest(copy) == manifest(whole[0])


def test_a_truncated_cache_of_embeddings_is_named(world, copy):
    path = copy / CACHE
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(CannotGoOn, match=rf"{path} is damaged"):
        make(world, copy, **CLAP)


def test_force_makes_a_phase_again_and_all_that_is_made_from_it(world, copy, whole):
    before = {p: p.stat().st_mtime_ns for p in copy.rglob("*") if p.is_file()}
    forced = make(world, copy, force=("sterile",), **CLAP)
    changed = {p.name for p, t in before.items() if p.exists() and p.stat().st_mtime_ns != t}
    assert {
        "segments.npy",
        "batch_0000.npz",
    } <= changed and impulse_responses.CATALOGUE not in changed
    assert forced["finished"] and hashes(copy) == hashes(whole[0])


def test_rooms_that_changed_after_batches_were_made_are_refused(world, copy, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(world / "bad", other)
    (other / "room1.wav").unlink()
    given = config(world, bad_irs=(str(other),), **CLAP)
    with pytest.raises(CannotGoOn, match="the bad impulse responses are not those"):
        triples.run(given, Run(copy), Limits(workers=1), hear)


def test_without_inputs_the_message_says_where_they_are_looked_for(world, tmp_path):
    given = config(world, dry_speech=(str(tmp_path),))
    with pytest.raises(CannotGoOn, match="no audio for dry_speech: attach the data set or set"):
        triples.plan(given, Run(tmp_path / "run"), Limits(workers=1))


@pytest.mark.parametrize(
    "wrong",
    [
        {"embeddings": "vggish"},
        {"triples_per_file": 0},
        {"sterile_share": 1.0},
        {"augmentations": (6, 3)},
        {"wet": (0.3, 1.2)},
        {"force": ("rooms",)},
        {"loudness_lufs": 3.0},
    ],
)
def test_settings_that_are_nonsense_are_refused_by_name(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        triples.Config(**wrong)


def test_real_speech_and_real_rooms_go_through_all_phases(real_audio, tmp_path):
    given = triples.Config(
        bad_irs=(str(real_audio / "rirs" / "surrey_real_rooms"),),
        target_irs=(str(real_audio / "rirs" / "itsmusician_ir_library"),),
        dry_speech=(str(real_audio / "dry48k"),),
        triples_per_file=20,
        chunk_files=20,
    )
    here, limits = Run(tmp_path / "run"), Limits(workers=2)
    assert triples.run(given, here, limits, hear)["finished"]
    assert triples.check(here)["triples"] >= 80
    assert len([s for s in triples.run(given, here, limits, hear)["said"] if "skipped" in s]) == 4
