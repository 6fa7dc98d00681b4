from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dalle_kit.checks import altered_quotes, contradictions, form

GOOD = "The review moves to Thursday."


def checks(text: str, *, known: str = "", notes: tuple[str, ...] = ()) -> list[str]:
    findings = form(text, known=known, notes=notes)
    for finding in findings:
        if finding.span is not None:
            assert text[slice(*finding.span)].strip()
    return [finding.check for finding in findings]


@pytest.mark.parametrize(
    ("text", "check"),
    [
        (f"{GOOD} Ask [Name].", "placeholder"),
        (f"{GOOD} Write to Your Name.", "placeholder"),
        (f"{GOOD} Let me know", "unfinished sentence"),
        (f"{GOOD} We need the", "unfinished sentence"),
        (f"{GOOD} {GOOD}", "repeated sentence"),
        (f"Sure, here is the e-mail: {GOOD}", "leaked instruction"),
        (f"Notes: three points\n{GOOD}", "leaked instruction"),
        (f"Write the news article.\n{GOOD}", "leaked instruction"),
        (f"{GOOD}<|im_end|>", "leaked instruction"),
        (f"As an AI language model, I agree. {GOOD}", "leaked instruction"),
    ],
)
def test_each_fault_of_form_is_found(text: str, check: str) -> None:
    assert check in checks(text)
    assert checks(GOOD) == []


def test_the_users_own_words_may_look_as_they_like() -> None:
    assert checks(f"{GOOD} Keep [ILUG] in it.", known="Keep [ILUG] in it") == []
    assert checks(f"Subject: tea\n{GOOD}", known="Subject: tea") == []


def test_a_sentence_that_is_only_a_note_gives_a_note() -> None:
    assert checks("Room B12.", notes=("room B12",)) == ["echo of a note"]
    assert checks("We meet in room B12.", notes=("room B12",)) == []
    assert checks("Lunch included.", notes=("lunch included",)) == ["echo of a note"]


@pytest.mark.parametrize(
    ("note", "sentence"),
    [
        ("when I arrive I will call you", "When I arrive, I will call you."),
        ("the roof leaked again", "The roof leaked again!"),
        ("lunch follows at one", "Lunch follows, at one."),
        ("we sold all of them", "We sold all of them!"),
    ],
)
def test_a_whole_sentence_is_not_called_a_note(note: str, sentence: str) -> None:
    assert checks(sentence, notes=(note,)) == []


def test_where_more_words_follow_a_text_need_not_end() -> None:
    assert form("the review of", ends_line=False) == []
    assert form("Please bring:", before_list=True) == []


@given(st.text(max_size=300))
def test_any_text_has_a_form(text: str) -> None:
    for finding in form(text):
        assert finding.span is None or 0 <= finding.span[0] < finding.span[1] <= len(text)


@pytest.mark.parametrize(
    "text",
    [
        'She said: "We will win this."',
        "She said \u201cwe will win\u201d and left.",
        'She said "We will ... this year."',
        'It is "the" \u2018so-called\u2019 end.',
        "It's the players' own game.",
    ],
)
def test_words_quoted_as_they_were_said_are_left_alone(text: str) -> None:
    assert altered_quotes(text, ["We will win this, this year."]) == []


@pytest.mark.parametrize(
    "text", ['She said: "We will lose this."', "\u201cThis will win we\u201d", "\u00abWe may win this\u00bb"]
)
def test_words_that_nobody_said_are_no_quotation(text: str) -> None:
    (finding,) = altered_quotes(text, ["We will win this, this year."], slot="body")
    assert (finding.check, finding.severity, finding.slot) == ("quote", "error", "body")
    assert text[slice(*finding.span or ())][0] in '"\u201c\u00ab'


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("meeting at 14:00", "the meeting at 3 pm"),
        ("meeting on Thursday", "meeting on Friday"),
        ("price is $300", "the price is 400 dollars"),
        ("we will attend", "we will not attend"),
        ("accept the offer", "decline the offer"),
    ],
)
def test_points_that_contradict_each_other_are_found(one: str, other: str) -> None:
    (finding,) = contradictions(["bring cake", one, other])
    assert (finding.check, finding.severity) == ("contradiction", "warning")
    assert repr(one) in finding.message and repr(other) in finding.message


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("meeting at 14:00", "meeting at 2 pm"),
        ("meeting at 14:00", "lunch at 12:00"),
        ("invoice 4471 overdue", "invoice 4472 overdue"),
        ("Ana speaks at 10:00", "Bjarni speaks at 11:00"),
        ("we will attend", "we will not be late"),
        ("Thursday", "14:00"),
    ],
)
def test_points_that_can_both_be_true_are_left_alone(one: str, other: str) -> None:
    assert contradictions([one, other]) == []


def test_two_hundred_points_are_compared_without_a_hang() -> None:
    assert contradictions([f"topic {number} matters" for number in range(200)]) == []
