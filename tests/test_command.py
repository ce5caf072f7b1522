"""How the words of a command line are read: options anywhere, help at once."""

import itertools
import subprocess
import sys

import pytest

from mwwkit.__main__ import COMMANDS, USAGE
from mwwkit.cli.command import read

BY_NAME = {command.name: command for command in COMMANDS}
ANYWHERE = [  # a command, its arguments, and its options with what follows each
    ("run", [], [["--stages", "03"], ["-p", "A=1", "B=2"], ["--previous", "x", "y"]]),
    ("demo", [], [["--run-dir", "d"], ["-p", "A=1"], ["--preset", "mine.yaml"]]),
    ("tune", ["r"], [["--trials", "3"], ["-p", "A=1", "B=2"], ["--previous", "x", "y"]]),
    ("check", ["r"], [["--stages", "01-03"], ["--previous", "x"]]),
    ("score", ["m", "a", "b"], [["--json"], ["--vad", "v"], ["--lead-in", "2"]]),
    ("score", ["m"], [["--live"], ["--seconds", "2"], ["--microphone", "usb"]]),
    ("report", ["r"], [["--previous", "x", "y"]]),
    ("verify", ["m"], [["--json"], ["--envelope", "vad"]]),
    ("verify", ["m", "n"], [["--vad", "v"], ["--audio", "a"]]),
    ("shift", ["r"], [["--clips", "5"], ["--tta"], ["--previous", "x", "y"]]),
    ("ablate", [], [["--flags", "a", "b"], ["--seeds", "1", "2"], ["--json"]]),
    ("rehearse", ["d"], [["--disk-gb", "1"], ["-p", "A=1"], ["--session-seconds", "9"]]),
    ("kaggle", ["d"], [["--owner", "me"], ["-p", "A=1"], ["--cpu"]]),
    ("folds", ["r"], [["--k", "3"], ["--to", "t"], ["--previous", "x"]]),
    ("voices", ["get", "kokoro"], [["--from", "f"], ["--to", "t"], ["--json"]]),
    ("parameters", [], [["--stages", "01-03"]]),
    ("advise", ["hey kitchen"], [["--voice", "roa/es"], ["--json"]]),
    ("sweep", ["t"], [["--jobs", "2"], ["-p", "A=1", "B=2"], ["--stages", "01"]]),
]


def values(name: str, *words: str) -> dict:
    return vars(read(BY_NAME[name], words))


def test_options_stand_before_between_and_after_the_arguments_of_every_command():
    assert {name for name, _, _ in ANYWHERE} == BY_NAME.keys()
    for name, arguments, options in ANYWHERE:
        wanted = values(name, *arguments, *itertools.chain(*options))
        gaps = range(len(arguments) + 1)
        for order in itertools.permutations(options):
            for places in itertools.product(gaps, repeat=len(options)):
                line = []
                for gap in gaps:
                    of_gap = (o for o, place in zip(order, places, strict=True) if place == gap)
                    line += [*itertools.chain(*of_gap), *arguments[gap : gap + 1]]
                assert values(name, *line) == wanted, line


def test_after_two_dashes_all_words_are_arguments():
    wanted = values("score", "m", "./-a.wav", "b.wav", "--json")
    assert values("score", "m", "--json", "--", "-a.wav", "b.wav") == wanted
    wanted = values("check", "r", "--previous", "x", "y")
    assert values("check", "--previous", "x", "y", "--", "r") == wanted


def test_a_home_stands_in_the_place_of_a_tilde_where_a_shell_puts_none(monkeypatch):
    monkeypatch.setenv("HOME", "/h")
    given = values("score", "~/m", "--vad=~/v", "a", "~/b")
    assert [
        *map(str, (given["model"], given["vad"], *given["audio"]))
    ] == "/h/m /h/v a /h/b".split()
    assert str(values("tune", "r", "--study=~/s.db")["study"]) == "/h/s.db"
    assert str(values("folds", "r", "--to=~/t")["to"]) == "/h/t"
    assert str(values("verify", "~/m")["models"][0]) == "/h/m"


@pytest.mark.parametrize("line", ["--previous x", "r -p A=1 s", "-p A=1 B=2", "r s", "r --nothing"])
def test_a_list_gives_up_only_what_the_command_lacks(line, capsys):
    with pytest.raises(SystemExit) as stop:
        values("tune", *line.split())
    assert stop.value.code == USAGE
    assert "usage: mwwkit tune" in capsys.readouterr().err


def test_help_comes_without_loading_what_is_slow():
    code = (
        "import sys; from mwwkit.__main__ import COMMANDS, main\n"
        "for words in [[], *([c.name] for c in COMMANDS)]:\n"
        "    try: main([*words, '--help'])\n"
        "    except SystemExit as stop: assert stop.code == 0, words\n"
        "assert not {'tensorflow', 'scipy', 'papermill', 'numpy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
