"""Shapley values: what each part adds to a value, on average over all orders in which the parts may come.

Shapley, 1953. For few parts all sets of them are valued, which is exact; for more, orders are sampled, each together
with its reverse (Castro et al., 2009; Mitchell et al., 2022). Either way the values add up to the difference between
all parts and none, order by order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import comb

import numpy as np
import numpy.typing as npt

from dalle_kit.errors import OptionError

Numbers = npt.NDArray[np.float64]

#: Values sets of parts, each a number whose bit n stands for part n: (M, K), K values of each.
Values = Callable[[list[int]], Numbers]

#: Of no more parts than these all sets are valued; of more, no fewer orders than these are sampled.
EXACT, FEWEST = 7, 4


def check_orders(orders: int | None) -> None:
    """Raise OptionError for a number of orders that cannot be sampled."""
    whole = isinstance(orders, int) and not isinstance(orders, bool)
    if orders is not None and not (whole and orders >= FEWEST and orders % 2 == 0):
        raise OptionError("orders", orders, f"an even whole number from {FEWEST} on: each has its reverse beside it")


@dataclass(frozen=True, slots=True)
class Shares:
    """The Shapley value of each part (N, K) and its standard error, 0 where it is exact; ``orders`` is None then."""

    values: Numbers
    errors: Numbers
    orders: int | None


def shapley(value: Values, parts: int, *, orders: int, seed: int = 0) -> Shares:
    """Return the Shapley values of so many parts; ``orders``, an even number, is how many are sampled of many."""
    everything = (1 << parts) - 1
    if parts <= EXACT:
        table = value(list(range(everything + 1)))
        exact = np.stack([_exact(table, part, parts) for part in range(parts)]) if parts else table[:0]
        return Shares(exact, np.zeros_like(exact), None)
    rng = np.random.default_rng(seed)
    forward = [rng.permutation(parts) for _ in range(max(1, orders // 2))]
    chains = [(_chain(order), _chain(order[::-1])) for order in forward]
    needed = sorted({mask for pair in chains for chain in pair for mask in chain})
    known = dict(zip(needed, value(needed), strict=True))
    pairs = np.stack(
        [
            np.mean([_marginals(order, chain, known) for order, chain in zip((row, row[::-1]), pair, strict=True)], 0)
            for row, pair in zip(forward, chains, strict=True)
        ]
    )  # (P, N, K)
    errors = pairs.std(0, ddof=1) / np.sqrt(len(pairs)) if len(pairs) > 1 else np.full_like(pairs[0], np.nan)
    return Shares(pairs.mean(0), errors, 2 * len(pairs))


def _exact(table: Numbers, part: int, parts: int) -> Numbers:
    without = [mask for mask in range(len(table)) if not mask >> part & 1]
    weights = np.array([1 / (parts * comb(parts - 1, mask.bit_count())) for mask in without])
    gains = table[[mask | 1 << part for mask in without]] - table[without]
    total: Numbers = weights @ gains
    return total


def _chain(order: Iterable[int]) -> list[int]:
    """Return the sets that an order goes through, from none to all."""
    masks = [0]
    for part in order:
        masks.append(masks[-1] | 1 << int(part))
    return masks


def _marginals(order: npt.NDArray[np.int64], chain: list[int], known: dict[int, Numbers]) -> Numbers:
    values = np.stack([known[mask] for mask in chain])  # (N + 1, K)
    gains = np.empty((len(order), values.shape[1]))
    gains[order] = np.diff(values, axis=0)
    return gains
