"""Small inventions in a sentence that says its point."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dalle_kit.checks import Source
from dalle_kit.checks.added import added, without_added


@pytest.mark.parametrize(
    ("point", "sentence", "rest"),
    [
        ("no entrance fee", "There's no entrance fee, so there's no need for a fee.", "There's no entrance fee."),
        (
            "the projector is broken",
            "The projector is broken, so I need someone to book lunch.",
            "The projector is broken.",
        ),
        (
            "parking is closed that day",
            "We will be closed on that day, so parking is closed that day.",
            "Parking is closed that day.",
        ),
        (
            "the review is on Monday",
            "The review will be on Monday and will be sent to you.",
            "The review will be on Monday.",
        ),
        ("police came twice", "The police came twice, and they came to my flat.", "The police came twice."),
    ],
)
def test_a_clause_that_says_no_point_is_taken_away(point: str, sentence: str, rest: str) -> None:
    assert without_added(sentence, [point, "send me the bill"]) == rest
    assert added(rest, [point], Source([point])) == []


@pytest.mark.parametrize(
    ("points", "sentence"),
    [
        (["lunch is paid, drinks are not"], "The lunch is paid, and drinks are not."),
        (["our limit is 34 EUR, we cannot accept it"], "We cannot accept it, because our limit is 34 EUR."),
        (["the lift is broken", "take the stairs"], "The lift is broken, so please take the stairs."),
        (["the lift is broken"], "The lift is broken, and I am sorry for the trouble."),
        (["the lift is broken"], "I am so sorry that the lift is broken."),
        (["please send it as soon as you can"], "I would be grateful if you could send it as soon as you can."),
        (["they must sign before we do"], "Before we do, they must sign."),
        (["we stay at home"], "As far as I know, we stay at home if that is ok."),
        (["no shop is open"], "If you like, no shop is open, and that is why."),
        (["room B12"], "Please let me know if room B12 is fine."),
        ([], "The lift is broken, so you can come by bus."),
    ],
)
def test_what_says_a_point_or_is_courtesy_stays(points: list[str], sentence: str) -> None:
    assert without_added(sentence, points) == sentence
    assert added(sentence, points, Source(points)) == []


@pytest.mark.parametrize(
    ("point", "sentence", "what"),
    [
        ("from 14:00", "From 14:00, you can come by bus.", "by bus"),
        ("found her in 2009", "In 2009, our cat found her in the garden.", "in the garden"),
        ("buses may be late", "If the city is too cold, buses may be late.", "If the city is too cold"),
        ("please block it", "Please block it so that I can't pay with it.", "so that I can't pay with it"),
        (
            "parking is closed that day",
            "We will be closed on that day, so parking is closed.",
            "We will be closed on that day",
        ),
        (
            "the workshop is on Friday",
            "I would like to meet you for the workshop on Friday.",
            "I would like to meet",
        ),
    ],
)
def test_a_phrase_a_condition_or_a_wish_that_nobody_told_is_found(point: str, sentence: str, what: str) -> None:
    before = "Hello. "
    (finding,) = added(before + sentence, [point], Source([point, "city, workshop"]), slot="body")
    assert (finding.check, finding.severity, finding.slot) == ("invented", "error", "body")
    assert finding.span is not None
    assert (before + sentence)[slice(*finding.span)] == what


@pytest.mark.parametrize(
    ("point", "sentence"),
    [
        ("come by bike", "You can come by bike."),
        ("next week", "We will meet in the course of next week."),
        ("13:00", "We would like to eat at 13:00."),
        ("answer by Monday", "I would like to have an answer by Monday."),
        ("I want my money back", "I would like to have my money back."),
        ("the pool will carry her name", "Her name will be carried by the swimmer's pool."),
        ("the quarter-final is on Monday", "On Monday, we play in the quarter-final."),
    ],
)
def test_usual_words_and_wishes_that_were_told_are_not(point: str, sentence: str) -> None:
    assert added(sentence, [point], Source([point, "swimming"])) == []


def test_nothing_is_found_in_other_languages() -> None:
    assert added("Der Aufzug ist kaputt, so come by bus.", ["der Aufzug"], Source(["der Aufzug"], language="de")) == []


@given(st.text(max_size=60), st.lists(st.sampled_from(["", "lift broken", "so what, and why", "it is so"]), max_size=2))
def test_any_text_is_read(text: str, points: list[str]) -> None:
    rest = without_added(text, points)
    assert len(rest) <= len(text) + 2
    assert without_added(rest, points) == rest
    for finding in added(text, points, Source(points)):
        assert finding.span is not None
        assert text[slice(*finding.span)].strip()
