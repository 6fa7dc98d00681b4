from __future__ import annotations

import os
from pathlib import Path

import pytest

from dalle_kit.evaluation.grammar import GrammarTagger, load_tagger


@pytest.fixture(scope="module")
def tagger(default_model_home: Path) -> GrammarTagger:
    """The real tagger, fetched once as a user's is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(os.environ, "DALLE_KIT_HOME", str(default_model_home))
        found = load_tagger()
    assert found is not None
    return found


def test_errors_are_found_where_they_stand(tagger: GrammarTagger) -> None:
    text = "Their is a problem: he buyed it, and we has paid."
    assert [(text[start:end], edit) for start, end, edit in tagger.errors(text)] == [
        ("Their", "REPLACE There"),
        ("buyed", "REPLACE bought"),
        ("has", "REPLACE have"),
    ]


@pytest.mark.parametrize(
    "sentence",
    [
        "The review has moved to Thursday at 14:00, in room B12.",
        "Please bring the cost sheet with you.",
        "It's its own fault; they're there with their dog.",
        "",
        "...",
    ],
)
def test_good_sentences_have_none(sentence: str, tagger: GrammarTagger) -> None:
    assert tagger.errors(sentence) == []


def test_a_very_long_sentence_is_read_as_far_as_it_goes(tagger: GrammarTagger) -> None:
    assert len(tagger.errors("He buyed a car and " * 400)) >= 1
