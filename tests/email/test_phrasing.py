from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dalle_kit.checks import plain_sentence
from dalle_kit_email.phrasing import phrasing


@pytest.mark.parametrize(
    ("point", "good", "bad"),
    [
        ("room B12", ["Room B12.", "The room is B12."], ["The room at B12.", "Room B13.", "Room."]),
        (
            "now Thursday 14:00",
            ["It is now on Thursday at 14:00.", "Now Thursday 14:00."],
            ["It is now Thursday 14:00.", "Now Thursday at the 14:00."],
        ),
        ("price 3,200 EUR", ["Price is 3,200 EUR."], ["The price is 3,200 of EUR.", "Price 3,200."]),
        ("could you take notes?", ["Could you take notes?"], ["Couldn't you take notes?", "Could you take notes."]),
        ("cannot come tomorrow", ["I cannot come tomorrow."], ["Please cannot come tomorrow."]),
        ("am ill", ["I am ill."], ["The am is ill.", "It is am ill."]),
        ("did not receive the parcel", ["I did not receive the parcel."], ["The did not receive the parcel."]),
        ("bring a laptop", ["Please bring a laptop.", "Bring a laptop."], ["The bring a laptop."]),
        ("report attached", ["Report is attached."], ["Report is not attached.", "Please report attached."]),
        ("backend done", ["The backend is done."], ["The backend is not done.", "Please backend done."]),
        ("call me back", ["Please call me back.", "Call me back."], ["The call me back.", "Call me to back."]),
        ("visit on Saturday", ["Visit on Saturday."], ["Please visit on Saturday."]),
        ("at noon", ["At noon."], ["The at noon."]),
        ("slides please", ["Slides please."], ["The slides please."]),
        ("also bring ID", ["Also bring ID."], ["Also bring a ID.", "The also bring ID."]),
        ("invoice 2231 overdue", ["Invoice 2231 is overdue."], ["The invoice is 2231 overdue."]),
        ("eBay refund pending", ["eBay refund is pending."], ["EBay refund pending."]),
    ],
)
def test_a_point_may_be_put_in_so_many_ways_and_no_other(point: str, good: list[str], bad: list[str]) -> None:
    pattern = phrasing(point)
    assert pattern is not None
    for sentence in good:
        assert re.fullmatch(pattern, sentence), sentence
    for sentence in bad:
        assert not re.fullmatch(pattern, sentence), sentence


@pytest.mark.parametrize(
    "point", ["We meet on Monday.", "first. second", "word " * 30, "one\ntwo", "agreed", "costs went up 🎉"]
)
def test_whole_sentences_and_long_texts_are_said_as_they_stand(point: str) -> None:
    assert phrasing(point.strip()) is None


def test_a_group_writes_in_the_plural() -> None:
    assert re.fullmatch(phrasing("cannot come", subject="We") or "", "We cannot come.")
    assert re.fullmatch(phrasing("am ill", subject="We") or "", "We are ill.")


@given(st.text(min_size=1).map(str.strip).filter(lambda text: text and text.split()))
def test_the_plain_sentence_matches_the_pattern_and_every_word_is_in_it(point: str) -> None:
    point = " ".join(point.split())
    sentence = plain_sentence(point)
    pattern = phrasing(point)
    if pattern is not None and point[-1] != ":":
        assert re.fullmatch(pattern, sentence)
    assert point[1:] in sentence
