"""Dataclasses to JSON and back, and the JSON schema that says what is where.

    write_json(path, to_json(report))
    report = from_json(Report, read_json(path))
    write_json(path, schema(Report))

A field is a key. One made by `absent()` is left out where it is None; any other None is null.
Beside a type, `Annotated` may hold what the schema says of it (`says(minimum=0)`), a key that is no
Python name (`Key("not checked")`), and for a tuple of dataclasses `Keyed("name")`: in JSON an
object, with that field of each as the key and the rest of it, or one other field alone, as the
value.

This is the only module that looks into JSON by name; everything else has fields.
"""

import json
import types
from collections.abc import Callable
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass
from functools import cache
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np

from mwwkit.run.errors import MwwkitError

T = TypeVar("T")


class DataError(MwwkitError, ValueError):
    """JSON that is not what was wanted; the message says where, what was found and wanted."""


class Says(tuple):
    """Keywords of JSON schema with their values."""


@dataclass(frozen=True)
class Key:
    """The key of a field whose own name cannot be it."""

    name: str


@dataclass(frozen=True)
class Keyed:
    """The field that is the key in JSON, and the one that is the value, if it is not the rest."""

    by: str
    only: str = ""


def says(**keywords: Any) -> Says:
    """What the schema says of a type beside its kind."""
    return Says(keywords.items())


def absent() -> Any:
    """A field that is None, and not in the JSON, where there is nothing to say."""
    return field(default=None, metadata={"absent": True})


Count = Annotated[int, says(minimum=0)]
Share = Annotated[float, says(minimum=0, maximum=1)]
Amount = Annotated[float, says(minimum=0)]  # seconds, hours, events an hour
Text = Annotated[str, says(minLength=1)]
Table = np.ndarray  # int64 [rows, columns]


def to_json(value: Any, digits: int | None = None) -> Any:
    """A value as the json module takes it; with floats of so many `digits`, if given."""
    if is_dataclass(value):
        return _object(value, digits)
    if isinstance(value, dict):
        return {str(name): to_json(each, digits) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [to_json(each, digits) for each in value]
    if isinstance(value, np.ndarray | np.generic):
        return to_json(value.tolist(), digits)
    if isinstance(value, float) and digits:
        return float(f"{value:.{digits}g}")
    return value


def _object(value: Any, digits: int | None, without: str = "") -> dict[str, Any]:
    entries = {}
    for each in fields(value):
        content = getattr(value, each.name)
        if each.name != without and (content is not None or "absent" not in each.metadata):
            _, notes = _hints(type(value))[each.name]
            entries[_key(each, notes)] = _noted(content, notes, digits)
    return entries


def _noted(value: Any, notes: tuple, digits: int | None) -> Any:
    """A value whose type is annotated."""
    if not (keyed := _note(notes, Keyed)):
        return to_json(value, digits)
    entries = {}
    for row in value:
        if keyed.only:
            _, inner = _hints(type(row))[keyed.only]
            entries[getattr(row, keyed.by)] = _noted(getattr(row, keyed.only), inner, digits)
        else:
            entries[getattr(row, keyed.by)] = _object(row, digits, keyed.by)
    return entries


def from_json(kind: type[T], data: Any, where: str = "the file") -> T:
    """A dataclass of what JSON holds; keys that it does not have are passed over.

    Raises DataError where something is missing or of another type, beginning with `where`.
    """
    return _read(kind, (), data, where)


def _read(hint: Any, notes: tuple, data: Any, where: str) -> Any:
    hint, notes = _bare(hint, notes)
    origin, parts = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        inner = next(part for part in parts if part is not type(None))
        return None if data is None else _read(inner, notes, data, where)
    if keyed := _note(notes, Keyed):
        return tuple(
            _read_object(parts[0], {keyed.only: each} if keyed.only else each, at, {keyed.by: name})
            for name, each in _wanted(dict, data, where).items()
            for at in [f"{where}, {name}"]
        )
    if is_dataclass(hint):
        return _read_object(hint, data, where, {})
    if origin is tuple:
        items = _wanted(list, data, where)
        kinds = [parts[0]] * len(items) if parts[-1] is ... else parts
        if len(kinds) != len(items):
            raise DataError(f"{where} has {len(items)} values; wanted {len(kinds)}")
        return tuple(_read(kind, (), each, where) for kind, each in zip(kinds, items, strict=True))
    if hint is Table:
        return np.array(_wanted(list, data, where), np.int64)
    if origin is Literal:
        if data not in parts:
            raise DataError(f"{where} is {data!r}; wanted {' or '.join(map(repr, parts))}")
        return data
    return data if hint is Any else _wanted(hint, data, where)


def _read_object(kind: Any, data: Any, where: str, given: dict[str, Any]) -> Any:
    data, values = _wanted(dict, data, where), dict(given)
    for each in fields(kind):
        hint, notes = _hints(kind)[each.name]
        key = _key(each, notes)
        if each.name in given:
            continue
        if key in data:
            values[each.name] = _read(hint, notes, data[key], f"{where}, {key}")
        elif each.default is MISSING and each.default_factory is MISSING:
            raise DataError(f"{where} has no {key}")
    return kind(**values)


def _wanted(kind: type, data: Any, where: str) -> Any:
    """`data`, where it is of a kind; a whole number is a float too, and no bool is a number."""
    kinds = (int, float) if kind is float else kind
    if not isinstance(data, kinds) or isinstance(data, bool) and kind is not bool:
        raise DataError(f"{where} is {str(data)[:60]!r}; wanted {_KINDS[kind]}")
    return data


_KINDS = {
    **{str: "string", bool: "boolean", int: "integer", float: "number"},
    **{list: "array", dict: "object"},
}


Grows = Callable[[type], bool]


def schema(kind: type, grows: Grows = lambda kind: False) -> dict[str, Any]:
    """The JSON schema of a dataclass; what `grows` may have further keys one day."""
    definitions: dict[str, Any] = {}
    root = _schema(kind, (), definitions, grows)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$defs": definitions,
        **root,
    }


def in_lines(value: Any, indent: int = 0) -> str:
    """JSON to be read by people: what fits on a line is on one."""
    line, pad = json.dumps(value, sort_keys=True, ensure_ascii=False), " " * indent
    if len(line) + indent <= 100 or not isinstance(value, dict | list):
        return line
    if isinstance(value, list):
        parts, ends = [in_lines(each, indent + 1) for each in value], "[]"
    else:
        named = sorted(value.items())
        parts, ends = [f"{json.dumps(n)}: {in_lines(each, indent + 1)}" for n, each in named], "{}"
    return f"{ends[0]}\n" + ",\n".join(f"{pad} {part}" for part in parts) + f"\n{pad}{ends[1]}"


def _schema(hint: Any, notes: tuple, definitions: dict[str, Any], grows: Grows) -> dict:
    hint, notes = _bare(hint, notes)
    origin, parts = get_origin(hint), get_args(hint)
    extra = dict(_note(notes, Says) or ())
    if origin in (Union, types.UnionType):
        inner = next(part for part in parts if part is not type(None))
        return {"anyOf": [_schema(inner, notes, definitions, grows), {"type": "null"}]}
    if keyed := _note(notes, Keyed):
        if keyed.only:
            value = _schema(*_hints(parts[0])[keyed.only], definitions, grows)
        else:
            _define(parts[0], definitions, grows, keyed.by)
            value = _reference(parts[0])
        return {"type": "object", "additionalProperties": value, **extra}
    if is_dataclass(hint):
        _define(hint, definitions, grows)
        return _reference(hint)
    if origin is tuple:
        kinds = [_schema(part, (), definitions, grows) for part in parts if part is not ...]
        if parts[-1] is not ...:
            extra |= {"minItems": len(kinds), "maxItems": len(kinds)}
        return {"type": "array", "items": kinds[0], **extra}
    if hint is Table:
        row = {"type": "array", "items": {"type": "integer", "minimum": 0}}
        return {"type": "array", "items": row}
    if origin is Literal:
        return {"enum": list(parts)}
    return extra if hint is Any else {"type": _KINDS[hint], **extra}


def _reference(kind: type) -> dict[str, str]:
    return {"$ref": f"#/$defs/{kind.__name__}"}


def _define(kind: Any, definitions: dict[str, Any], grows: Grows, without: str = "") -> None:
    if kind.__name__ in definitions:
        return
    definitions[kind.__name__] = definition = {
        "type": "object",
        "description": " ".join(kind.__doc__.split()),
    }
    parts, required = {}, []
    for each in fields(kind):
        if each.name == without:
            continue
        hint, notes = _hints(kind)[each.name]
        key = _key(each, notes)
        parts[key] = _schema(hint, notes, definitions, grows)
        if "absent" in each.metadata:
            parts[key] = parts[key]["anyOf"][0]
        else:
            required.append(key)
    definition |= {"properties": parts, "required": sorted(required)}
    definition["additionalProperties"] = grows(kind)


@cache
def _hints(kind: type) -> dict[str, tuple[Any, tuple]]:
    """The type of each field, and what `Annotated` has beside it."""
    hints = get_type_hints(kind, include_extras=True)
    return {each.name: _bare(hints[each.name], ()) for each in fields(kind)}


def _bare(hint: Any, notes: tuple) -> tuple[Any, tuple]:
    if get_origin(hint) is Annotated:
        inner, *more_notes = get_args(hint)
        return inner, (*notes, *more_notes)
    return hint, notes


def _note(notes: tuple, kind: type[T]) -> T | None:
    return next((note for note in notes if isinstance(note, kind)), None)


def _key(each: Field, notes: tuple) -> str:
    key = _note(notes, Key)
    return key.name if key else each.name
