"""The lines of the benchmark's table."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from bench import OURS
from common import spread
from rows import LLAMA, Row

#: Those that ours is put in a ratio to.
_RATIOS = (LLAMA, "transformers")


def head(names: Sequence[str]) -> list[str]:
    """Return the heads of the columns."""
    return ["", *names, *(f"times {name}" for name in _RATIOS if name in names), "goal"]


def line(row: Row, names: Sequence[str]) -> list[str]:
    """Return a row of the table: median and spread of each, how many times as good ours is, and the goal."""
    cells = [spread(row.values[name], digits=row.digits) if row.values.get(name) else "" for name in names]
    return [row.title, *cells, *(advantage(row, name) for name in _RATIOS if name in names), row.goal]


def advantage(row: Row, name: str) -> str:
    """Return how many times as good ours is as another, the median of the rounds; fewer seconds and MiB are better."""
    ours, theirs = row.values.get(OURS), row.values.get(name)
    if not ours or not theirs:
        return ""
    pairs = zip(ours, theirs, strict=False)
    return f"{statistics.median(a / b if row.more_is_better else b / a for a, b in pairs):.2f}"
