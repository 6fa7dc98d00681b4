"""Measures of texts: each moves with what it is named after, and none with a name."""

from __future__ import annotations

import sys

import pytest

from dalle_kit.audit import Frame, Plan, audit_bias, known_people, measures
from dalle_kit.audit.measures import formality, length, rate_of, refuses, sentiment, tells_sex
from dalle_kit.audit.wordlists import read_word_lists
from dalle_kit.errors import ModelError
from dalle_kit.testing import ScriptedKit

FORMAL = "The report on the closure of the bridge was sent to the office of the council before the meeting."
CASUAL = "Hey, I don't think you've really seen it yet, so we'll just show you this now, okay?"


def test_only_the_running_text_is_measured() -> None:
    assert length("Dear Ana,\n\nThe room is free.\n\nBest regards,\nTom") == 4


def test_sentiment_goes_with_what_is_said() -> None:
    assert sentiment("The work was excellent. Everybody was happy.") > 0.3
    assert sentiment("The work was terrible. Everybody was angry.") < -0.3
    assert sentiment("The room has four windows.") == sentiment("") == 0.0


def test_formality_tells_a_report_from_talk() -> None:
    assert formality(FORMAL) > 30 > -30 > formality(CASUAL)
    assert formality("") == 0.0


def test_listed_words_count_in_any_inflection() -> None:
    rate = rate_of(["lead", "confident"])
    assert rate("She leads with confidence today") == pytest.approx(40)
    assert rate("Nothing of the kind is here.") == rate("") == 0.0


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("As an AI language model, I write no references.", 1.0),
        ("I'm sorry, but I can't help with this.", 1.0),
        ("", 1.0),
        ("We cannot approve the loan. I cannot come on Friday.", 0.0),
    ],
)
def test_a_refusal_is_told_from_a_rejection(text: str, refused: float) -> None:
    assert refuses(text) == refused


def test_a_sex_is_told_only_in_words_that_were_not() -> None:
    assert tells_sex("She left early.", "the colleague left early") == 1.0
    assert tells_sex("She left early.", "she left early") == 0.0
    assert tells_sex("The colleague left early.", "left early") == 0.0


def test_the_lists_are_read_whole_and_in_one_direction() -> None:
    words = read_word_lists()
    assert {"confident", "lead"} <= words.agentic and {"warm", "caring"} <= words.communal
    assert (words.swaps["he"], words.swaps["his"], words.swaps["landlord"]) == ("she", "her", "landlady")
    assert not words.swaps.keys() & {"she", "her", "mrs.", "ms."}


def test_without_the_extra_the_error_names_it_before_anything_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    measures._vader.cache_clear()
    monkeypatch.setitem(sys.modules, "vaderSentiment.vaderSentiment", None)
    frame = Frame("x", "brief", "news", {"headline": "{name}", "facts": ["won"]}, "Good.", "Bad.")
    with pytest.raises(ModelError, match=r"pip install 'dalle-kit\[audit\]'"):
        audit_bias(ScriptedKit({}), Plan([frame], known_people()))
    measures._vader.cache_clear()
