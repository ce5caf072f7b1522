"""Data has types from the first count to the report: read off the sources of both rooms.

JSON is looked into by name in one module, `mwwkit/run/typed_json.py`, which lies in neither room.
"""

import ast
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pytest

from mwwkit.metrics.rates import Rate
from mwwkit.run.typed_json import (
    Count,
    DataError,
    Key,
    Keyed,
    Table,
    absent,
    from_json,
    says,
    schema,
    to_json,
)

PACKAGE = Path(__file__).parents[1] / "mwwkit"
ROOMS = ("evaluation", "report")  # what measures a finished model, and what shows it
SOURCES = sorted(path for room in ROOMS for path in (PACKAGE / room).rglob("*.py"))
MAPPINGS = {
    *("dict", "Dict", "Mapping", "MutableMapping", "defaultdict", "OrderedDict", "Counter"),
    "TypedDict",
}
OF_OTHERS = {"default_samplerate"}  # what sounddevice tells of a microphone


def annotations(tree: ast.Module):
    """Every type of an argument, of a result, and every type that is given a name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            arguments = node.args
            every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
            every += filter(None, (arguments.vararg, arguments.kwarg))
            yield from (each.annotation for each in every if each.annotation)
            yield from [node.returns] if node.returns else []
    for node in tree.body:  # an alias would hide one
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Subscript | ast.BinOp):
            yield node.value


def mappings(annotation: ast.expr) -> list[str]:
    """The mappings in a type, written out or in quotes."""
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        annotation = ast.parse(annotation.value, mode="eval").body
    names = [n.id for n in ast.walk(annotation) if isinstance(n, ast.Name)]
    names += [n.attr for n in ast.walk(annotation) if isinstance(n, ast.Attribute)]
    return sorted(MAPPINGS & set(names))


def looked_up(tree: ast.Module) -> list[str]:
    """Every text that something is looked up by: x["name"], x.get("name"), x.pop("name")."""
    found = []
    for node in ast.walk(tree):
        at = node.slice if isinstance(node, ast.Subscript) else None
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            at = node.args[0] if node.func.attr in {"get", "pop", "setdefault"} else None
        found += [n.value for n in ast.walk(at) if isinstance(n, ast.Constant)] if at else []
    return [text for text in found if isinstance(text, str)]


def test_the_rooms_are_there():
    assert len(SOURCES) > 20 and all(path.is_file() for path in SOURCES)


def test_no_mapping_is_handed_over():
    told = {}
    for path in SOURCES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if found := [ast.unparse(each) for each in annotations(tree) if mappings(each)]:
            told[path.relative_to(PACKAGE).as_posix()] = found
    assert not told


def test_nothing_is_looked_up_by_a_text():
    told = {}
    for path in SOURCES:
        # Types in quotes and Literal["..."] are no look-ups.
        tree = ast.parse(path.read_text(encoding="utf-8"))
        kinds = [
            node
            for node in ast.walk(tree)
            if isinstance(node, ast.Subscript)
            and isinstance(node.value, ast.Name)
            and node.value.id[:1].isupper()
            and not node.value.id.isupper()
        ]
        for node in kinds:
            node.slice = ast.Constant(None)
        if found := set(looked_up(tree)) - OF_OTHERS:
            told[path.relative_to(PACKAGE).as_posix()] = found
    assert not told


@pytest.mark.parametrize(
    ("source", "wrong"),
    [
        ("def f(facts: dict[str, int]): ...", True),
        ("def f() -> 'Mapping[str, int] | None': ...", True),
        ("def f(*, each: list[dict]): ...", True),
        ("Facts = dict[str, Any]", True),
        ("def f(rate: Rate) -> tuple[Rate, ...]: ...", False),
    ],
)
def test_a_mapping_would_be_seen(source, wrong):
    assert any(map(mappings, annotations(ast.parse(source)))) == wrong


@pytest.mark.parametrize("source", ["x['a']", "x[y]['a']", "x.get('a', 1)", "x['a', 1]"])
def test_a_look_up_would_be_seen(source):
    assert looked_up(ast.parse(source)) == ["a"]
    assert looked_up(ast.parse("x[1], x[a], x.get(a), x.split('a')")) == []


def declared():
    """Every class with the fields that it names itself; what it inherits it does not."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                yield node.name, {n.target.id for n in node.body if isinstance(n, ast.AnnAssign)}


def test_there_is_one_type_of_rates_one_of_rates_an_hour_and_one_of_rules():
    of_other_files = {"Evaluated", "Scored"}  # a checkpoint's, and what `mwwkit score` prints
    for name, own in declared():
        assert not {"count", "of"} <= own, f"{name} is a Rate"
        assert not {"events", "hours"} <= own, f"{name} is an Hourly"
        assert not {"cutoff", "window"} <= own or name in of_other_files, f"{name} is a Rule"


def test_only_the_rule_knows_the_integer_limit():
    for path in PACKAGE.rglob("*.py"):
        if path.name != "detector.py":
            text = path.read_text(encoding="utf-8")
            assert not re.search(r"(integer_cutoff\([^()]*\)|\.integer)\s*\*[^*]", text), path


@dataclass(frozen=True)
class Leaf:
    """One of several."""

    name: str
    n: Count
    why: str | None = absent()


@dataclass(frozen=True)
class Pair:
    """A name and a value."""

    name: str
    value: Any


@dataclass(frozen=True)
class Tree:
    """All that the JSON of this package needs.

    More lines are not told.
    """

    leaves: Annotated[tuple[Leaf, ...], Keyed("name")]
    pairs: Annotated[tuple[Pair, ...], Keyed("name", "value")]
    kind: Literal["oak", "elm"]
    ends: tuple[float, float]
    counts: Table
    unchecked: Annotated[int, Key("not checked"), says(minimum=0)]
    late: float | None
    anything: dict
    rate: Rate | None = absent()


TREE = Tree(
    leaves=(Leaf("a", 1), Leaf("b", 2, "so")),
    pairs=(Pair("x", [1]), Pair("y", None)),
    kind="elm",
    ends=(0.1, 1),
    counts=np.array([[1, 2], [3, 4]]),
    unchecked=3,
    late=None,
    anything={"k": 1 / 3},
)
PLAIN = {
    "leaves": {"a": {"n": 1}, "b": {"n": 2, "why": "so"}},
    "pairs": {"x": [1], "y": None},
    "kind": "elm",
    "ends": [0.1, 1],
    "counts": [[1, 2], [3, 4]],
    "not checked": 3,
    "late": None,
    "anything": {"k": 1 / 3},
}


def test_a_dataclass_goes_to_json_and_back():
    assert to_json(TREE) == PLAIN
    again = from_json(Tree, json.loads(json.dumps(PLAIN)) | {"more": 1})
    assert to_json(again) == PLAIN and again.leaves == TREE.leaves
    assert np.array_equal(again.counts, TREE.counts)
    assert to_json(TREE, 3)["anything"] == {"k": 0.333}


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"leaves": []}, "the file, leaves is '\\[\\]'; wanted object"),
        ({"leaves": {"a": {}}}, "the file, leaves, a has no n"),
        ({"kind": "ash"}, "the file, kind is 'ash'; wanted 'oak' or 'elm'"),
        ({"ends": [1]}, "the file, ends has 1 values; wanted 2"),
        ({"not checked": 1.5}, "not checked is '1.5'; wanted integer"),
        ({"late": True}, "late is 'True'; wanted number"),
        ({"rate": {"count": 1}}, "the file, rate has no of"),
    ],
)
def test_json_of_another_form_is_told_where(wrong, told):
    with pytest.raises(DataError, match=told):
        from_json(Tree, PLAIN | wrong)


def test_the_schema_takes_what_is_written_and_nothing_else():
    jsonschema = pytest.importorskip("jsonschema")
    made = jsonschema.Draft202012Validator(schema(Tree))
    made.check_schema(schema(Tree))
    assert made.is_valid(PLAIN) and made.is_valid(PLAIN | {"rate": {"count": 1, "of": 2}})
    for wrong in (
        *({"kind": "ash"}, {"ends": [1]}, {"late": "x"}, {"leaves": {"a": {"n": -1}}}, {"more": 1}),
        *({"not checked": -1}, {"rate": None}, {"counts": [[-1]]}),
    ):
        assert not made.is_valid(PLAIN | wrong), wrong
    assert not made.is_valid({name: PLAIN[name] for name in PLAIN if name != "late"})
    open_to_more = jsonschema.Draft202012Validator(schema(Tree, lambda kind: kind is Tree))
    assert open_to_more.is_valid(PLAIN | {"more": 1})
