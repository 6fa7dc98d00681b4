from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dalle_kit.checks import consistency

SOURCE = (
    "The city council, which met on Monday, did not approve the new bridge because its costs rose to 3 million euros."
)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("The city council did not approve the new bridge.", "The city council did approve the new bridge."),
        ("Its costs rose to 3 million euros.", "Its costs rose to 4 million euros."),
        ("The city council did not approve the new bridge.", "The city mayor did not approve the new bridge."),
        ("The city council met on Monday.", "The new bridge met the city council."),
        ("Its costs rose.", "Its its costs rose."),
    ],
)
def test_a_wrong_retelling_scores_worse_than_a_right_one(right: str, wrong: str) -> None:
    assert consistency(wrong, SOURCE) < consistency(right, SOURCE)


def test_the_sources_own_words_are_wholly_consistent() -> None:
    assert consistency(SOURCE, SOURCE) == 1.0
    assert consistency("", SOURCE) == 1.0


@given(st.text(max_size=80), st.text(max_size=80))
def test_the_score_is_always_above_0_and_at_most_1(text: str, source: str) -> None:
    assert 0.0 < consistency(text, source) <= 1.0
    assert consistency(source, "") <= 1.0


def test_a_long_source_is_compared_in_bounded_time() -> None:
    assert consistency("The cat sat on the mat with the dog. " * 20, "The cat sat on the mat and the dog. " * 300) < 1.0


def test_what_models_say_of_a_retelling_counts_beside_its_words() -> None:
    right, wrong = "The dog sat on the mat.", "The mat sat on the dog."
    source = "The dog and the mat sat there."

    def near(text: str, source: str) -> float:
        return 0.9 if text == right else 0.4

    def likely(text: str, source: str) -> float:
        return -10.0 if text == right else -40.0

    for model in ({"similarity": near}, {"likelihood": likely}, {"similarity": near, "likelihood": likely}):
        gain = consistency(right, source, **model) / consistency(wrong, source, **model)
        assert gain > consistency(right, source) / consistency(wrong, source)
        assert 0.0 < consistency(wrong, source, **model) < 1.0
