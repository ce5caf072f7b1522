"""What a person wrote stays what it was, whatever YAML 1.1 would have made of it."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import pytest

from mwwkit import presets
from mwwkit.cli import chain
from mwwkit.cli.chain import Job
from mwwkit.run.config_base import Between, Checked, Texts
from mwwkit.run.errors import MwwkitError
from mwwkit.run.paths import Run, given_path
from mwwkit.run.written import as_written, read, spelled, typed
from mwwkit.stages import acquire, train

# What YAML 1.1 makes into false, true, 7, 690, 34, 16, 1000, 1000.0, a date, nothing, infinity.
SURPRISING = (
    *("no", "off", "No", "yes", "on", "y", "007", "11:30", "042", "0x10", "1_000", "1e3", "1.0e+3"),
    *("2026-11-27", "2026-11-27 10:00:00", "~", "null", "NULL", ".inf", ".nan", "1984", "1.10"),
    *("true", "False", "=", "<<", "-0", "+5", "1.", ".5", "0b11", "0o17", "190:20:30", "-"),
)


@dataclass(frozen=True)
class Kinds(Checked):
    """A parameter of each kind."""

    word: str = "up"
    steps: Annotated[int, Between(-(10**9), 10**9)] = 5
    rate: float = 0.5
    loud: bool = False
    drop: Texts = ()
    shares: tuple[float, ...] = (0.5, 0.5)
    schedule: tuple[tuple[int, float], ...] = ()


def from_parameters(**given: object) -> Kinds:
    parameters = {name.upper(): value for name, value in asdict(Kinds()).items()}
    return Kinds.from_parameters(parameters | given)


@pytest.fixture
def preset(tmp_path):
    """`preset(text)`: what a preset file with that text gives."""

    def load(text: str) -> presets.Preset:
        path = tmp_path / "mine.yaml"
        path.write_text(text)
        return presets.load(str(path))

    return load


@pytest.mark.parametrize("text", SURPRISING)
def test_a_text_stays_a_text_on_the_command_line_in_a_preset_and_in_lists(text, preset, tmp_path):
    given = chain.assembled(["01"], {}, {"WORD": text, "TTS_SPELLINGS": f"['{text}', a]"}, tmp_path)
    assert given[0].given["WORD"] == text and given[0].given["TTS_SPELLINGS"] == [text, "a"]
    if text not in "=<<-":  # which YAML wants in quotes
        of_preset = preset(f"all:\n  word: {text}\nexport:\n  languages: [{text}]")
        jobs = chain.assembled(["01", "05"], of_preset, {}, tmp_path)
        assert jobs[0].given["WORD"] == text and jobs[1].given["LANGUAGES"] == [text]
    assert from_parameters(WORD=text, DROP=[text]) == Kinds(text, drop=(text,))
    assert spelled(typed(text)) == text


def test_where_a_list_of_texts_is_empty_otherwise_a_text_is_its_parts_between_commas(tmp_path):
    def given(**texts):
        return chain.assembled(["01"], {}, {"WORD": "up", **texts}, tmp_path)[0].given

    assert given(TTS_LANGUAGES="zle/ru")["TTS_LANGUAGES"] == ["zle/ru"]
    both = given(TTS_ENGINES="kokoro, espeak-ng")["TTS_ENGINES"]
    assert (
        both == given(TTS_ENGINES="[kokoro, espeak-ng]")["TTS_ENGINES"] == ["kokoro", "espeak-ng"]
    )
    with pytest.raises(presets.PresetError, match="wanted a list, such as"):
        given(LANGUAGES="no")


@pytest.mark.parametrize(
    ("text", "number"),
    [("042", 42), ("007", 7), ("1_000", 1000), ("1e3", 1000), ("0x10", 16), ("+5", 5), (" 5 ", 5)]
    + [("5.0", 5), ("-0b11", -3), ("1" * 30, int("1" * 30))],
)
def test_a_whole_number_is_decimal_whatever_it_is_written_as(text, number):
    assert read(text, int) == number and type(read(text, int)) is int
    assert read(text, float) == pytest.approx(number) and type(read(text, float)) is float


@pytest.mark.parametrize(
    ("kind", "texts"),
    [
        (int, "11:30 2.5 many 1,000 2026-11-27 0o9 0xg 1e400 nan 1.5e0 ~ [1] 1e17".split() + [""]),
        (float, "11:30 0,5 .inf -inf nan 1e400 1e 5% null 1..2".split() + ["", "1 2"]),
        (bool, "1 0 y n t wahr nein None 2".split() + [""]),
    ],
)
def test_what_is_no_number_and_neither_true_nor_false_is_not_read(kind, texts):
    for text in texts:
        with pytest.raises(ValueError):
            read(text, kind)


def test_true_and_false_have_three_names_each():
    assert [read(text, bool) for text in ("true", "Yes", "ON")] == [True] * 3
    assert [read(text, bool) for text in ("False", "no", "off")] == [False] * 3


def test_what_papermill_hands_over_as_text_is_read_as_the_parameters_type():
    given = from_parameters(
        STEPS="042", RATE="1e-3", LOUD="False", DROP="a, 007", SHARES="[1, .5]", SCHEDULE="[[3, 1]]"
    )
    assert given == Kinds("up", 42, 0.001, False, ("a", "007"), (1.0, 0.5), ((3, 1.0),))
    assert from_parameters(DROP="[no, 1.10]").drop == ("no", "1.10")
    assert from_parameters(SHARES=["0.25", 0.75]).shares == (0.25, 0.75)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"STEPS": "many"}, "steps is 'many'; wanted a whole number"),
        ({"STEPS": "None"}, "steps is 'None'; wanted a whole number"),
        ({"STEPS": "9e9"}, "steps is 9000000000; wanted -1,000,000,000 to 1,000,000,000"),
        (
            {"RATE": "11:30"},
            "rate is '11:30'; wanted a number (if 11:30 is hours and minutes: 11.5",
        ),
        ({"LOUD": "0"}, "loud is '0'; wanted true or false"),
        ({"SHARES": "0.5"}, "shares is '0.5'; wanted a list of numbers"),
        ({"SHARES": "[0.5, many]"}, "shares is [0.5, 'many']; wanted a list of numbers"),
        ({"SHARES": "[0.5"}, "shares is '[0.5'; wanted a list of numbers"),
        ({"SCHEDULE": "abc"}, "schedule is 'abc'; wanted a list of lists"),
        ({"WORD": 7}, "word is 7; wanted a text"),  # it may have been 007
    ],
)
def test_a_text_that_cannot_be_read_is_refused_by_the_parameters_name(given, told):
    with pytest.raises(MwwkitError) as refused:
        from_parameters(**given)
    assert told in str(refused.value)


@pytest.mark.parametrize(
    ("run_dir", "previous", "told"),
    [
        (2026, "", "RUN_DIR is 2026; wanted a folder as a text"),
        ("", "", "RUN_DIR is ''; wanted a folder as a text"),
        (None, "", "RUN_DIR is None"),
        ("auto", 7, "PREVIOUS is 7; wanted folders as a text"),
        ("auto", ["a", 7], "PREVIOUS is ['a', 7]; wanted"),
        ("~nobody-here/run", "", "~nobody-here/run begins with the home of nobody known here"),
    ],
)
def test_the_two_parameters_that_no_config_reads_are_refused_by_name(run_dir, previous, told):
    with pytest.raises(MwwkitError) as refused:
        Run.of(run_dir, previous)
    assert told in str(refused.value)


def test_a_home_is_put_in_the_place_of_a_tilde(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert given_path("~") == tmp_path and given_path("~/a b") == tmp_path / "a b"
    assert given_path("a/~/b") == Path("a/~/b")
    Path("~nobody-here").mkdir()
    assert given_path("~nobody-here") == Path("~nobody-here")


def test_a_variable_is_a_number_true_or_a_list_where_that_is_wanted(preset, monkeypatch, tmp_path):
    for name, value in {"N": "0250", "B": "off", "L": "[no, en]", "W": "007", "R": "1e-3"}.items():
        monkeypatch.setenv(f"MWWKIT_{name}", value)
    text = """
    all: {word: "hey ${MWWKIT_W}"}
    acquire: {tts_positive: "${MWWKIT_N}", tts_spellings: [a, ${MWWKIT_W}]}
    train:
      steps: ${MWWKIT_N}  # not of ${THIS ONE}
      evaluate_every: ${MWWKIT_N}
      spec_augment: ${MWWKIT_B}
      learning_rate: ${MWWKIT_R}
      schedule: [[${MWWKIT_N}, 0.1, 1]]
    export: {languages: ${MWWKIT_L}}
    """
    jobs = {
        j.stage: j.given for j in chain.assembled(["01", "03", "05"], preset(text), {}, tmp_path)
    }
    assert jobs["01"]["WORD"] == "hey 007" and jobs["01"]["TTS_POSITIVE"] == 250
    assert jobs["01"]["TTS_SPELLINGS"] == ["a", "007"]
    assert (jobs["03"]["STEPS"], jobs["03"]["SPEC_AUGMENT"]) == (250, False)
    assert jobs["05"]["LANGUAGES"] == ["no", "en"]
    made = train.Config.from_parameters(chain.every_value([Job("03", jobs["03"])])["train"])
    assert (made.learning_rate, made.schedule) == (0.001, ((250, 0.1, 1.0),))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("train: {steps: ${MWWKIT_EMPTY}}", "STEPS is ''; wanted a whole number"),
        ("train: {steps: ${MWWKIT_NOBODY}}", "wants the environment variable MWWKIT_NOBODY"),
        (
            "train: {steps: '${MWWKIT_EMPTY:-5}'}",
            "has ${MWWKIT_EMPTY:-5}; wanted a variable's name",
        ),
        ("train: {steps: '${}'}", "has ${}; wanted a variable's name alone"),
        (
            "export: {languages: ${MWWKIT_OPEN}}",
            "LANGUAGES is '[de', which is not readable as YAML",
        ),
        ("all: {seed: ~}", "SEED is '~'; wanted a whole number, such as 42"),
        ("all:\n  seed:", "SEED is without a value; wanted a whole number, such as 42"),
    ],
)
def test_a_variable_that_is_none_is_told(text, told, preset, monkeypatch, tmp_path):
    monkeypatch.setenv("MWWKIT_EMPTY", "")
    monkeypatch.setenv("MWWKIT_OPEN", "[de")
    with pytest.raises(presets.PresetError) as refused:
        chain.assembled(["03", "05"], preset(text), {}, tmp_path)
    assert told in str(refused.value)


def test_lists_of_any_parameter_reach_its_config_as_they_were_written(tmp_path):
    texts = {"CLASS_RATIO": "[2, 1, 1]", "SCHEDULE": "[[3000, 0.003, 0.5], [9000, 1e-4, 1]]"}
    [job] = chain.assembled(["03"], {}, texts, tmp_path)
    handed = Job("03", json.loads(json.dumps(job.given)))
    made = train.Config.from_parameters(chain.every_value([handed])["train"])
    assert made.class_ratio == (2.0, 1.0, 1.0)
    assert made.schedule == ((3000, 0.003, 0.5), (9000, 0.0001, 1.0))
    [job] = chain.assembled(["01"], {}, {"WORD": "no", "POSITIVE": "[~/a, 1, off]"}, tmp_path)
    made = acquire.Config.from_parameters(chain.parameters("01") | job.given)
    assert made.positive == ("~/a", "1", "off")


def test_an_unclosed_list_is_an_error_of_yaml():
    with pytest.raises(presets.yaml.YAMLError):
        as_written("[a, b")
