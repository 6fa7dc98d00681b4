"""The rows of an input: JSON lines or a table, each with the fields of a request. Values are text, never paths."""

from __future__ import annotations

import codecs
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dalle_kit.batching.lines import read_lines
from dalle_kit.batching.row import Columns, Row
from dalle_kit.batching.table import read_table
from dalle_kit.errors import RequestError

_TABLES, _LINES = (".csv", ".tsv"), (".jsonl", ".ndjson")


@dataclass(frozen=True, slots=True)
class Input:
    """What is read: its bytes, and its name, whose suffix tells what it is; else what it begins with does."""

    data: bytes = field(repr=False)
    name: str

    @property
    def is_lines(self) -> bool:
        """Whether it has an object on each line."""
        suffix = self.name[self.name.rfind(".") :].casefold() if "." in self.name else ""
        return suffix in _LINES or (
            suffix not in _TABLES and self.data.lstrip(codecs.BOM_UTF8 + b" \r\n\t")[:1] == b"{"
        )

    def text(self) -> str:
        """Return the text; raises RequestError naming the line where it is none."""
        data = self.data.removeprefix(codecs.BOM_UTF8)
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            fix = "save it as UTF-8 (in a spreadsheet: 'CSV UTF-8')"
            raise RequestError(f"{self.name}, line {line}: this is not UTF-8 text; {fix}") from error
        if "\0" in text:
            line = text.count("\n", 0, text.index("\0")) + 1
            raise RequestError(f"{self.name}, line {line}: this is no text; give a .csv or .jsonl file")
        return text


def read_rows(
    source: Input, schema: Mapping[str, Any], columns: Columns, *, domain: str, filled: Collection[str] = ()
) -> list[Row]:
    """Return the rows of an input for a request's JSON Schema; ``filled`` fields are had from elsewhere.

    What is wrong with a single row is its ``problem``. Raises RequestError and UnknownNameError, naming the line or the
    column, for what is wrong with the whole.
    """
    read = read_lines if source.is_lines else read_table
    rows = read(source.text(), schema, columns, name=source.name, domain=domain, filled=filled)
    if not rows:
        raise RequestError(f"{source.name} has no rows; give a header and a row for each text, or an object a line")
    _check_ids(rows, source.name)
    return rows


def _check_ids(rows: Sequence[Row], name: str) -> None:
    seen: dict[str, str] = {}
    for row in rows:
        if row.id and seen.setdefault(row.id, row.place) != row.place:
            raise RequestError(
                f"{name}: {row.id!r:.80} is on {seen[row.id]} and again on {row.place}; "
                "what --name-column names has to be different on each row"
            )
