from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from dalle_kit.evaluation.statistics import difference, estimate


def named(values: NDArray[np.float64]) -> dict[str, float]:
    return {str(index): float(value) for index, value in enumerate(values)}


def test_intervals_hold_the_true_mean_about_as_often_as_they_promise() -> None:
    rng = np.random.default_rng(3)
    for draw, truth in (
        (lambda: rng.normal(0.7, 0.2, 50), 0.7),
        (lambda: (rng.random(60) < 0.3).astype(float), 0.3),
        (lambda: rng.exponential(2.0, 60), 2.0),
    ):
        found = [estimate(list(draw()), seed=seed) for seed in range(300)]
        held = np.mean([each is not None and each.low <= truth <= each.high for each in found])
        assert 0.90 <= held <= 0.98


def test_a_mean_is_the_mean_and_lies_in_its_interval() -> None:
    found = estimate([0.0, 1.0, 1.0, 1.0])
    assert found is not None
    assert found.mean == 0.75
    assert found.low <= 0.75 <= found.high
    assert found.n == 4


def test_nothing_wrong_in_few_texts_does_not_mean_that_nothing_can_go_wrong() -> None:
    few, many = estimate([0.0] * 10, share=True), estimate([0.0] * 1000, share=True)
    assert few is not None and many is not None
    assert few.low == many.low == 0
    assert few.high == pytest.approx(0.278, abs=0.002)
    assert many.high < 0.005
    perfect = estimate([1.0] * 10, share=True)
    assert perfect is not None
    assert (perfect.mean, perfect.high) == (1.0, 1.0)
    assert perfect.low == pytest.approx(1 - few.high)


def test_without_values_there_is_no_estimate() -> None:
    assert estimate([]) is None
    assert difference({"a": 1.0}, {"b": 1.0}) is None


def test_a_planted_difference_is_found_in_pairs_that_differ_more_from_case_to_case() -> None:
    rng = np.random.default_rng(5)
    base = rng.normal(0.5, 0.3, 60)
    found = difference(named(base + 0.05 + rng.normal(0, 0.05, 60)), named(base))
    assert found is not None
    assert found.significant
    assert found.low > 0
    assert found.mean == pytest.approx(0.05, abs=0.02)


def test_equals_do_not_differ() -> None:
    values = named(np.linspace(0, 1, 30))
    found = difference(values, values)
    assert found is not None
    assert (found.mean, found.low, found.high, found.significant) == (0.0, 0.0, 0.0, False)


def test_a_difference_is_seldom_found_where_there_is_only_noise() -> None:
    rng = np.random.default_rng(7)
    found = [difference(named(rng.normal(0, 1, 40)), named(rng.normal(0, 1, 40)), seed=seed) for seed in range(200)]
    assert np.mean([each is not None and each.significant for each in found]) < 0.11


def test_a_few_pairs_prove_nothing() -> None:
    found = difference({"a": 1.0, "b": 1.0}, {"a": 0.0, "b": 0.0})
    assert found is not None
    assert found.mean == 1.0
    assert not found.significant


def test_only_the_shared_cases_count() -> None:
    found = difference({"a": 1.0, "b": 0.5}, {"b": 0.25, "c": 9.0})
    assert found is not None
    assert (found.mean, found.n) == (0.25, 1)


def test_the_same_seed_gives_the_same_interval() -> None:
    values = list(np.linspace(0, 1, 17))
    assert estimate(values, seed=4) == estimate(values, seed=4) != estimate(values, seed=5)


def test_counts_that_are_all_nought_are_not_taken_for_shares() -> None:
    found = estimate([0.0] * 10)
    assert found is not None
    assert (found.low, found.high) == (0.0, 0.0)
