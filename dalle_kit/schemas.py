"""What kind of values a field of a JSON Schema takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]


def resolve(field: Schema, schema: Schema) -> Schema:
    """Return a field's own kind: references followed, ``null`` and wrappers taken away; text for a choice of kinds."""
    if "$ref" in field:
        target: Any = schema
        for step in field["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        return resolve(target, schema)
    if "const" in field:
        return {"enum": [field["const"]]}
    for wrapper in ("anyOf", "oneOf", "allOf"):
        if wrapper in field:
            kinds = [kind for kind in field[wrapper] if kind.get("type") != "null"]
            if len(kinds) == 1:
                return resolve(kinds[0], schema)
            return {"type": "string"} if any(kind.get("type") == "string" for kind in kinds) else {"type": "object"}
    return field


def is_list(kind: Schema) -> bool:
    """Say whether a kind is a list of any number of values of one kind."""
    return kind.get("type") == "array" and "prefixItems" not in kind
