"""The settings that an evaluation compares: model, template, candidates, repair, name-blind writing."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

from dalle_kit.errors import OptionError, UnknownNameError

_YES, _NO = ("yes", "true", "on"), ("no", "false", "off")


@dataclass(frozen=True, slots=True)
class Setting:
    """One way to write the documents; what is None is left to the toolkit's defaults."""

    model: str | None = None
    template: str | None = None
    candidates: int | None = None
    repair: bool | None = None
    name_blind: bool | None = None

    @property
    def label(self) -> str:
        """The setting in words, as ``--against`` takes it; "default" where nothing is set."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        shown = {name: "yes" if value is True else "no" if value is False else value for name, value in values.items()}
        return ",".join(f"{name}={value}" for name, value in shown.items() if value is not None) or "default"

    @property
    def options(self) -> dict[str, Any]:
        """What is passed to ``Kit.batch``."""
        given = {each.name: getattr(self, each.name) for each in fields(self) if each.name != "model"}
        return {name: value for name, value in given.items() if value is not None}

    def changed(self, text: str) -> Setting:
        """Return a copy changed as text says: ``model=smollm2-135m,candidates=4,repair=no``.

        Raises OptionError for a value that is none, UnknownNameError for a setting that there is not.
        """
        names = tuple(each.name for each in fields(self))
        changes: dict[str, Any] = {}
        for part in text.split(","):
            name, equals, value = (each.strip() for each in part.partition("="))
            if not equals or not value:
                raise OptionError("--against", text, f"NAME=VALUE[,NAME=VALUE...] with the names {', '.join(names)}")
            if name not in names:
                raise UnknownNameError("setting", name, names)
            changes[name] = _read(name, value)
        return replace(self, **changes)


def _read(name: str, value: str) -> object:
    if name == "candidates":
        if not value.isascii() or not value.isdigit() or not 1 <= int(value) <= 64:
            raise OptionError("candidates", value, "a whole number from 1 to 64")
        return int(value)
    if name in ("repair", "name_blind"):
        if value.casefold() not in _YES + _NO:
            raise OptionError(name, value, "yes or no")
        return value.casefold() in _YES
    return value
