"""A row of an input, and what is said of its columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dalle_kit.batching.shared import Shared
from dalle_kit.errors import RequestError, UnknownNameError
from dalle_kit.schemas import Schema

#: What is told of a row that is done.
Line = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Row:
    """A row: its number, from 1 on, where it stands, its id if it has one, and the fields of a request.

    ``problem`` says why there is no request.
    """

    number: int
    place: str
    id: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns, or keys, are which fields, where that is not told by their names.

    ``mapped`` are pairs of a field and a column; ``ignored`` are passed over; ``name`` has an id for each row;
    ``shared`` is what all rows have, into which columns may be put.
    """

    mapped: tuple[tuple[str, str], ...] = ()
    ignored: tuple[str, ...] = ()
    name: str | None = None
    shared: Shared = field(default_factory=Shared)

    def check(self, schema: Schema, *, domain: str) -> None:
        """Raise UnknownNameError for a field that the domain lacks, RequestError for a column that is used twice."""
        seen: dict[str, str] = {}
        for name, column in self.mapped:
            if name not in schema.get("properties", {}):
                raise UnknownNameError(f"{domain} field", name, schema.get("properties", {}))
            if column in seen:
                raise RequestError(f"--map: the column {column!r} is given to {seen[column]} and to {name}; choose one")
            if column in self.ignored:
                raise RequestError(f"the column {column!r} is both mapped and ignored; leave out --map or --ignore")
            seen[column] = name
