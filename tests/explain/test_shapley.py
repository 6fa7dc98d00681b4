"""Shapley values of made-up games: what is known of them holds, exact or sampled."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dalle_kit.explain.shapley import EXACT, Numbers, Values, shapley


def game(parts: int, seed: int) -> Values:
    """Return a game of random values, two of each set."""
    table = np.random.default_rng(seed).normal(size=(1 << parts, 2))
    return lambda sets: table[sets]


@given(st.integers(1, EXACT + 3), st.integers(0, 1000), st.sampled_from([4, 10]))
def test_they_add_up_to_what_all_parts_are_worth(parts: int, seed: int, orders: int) -> None:
    value = game(parts, seed)
    found = shapley(value, parts, orders=orders)
    ends = value([(1 << parts) - 1, 0])
    np.testing.assert_allclose(found.values.sum(0), ends[0] - ends[1], atol=1e-9)
    assert (found.orders is None) == (parts <= EXACT)


@pytest.mark.parametrize("parts", [1, 2, 4])
def test_exact_ones_are_the_mean_over_all_orders(parts: int) -> None:
    value = game(parts, 7)
    gains = np.zeros((parts, 2))
    orders = list(permutations(range(parts)))
    for order in orders:
        mask = 0
        for part in order:
            gains[part] += (value([mask | 1 << part]) - value([mask]))[0]
            mask |= 1 << part
    np.testing.assert_allclose(shapley(value, parts, orders=4).values, gains / len(orders), atol=1e-9)


def test_sampled_ones_are_near_the_exact_ones_by_their_errors() -> None:
    parts = EXACT + 2
    strengths = np.linspace(-1, 3, parts)

    def value(sets: list[int]) -> Numbers:
        present = np.array([[mask >> part & 1 for part in range(parts)] for mask in sets], dtype=np.float64)
        # Worth more together: parts 0 and 1 only as a pair.
        return (present @ strengths + 4 * present[:, 0] * present[:, 1])[:, None]

    found = shapley(value, parts, orders=400)
    exact = strengths + np.array([2.0, 2.0, *[0.0] * (parts - 2)])
    assert found.orders == 400
    np.testing.assert_allclose(found.values[2:, 0], exact[2:], atol=1e-9)  # no order changes what these add
    assert (abs(found.values[:, 0] - exact) <= 4 * found.errors[:, 0] + 1e-9).all()


def test_the_same_orders_are_drawn_each_time() -> None:
    value = game(EXACT + 1, 3)
    first, second = (shapley(value, EXACT + 1, orders=4).values for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_without_parts_there_is_nothing_to_share() -> None:
    assert shapley(game(0, 0), 0, orders=4).values.shape == (0, 2)
