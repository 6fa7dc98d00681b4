"""Means with bootstrap intervals, and paired differences between two runs over the same cases."""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: How often a sample is drawn again.
RESAMPLES = 4000

#: The share of repetitions of an experiment whose interval holds the true mean.
LEVEL = 0.95

#: Fewer pairs show no difference that one could call significant.
LEAST_PAIRS = 5

_NORMAL = 1.959964  # the quantile of the normal distribution that belongs to LEVEL
_AT_ONCE = 2**22  # numbers drawn at a time, so that memory stays bounded


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over ``n`` texts and its 95 % interval, ``low`` to ``high``."""

    mean: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class Difference:
    """The mean difference of ``n`` pairs with its 95 % interval; ``significant`` if 0 lies outside of it."""

    mean: float
    low: float
    high: float
    n: int
    significant: bool


def estimate(values: Sequence[float], *, share: bool = False, seed: int = 0) -> Estimate | None:
    """Return the mean and its percentile bootstrap interval; None without values.

    A ``share`` lies from 0 to 1. If all values are 0 or all are 1 (nothing went wrong, or everything did) they cannot
    be resampled to anything else: the interval is Wilson's, which says how often it may still happen.
    """
    if not values:
        return None
    sample = np.asarray(values, dtype=np.float64)
    mean = float(sample.mean())
    if share and mean in (0.0, 1.0) and bool((sample == mean).all()):
        far = _NORMAL**2 / (len(sample) + _NORMAL**2)
        return Estimate(mean, *((0.0, far) if mean == 0.0 else (1.0 - far, 1.0)), len(sample))
    low, high = _interval(sample, seed)
    return Estimate(mean, low, high, len(sample))


def difference(ours: Mapping[str, float], theirs: Mapping[str, float], *, seed: int = 0) -> Difference | None:
    """Return how much ``ours`` is above ``theirs`` on the cases that both have; None where there are none."""
    shared = sorted(ours.keys() & theirs.keys())
    if not shared:
        return None
    sample = np.asarray([ours[case] - theirs[case] for case in shared], dtype=np.float64)
    low, high = _interval(sample, seed)
    significant = len(shared) >= LEAST_PAIRS and (low > 0 or high < 0)
    return Difference(float(sample.mean()), low, high, len(shared), significant)


def seed_for(name: str, seed: int) -> int:
    """Return a seed of its own for each measure, the same on every machine."""
    return zlib.crc32(name.encode("utf-8")) ^ (seed & 0xFFFFFFFF)


def _interval(sample: NDArray[np.float64], seed: int) -> tuple[float, float]:
    rng = np.random.default_rng(seed)
    rounds = max(1, _AT_ONCE // len(sample))
    means: list[float] = []
    while len(means) < RESAMPLES:
        count = min(rounds, RESAMPLES - len(means))
        means.extend(sample[rng.integers(0, len(sample), (count, len(sample)))].mean(axis=1))
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    # A mean of equal numbers may be off by a rounding: that is no difference.
    return _clean(float(low)), _clean(float(high))


def _clean(value: float) -> float:
    return 0.0 if math.isclose(value, 0.0, abs_tol=1e-12) else value
