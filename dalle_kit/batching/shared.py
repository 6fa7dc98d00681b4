"""Fields that all rows have, with cells of each row put in: ``the meter of flat {Flat} is read on {Date}``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dalle_kit.batching.cells import kind_of, parts_of, value_of
from dalle_kit.errors import RequestError, UnknownNameError
from dalle_kit.schemas import Schema, is_list

#: A doubled brace, which stands for one, a column in braces, or a brace without its other half.
_PLACE = re.compile(r"\{\{|\}\}|\{([^{}]+)\}|[{}]")

#: JSON has braces of its own.
_JSON = re.compile(r'\s*(\{\s*["}]|\[\s*(["\d\[\]-]|\{\s*"))')


@dataclass(frozen=True, slots=True)
class _Text:
    """A text, and the columns whose cells are put into it."""

    text: str
    columns: tuple[str, ...] = ()
    is_json: bool = False

    @classmethod
    def read(cls, text: str) -> _Text:
        """Return a text with the columns in it; raises RequestError for a brace that has no other half."""
        if _JSON.match(text):
            return cls(text, is_json=True)
        places = list(_PLACE.finditer(text))
        if any(place[0] in "{}" for place in places):
            fix = "put a column in braces; a brace itself is written twice"
            raise RequestError(f"--set: {text!r:.80} has a brace without its other half; {fix}")
        return cls(text, tuple(place[1].strip() for place in places if place[1]))

    def filled(self, cells: Mapping[str, Any]) -> str:
        """Return the text with the cells of a row in it, "" where all of them are empty.

        Raises UnknownNameError for a column that the row lacks, ValueError where only some cells are empty or one is
        neither text nor number.
        """
        if self.is_json:
            return self.text
        values = {column: self._cell(column, cells) for column in self.columns}
        empty = [column for column, value in values.items() if not value]
        if empty and len(empty) == len(values):
            return ""
        if empty:
            raise ValueError(f"{empty[0]!r} is empty, which {self.text!r} needs; fill it, or take it out of the text")
        return _PLACE.sub(lambda place: values[place[1].strip()] if place[1] else place[0][0], self.text)

    def _cell(self, column: str, cells: Mapping[str, Any]) -> str:
        if column not in cells:
            raise UnknownNameError("column", column, cells)
        cell = cells[column]
        if isinstance(cell, bool) or not isinstance(cell, (str, int, float, type(None))):
            raise ValueError(f"{column!r} is put into {self.text!r}; give a text or a number")
        return "" if cell is None else " ".join(str(cell).split())


@dataclass(frozen=True, slots=True)
class Shared:
    """What fields are in each row that has none of its own: texts, with cells of the row in them."""

    texts: Mapping[str, Sequence[_Text]] = field(default_factory=dict)

    @classmethod
    def read(cls, values: Sequence[tuple[str, str]], schema: Schema, *, domain: str) -> Shared:
        """Return fields from texts that are read as cells are; a list can have several.

        Raises UnknownNameError for a field that the domain lacks, RequestError for one that is given twice or no JSON.
        """
        texts: dict[str, list[_Text]] = {}
        for name, text in values:
            if name not in schema.get("properties", {}):
                raise UnknownNameError(f"{domain} field", name, schema.get("properties", {}))
            kind = kind_of(name, schema)
            if name in texts and not is_list(kind):
                raise RequestError(f"--set: {name} is given twice; give one", field=name)
            parts = [_Text.read(part) for part in parts_of(text, kind)]
            texts.setdefault(name, []).extend(parts)
            try:  # what is the same in each row
                if certain := [part.filled({}) for part in parts if not part.columns]:
                    value_of(certain, kind, schema)
            except (ValueError, RecursionError) as error:
                raise RequestError(f"--set {name}: not valid JSON: {error}", field=name) from error
        return cls(texts)

    @property
    def columns(self) -> set[str]:
        """The columns whose cells are put into texts."""
        return {column for texts in self.texts.values() for text in texts for column in text.columns}

    def of(self, cells: Mapping[str, Any], own: Mapping[str, Any], schema: Schema) -> dict[str, Any]:
        """Return the fields of a row, its own ones first; raises as a text that cannot be filled does."""
        fields: dict[str, Any] = {}
        for name, texts in self.texts.items():
            if name not in own and (parts := [part for text in texts if (part := text.filled(cells))]):
                fields[name] = value_of(parts, kind_of(name, schema), schema)
        return {**fields, **own}
