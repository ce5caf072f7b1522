"""What a person who mistypes is told: one line, exit code 2, and no work is done.

By the real command line over the real notebooks and presets, none of which is ever begun.
"""

import subprocess
import sys

import pytest

from mwwkit import __main__ as cli
from mwwkit import presets
from mwwkit.cli import chain, preflight
from mwwkit.corpus.missing_places import refuse_missing
from mwwkit.run import fresh_session
from mwwkit.run.errors import WrongInput
from mwwkit.run.paths import Run
from mwwkit.run.settings import RunSettings, keep
from mwwkit.stages import acquire, export, featurize, mine, train, triples

STAGES = (acquire, triples, featurize, train, mine, export)  # loaded here, so no child is needed


@pytest.fixture
def told(tmp_path, capsys):
    """`told(preset text, *options)` -> the only line on stderr of a run that was refused."""

    def go(text: str, *options: str) -> str:
        preset = ["--preset", "fast_test"] if "--preset" not in options else []
        if text:
            (tmp_path / "mine.yaml").write_text(text)
            preset = ["--preset", str(tmp_path / "mine.yaml")]
        before = sorted(tmp_path.rglob("*"))
        run_dir = tmp_path / "run"
        assert cli.main(["run", "--run-dir", str(run_dir), *preset, *options]) == cli.USAGE
        assert sorted(tmp_path.rglob("*")) == before, "something was written"
        captured = capsys.readouterr()
        assert not captured.out
        [line] = captured.err.splitlines()
        return line.removeprefix("mwwkit: ")

    return go


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "train: {stpes: 5}",
            "section train has a key 'stpes' that nothing takes; did you mean ste",
        ),
        ("train: {scenes: 5}", "a key 'scenes' that nothing takes; it belongs to featurize"),
        ("all: {STEPS: 5}", "a key 'STEPS' that nothing takes; did you mean steps?"),
        ("tarin: {steps: 5}", "no section 'tarin'; did you mean train?"),
        ("train: [steps, 5]", "section train holds ['steps', 5]; wanted name: value"),
        ("steps", "holds a str; wanted sections"),
        (
            "train: {steps: 5",
            "not readable as YAML: expected ',' or '}', but got '<stream end>' (line",
        ),
        ("train:\n\tsteps: 5", "not readable as YAML: found character '\\t' that cannot start any"),
        ("train: {steps: 5, steps: 6}", "not readable as YAML: the key 'steps' stands there twice"),
        ("all: {word: '${MWWKIT_NOBODY}'}", "wants the environment variable MWWKIT_NOBODY, which"),
        ("all: {word: ''}", "acquire: word is ''; wanted the wake word, such as 'hey jarvis'"),
        ("all: {word: [1984]}", "WORD is ['1984']; wanted a text"),
        ("all:\n  word:", "WORD is without a value; wanted a text"),
        ("train: {steps: many}", "STEPS is 'many'; wanted a whole number, such as"),
        ("train: {cmvn: 1}", "CMVN is '1'; wanted true or false"),
        ("train: {learning_rate: 7}", "train: learning_rate is 7.0; wanted 0 to 1, as 0.003"),
        ("train: {learning_rate: .nan}", "LEARNING_RATE is '.nan'; wanted a number, such as"),
        (
            "train: {shape: okay_nabo}",
            "train: shape is 'okay_nabo'; wanted one of okay_nabu, alexa",
        ),
        ("train: {evaluate_every: 300}", "train: evaluate_every is 300; wanted a multiple of 250"),
        ("train: {threads: 0}", "train: threads is 0; wanted 1 to 64"),
        ("train: {dropout: 1}", "train: dropout is 1.0; wanted 0 to less than 1"),
        (
            "featurize: {conditions: [clean, babel10]}",
            "featurize: conditions has 'babel10'; wanted",
        ),
        ("featurize: {conditions: clean}", "CONDITIONS is 'clean'; wanted a list, such as ["),
        ("featurize: {conditions: [clean, clean]}", "wanted at least one, each once"),
        ("acquire: {shares: [0.7, 0.2, 0.2]}", "acquire: shares is (0.7, 0.2, 0.2); wanted three"),
        (
            "acquire: {shares: [most, few, few]}",
            "one of SHARES is 'most'; wanted a number, such as",
        ),
        ("acquire: {positive: [[a]]}", "acquire: positive is [['a']]; wanted a list of texts"),
        (
            "train: {class_ratio: [a, b]}",
            "train: class_ratio is ['a', 'b']; wanted a list of numbers",
        ),
        ("train: {schedule: [5, 6]}", "train: schedule is ['5', '6']; wanted a list of lists"),
        (
            "train: {schedule: [[100, fast, 1]]}",
            "train: schedule is [[100, 'fast', 1.0]]; wanted a li",
        ),
        ("train: {schedule: [[100, 0.1]]}", "train: schedule"),
        ("train: {steps: 1000000000000}", "steps is 1000000000000; wanted 1 to 10,000,000"),
        ("train: {replicas: 8}", "train: replicas is 8"),
        ("acquire: {min_seconds: 3, max_seconds: 2}", "wanted 0 < min_seconds < max_seconds"),
        ("acquire: {speaker_level: 1, input_rules: 1}", "speaker_level is 1 and input_rules 1"),
        ("acquire: {table_exclude: [noisy]}", "acquire: table_exclude is given without a table"),
        ("acquire: {product: clip}", "acquire: PRODUCT is 'clip'; wanted one of clips, triples"),
        ("mine: {batch: 2}", "mine: batch is 2; wanted at least 1 / mined_share"),
        ("mine: {keep_above: 1.5}", "mine: keep_above is 1.5; wanted between 0 and 1"),
        ("export: {max_clip_fpr: 2}", "export: max_clip_fpr is 2.0; wanted 0 to 1"),
        ("export: {website: example.org}", "website is 'example.org', wanted an address that"),
        ("train:\nall: {budget_gb: 0}", "budget_gb is 0.0; wanted more than 0"),
        (
            "all: {run_dir: elsewhere}",
            "RUN_DIR is given as a parameter; wanted the option --run-dir",
        ),
    ],
)
def test_a_wrong_preset_is_one_line_and_no_work(told, text, line):
    assert line in told(text, *(() if "word" in text else ("-p", "WORD=computer")))


@pytest.mark.parametrize("stages", ["01-05", "01"])
def test_recordings_that_are_not_there_are_refused_with_the_whole_path(
    told, tmp_path, monkeypatch, stages
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mywords").mkdir(), (tmp_path / "mywrods.txt").touch()
    options = ["--stages", stages, "--preset", "standard", "-p", "WORD=hey cat"]
    line = told("", *options, "RECORDINGS=mywrods")
    assert line.startswith(f"RECORDINGS names {tmp_path / 'mywrods'}, and there is no such folder")
    assert f"did you mean {tmp_path / 'mywords'}?" in line
    far = told("", *options, f"RECORDINGS={tmp_path / 'elsewhere/voices'}")
    assert "no such folder; wanted" in far
    assert "which is a file" in told("", *options, "RECORDINGS=mywrods.txt")


def test_recordings_one_folder_too_deep_are_refused_before_any_work(told, tmp_path):
    for name in ("words/positive/ann", "words/negative", "elsewhere/voices"):
        (tmp_path / name).mkdir(parents=True)
    options = ("--preset", "standard", "-p", "WORD=cat")
    line = told("", *options, f"RECORDINGS={tmp_path / 'words/positive'}")
    assert line.endswith(f"; did you mean {tmp_path / 'words'}?")
    line = told("", *options, f"RECORDINGS={tmp_path / 'elsewhere'}")
    assert line.endswith("(found voices)") and "none of the folders positive, negative" in line


def test_a_relative_path_that_is_not_there_is_told_with_the_folder_it_was_counted_from(
    told, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    counted = f" (mine was counted from {tmp_path})"
    line = told("", "--preset", "standard", "-p", "WORD=cat", "RECORDINGS=mine")
    assert line.startswith(f"RECORDINGS names {tmp_path / 'mine'}, ") and line.endswith(counted)
    assert told("", "--previous", "mine").endswith(counted)
    assert cli.main(["check", "mine"]) == cli.USAGE


def test_a_folder_with_nearly_a_known_name_is_told_before_the_work_with_its_files(tmp_path, capsys):
    for name in ("positive/1.wav", "postive/2.wav", "postive/ann/3.wav", "old/4.wav"):
        path = tmp_path / "mine" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    given = {"WORD": "cat", "RECORDINGS": str(tmp_path / "mine")}
    chain.refuse_missing(
        chain.assembled(["01"], presets.load("fast_test"), given, tmp_path / "run")
    )
    old, line = capsys.readouterr().err.splitlines()
    assert old.startswith(f"{tmp_path / 'mine/old'} is a folder that is not used: 1 files;")
    assert line.startswith(f"{tmp_path / 'mine/postive'} is a folder that is not used: 2 files;")
    assert line.endswith("is it positive/?")


def test_05_without_a_word_says_that_01_has_not_run_here(told):
    line = told("", "--preset", "standard", "--stages", "05")
    assert "01 has not run here, in the folder that RUN_DIR (--run-dir) names; mend RUN_DIR" in line


@pytest.mark.parametrize("name", ["POSITIVE", "NEGATIVE", "RIRS", "TABLE", "GIVEN_SPLITS"])
def test_whatever_01_is_given_to_read_is_missed_before_any_work_in_01s_own_words(
    told, tmp_path, name
):
    (tmp_path / "mine.csv").write_text("path,kind"), (tmp_path / "mine").mkdir()
    place = tmp_path / ("mien.csv" if name in ("TABLE", "GIVEN_SPLITS") else "mien")
    is_list = name not in ("TABLE", "GIVEN_SPLITS")
    line = told("", "-p", "WORD=cat", f"{name}={[str(place)] if is_list else place}")
    with pytest.raises(WrongInput) as error:
        refuse_missing(name.lower(), place)
    assert line == str(error.value) and line.startswith(f"{name} names {place}, and there is no")
    assert f"did you mean {place.with_stem('mine')}?" in line


def test_recordings_that_a_run_has_already_are_left_to_01_where_they_are_gone(tmp_path):
    keep(Run(tmp_path / "run"), RunSettings("cat", recordings=str(tmp_path / "mine")))
    given = {"WORD": "cat", "RECORDINGS": str(tmp_path / "mine")}
    preset = presets.load("fast_test")
    assert chain.plan(["01"], preset, given, tmp_path / "run")
    with pytest.raises(presets.PresetError, match="RECORDINGS names"):
        chain.plan(["01"], preset, given, tmp_path / "another")


def test_what_is_refused_is_not_told_where_it_would_be(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("MWWKIT_PLATFORM", "local")
    monkeypatch.chdir(tmp_path)
    assert cli.main(["run", "-p", "WORD=cat", "RUN_DIR=here"]) == cli.USAGE
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("mwwkit: RUN_DIR is given as a parameter")


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (["--preset", "max_qualty"], "no preset 'max_qualty'; did you mean max_quality?"),
        (["--preset", "nowhere.yaml"], "there is no file nowhere.yaml"),
        (["--preset", "/proc/self/mem.yml"], "there is no file /proc/self/mem.yml"),
        (["--preset", ".yaml"], "no preset '.yaml'"),
        (["-p", "STEP=5"], "no notebook takes a parameter STEP; did you mean STEPS?"),
        (["--stages", "02", "-p", "STEPS=5"], "STEPS is a parameter of 03_train, and the stages"),
        (["--stages", "02", "-p", "STPS=5"], "02_featurize takes no parameter STPS; there are "),
        (
            ["--stages", "02-05", "-p", "RECORDINGS=mine"],
            "RECORDINGS is a parameter of 01_acquire_and_augment, and the stages here are 02, 03,",
        ),
        (["-p", "STEPS=2.5"], "STEPS is '2.5'; wanted a whole number"),
        (["-p", "STEPS=true"], "STEPS is 'true'; wanted a whole number"),
        (["-p", "CONDITIONS=[clean"], "which is not readable as YAML: expected ',' or ']', but"),
        (["-p", "CONDITIONS=[]"], "featurize: conditions is (); wanted at least one, each once"),
        (["-p", "TARGET_FAH=.inf"], "TARGET_FAH is '.inf'; wanted a number, such as 0.5"),
        (["-p", "SESSION_HOURS=11:30"], "wanted a number (if 11:30 is hours and minutes: 11.5)"),
        (
            ["-p", "DROPOUT=0,2"],
            "DROPOUT is '0,2'; wanted a number, such as 0.1 (with a point: 0.2)",
        ),
        (["-p", "SEED=2026-11-27"], "SEED is '2026-11-27'; wanted a whole number, such as 42"),
        (["-p", "LANGUAGES=no"], "LANGUAGES is 'no'; wanted a list, such as ['en']"),
        (["-p", "WORKERS=-1"], "workers is -1; wanted 0 (all cores) to 512"),
        (["-p", "BATCH=0"], "train: batch is 0; wanted 1 to 4096"),
        (
            ["--previous", "/nowhere"],
            "PREVIOUS (--previous) names /nowhere, which is no folder; attach that run",
        ),
        (
            ["-p", "PREVIOUS=/nowhere"],
            "PREVIOUS (--previous) names /nowhere, which is no folder; attach that ru",
        ),
        (["-p", "PREVIOUS=.", "--previous", "."], "PREVIOUS is given twice, as a parameter and as"),
        (["-p", "SEED=1", "-p", "SEED=2"], "SEED is given twice, as '1' and as '2'"),
        (
            ["--preset", "fast_test", "-p", "RECORDINGS=mine"],
            "the word is 'computer' by the preset fast_test, and RECORDINGS gives recordings",
        ),
        (["-p", "RUN_DIR=here"], "RUN_DIR is given as a parameter; wanted the option --run-dir"),
    ],
)
def test_a_wrong_option_is_one_line_and_no_work(told, options, line):
    assert line in told("", *options)


def test_a_gpu_that_is_not_there_is_told_before_the_hours_of_01_and_02(told, monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)  # as where it is not installed
    assert "train: device is 'gpu' but CuPy is not installed: pip" in told("", "-p", "DEVICE=gpu")


def test_an_earlier_run_that_is_this_run_is_refused(told, tmp_path):
    (tmp_path / "run").mkdir()
    assert "which is RUN_DIR (--run-dir) itself; take it off" in told(
        "", "--previous", str(tmp_path / "run")
    )


def test_what_only_the_stages_not_chosen_would_refuse_is_no_hindrance(tmp_path):
    preset = {"train": {"learning_rate": 7.0}, "all": {"word": "computer"}}
    assert chain.plan(["01", "02"], preset, {}, tmp_path)
    with pytest.raises(presets.PresetError, match="^train: learning_rate is 7.0"):
        chain.plan(["01", "03"], preset, {}, tmp_path)


def test_onnx_without_its_extra_is_told_before_the_work(told, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    line = told("", "-p", "WORD=computer", "ONNX=true")
    assert line.startswith("export: ONNX needs the extra onnx") and "pip install" in line


def test_an_arena_that_cannot_be_measured_is_told_before_the_work(told, monkeypatch):
    monkeypatch.setitem(sys.modules, "tflite_micro", None)
    monkeypatch.setitem(sys.modules, "tflite_micro.python.tflite_micro", None)
    line = told("", "-p", "WORD=computer")
    assert line.startswith("export: the arena is measured in TensorFlow Lite Micro")
    assert "pip install" in line and "ARENA_BYTES" in line


def test_all_that_is_missing_is_told_at_once_with_one_line_for_pip(told, monkeypatch):
    for module in ("onnx", "tflite_micro", "tflite_micro.python.tflite_micro"):
        monkeypatch.setitem(sys.modules, module, None)
    packages = {"tts": "espeakng-loader", "tflm": "tflite-micro", "onnx": "onnxruntime"}
    monkeypatch.setattr(fresh_session, "lacking", lambda chosen: [packages[e] for e in chosen])
    line = told("", "-p", "WORD=computer", "ONNX=true", "TTS_POSITIVE=5")
    assert line.startswith("export: ONNX needs the extra onnx") and "; and the arena is" in line
    assert line.endswith(
        "; all at once: pip install 'mwwkit[tts,tflm,onnx]' (tts: where machines have to speak)"
    )
    line = told("", "-p", "WORD=computer", "ONNX=true", "ARENA_BYTES=30000", "TTS_POSITIVE=0")
    assert "arena" not in line
    monkeypatch.setattr(fresh_session, "lacking", lambda chosen: [])
    assert "all at once" not in told("", "-p", "WORD=computer", "ONNX=true")


def test_without_the_stages_at_hand_a_child_says_the_same_and_tensorflow_stays_out(tmp_path):
    code = (
        "import sys; from mwwkit.__main__ import main\n"
        "code = main(sys.argv[1:])\n"
        "assert not {'tensorflow', 'numpy', 'mwwkit.stages.train'} & set(sys.modules)\n"
        "sys.exit(code)"
    )
    options = ["run", "--preset", "fast_test", "--run-dir", str(tmp_path / "run")]
    wrong = ["-p", "LEARNING_RATE=7"]
    done = subprocess.run(
        [sys.executable, "-c", code, *options, *wrong], capture_output=True, text=True
    )
    assert done.returncode == cli.USAGE
    checking, *refused = done.stderr.splitlines()
    assert checking.startswith("checking all settings first")
    assert refused == ["mwwkit: train: learning_rate is 7.0; wanted 0 to 1, as 0.003"]
    assert not done.stdout
    assert not (tmp_path / "run").exists()


def test_a_check_that_could_not_be_made_is_no_consent(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    monkeypatch.delitem(sys.modules, "mwwkit.stages.export")
    with pytest.raises(RuntimeError, match="could not be checked before the start: it ended with"):
        preflight.refuse_nonsense({"export": {"WORD": "hi"}})


@pytest.mark.parametrize("stage", chain.NOTEBOOKS)
def test_a_number_out_of_every_range_is_refused_with_its_value_or_is_harmless(stage):
    section, harmless = chain.SECTIONS[stage], {"seed", "speaker_level"}
    base = chain.parameters(stage) | {"WORD": "computer"}
    base |= {"PRODUCT": "both"} if stage == "01" else {}
    assert not preflight.fault({section: base})
    for name, value in base.items():
        if type(value) in (int, float) and name.lower() not in harmless:
            found = preflight.fault({section: base | {name: type(value)(-1)}})
            assert found.startswith(f"{section}: ") and "-1" in found, f"{name}: {found!r}"


@pytest.mark.parametrize("name", presets.names())
def test_every_preset_that_comes_with_mwwkit_is_without_fault(name, tmp_path):
    preset = {"all": {"word": "computer"}} | presets.load(name)
    assert len(chain.plan(list(chain.NOTEBOOKS), preset, {}, tmp_path)) == len(chain.NOTEBOOKS)
