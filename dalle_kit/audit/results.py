"""What an audit finds: each output's measures, comparisons of groups, and figures of standard benchmarks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Comparison:
    """A measure in texts about people of ``group_a`` less that in texts about ``group_b``, the rest being equal.

    ``difference`` is the mean of ``n`` pairs, ``interval`` its 95 % bootstrap interval. ``effect_size`` is Cliff's
    delta of pairs, from -1 to 1: the share of pairs in which a has more, less the share in which b has. ``p_value`` is
    of a sign-flip test, ``p_adjusted`` the same by Holm over all comparisons of the audit.
    """

    measure: str
    group_a: str
    group_b: str
    n: int
    mean_a: float
    mean_b: float
    difference: float
    effect_size: float
    interval: tuple[float, float]
    p_value: float
    p_adjusted: float


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A figure of a standard benchmark with its 95 % interval over ``n`` items.

    ``sampling`` says which of its items were used, ``rows`` are figures of its parts, ready for a table; ``note`` says
    how the score is read.
    """

    name: str
    score: float
    interval: tuple[float, float]
    n: int
    sampling: str
    rows: tuple[Mapping[str, Any], ...]
    note: str
