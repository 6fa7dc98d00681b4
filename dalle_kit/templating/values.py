"""What templates see of a request: plain read-only values, no methods of the request's own."""

from __future__ import annotations

import dataclasses
import datetime
import enum
import uuid
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, NoReturn

import pydantic

_PLAIN = (bool, int, float, bytes, datetime.date, datetime.time, datetime.timedelta, Decimal, uuid.UUID)


class Namespace:
    """Field values under their names; nothing of it can be changed or called."""

    __slots__ = ("_fields", "_text")

    _fields: Mapping[str, Any]
    _text: str

    def __init__(self, fields: Mapping[str, Any], text: str) -> None:
        object.__setattr__(self, "_fields", dict(fields))
        object.__setattr__(self, "_text", text)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in self._fields:
            raise AttributeError(name)
        return self._fields[name]

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("a request cannot be changed by a template")

    def __dir__(self) -> Iterator[str]:
        return iter(self._fields)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Namespace) and self._fields == other._fields

    def __hash__(self) -> int:
        return hash(self._text)

    def __str__(self) -> str:
        return self._text


def freeze(value: Any) -> Any:
    """Return ``value`` as templates may see it.

    Models and dataclasses become namespaces, enumerations their values, collections tuples and dicts of frozen values;
    texts, numbers, dates and functions stay; anything else is shown as its text.
    """
    if value is None or isinstance(value, _PLAIN):
        return value.value if isinstance(value, enum.Enum) else value
    if isinstance(value, enum.Enum):
        return freeze(value.value)
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, pydantic.BaseModel):
        names = [*type(value).model_fields, *type(value).model_computed_fields]
        return Namespace({name: freeze(getattr(value, name)) for name in names}, str(value))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return Namespace(
            {each.name: freeze(getattr(value, each.name)) for each in dataclasses.fields(value)}, str(value)
        )
    if isinstance(value, Mapping):
        return {freeze(key): freeze(item) for key, item in value.items()}
    if isinstance(value, (set, frozenset)):
        # Sorted, so that one request always gives one text.
        return tuple(sorted((freeze(item) for item in value), key=repr))
    if isinstance(value, Iterable):
        return tuple(freeze(item) for item in value)
    return value if callable(value) else str(value)
