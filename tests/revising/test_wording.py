"""The instructions that a domain's request makes, and how they are understood."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from dalle_kit import Domain, Request, RevisionError, UnknownNameError, option
from dalle_kit.revising.wording import understand, vocabulary


class Card(Request):
    """A card."""

    text: str = Field("", description="The text.")
    mood: Literal["plain", "merry", "solemn"] = Field("plain", description="The mood.")
    length: Literal["short", "medium", "long"] = Field("medium", description="The length.")
    in_rhyme: bool = Field(False, description="Whether it rhymes.")
    language: Literal["en", "sv"] = Field(
        "en", description="The language.", json_schema_extra=option(words={"in English": "en", "in Swedish": "sv"})
    )


CARD = Domain(name="card", summary="A card.", request=Card, templates="nowhere")


def test_a_domains_fields_make_its_instructions() -> None:
    assert list(vocabulary(CARD)) == [
        *("shorter", "plain", "merry", "solemn", "longer", "with in rhyme", "without in rhyme"),
        *("in English", "in Swedish"),
    ]


@pytest.mark.parametrize(
    ("text", "fields", "length"),
    [
        ("shorter", {"length": "short"}, -1),
        ("Make it a bit longer, please", {"length": "long"}, 1),
        ("merrier", {"mood": "merry"}, 0),
        ("more solemn", {"mood": "solemn"}, 0),
        ("IN SWEDISH.", {"language": "sv"}, 0),
        ("with in rhyme", {"in_rhyme": True}, 0),
        ("plain", {}, 0),
    ],
)
def test_plain_words_are_understood(text: str, fields: dict[str, Any], length: int) -> None:
    wishes = understand(CARD, Card(), [text])
    assert (wishes.fields, wishes.length) == (fields, length)
    assert bool(wishes.idle) == (not fields)


def test_words_of_one_instruction_need_no_quotes() -> None:
    wishes = understand(CARD, Card(), ["a", "bit", "longer", "in", "Swedish", "and", "more", "solemn"])
    assert (wishes.fields, wishes.length) == ({"length": "long", "language": "sv", "mood": "solemn"}, 1)
    with pytest.raises(UnknownNameError, match="no instruction named 'in'"):
        understand(CARD, Card(), ["longer", "in", "Klingon"])


def test_at_the_end_of_a_scale_it_stays() -> None:
    assert understand(CARD, Card(length="short"), ["shorter"]).fields == {}


def test_two_instructions_about_one_thing_exclude_each_other() -> None:
    with pytest.raises(RevisionError, match="'merry' and 'solemn' are both about the mood"):
        understand(CARD, Card(), ["merry", "solemn"])


@given(st.text())
def test_any_words_are_understood_or_refused_in_one_line(text: str) -> None:
    try:
        understand(CARD, Card(), [text])
    except (UnknownNameError, RevisionError) as error:
        assert "merry" in str(error)
