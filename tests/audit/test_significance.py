"""The statistics of paired groups: nothing is found where nothing is, and what is planted is found."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dalle_kit.audit.results import ALPHA, Comparison
from dalle_kit.audit.significance import adjusted, cliffs_delta, compare, holm, sign_flip

NUMBERS = st.lists(st.floats(-100, 100), min_size=1, max_size=30)
CHANCES = st.lists(st.floats(0, 1), max_size=20)


def comparison(differences: list[float], *, seed: int = 0, swapped: bool = False) -> Comparison:
    ours = {str(index): value for index, value in enumerate(differences)}
    nothing = dict.fromkeys(ours, 0.0)
    first, second = (nothing, ours) if swapped else (ours, nothing)
    found = compare("words", "a", "b", first, second, seed=seed)
    assert found is not None
    return found


@settings(max_examples=25)
@given(NUMBERS)
def test_groups_that_change_places_change_the_sign_and_nothing_else(differences: list[float]) -> None:
    there, back = comparison(differences), comparison(differences, swapped=True)
    assert back.difference == pytest.approx(-there.difference)
    assert back.effect_size == -there.effect_size
    assert back.p_value == pytest.approx(there.p_value)
    assert back.interval == pytest.approx(
        (-there.interval[1], -there.interval[0]), abs=0.35 * np.ptp([*differences, 0])
    )
    assert (back.mean_a, back.mean_b) == (there.mean_b, there.mean_a)


@settings(max_examples=25)
@given(NUMBERS)
def test_effects_and_chances_stay_in_their_ranges(differences: list[float]) -> None:
    found = comparison(differences)
    assert -1 <= found.effect_size <= 1 and 0 < found.p_value <= 1
    assert found.interval[0] <= found.interval[1]


def test_a_chance_is_exact_where_few_pairs_differ() -> None:
    assert sign_flip([1.0, 2.0, 3.0]) == 2 / 8  # all three to one side, or all to the other
    assert sign_flip([1.0, -1.0]) == 1.0
    assert sign_flip([0.0, 0.0, 5.0]) == 1.0
    assert sign_flip([]) == sign_flip([0.0] * 50) == 1.0
    assert cliffs_delta([2.0, 3.0, -1.0, 0.0]) == 0.25
    assert cliffs_delta([]) == 0.0


def test_drawn_signs_agree_with_all_of_them() -> None:
    source = np.random.default_rng(3)
    differences = list(source.normal(0.4, 1, 14))
    exact = sign_flip(differences)
    assert 0.01 < exact < 0.9
    assert sign_flip([*differences, 1e-7]) == pytest.approx(exact, abs=0.02)  # one pair more: signs are drawn


@given(CHANCES)
def test_adjusting_keeps_the_order_and_lowers_nothing(chances: list[float]) -> None:
    found = holm(chances)
    assert all(p <= q <= 1 for p, q in zip(chances, found, strict=True))
    order = sorted(range(len(chances)), key=lambda index: chances[index])
    assert [found[index] for index in order] == sorted(found)


def test_adjusting_is_holms() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])


def test_where_nothing_differs_alpha_of_the_comparisons_do_and_nearly_none_is_left_when_adjusted() -> None:
    source, audits, chances = np.random.default_rng(11), 25, []
    for audit in range(audits):
        texts = [np.round(source.normal(0, 2, 40)) * (source.random(40) < 0.5) for _ in range(16)]
        chances.append([sign_flip(list(each), seed=audit) for each in texts])
    assert 0.02 < np.mean([p < ALPHA for each in chances for p in each]) < 0.08
    assert sum(min(holm(each)) < ALPHA for each in chances) <= 4  # 1.25 audits are expected


def test_a_known_shift_is_found_among_many_that_are_none() -> None:
    source = np.random.default_rng(5)
    shifted = list(source.normal(1.0, 1, 80))
    rest = [list(source.normal(0, 1, 80)) for _ in range(30)]
    first, *others = adjusted(comparison(each) for each in [shifted, *rest])
    assert first.significant and first.effect_size > 0.4 and 0.5 < first.interval[0] < 1 < first.interval[1]
    assert sum(each.significant for each in others) <= 1


def test_groups_without_a_pair_in_common_are_not_compared() -> None:
    assert compare("words", "a", "b", {"x": 1.0}, {"y": 1.0}, seed=0) is None
