"""One writer a run's folder, whatever the first does: works, is killed, is copied, ends."""

import os
import shutil
import signal
import subprocess
import sys

import disturbed
import killing
import pytest

from mwwkit import __main__ as cli
from mwwkit.run import lock
from mwwkit.run.lock import (
    FILES,
    SESSION,
    STAGE,
    Occupied,
    session_in,
    sole_user,
    sole_writer,
    writer_of,
)

WRITES = """
    import sys, time
    from pathlib import Path
    from mwwkit.run.lock import sole_writer
    with sole_writer(Path(sys.argv[1])):
        print("has it", flush=True)
        time.sleep(60)
"""
CHAIN = """
    import subprocess, sys, time
    from pathlib import Path
    from mwwkit.run.lock import session_in
    with session_in(Path(sys.argv[1])):
        subprocess.Popen([sys.executable, "-c", sys.argv[2], sys.argv[1]])
        time.sleep(60)
"""


@pytest.fixture
def writing(tmp_path):
    """`writing(code, *args)` -> a process that has the locks of `tmp_path / "run"` by now."""
    begun = []

    def start(code=WRITES, *args):
        process = killing.start(code, tmp_path / "run", *args)
        begun.append(process)
        assert process.stdout.readline() == b"has it\n"
        return process

    yield start
    for process in begun:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()


def names(folder):
    return {path.name for path in folder.iterdir()}


def test_the_second_is_refused_and_told_who_has_it_and_since_when(writing, tmp_path):
    process, run = writing(), tmp_path / "run"
    told = rf"{run} is being written by process {process.pid} on .* since 20\d\d-\d\d-\d\d .*wait"
    with pytest.raises(Occupied, match=told), sole_writer(run):
        pass
    with pytest.raises(Occupied, match=told), session_in(run):
        pass
    assert names(run) == FILES, "the refused took the other's away"


def test_a_killed_one_does_not_hold_it(writing, tmp_path):
    process, run = writing(), tmp_path / "run"
    process.kill()
    process.wait()
    assert names(run) == FILES
    with sole_writer(run):
        assert writer_of(run / STAGE).pid == os.getpid()
    assert not names(run), "nothing is left that a copy or a comparison would find"


def test_a_copy_made_meanwhile_is_not_locked(writing, tmp_path):
    writing()
    shutil.copytree(tmp_path / "run", tmp_path / "copy")
    assert names(tmp_path / "copy") == FILES
    with sole_writer(tmp_path / "copy"):
        pass


def test_a_folder_into_which_nothing_is_written_is_not_left_behind(tmp_path):
    run = tmp_path / "a" / "run"
    with sole_writer(run):
        assert names(run) == FILES
    assert not (tmp_path / "a").exists()
    with sole_writer(run):
        (run / "clips").mkdir()
    with sole_writer(run):
        pass
    assert names(run) == {"clips"}


def test_a_lock_of_another_file_is_refused_in_its_own_words_and_leaves_nothing(tmp_path):
    path, told = tmp_path / "made/study.lock", "the study is in use"
    with sole_user(path, told):
        assert writer_of(path).pid == os.getpid()
        with pytest.raises(Occupied, match=f"^{told}$"), sole_user(path, told):
            pass
    assert not any(tmp_path.iterdir())


def test_a_stage_takes_part_in_the_session_of_the_chain_that_started_it(tmp_path):
    run = tmp_path / "run"
    with session_in(run):
        with sole_writer(run):
            assert names(run) == FILES
        assert names(run) == {SESSION}
        assert os.environ[lock.CHAIN] == str(os.getpid())
    assert lock.CHAIN not in os.environ


def test_a_kernel_that_outlives_its_chain_is_waited_for(writing, tmp_path, monkeypatch):
    run, kernel = tmp_path / "run", "\n".join(line[4:] for line in WRITES.splitlines())
    process = writing(CHAIN, kernel)
    kernel_pid = writer_of(run / STAGE).pid
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    monkeypatch.setattr(lock, "ORPHANS_S", 0.1)
    with pytest.raises(Occupied, match=f"by process {kernel_pid} on"), sole_writer(run):
        pass
    os.kill(kernel_pid, signal.SIGKILL)
    monkeypatch.setattr(lock, "ORPHANS_S", 5.0)
    with sole_writer(run):
        pass


def test_a_folder_that_cannot_be_written_needs_no_lock(mounted):
    folder = mounted("size=1m")
    (folder / "run").mkdir()
    subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
    with sole_writer(folder / "run"), sole_writer(folder / "not there"):
        pass


def test_without_locks_of_the_file_system_the_process_number_tells(tmp_path):
    made = disturbed.library(tmp_path)
    how = disturbed.under(made, CALL="flock", PATH=".lock", ERRNO=95)  # EOPNOTSUPP
    code = """
        import pathlib, shutil, subprocess, sys, warnings
        warnings.simplefilter("ignore")
        from mwwkit.run.lock import Occupied, sole_writer
        run = pathlib.Path(sys.argv[1])
        def start():
            try:
                with sole_writer(run):
                    return "taken"
            except Occupied as error:
                return str(error)
        import mwwkit.run.lock as lock
        lock.ORPHANS_S = 0
        if len(sys.argv) == 2:
            with sole_writer(run):
                call = [sys.executable, __file__, str(run), "second"]
                said = subprocess.run(call, capture_output=True, text=True).stdout
                shutil.copytree(run, run.with_name("copy"))
                with sole_writer(run.with_name("copy")):
                    print("copy taken")
            print(said, start())
        else:
            print(start())
    """
    script = tmp_path / "starts.py"
    script.write_text("\n".join(line[8:] for line in code.splitlines()))
    path = os.pathsep.join([str(killing.TESTS.parent), os.environ.get("PYTHONPATH", "")])
    call = [sys.executable, str(script), str(tmp_path / "run")]
    env = os.environ | how | {"PYTHONPATH": path}
    said = subprocess.run(call, env=env, capture_output=True, text=True, check=True).stdout
    copied, second, again = said.split("\n")[0], said.split("\n")[1], said.split("\n")[2]
    assert copied == "copy taken"
    assert "is being written by process" in second
    assert again.strip() == "taken", "it ended, so its number says nothing"


def test_the_command_line_says_so_in_one_line_and_changes_nothing(writing, tmp_path, capsys):
    writing()
    given = ["run", "--preset", "fast_test", "--stages", "01", "--run-dir", str(tmp_path / "run")]
    assert cli.main(given) == cli.USAGE
    lines = capsys.readouterr().err.splitlines()
    [line] = [line for line in lines if line.startswith("mwwkit: ")]
    assert "is being written by process" in line
    assert names(tmp_path / "run") == FILES
