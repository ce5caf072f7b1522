"""What a rehearsal's sessions are held to, and how what they leave is compared."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import killing
import psutil
import pytest

from mwwkit import __main__ as cli
from mwwkit import presets
from mwwkit.cli import chain, rehearsal, rehearse
from mwwkit.cli.rehearsal import Terms, first_left, limited, own_view, read_only
from mwwkit.run.checkpoint import Checkpoint
from mwwkit.run.comparison import differences
from mwwkit.run.errors import WrongInput
from mwwkit.run.files import write_json
from mwwkit.run.paths import Run

MB = 1_000_000
GROWS = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(child.pid, flush=True)
with open(sys.argv[1], "wb") as file:
    for _ in range(int(sys.argv[2])):
        file.write(bytes(100_000)), file.flush()
        time.sleep(0.01)
time.sleep(60)
"""


def growing(folder, n):
    call = [sys.executable, "-c", GROWS, str(folder / "file"), str(n)]
    return subprocess.Popen(call, stdout=subprocess.PIPE, start_new_session=True)


@pytest.mark.parametrize(
    ("n", "terms", "told"),
    [
        (0, Terms(1.0, 10 * MB), "killed after 1 s"),
        (1000, Terms(60.0, 2 * MB), "killed at 2 MB of disk"),
    ],
)
def test_a_session_is_killed_at_its_limits_with_all_that_it_started(tmp_path, n, terms, told):
    process = growing(tmp_path, n)
    child = int(process.stdout.readline())
    assert rehearsal._watched(process, tmp_path, terms, is_mounted=False) == (told, None)
    assert process.poll() == -9
    until = time.monotonic() + 10
    while psutil.pid_exists(child) and time.monotonic() < until:
        time.sleep(0.01)
    assert not psutil.pid_exists(child)


def test_a_session_that_ends_by_itself_is_told_by_its_exit_code(tmp_path):
    for code, told in ((0, "finished"), (3, "stopped by itself, well"), (1, "failed")):
        process = subprocess.Popen([sys.executable, "-c", f"raise SystemExit({code})"])
        terms = Terms(60.0, MB)
        assert rehearsal._watched(process, tmp_path, terms, is_mounted=False) == (told, code)


def test_the_folder_to_work_in_ends_where_it_is_said_to(tmp_path):
    with limited(tmp_path / "working", MB) as (folder, is_mounted):
        if not is_mounted:
            pytest.skip("mounting is not allowed here: the watcher does it")
        with pytest.raises(OSError, match="No space left"):
            (folder / "file").write_bytes(bytes(2 * MB))
    assert not folder.exists()
    with limited(tmp_path / "working", 1 << 60) as (folder, is_mounted):
        assert not is_mounted, "more than there is memory for"


def test_inputs_are_read_only_for_the_session_and_for_nobody_else(tmp_path):
    if not own_view():
        pytest.skip("mounting is not allowed here")
    one, other = tmp_path / "one, two", tmp_path / "other"
    one.mkdir(), other.mkdir()
    code = "import sys, pathlib\nfor p in sys.argv[1:]: (pathlib.Path(p) / 'new').touch()"
    call = [*read_only([one]), sys.executable, "-c", code, str(other), str(one)]
    done = subprocess.run(call, capture_output=True, text=True)
    assert "Read-only file system" in done.stderr
    assert (other / "new").exists() and not (one / "new").exists()
    (one / "mine").touch()


def test_a_session_begins_with_the_first_notebook_that_is_not_finished(tmp_path):
    runs = [Run(tmp_path / name) for name in "ab"]
    folders = [run.folder for run in runs]
    assert first_left([]) == "01"
    clips = Checkpoint.resume(runs[0], "clips", {})
    clips.finish("a")
    assert first_left(folders) == "01"
    clips.complete()
    assert first_left(folders) == "02"
    Checkpoint.resume(runs[1], ".", {}).finish("irs")  # triples that are begun
    assert first_left(folders) == "01"
    Checkpoint.resume(runs[1], ".", {}).complete()
    for folder in ("features", "training", "tuned", "export"):
        Checkpoint.resume(runs[1], folder, {}).complete()
    assert first_left(folders) == "05"


def test_the_inputs_are_those_that_the_parameters_name_and_that_are_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir(), (tmp_path / "index.csv").touch(), (tmp_path / "word").mkdir()
    given = {"RECORDINGS": "mine", "TABLE": str(tmp_path / "index.csv"), "WORD": "word"}
    given |= {"NEGATIVE": ["mine", "nowhere"], "RUN_DIR": str(tmp_path), "STEPS": 5}
    found = set(rehearse.inputs_of([chain.Job("01", given)]))
    assert found == {tmp_path / "mine", tmp_path / "index.csv"}
    (tmp_path / "recordings").mkdir()
    assert list(rehearse.inputs_of([chain.Job("01", {})])) == [tmp_path / "recordings"]


def run_of(folder: Path, *units: str, complete: bool = False, **files: str) -> Path:
    checkpoint = Checkpoint.resume(Run(folder), "features", {"seed": 1})
    for unit in units:
        checkpoint.finish(unit, wall_seconds=len(str(folder)))
    if complete:
        checkpoint.complete()
    for name, text in files.items():
        (folder / "features" / name).write_text(text)
    return folder


def test_a_chain_is_compared_file_by_file_and_unit_by_unit(tmp_path):
    long = run_of(tmp_path / "long", "a", "b", complete=True, a="1", b="2")
    first = run_of(tmp_path / "first", "a", a="1")
    (first / "logs").mkdir(), (first / "logs/01.log").write_text("its own")
    (first / "features/snapshot-1.npz").write_text("to go on from")
    (first / "features/.part-b").write_text("half")
    (first / ".stage.lock").write_text("{}")
    second = run_of(tmp_path / "second", "b", complete=True, b="2")
    assert not differences(long, [first, second])
    for seconds, run in enumerate((first, long)):
        write_json(run / "time.json", {"cpu_seconds": seconds})
    assert not differences(long, [first, second])
    (second / "features/b").write_text("3"), (second / "more").touch()
    (first / "features/a").unlink()
    assert differences(long, [first, second]) == [
        "features/a: not in the chain",
        "more: only in the chain",
        "features/b: other bytes",
    ]
    assert differences(long, [first])[-2:] == [
        "features/checkpoint.json: units",
        "features/checkpoint.json: complete",
    ]


def test_what_makes_no_sense_is_refused_before_the_long_run(tmp_path, capsys):
    assert cli.main(["rehearse", str(tmp_path), "--disk-gb", "0"]) == cli.BAD
    assert cli.main(["rehearse", str(tmp_path), "-p", "STEP=1"]) == cli.USAGE
    assert cli.main(["rehearse", str(tmp_path), "-p", "WORD=a", "WORD=b"]) == cli.USAGE
    (tmp_path / "outputs").mkdir()
    assert cli.main(["rehearse", str(tmp_path)]) == cli.BAD
    said = capsys.readouterr().err
    assert "--disk-gb is 0" in said and "STEP" in said and "outputs of a rehearsal" in said
    assert "WORD is given twice, as 'a' and as 'b'" in said
    assert not (tmp_path / "long").exists()


def rehearsed(folder: Path, preset: str, **given: str) -> rehearsal.Rehearsal:
    jobs = chain.assembled(list(chain.NOTEBOOKS), presets.load(preset), given, folder / "long")
    terms = Terms(60.0, MB)
    return rehearsal.Rehearsal(folder, preset, given, [], terms, rehearse.values_of(jobs))


def test_a_long_run_of_another_preset_or_other_parameters_is_not_compared_with(tmp_path):
    made = rehearsed(tmp_path, "fast_test", SEED="7")
    known = {"seconds": 5.0, "preset": "fast_test", "parameters": made.given, "values": made.values}
    write_json(tmp_path / "long.json", known)
    assert made.long_run() == 5.0
    told = "was made with the preset fast_test and SEED=7, and this is the preset "
    with pytest.raises(WrongInput, match=told + "demo and SEED=7; give .* or delete"):
        rehearsed(tmp_path, "demo", SEED="7").long_run()
    with pytest.raises(WrongInput, match=told + "fast_test and SEED=8"):
        rehearsed(tmp_path, "fast_test", SEED="8").long_run()
    write_json(tmp_path / "long.json", {"seconds": 5.0})
    with pytest.raises(WrongInput, match="nobody knows what"):
        made.long_run()


LONG_RUN = """
    import signal
    import sys
    from pathlib import Path
    from mwwkit.cli.rehearsal import Rehearsal, Terms
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in a shell's background
    rehearsal = Rehearsal(Path(sys.argv[1]), "fast_test", {}, [], Terms(60.0, 1), {})
    print("begun", flush=True)
    rehearsal.long_run()
"""


def is_a_run(process):
    try:
        return "run" in process.cmdline()
    except psutil.NoSuchProcess:  # it tried whether mounting is allowed, and has ended
        return False


def test_ctrl_c_ends_the_long_run_too(tmp_path):
    process = killing.start(LONG_RUN, tmp_path)
    assert process.stdout.readline() == b"begun\n"
    until, children = time.monotonic() + 30, []
    while not children and time.monotonic() < until:
        time.sleep(0.01)
        children = [c for c in psutil.Process(process.pid).children() if is_a_run(c)]
    process.send_signal(signal.SIGINT)
    process.wait(timeout=30)
    gone, alive = psutil.wait_procs(children, timeout=10)
    assert gone and not alive
