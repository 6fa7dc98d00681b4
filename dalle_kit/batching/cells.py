"""What the cells of a table say in the fields of a request."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from dalle_kit.schemas import Schema, is_list, resolve


def kind_of(field: str, schema: Schema) -> Schema:
    """Return the schema of a field."""
    return resolve(schema["properties"][field], schema)


def parts_of(cell: str, kind: Schema) -> list[str]:
    """Return the items of a cell, if it is of a list, else what it says; nothing of an empty one."""
    if not is_list(kind):
        return [cell] if cell.strip() else []
    parts = cell.splitlines() if "\n" in cell or "\r" in cell else cell.split(";")
    return [part.strip() for part in parts if part.strip()]


def value_of(parts: Sequence[str], kind: Schema, schema: Schema) -> Any:
    """Return what the parts of cells say in a field; raises ValueError for one that has to be JSON and is none."""
    if is_list(kind):
        item = resolve(kind.get("items", {}), schema)
        return [_single(part, item) for part in parts]
    return _single(parts[0], kind)


def _single(text: str, kind: Schema) -> Any:
    for choice in kind.get("enum", ()):
        if str(choice).casefold() == text.strip().casefold():
            return choice
    if kind.get("type") in ("array", "object") and ("properties" not in kind or text.lstrip().startswith("{")):
        return json.loads(text)
    return text
