"""Sentences that nobody's words support."""

from __future__ import annotations

import pytest

from dalle_kit.checks import Source, invented

TOLD = Source(
    [
        "The man who gave away bread",
        "Mahmoud El-Sayegh, baker in Tannery Lane, died on Friday aged 74",
        "hung bread outside every evening",
        "sons reopen the shop Monday",
    ]
)


@pytest.mark.parametrize(
    "sentence",
    [
        "He was left to care for a daughter who was injured in a car accident.",
        "The article highlights the tragic fate of the village.",
        "We are moving to a house near the lake.",
    ],
)
def test_a_sentence_of_new_words_is_found_with_its_place(sentence: str) -> None:
    before = "The baker died on Friday. "
    (finding,) = invented(before + sentence, TOLD, slot="body")
    assert (finding.check, finding.severity, finding.slot) == ("invented", "error", "body")
    assert finding.span == (len(before), len(before) + len(sentence))


@pytest.mark.parametrize(
    "sentence",
    [
        "His sons will reopen the shop on Monday.",
        "Every evening the baker hung some of his bread outside.",
        "We would like to thank you for your patience.",
        "Please let us know if you have any questions.",
        "",
    ],
)
def test_a_sentence_of_told_words_or_of_courtesy_is_not(sentence: str) -> None:
    assert invented(sentence, TOLD) == []
