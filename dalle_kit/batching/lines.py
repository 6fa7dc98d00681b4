"""Reading rows from JSON lines: an object on each line, whose keys are the fields of a request."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any, NoReturn

from dalle_kit.batching.row import Columns, Row
from dalle_kit.errors import UnknownNameError
from dalle_kit.recording import fields_of
from dalle_kit.schemas import Schema, is_list, resolve

#: The most characters of a line.
LONGEST = 2**24


def read_lines(
    text: str, schema: Schema, columns: Columns, *, name: str, domain: str, filled: Collection[str] = ()
) -> list[Row]:
    """Return the rows of JSON lines; one that cannot be read has a problem.

    Raises UnknownNameError for a field of ``columns`` that the domain lacks.
    """
    columns.check(schema, domain=domain)
    # Not splitlines: that would cut at characters which may stand in a text.
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    return [_row(row, f"line {number}", line, schema, columns) for row, (number, line) in enumerate(lines, 1)]


def _row(number: int, place: str, line: str, schema: Schema, columns: Columns) -> Row:
    if len(line) > LONGEST:
        return Row(number, place, problem=f"over {LONGEST} characters; give less")
    try:
        values = json.loads(line, object_pairs_hook=_once, parse_constant=_no_number)
        if not isinstance(values, dict):
            raise ValueError('no object; give one such as {"subject": "..."}')
        cells = dict(values)
        id = _id(values, schema, columns)
    except (ValueError, RecursionError) as error:
        return Row(number, place, problem=f"not valid JSON: {_reason(error)}")
    try:
        own = fields_of(_fields(values, schema, columns))
        return Row(number, place, id, columns.shared.of(cells, own, schema))
    except (ValueError, RecursionError, UnknownNameError) as error:
        return Row(number, place, id, problem=_reason(error))


def _reason(error: Exception) -> str:
    return "too deeply nested" if isinstance(error, RecursionError) else str(error)


def _id(values: dict[str, Any], schema: Schema, columns: Columns) -> str:
    """Return what is in the key that names the row; it is taken out where it is no field."""
    if columns.name is None:
        return ""
    is_field = columns.name in schema["properties"] or columns.name in {column for _, column in columns.mapped}
    value = values.get(columns.name, "") if is_field else values.pop(columns.name, "")
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise ValueError(f"{columns.name!r} names the row; give a text or a number")
    text = str(value).strip()
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ValueError(f"{columns.name!r} is no text: {error.reason}") from error
    return text


def _fields(values: dict[str, Any], schema: Schema, columns: Columns) -> dict[str, Any]:
    put_in = columns.shared.columns - {*schema["properties"], *(column for _, column in columns.mapped)}
    taken = {name: value for name, value in values.items() if name not in {*columns.ignored, *put_in}}
    for name, column in columns.mapped:
        if column in taken and column != name:
            value = taken.pop(column)
            if name in taken and not is_list(resolve(schema["properties"][name], schema)):
                raise ValueError(f"{column!r} is mapped to {name!r}, which is there as well; give one of them")
            taken[name] = [*_listed(taken[name]), *_listed(value)] if name in taken else value
    return taken


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _once(pairs: list[tuple[str, Any]]) -> Mapping[str, Any]:
    """Return an object's values by their keys, none of which may be there twice."""
    values: dict[str, Any] = {}
    for key, value in pairs:
        if key in values:
            raise ValueError(f"the key {key!r:.80} is there twice")
        values[key] = value
    return values


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number")
