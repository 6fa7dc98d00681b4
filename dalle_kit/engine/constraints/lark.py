"""Writing texts and expressions down in the Lark form that llguidance reads."""

from __future__ import annotations

import re

_CONTROL = str.maketrans({"\n": r"\n", "\r": r"\r", "\t": r"\t"})
_ESCAPED = _CONTROL | str.maketrans({character: f"\\{character}" for character in r"\.+*?()|[]{}^$#&~/-"})
_SLASH = re.compile(r"(?<!\\)((?:\\\\)*)/")


def exactly(text: str) -> str:
    """Return the expression that matches a text and nothing else."""
    return text.translate(_ESCAPED)


def one_of(texts: tuple[str, ...]) -> str:
    """Return the expression that matches any of some texts."""
    return "(?:" + "|".join(exactly(text) for text in texts) + ")"


def terminal(regex: str) -> str:
    """Return an expression as a terminal of a grammar."""
    slashed = _SLASH.sub(r"\1\\/", regex)
    return f"/{slashed.translate(_CONTROL)}/"


def forbidden(entries: tuple[str, ...]) -> str:
    """Return the expression of all texts that hold one of the entries: texts, or character classes (``"[...]"``)."""
    return "(?s:.*)(?:" + "|".join(entry if is_class(entry) else exactly(entry) for entry in entries) + ")(?s:.*)"


def is_class(entry: str) -> bool:
    """Say whether an entry of ``forbid`` is a class of characters."""
    return len(entry) > 2 and entry.startswith("[") and entry.endswith("]")


def repeat(name: str, least: int, most: int | None) -> str:
    """Return a name of a grammar said so many times; ``most`` None is without an end."""
    if most is None:
        return f"{name}{{{least},}}" if least else f"{name}*"
    return f"{name}{{{least},{most}}}" if most else '""'
