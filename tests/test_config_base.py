"""Settings refuse what their fields do not allow, and take all that they do."""

import importlib
import json
import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pytest

from mwwkit.model.shapes import SHAPES, Block, Shape
from mwwkit.run.config_base import (
    Before,
    Between,
    Checked,
    EachOf,
    OneOf,
    Rising,
    Texts,
    at_least,
    fits,
    hints_of,
    more_than,
)
from mwwkit.run.decisions import ClipDecision, CutoffDecision, InTheRun, Sha256
from mwwkit.run.errors import MwwkitError
from mwwkit.stages import acquire, export
from mwwkit.training.loop import Course

PACKAGE = Path(__file__).parents[1] / "mwwkit"
# Of those that cannot be made without being told something.
EXAMPLES = {
    Block: Block((3,), 4),
    Shape: SHAPES["tiny"],
    Course: Course("training", 250, 250),
    acquire.Config: acquire.Config("computer"),
    export.Config: export.Config("computer"),
    ClipDecision: ClipDecision("clips/clip/one.wav", "exclude"),
    CutoffDecision: CutoffDecision(128, 5, "0" * 64),
}


@dataclass(frozen=True)
class Sample(Checked):
    """One field of each kind."""

    steps: Annotated[int, Between(1, 10_000), Before(7)] = 5
    share: Annotated[float, Between(0, 1, above=True, below=True)] = 0.5
    part: Annotated[float, Between(0, 1, below=True)] = 0.5
    some: Annotated[float, Between(0, 4, above=True)] = 0.5
    rooms: Annotated[int, at_least(0)] = 3
    blocks: Annotated[int, at_least(1)] = 3
    hours: Annotated[float, more_than(0)] = 3.0
    workers: Annotated[int, Between(0, 512, "0 (all cores) to 512")] = 0
    device: Annotated[str, OneOf(("cpu", "gpu"))] = "cpu"
    shape: Annotated[str, OneOf(("a", "b", "c"))] = "a"
    heard: Annotated[tuple[str, ...], EachOf(("clean", "room"))] = ()
    snr_db: Annotated[tuple[float, float], Rising(-60, 120)] = (0.0, 5.0)
    drop: Texts = ()
    known: Annotated[Texts, EachOf(("x", "y"))] = ()
    schedule: tuple[tuple[int, float], ...] = ()
    shares: tuple[float, float, float] = (0.6, 0.2, 0.2)
    loud: bool = False
    word: str = ""


def told(settings: Callable[..., Checked], **given: Any) -> str:
    """What a refusal says: one line, of an error that is a ValueError and one of mwwkit's."""
    with pytest.raises(ValueError) as refused:
        settings(**given)
    assert isinstance(refused.value, MwwkitError)
    [line] = str(refused.value).splitlines()
    return line


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"steps": 0}, "steps is 0; wanted 1 to 10,000"),
        ({"steps": 10_001}, "steps is 10001; wanted 1 to 10,000"),
        ({"steps": "many"}, "steps is 'many'; wanted a whole number"),
        ({"steps": 2.5}, "steps is 2.5; wanted a whole number"),
        ({"steps": True}, "steps is True; wanted a whole number"),
        ({"steps": None}, "steps is None; wanted a whole number"),
        ({"share": 1}, "share is 1; wanted between 0 and 1"),
        ({"share": "0.5"}, "share is '0.5'; wanted a number"),
        ({"part": 1.0}, "part is 1.0; wanted 0 to less than 1"),
        ({"some": 0.0}, "some is 0.0; wanted more than 0, at most 4"),
        ({"rooms": -1}, "rooms is -1; wanted 0 or more"),
        ({"blocks": 0}, "blocks is 0; wanted at least 1"),
        ({"hours": 0}, "hours is 0; wanted more than 0"),
        ({"hours": math.nan}, "hours is nan; wanted more than 0"),
        ({"hours": math.inf}, "hours is inf; wanted more than 0"),
        ({"workers": 513}, "workers is 513; wanted 0 (all cores) to 512"),
        ({"device": "tpu"}, "device is 'tpu'; wanted 'cpu' or 'gpu'"),
        ({"device": 1}, "device is 1; wanted a text"),
        ({"shape": "d"}, "shape is 'd'; wanted one of a, b, c"),
        ({"heard": ["clean", "roon"]}, "heard has 'roon'; wanted any of clean, room"),
        ({"known": "x, z"}, "known has 'z'; wanted any of x, y"),
        ({"heard": [1]}, "heard is [1]; wanted a list of texts"),
        ({"snr_db": (5, 0)}, "snr_db is (5, 0); wanted the lower, then the higher"),
        ({"snr_db": [5.0]}, "snr_db is (5.0,); wanted the lower, then the higher"),
        ({"snr_db": (0, 200)}, "snr_db is (0, 200); wanted -60 to 120"),
        ({"snr_db": [0, "5"]}, "snr_db is [0, '5']; wanted a list of numbers"),
        ({"snr_db": [0, math.nan]}, "snr_db is [0, nan]; wanted a list of numbers"),
        ({"snr_db": 5}, "snr_db is 5; wanted a list of numbers"),
        ({"drop": 5}, "drop is 5; wanted a list of texts"),
        ({"schedule": [[5, "x"]]}, "schedule is [[5, 'x']]; wanted a list of lists"),
        ({"schedule": [5, 6]}, "schedule is [5, 6]; wanted a list of lists"),
        ({"loud": 1}, "loud is 1; wanted true or false"),
        ({"word": 1984}, "word is 1984; wanted a text"),
    ],
)
def test_a_fault_is_one_line_with_the_name_what_was_found_and_what_was_wanted(given, line):
    assert told(Sample, **given) == line


def test_what_is_taken_is_kept_as_it_was_given_but_for_lists_commas_and_whole_numbers():
    made = Sample(drop="a, b,,c ", schedule=[[1, 0.5], (2, 1)], snr_db=[1, 2])
    assert (made.drop, made.schedule, made.snr_db) == (("a", "b", "c"), ((1, 0.5), (2, 1)), (1, 2))
    assert made == replace(made) and hash(made) == hash(replace(made))
    assert Sample(steps=np.int64(3), share=np.float32(0.5)).steps == 3


def test_settings_that_are_equal_are_written_as_the_same_bytes():
    def written(hours: float, snr_db: Any, schedule: Any, share: float) -> str:
        return json.dumps(asdict(Sample(4, share, hours=hours, snr_db=snr_db, schedule=schedule)))

    as_floats = written(6.0, (0.0, 5.0), [[2, 1.0], [3, 4.0]], 0.5)
    assert written(6, [0, 5], ((2, 1), (3, 4)), np.float32(0.5)) == as_floats
    assert '"steps": 4,' in as_floats and '"hours": 6.0,' in as_floats
    assert told(Sample, hours=10**400).endswith("00; wanted a number")  # more than a float holds


def test_what_else_stands_beside_a_field_hinders_no_range():
    hint, said = hints_of(Sample)["steps"]
    assert (hint, said) == (int, (Between(1, 10_000), Before(7)))


def test_a_list_of_another_length_fits_since_rules_count_the_items():
    assert fits([0.1], tuple[float, float, float]) and fits([1.0] * 9, tuple[float, float])
    assert not fits([1.0] * 8 + ["9"], tuple[float, float])


def test_parameters_are_taken_by_their_names_in_upper_case_and_others_are_left():
    given = {name.upper(): value for name, value in vars(Sample(steps=9)).items()}
    assert Sample.from_parameters(given | {"OTHER": 1, "steps": 4}) == Sample(steps=9)
    del given["STEPS"]
    told = r"^the parameter STEPS is missing, which \w+\.Sample reads; put its line back"
    with pytest.raises(MwwkitError, match=told):
        Sample.from_parameters(given)


def all_settings() -> Iterator[Checked]:
    """An example of every kind of settings in the package."""
    for path in sorted(PACKAGE.rglob("*.py")):
        if "(Checked)" in path.read_text(encoding="utf-8"):
            parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
            importlib.import_module(".".join(parts).removesuffix(".__init__"))
    left = [kind for kind in Checked.__subclasses__() if kind.__module__.startswith("mwwkit.")]
    for kind in left:
        left += kind.__subclasses__()
        yield EXAMPLES[kind] if kind in EXAMPLES else kind()


def inside_and_outside(hint: Any, rule: Any) -> tuple[list, list]:
    """Values at and around the ends of what a rule takes."""
    if isinstance(rule, OneOf):
        return list(rule.known), ["", "no such"]
    if isinstance(rule, EachOf):
        return [(), tuple(rule.known)], [("no such",)]
    if isinstance(rule, InTheRun):
        return ["clips/clip/one.wav"], ["/etc/passwd", "clips/../../one.wav"]
    if isinstance(rule, Sha256):
        return ["0a" * 32, *([""] if rule.unknown else [])], ["0a" * 31, "0A" * 32]
    if isinstance(rule, Rising):
        low, high = max(rule.low, -1000), min(rule.high, 1000)
        beyond = [(low - 1, high), (low, high + 1)] if math.isfinite(rule.low) else []
        return [(low, high), (low, low), (high, high)], [(high, low), (low,), *beyond]
    low, high = rule.low, min(rule.high, rule.low + 1000)
    step = 1 if hint is int else (high - low) / 1000
    inside = [low + step, high - step] + [low] * (not rule.above)
    outside = [low - step] + [low] * rule.above + ([math.nan, -math.inf] if hint is float else [])
    if rule.high > high:  # the far end of a wide range, or of one without an end
        high = rule.high if math.isfinite(rule.high) else 1e9
        inside.append(hint(high) - step)
    if math.isfinite(rule.high):
        (outside if rule.below else inside).append(hint(high))
        outside.append(hint(high) + step)
    return list(map(hint, inside)), outside


def test_every_setting_takes_what_is_in_its_range_and_refuses_what_is_not(monkeypatch):
    n_ranges = 0
    for example in all_settings():
        kind = type(example)
        monkeypatch.setattr(kind, "refuse_together", lambda self: None)
        for name, (hint, said) in hints_of(kind).items():
            for rule in [rule for rule in said if hasattr(rule, "fault")]:
                n_ranges += 1
                inside, outside = inside_and_outside(hint, rule)
                for value in inside:
                    made = getattr(replace(example, **{name: value}), name)
                    assert made == value or sorted(made) == sorted(value)  # mine.drop is sorted
                for value in outside:
                    line = told(partial(replace, example), **{name: value})
                    assert line.startswith(f"{example.whose}{name} "), line
                    assert "; wanted " in line and (repr(value) in line or "has 'no" in line)
    assert n_ranges >= 80


def test_every_setting_refuses_a_value_of_another_kind_in_one_line():
    n_fields = 0
    for example in all_settings():
        for name, (hint, _) in hints_of(type(example)).items():
            wrong = {str: 1984, int: "7", float: "0.5", bool: 1}.get(hint)
            if wrong is not None:
                n_fields += 1
                line = told(partial(replace, example), **{name: wrong})
                assert f"{name} is {wrong!r}; wanted " in line, line
    assert n_fields >= 150
