"""How lines are indented."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

_TAB = 4


def blanks_of(line: str) -> str:
    """Return the blanks that a line begins with."""
    return line[: len(line) - len(line.lstrip(" \t"))]


def width(blanks: str) -> int:
    """Return how wide blanks are, in columns."""
    return len(blanks.expandtabs(_TAB))


def unit_of(text: str, default: str) -> str:
    """Return what a file indents one level by, ``default`` where it says nothing."""
    starts = [blanks_of(line) for line in text.split("\n") if line.strip()]
    tabs = sum(start.startswith("\t") for start in starts)
    spaced = [len(start) for start in starts if not start.startswith("\t")]
    if tabs > sum(count > 0 for count in spaced):
        return "\t"
    steps = Counter(step for one, other in pairwise(spaced) if (step := other - one) in (2, 3, 4, 8))
    if not steps:
        return default if tabs == 0 or default != "\t" else "\t"
    return " " * steps.most_common(1)[0][0]


def blanks(columns: int, unit: str) -> str:
    """Return blanks so many columns wide, in tabs where ``unit`` is one."""
    if unit == "\t":
        return "\t" * (columns // _TAB) + " " * (columns % _TAB)
    return " " * columns
