"""The command line: exit codes and messages that a script can rely on."""

import json
import shlex
import subprocess
import sys
import tempfile
from argparse import Namespace
from pathlib import Path

import jupytext
import pytest
import soundfile
from small_run import write_corpus

from mwwkit import __main__ as cli
from mwwkit.audio.wav16 import write_wav16
from mwwkit.cli import chain, options, summary
from mwwkit.cli import run as running
from mwwkit.cli.check import INDENT
from mwwkit.cli.command import with_options
from mwwkit.esphome import manifest
from mwwkit.run.files import write_json
from mwwkit.run.paths import Run
from mwwkit.run.seeds import rng
from mwwkit.run.settings import RunSettings, keep
from mwwkit.run.shown import WIDTH
from mwwkit.stages import acquire, export, featurize, mine, train

STAGES = (acquire, featurize, train, mine, export)  # loaded, so that values are checked in-process

SMALL = """
# %% tags=["parameters"]
RUN_DIR = "auto"
PREVIOUS = ""
SESSION_HOURS = 0.0
STEPS = 10
RATE = 0.1
WORD = "computer"

# %%
print("heard", repr(WORD), STEPS, RATE, PREVIOUS)
"""
STOPPED = """
from mwwkit.run.session import StoppedEarly
raise StoppedEarly("03 stopped early: the disk budget is reached; 4 units are left")
"""
WELL_ENDED = """
from mwwkit.run.session import StoppedEarly, well_ended
well_ended(StoppedEarly("01 triples stopped: the disk budget is reached. Next: commit this output"))
"""
FAILED = """
raise ValueError("steps is 10; wanted 100 or more")
"""
HOURS = """
print("hours left", SESSION_HOURS)
"""


@pytest.fixture
def notebooks(tmp_path, monkeypatch):
    """Put a small notebook in the place of every stage's: `notebooks(code)`."""

    def put(code: str = "") -> None:
        path = tmp_path / "small.ipynb"
        notebook = jupytext.reads(SMALL + "\n# %%\n" + code, fmt="py:percent")
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        notebook.metadata["kernelspec"] = kernel
        jupytext.write(notebook, path)
        monkeypatch.setattr(chain, "notebook", lambda stage: path)
        monkeypatch.setattr("mwwkit.presets.notebooks.notebook", lambda stage: path)

    return put


@pytest.fixture
def preset(tmp_path):
    """A preset file with the given text."""

    def write(text: str) -> str:
        path = tmp_path / "mine.yaml"
        path.write_text(text)
        return str(path)

    return write


@pytest.fixture
def run(tmp_path, preset):
    """`mwwkit run` over one stage, with an empty preset."""

    def go(*more: str) -> int:
        given = ["run", "--stages", "03", "--run-dir", str(tmp_path / "run"), *more]
        return cli.main(
            [*given, *(() if "--preset" in more else ("--preset", preset("train: {}")))]
        )

    return go


def test_a_run_leaves_the_executed_notebook_and_what_it_printed(notebooks, run, tmp_path, capsys):
    notebooks()
    assert run("-p", "STEPS=20", "RATE=1e-3", "-p", "WORD=no") == cli.OK
    assert (tmp_path / "run/executed/03_train.ipynb").is_file()
    told, said = "heard 'no' 20 0.001", capsys.readouterr().err
    assert told in (tmp_path / "run/logs/03_train.log").read_text()
    assert said.startswith("about ") and "\n03_train: starting ...\n" in said and told in said


def test_where_the_run_is_and_with_what_preset_is_settled_and_said(
    notebooks, preset, tmp_path, capsys, monkeypatch
):
    notebooks()
    monkeypatch.setenv("MWWKIT_PLATFORM", "local")
    monkeypatch.chdir(tmp_path)
    given = ["run", "--stages", "03", "-p", "WORD=hey cat"]
    assert cli.main([*given, "--preset", preset("train: {}")]) == cli.OK
    folder = tmp_path / "run/hey_cat-mine"
    assert (
        f"the run is in {folder} (another: --run-dir DIR)" in capsys.readouterr().err.splitlines()
    )
    assert (folder / "executed/03_train.ipynb").is_file()
    keep(Run(folder), RunSettings("hey cat", preset="fast_test"))
    planned = []
    monkeypatch.setattr(chain, "assembled", lambda *given: planned.append(given) or [])
    assert cli.main([*given, "--run-dir", str(folder)]) == cli.OK
    assert planned[0][1]["train"]["steps"] == 250 and planned[0][-1] is None
    assert "the preset is fast_test (another: --preset NAME)" in capsys.readouterr().err
    assert cli.main(["run", "--stages", "03"]) == cli.USAGE
    assert "says which run is meant" in capsys.readouterr().err


def test_a_run_leaves_nothing_in_the_working_folder(notebooks, run, tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    seen = "from pathlib import Path\nprint('beside us:', [p.name for p in Path().iterdir()])"
    notebooks(seen)
    assert run() == cli.OK
    assert "beside us: []" in (tmp_path / "run/logs/03_train.log").read_text()


def test_a_folder_with_spaces_braces_and_letters_of_any_alphabet_will_do(
    notebooks, tmp_path, preset
):
    notebooks()
    folder = tmp_path / "mein {Lauf} № 1"
    given = ["run", "--stages", "3", "--run-dir", str(folder), "--preset", preset("")]
    assert cli.main(given) == cli.OK
    assert (folder / "executed/03_train.ipynb").is_file()


@pytest.mark.parametrize("name", ["d" * 90, "ä" * 60])
def test_a_long_folder_for_temporary_files_is_no_hindrance(
    notebooks, run, tmp_path, monkeypatch, name
):
    notebooks("import os\nprint('still there:', os.environ['TMPDIR'])")
    folder = tmp_path / name
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)  # which Python asks for once
    assert run() == cli.OK
    assert f"still there: {folder}" in (tmp_path / "run/logs/03_train.log").read_text()
    assert not list(folder.iterdir())


def test_without_a_short_folder_for_temporary_files_it_is_one_line(
    notebooks, run, tmp_path, monkeypatch, capsys
):
    notebooks()
    monkeypatch.setattr(chain, "SOCKETS_PATH_BYTES", 3)
    assert run() == cli.BAD
    told = capsys.readouterr().err
    assert "a path of at most 3 bytes" in told and "TMPDIR is" in told and "Traceback" not in told


def test_a_stage_that_stopped_early_is_told_from_one_that_failed(notebooks, run, capsys):
    notebooks(STOPPED)
    assert run() == cli.STOPPED
    assert "4 units are left" in capsys.readouterr().err
    notebooks(FAILED)
    assert run() == cli.BAD
    told = capsys.readouterr().err
    assert "03_train failed: steps is 10; wanted 100 or more" in told
    assert "Traceback" not in told


def test_the_next_session_can_be_pasted_from_what_a_stop_says(notebooks, run, tmp_path, capsys):
    notebooks(STOPPED)
    assert run("-p", "WORD=hey you", "STEPS=20") == cli.STOPPED
    said = capsys.readouterr().err.splitlines()
    words = shlex.split(said[said.index("The next session:") + 1])
    assert words[:2] == ["mwwkit", "run"] and str(tmp_path / "run") in words
    notebooks()
    assert cli.main(words[1:]) == cli.OK
    assert "heard 'hey you' 20" in capsys.readouterr().err


def test_where_the_disk_is_full_the_next_session_has_another_folder(
    notebooks, run, tmp_path, capsys
):
    notebooks(STOPPED.replace("StoppedEarly", "DiskIsFull"))
    assert run() == cli.STOPPED
    words = shlex.split(capsys.readouterr().err.splitlines()[-1])
    assert words[words.index("--run-dir") + 1] == str(tmp_path / "run-2")
    assert words[words.index("--previous") + 1] == str(tmp_path / "run")


def test_a_stop_that_ends_a_notebook_well_is_told_as_well(notebooks, run, capsys):
    notebooks(WELL_ENDED)
    assert run() == cli.STOPPED
    assert "Next: commit this output" in capsys.readouterr().err


def test_the_traceback_is_in_the_log(notebooks, run, tmp_path):
    notebooks(FAILED)
    run()
    log = (tmp_path / "run/logs/03_train.log").read_text()
    assert "Traceback" in log and "\x1b" not in log


def test_a_kernel_that_dies_is_told_in_words(notebooks, run, capsys):
    notebooks("import os\nos._exit(1)")
    assert run() == cli.BAD
    assert "for want of memory" in capsys.readouterr().err


def test_the_session_hours_are_for_all_stages_together(notebooks, tmp_path, preset, capsys):
    notebooks(HOURS)
    given = ["run", "--run-dir", str(tmp_path / "run"), "--preset", preset("")]
    assert cli.main([*given, "--stages", "01,03", "-p", "SESSION_HOURS=1"]) == cli.OK
    lines = [line for line in capsys.readouterr().err.splitlines() if "hours left" in line]
    first, second = (float(line.split()[-1]) for line in lines)
    assert second < first <= 1


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["-p", "STEP=20"], "03_train takes no parameter STEP; did you mean STEPS?"),
        (["-p", "STEPS=many"], "STEPS is 'many'; wanted a whole number, such as 10"),
        (["-p", "STEPS=2.5"], "STEPS is '2.5'; wanted a whole number"),
        (["-p", "RATE=true"], "RATE is 'true'; wanted a number"),
        (["-p", "STEPS=[1"], "STEPS is '[1'; wanted a whole number, such as 10"),
        (["--preset", "fast_tset"], "no preset 'fast_tset'; did you mean fast_test?"),
        (["--preset", "nowhere.yaml"], "there is no file"),
        (["--previous", "/nowhere"], "PREVIOUS (--previous) names /nowhere"),
    ],
)
def test_a_wrong_name_or_value_is_refused_before_any_work(
    notebooks, run, capsys, more, told, tmp_path
):
    notebooks()
    assert run(*more) == cli.USAGE
    assert told in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "given",
    [
        ["run", "--stages", "06"],
        ["run", "--stages", "03-01"],
        ["run", "-p", "STEPS"],
        ["walk"],
        [],
    ],
)
def test_a_command_that_cannot_be_read_exits_with_2(given):
    with pytest.raises(SystemExit) as stop:
        cli.main(given)
    assert stop.value.code == cli.USAGE


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("train: {stps: 5}", "a key 'stps' that nothing takes; did you mean steps?"),
        ("trian: {steps: 5}", "no section 'trian'; did you mean train?"),
        ("all: {steps: many}", "STEPS is 'many'"),
        ("train: 5", "section train holds 5; wanted name: value"),
        ("- 5", "holds a list; wanted sections"),
        ("train: {", "not readable as YAML"),
        ("train: {word: '${MWWKIT_NO_SUCH}'}", "wants the environment variable MWWKIT_NO_SUCH"),
        ("train: {word: !!python/object/apply:os.getcwd []}", "not readable as YAML"),
    ],
)
def test_a_preset_that_will_not_do_says_where_and_what(notebooks, run, preset, capsys, text, told):
    notebooks()
    assert run("--preset", preset(text)) == cli.USAGE
    assert told in capsys.readouterr().err


def test_a_variable_in_a_preset_is_replaced(notebooks, run, preset, capsys, monkeypatch):
    notebooks()
    monkeypatch.setenv("MWWKIT_TEST_WORD", "marvin")
    assert run("--preset", preset("train: {word: 'hey ${MWWKIT_TEST_WORD}'}")) == cli.OK
    assert "heard 'hey marvin'" in capsys.readouterr().err


def test_what_is_given_by_name_goes_before_the_preset(notebooks, run, preset, capsys):
    notebooks()
    text = "all: {steps: 1, rate: 1}\ntrain: {steps: 2}"
    assert run("--preset", preset(text), "-p", "RATE=3") == cli.OK
    assert "heard 'computer' 2 3.0" in capsys.readouterr().err


def test_earlier_runs_reach_the_notebook_as_a_list(notebooks, run, tmp_path, capsys):
    notebooks()
    earlier = [tmp_path / "one, and more", tmp_path / "two"]
    for folder in earlier:
        folder.mkdir()
    assert run("--previous", *map(str, earlier)) == cli.OK
    assert str([str(folder) for folder in earlier]) in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "chosen"),
    [("01-05", "01 02 03 04 05"), ("03", "03"), ("1,2", "01 02"), ("4-5,1", "01 04 05")],
)
def test_stages_are_named_by_number(text, chosen):
    assert chain.stages(text) == chosen.split()


@pytest.mark.parametrize(("stages", "ends"), [("03", False), ("04-05", True)])
def test_it_ends_with_the_verdict_where_05_was_run(
    notebooks, run, capsys, monkeypatch, stages, ends
):
    notebooks()
    monkeypatch.setattr(summary, "ending", lambda of: f"the verdict of {of.folder.name}")
    assert run("--stages", stages) == cli.OK
    assert ("the verdict of run" in capsys.readouterr().out) == ends


@pytest.mark.parametrize("made", [True, False])
def test_after_01_it_says_where_recordings_went_if_there_are_clips(
    notebooks, run, tmp_path, capsys, made
):
    notebooks()
    if made:
        write_corpus(Run(tmp_path / "run"))
    told = "your 48 recordings of the word: 24 train, 12 validation, 12 test; tested on strangers"
    for stages in ("01", "03"):
        assert run("--stages", stages) == cli.OK
        assert (told in capsys.readouterr().err) == (made and stages == "01")


def test_after_01_it_says_what_to_know_about_the_clips(notebooks, run, tmp_path, capsys):
    notebooks()
    write_corpus(Run(tmp_path / "run"))
    state = {"settings": acquire.Config("computer").shaping(), "done": {}}
    state["complete"] = {"notices": ["folders train/ are splits"]}
    write_json(tmp_path / "run/clips/checkpoint.json", state)
    assert run("--stages", "01") == cli.OK
    assert "note: folders train/ are splits" in capsys.readouterr().err


def test_a_parameter_of_two_values_is_refused_and_of_one_value_said_twice_taken(run, capsys):
    given = Namespace(parameter=[("WORD", "a"), ("SEED", "1"), ("WORD", "a")])
    assert options.parameters_of(given) == {"WORD": "a", "SEED": "1"}
    assert run("-p", "WORD=a", "-p", "WORD=b") == cli.USAGE
    assert "WORD is given twice, as 'a' and as 'b'; give it once" in capsys.readouterr().err


def test_a_second_run_says_that_everything_was_done(notebooks, run, tmp_path, capsys):
    notebooks(
        "from pathlib import Path\nmade = Path(RUN_DIR, 'made')\nmade.exists() or made.touch()"
    )
    run()
    assert "Everything was done already" not in capsys.readouterr().err
    run()
    assert "Everything was done already" in capsys.readouterr().err


def test_that_everything_was_done_comes_before_the_table_of_01(notebooks, run, capsys, monkeypatch):
    def table(of):
        print("the table", file=sys.stderr)

    notebooks(
        "from pathlib import Path\nmade = Path(RUN_DIR, 'made')\nmade.exists() or made.touch()"
    )
    monkeypatch.setattr(running, "_say_what_became_of_what_was_given", table)
    assert run("--stages", "01") == cli.OK
    assert capsys.readouterr().err.count("the table") == 1
    assert run("--stages", "01") == cli.OK
    told = capsys.readouterr().err
    assert told.count("the table") == 1
    assert told.index("Everything was done already") < told.index("the table")


def test_mww_train_and_mww_export_are_run_with_one_stage(notebooks, preset, tmp_path, monkeypatch):
    notebooks()
    options = ["--run-dir", str(tmp_path / "run"), "--preset", preset("")]
    monkeypatch.setattr(sys, "argv", ["mww-train", *options])
    assert cli.train() == cli.OK
    monkeypatch.setattr(sys, "argv", ["mww-export", *options])
    assert cli.export() == cli.OK
    made = sorted(path.stem for path in (tmp_path / "run/executed").iterdir())
    assert made == ["03_train", "05_export"]


def test_check_says_of_each_stage_whether_it_is_whole(tmp_path, capsys):
    assert cli.main(["check", str(tmp_path)]) == cli.BAD
    lines = capsys.readouterr().out.splitlines()
    assert [line[:2] for line in lines if ": not begun" in line] == list(chain.NOTEBOOKS)
    assert all(len(line) <= WIDTH + len(INDENT) or " " not in line.strip() for line in lines)
    assert f"run {chain.NOTEBOOKS['02']} to its end first" in " ".join(" ".join(lines).split())
    assert cli.main(["check", str(tmp_path / "nothing")]) == cli.USAGE
    (tmp_path / "training").mkdir()
    assert cli.main(["check", str(tmp_path), "--stages", "03"]) == cli.BAD
    assert capsys.readouterr().out.startswith("03_train: begun\n")


@pytest.mark.parametrize("command", ["score", "verify"])
def test_a_model_that_is_not_there_is_refused_in_one_line(tmp_path, capsys, command):
    for model, why in ((tmp_path / "no.json", "is not there"), (tmp_path, "is a folder")):
        heard = [str(tmp_path)] if command == "score" else []
        assert cli.main([command, str(model), *heard]) == cli.USAGE
        [line] = capsys.readouterr().err.splitlines()
        assert line.startswith(f"mwwkit: the model {model} {why}; wanted its .json")
    net = tmp_path / "zero.tflite"
    net.touch()
    assert cli.main([command, str(net), *heard]) == cli.USAGE
    told = f"mwwkit: {net} is the net alone; give {tmp_path / 'zero.json'}\n"
    assert capsys.readouterr().err == told


def test_a_reader_that_leaves_gets_no_message_and_no_traceback(tmp_path):
    first = "import sys; print(sys.stdin.readline())"
    reads = subprocess.Popen([sys.executable, "-c", first], stdin=subprocess.PIPE, text=True)
    lists = "from mwwkit import __main__ as m, cli; import sys\n"
    lists += "from mwwkit.cli import command\n"
    lists += "endless = lambda a: [print('x' * 99) for _ in range(9_999)] and 0\n"
    lists += (
        "c = command.Command('c', 'c', lambda p: None, endless)\nsys.exit(command.carry_out(c, []))"
    )
    call = [sys.executable, "-c", lists]
    done = subprocess.run(call, stdout=reads.stdin, stderr=subprocess.PIPE, text=True)
    reads.stdin.close()
    assert (done.returncode, done.stderr, reads.wait()) == (cli.BAD, "", 0)


def test_the_parameters_are_listed_with_defaults_and_a_line(capsys):
    assert cli.main(["parameters", "--stages", "03"]) == cli.OK
    out = capsys.readouterr().out
    assert out.startswith("03_train\n") and "    STEPS = 12000  # of training\n" in out


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("use a new RUN_DIR; RUN_DIR is x", "use a new RUN_DIR (--run-dir); RUN_DIR is x"),
        ("give it as PREVIOUS", "give it as PREVIOUS (--previous)"),
        ("another one (--run-dir, RUN_DIR)", "another one (--run-dir, RUN_DIR)"),
    ],
)
def test_what_a_notebook_calls_so_is_told_with_its_option(text, told):
    assert with_options(text) == told


@pytest.fixture
def small_model(tiny_model, tmp_path) -> Path:
    """The manifest of a small untrained model, in a folder of its own."""
    path = tmp_path / "model" / "word.json"
    path.parent.mkdir()
    path.with_suffix(".tflite").write_bytes(tiny_model)
    manifest.write(
        manifest.Manifest("Word", "me", "word.tflite", ("en",), 0.9, 5, tensor_arena_size=30_000),
        path,
    )
    return path


def test_verify_accepts_an_official_model(official_models, capsys):
    assert cli.main(["verify", str(official_models / "okay_nabu.json")]) == cli.OK
    assert "fit for the device" in capsys.readouterr().out


def test_verify_names_what_is_wrong(small_model, capsys):
    data = json.loads(small_model.read_text())
    data["micro"]["probability_cutoff"] = 1.0
    small_model.write_text(json.dumps(data))
    assert cli.main(["verify", str(small_model)]) == cli.BAD
    assert "never fires" in capsys.readouterr().out
    assert cli.main(["verify", str(small_model), "--json"]) == cli.BAD
    found = json.loads(capsys.readouterr().out)
    assert [c["name"] for c in found["checks"] if c["result"] == "fail"] == ["cutoff"]
    assert not found["fit"] and "0.01 to 0.99" in found["checks"][4]["do"]


def test_score_tells_of_every_file_and_of_one_it_cannot_read(small_model, tmp_path, capsys):
    sounds = tmp_path / "some sounds"
    sounds.mkdir()
    write_wav16(sounds / "rauschen ä.wav", rng(1, "noise").normal(0, 0.05, 48_000))
    assert cli.main(["score", str(small_model), str(sounds), "--json"]) == cli.OK
    report = json.loads(capsys.readouterr().out)
    assert (report["wake_word"], report["cutoff"], report["window"]) == ("Word", 0.9, 5)
    [file] = report["files"]
    assert file["seconds"] == 3.0 and isinstance(file["detections"], list)
    assert 0 <= file["mean"] <= file["max_mean"] <= file["max"] <= 1

    (sounds / "text.wav").write_text("no sound")
    assert cli.main(["score", str(small_model), str(sounds)]) == cli.BAD
    told = capsys.readouterr().out
    assert "rauschen ä.wav" in told and "not read" in told and "text.wav" in told


def test_score_hears_folders_under_folders_and_counts_what_it_could_not_read(
    small_model, tmp_path, capsys
):
    for name in ("a/one.wav", "a/b/two.flac", "three.wav"):
        path = tmp_path / "all" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, rng(1, name).normal(0, 0.05, 16_000), 16_000)
    (tmp_path / "all/a/empty.wav").touch()
    (tmp_path / "all/a/notes.txt").write_text("no sound, and no sound's name")
    (tmp_path / "all/a/b/text.ogg").write_text("no sound")
    assert cli.main(["score", str(small_model), str(tmp_path / "all"), "--json"]) == cli.BAD
    report = json.loads(capsys.readouterr().out)
    assert (report["totals"]["heard"], report["totals"]["not_read"]) == (3, 3)
    assert report["totals"]["seconds"] == 3.0
    assert cli.main(["score", str(small_model), str(tmp_path / "all")]) == cli.BAD
    *_, counted, first, second, third = capsys.readouterr().out.splitlines()
    assert counted == "not read: 3" and "text.ogg is no audio" in first
    assert "empty.wav is empty (0 bytes)" in second
    assert third.endswith("a/notes.txt is no audio but text; leave it out")


def test_score_of_a_mistyped_place_is_one_line(small_model, tmp_path, capsys):
    (tmp_path / "mywords").mkdir()
    place = tmp_path / "mywrods"
    assert cli.main(["score", str(small_model), str(tmp_path), str(place)]) == cli.USAGE
    told = capsys.readouterr()
    [line] = told.err.splitlines()
    assert f"{place} is not there (did you mean {tmp_path / 'mywords'}?)" in line and not told.out


def test_score_that_could_hear_nothing_gives_the_reason_and_no_empty_table(
    small_model, tmp_path, capsys
):
    (tmp_path / "text.wav").write_text("no sound")
    assert cli.main(["score", str(small_model), str(tmp_path / "text.wav")]) == cli.BAD
    count, reason = capsys.readouterr().out.splitlines()
    assert count == "not read: 1" and "text.wav" in reason


def test_with_a_vad_model_score_tells_what_was_held_back(official_models, real_audio, capsys):
    clip = str(real_audio / "keywords/alexa/0.flac")
    given = ["score", str(official_models / "alexa.json"), clip, "--json"]
    assert cli.main([*given, "--vad", str(official_models / "vad.json")]) == cli.OK
    [spoken] = json.loads(capsys.readouterr().out)["files"]
    assert len(spoken["detections"]) == 1 and spoken["blocked"] == []


def test_score_wants_one_thing_to_hear(small_model, tmp_path, capsys):
    for given in ([], [str(tmp_path), "--live"]):
        assert cli.main(["score", str(small_model), *given]) == cli.USAGE
        assert "files or folders, or --live" in capsys.readouterr().err


@pytest.mark.parametrize(
    "options",
    [["--live", "--lead-in", "3"], ["a.wav", "--seconds", "3"], ["a.wav", "--microphone", "x"]],
)
def test_score_refuses_an_option_that_would_do_nothing(small_model, options, capsys):
    assert cli.main(["score", str(small_model), *options]) == cli.USAGE
    assert "--live" in capsys.readouterr().err


@pytest.mark.parametrize("seconds", ["inf", "nan", "-1"])
def test_a_lead_in_that_is_no_time_is_refused(small_model, seconds):
    with pytest.raises(SystemExit) as ended:
        cli.main(["score", str(small_model), "a.wav", "--lead-in", seconds])
    assert ended.value.code == cli.USAGE


def test_without_anything_to_listen_with_live_says_what_to_do(small_model, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    assert cli.main(["score", str(small_model), "--live"]) == cli.BAD
    [line] = capsys.readouterr().err.splitlines()
    assert "pip install 'mwwkit[live]'" in line


def test_score_of_an_empty_folder_says_so(small_model, tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    assert cli.main(["score", str(small_model), str(tmp_path / "empty")]) == cli.BAD
    assert "no audio file" in capsys.readouterr().err


def test_score_hears_a_real_wake_word_where_it_is_spoken(official_models, real_audio, capsys):
    alexa = official_models / "alexa.json"
    clips = [str(real_audio / f"keywords/alexa/{n}.flac") for n in (0, 1, 10)]
    assert cli.main(["score", str(alexa), *clips, "--json"]) == cli.OK
    for file in json.loads(capsys.readouterr().out)["files"]:
        [detection] = file["detections"]
        assert 0.3 < detection["time_s"] < file["seconds"] + 0.5
        assert file["max_mean"] > 0.9


def test_the_lead_in_does_not_shift_the_times(official_models, real_audio, capsys):
    alexa = official_models / "alexa.json"
    clip = str(real_audio / "keywords/alexa/0.flac")
    times = []
    for lead_in in ("1.0", "3.0"):
        cli.main(["score", str(alexa), clip, "--json", "--lead-in", lead_in])
        [file] = json.loads(capsys.readouterr().out)["files"]
        times.append(file["detections"][0]["time_s"])
    assert abs(times[0] - times[1]) <= 0.06
