"""Reading rows from a table in CSV: a header, then a row for each text."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dalle_kit.batching.cells import kind_of, parts_of, value_of
from dalle_kit.batching.row import Columns, Row
from dalle_kit.batching.shared import Shared
from dalle_kit.errors import RequestError, UnknownNameError
from dalle_kit.schemas import Schema, is_list

#: What may stand between cells; spreadsheets write the second where numbers have a decimal comma.
_DELIMITERS = ",;\t"


@dataclass(frozen=True, slots=True)
class _Layout:
    """What each column of a table is: the columns of each field, and the one that names the rows."""

    header: Sequence[str]
    fields: Mapping[str, Sequence[int]]
    name: int | None


def read_table(
    text: str, schema: Schema, columns: Columns, *, name: str, domain: str, filled: Collection[str] = ()
) -> list[Row]:
    """Return the rows of a table; an empty cell is no field, one of a list has items on its lines or between ``;``.

    Raises UnknownNameError for a column that is no field, RequestError for columns that are there twice or are lacking,
    and where the text is no table.
    """
    columns.check(schema, domain=domain)
    records = _records(text, name)
    layout: _Layout | None = None
    rows: list[Row] = []
    for line, cells in records:
        if not any(cell.strip() for cell in cells):
            continue
        if layout is None:
            layout = _layout(cells, schema, columns, name=name, domain=domain, filled=filled)
        else:
            rows.append(_row(len(rows) + 1, f"line {line}", cells, layout, schema, columns.shared))
    return rows


def _records(text: str, name: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the cells of each row with the line that it begins on."""
    header = re.sub(r'"[^"]*"', "", text.lstrip("\r\n").partition("\n")[0])
    delimiter = max(_DELIMITERS, key=header.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for cells in reader:
            yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        reason = "a cell has no end: a quotation mark is missing, or one within the text is not doubled"
        if "limit" in str(error):
            reason = f"a cell has over {csv.field_size_limit()} characters; is a quotation mark missing?"
        elif "expected after" in str(error):
            reason = "behind a quoted cell stands more; double the quotation marks within a text"
        raise RequestError(f"{name}, line {line}: {reason}") from error


def _layout(
    cells: Sequence[str], schema: Schema, columns: Columns, *, name: str, domain: str, filled: Collection[str]
) -> _Layout:
    header = [cell.strip() for cell in cells]
    while not header[-1]:  # a spreadsheet has written more columns than it has
        header.pop()
    for number, column in enumerate(header):
        if not column:
            raise RequestError(f"{name}: column {number + 1} has no name in the header; name it, or take it out")
        if column in header[:number]:
            raise RequestError(f"{name}: two columns are named {column!r}; rename one")
    wanted = [*(column for _, column in columns.mapped), *columns.ignored, *filter(None, [columns.name])]
    for column in (*wanted, *sorted(columns.shared.columns)):
        if column not in header:
            raise UnknownNameError("column", column, header)
    fields: dict[str, list[int]] = {field: [] for field, _ in columns.mapped}
    for field, column in columns.mapped:
        fields[field].append(header.index(column))
    mapped = {column for _, column in columns.mapped}
    strays = []
    for number, column in enumerate(header):
        if column not in mapped and column not in columns.ignored:
            field = re.sub(r"[\s-]+", "_", column).casefold()
            if field in schema.get("properties", {}):
                fields.setdefault(field, []).append(number)
            elif column != columns.name and column not in columns.shared.columns:
                strays.append(column)
    if strays:
        raise _stray(strays, schema, domain=domain)
    for field, numbers in fields.items():
        if len(numbers) > 1 and not is_list(kind_of(field, schema)):
            first, second = (header[number] for number in numbers[:2])
            raise RequestError(f"{name}: {first!r} and {second!r} both give {field}; leave one out with --ignore")
    for field in schema.get("required", ()):
        if field not in fields and field not in filled and field not in columns.shared.texts:
            fix = f"add one, or name the one that has it: --map {field}=COLUMN"
            raise RequestError(f"{name}: there is no column {field!r}, which {domain} needs; {fix}")
    return _Layout(header, fields, header.index(columns.name) if columns.name else None)


def _stray(columns: Sequence[str], schema: Schema, *, domain: str) -> UnknownNameError:
    """Return the error for columns that are no fields; the first one's fix is that of all."""
    first, *others = columns
    hint = f"--map FIELD={_quoted(first)} says which field it is, --ignore {_quoted(first)} passes it over"
    more = f"; nor is there one for {', '.join(map(repr, others))}" if others else ""
    return UnknownNameError(
        f"{domain} field for the column", first, schema.get("properties", {}), hint=f"({hint}){more}"
    )


def _quoted(column: str) -> str:
    return json.dumps(column, ensure_ascii=False) if re.search(r"\W", column) else column


def _row(number: int, place: str, cells: Sequence[str], layout: _Layout, schema: Schema, shared: Shared) -> Row:
    width, columns = len(cells), len(layout.header)
    while width > columns and not cells[width - 1].strip():
        width -= 1
    if width != columns:
        fix = (
            "quote a cell that has the separator in it" if width > columns else "an empty cell needs its separator too"
        )
        cells_of = f"{width} cell{'' if width == 1 else 's'} for {columns} columns"
        return Row(number, place, problem=f"there {'is' if width == 1 else 'are'} {cells_of}; {fix}")
    id = cells[layout.name].strip() if layout.name is not None else ""
    own: dict[str, Any] = {}
    try:
        for field, numbers in layout.fields.items():
            kind = kind_of(field, schema)
            parts = [part for each in numbers for part in parts_of(cells[each], kind)]
            if parts:
                own[field] = value_of(parts, kind, schema)
    except (ValueError, RecursionError) as error:
        return Row(number, place, id, problem=f"{field}: not valid JSON: {error}")
    try:
        return Row(number, place, id, shared.of(dict(zip(layout.header, cells, strict=False)), own, schema))
    except (ValueError, RecursionError) as error:
        return Row(number, place, id, problem=str(error))
