"""How a file is indented, and lines made to be indented as it is."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from math import gcd

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


def in_units(text: str, unit: str) -> str:
    """Return a text whose lines, the first one aside, are indented by tabs or spaces as ``unit`` is."""
    first, *lines = text.split("\n")
    if unit == "\t":
        widths = [len(found[0]) for line in lines if (found := re.match(" +(?=[^ ])", line))]
        own = max(gcd(*widths), 2) if widths else _TAB
        lines = [_tabbed(line, own) for line in lines]
    else:
        lines = [blanks_of(line).replace("\t", unit) + line.lstrip(" \t") for line in lines]
    return "\n".join((first, *lines))


def _tabbed(line: str, own: int) -> str:
    blanks = blanks_of(line)
    spaces = len(blanks) - len(blanks.rstrip(" "))
    return blanks.rstrip(" ") + "\t" * (spaces // own) + " " * (spaces % own) + line.lstrip(" \t")
