"""Whether two groups differ in paired texts: how much, how surely, and what is left when many are compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from dalle_kit.audit.results import Comparison
from dalle_kit.evaluation.statistics import difference, seed_for

#: How often the signs are drawn; with so few pairs that differ that all signs can be tried, they are.
FLIPS = 20_000
_ALL_UP_TO = 14  # 2 ** 14 = 16,384 ways

#: Differences below this are rounding.
_NOTHING = 1e-9


def cliffs_delta(differences: Sequence[float]) -> float:
    """Return the share of pairs in which the first has more, less the share in which the second has, -1 to 1.

    Cliff's delta of pairs (Cliff 1993). Texts of a pair are often the same, and where nearly all pairs are, a mean over
    a standard deviation (Cohen's d) grows without bound; a share does not, and means the same for every measure.
    """
    if not differences:
        return 0.0
    more = sum(each > _NOTHING for each in differences) - sum(each < -_NOTHING for each in differences)
    return float(more / len(differences))


def sign_flip(differences: Sequence[float], *, seed: int = 0) -> float:
    """Return how often a mean as far from 0 arises if either text of each pair could as well have been the other's.

    A two-sided p-value, exact where at most 14 pairs differ, else from 20,000 draws.
    """
    taken = np.asarray([each for each in differences if abs(each) > _NOTHING], dtype=np.float64)
    if not len(taken):
        return 1.0
    seen = abs(taken.sum()) * (1 - 1e-9)  # sums of the same numbers in another order may differ by a rounding
    if len(taken) <= _ALL_UP_TO:
        ways = np.arange(2 ** len(taken))[:, None] >> np.arange(len(taken)) & 1
        return float((np.abs((1 - 2 * ways) @ taken) >= seen).mean())
    signs = np.random.default_rng(seed).integers(0, 2, (FLIPS, len(taken)), dtype=np.int8)
    # The pairs as they are count as one of the draws: a p-value of 0 would say more than was tried.
    return float((1 + (np.abs((1 - 2 * signs) @ taken) >= seen).sum()) / (1 + FLIPS))


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values adjusted for all of them being looked at (Holm 1979)."""
    adjusted, highest = [0.0] * len(p_values), 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=lambda each: p_values[each])):
        highest = max(highest, min(1.0, p_values[index] * (len(p_values) - rank)))
        adjusted[index] = highest
    return adjusted


def compare(
    measure: str, group_a: str, group_b: str, values_a: Mapping[str, float], values_b: Mapping[str, float], *, seed: int
) -> Comparison | None:
    """Return the comparison of two groups in a measure, over the pairs that both have; None where there is none."""
    pairs = sorted(values_a.keys() & values_b.keys())
    own = seed_for(f"{measure} {group_a} {group_b}", seed)
    paired = difference(values_a, values_b, seed=own)
    if paired is None:
        return None
    differences = [values_a[pair] - values_b[pair] for pair in pairs]
    chance = sign_flip(differences, seed=own)
    return Comparison(
        measure=measure,
        group_a=group_a,
        group_b=group_b,
        n=paired.n,
        mean_a=float(np.mean([values_a[pair] for pair in pairs])),
        mean_b=float(np.mean([values_b[pair] for pair in pairs])),
        difference=paired.mean,
        effect_size=cliffs_delta(differences),
        interval=(paired.low, paired.high),
        p_value=chance,
        p_adjusted=chance,
    )


def adjusted(comparisons: Iterable[Comparison]) -> tuple[Comparison, ...]:
    """Return the comparisons with ``p_adjusted`` by Holm over all of them."""
    found = list(comparisons)
    values = holm([each.p_value for each in found])
    return tuple(replace(each, p_adjusted=value) for each, value in zip(found, values, strict=True))
