"""Which field a stretch of text is from, by what a template printed and by the words in it."""

from __future__ import annotations

import pytest

from dalle_kit import Kit
from dalle_kit.explain.origins import Labelled, Origins, leaves
from dalle_kit.templating.tracing import Stretch


@pytest.fixture(scope="module")
def kit() -> Kit:
    return Kit()


@pytest.fixture(scope="module")
def origins(kit: Kit) -> Origins:
    return Origins(
        kit.request(
            "email",
            {
                "to": ["Ana Duarte <ana@example.com>"],
                "subject": "Lunch",
                "points": ["the pumps arrive on 12 June", "the warehouse in Leeds is closed"],
                "sender": "May",
                "tone": "friendly",
            },
        )
    )


def labels(found: list[Labelled]) -> list[tuple[str, str]]:
    return [(each.text, each.field) for each in found]


def test_values_that_were_printed_as_they_are_are_known_by_their_variable(origins: Origins) -> None:
    found = origins.label(Stretch("friendly", "value", "request.tone"))
    assert labels(found) == [("friendly", "tone")]


def test_what_a_domain_has_made_of_a_field_is_found_by_its_words(origins: Origins) -> None:
    found = origins.label(Stretch("Dear Ana,", "value", "greeting"))
    assert labels(found) == [("Dear ", ""), ("Ana", "to"), (",", "")]
    assert labels(origins.search("The Warehouse in Leeds is closed!"))[0] == (
        "The Warehouse in Leeds is closed",
        "points[1]",
    )


def test_a_name_that_is_an_ordinary_word_counts_as_it_is_spelled(origins: Origins) -> None:
    assert ("Lunch", "subject") in labels(origins.search('I am writing about "Lunch".'))
    assert labels(origins.search("You may have lunch.")) == [("You may have lunch.", "")]


def test_each_word_of_a_long_text_is_looked_at_once(origins: Origins, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []

    def fold(word: str) -> str:
        looked.append(word)
        return word.casefold()

    monkeypatch.setattr("dalle_kit.explain.origins.fold", fold)
    found = origins.search("We say it again: " + "it is so, " * 300 + "the warehouse in Leeds is closed")
    assert found[-1].field == "points[1]" and len(looked) < 1000


def test_a_single_ordinary_word_is_a_coincidence(origins: Origins) -> None:
    text = "Please arrive in company when it is closed."
    assert labels(origins.search(text)) == [(text, "")]


def test_a_templates_own_words_are_no_field_whatever_they_say(origins: Origins) -> None:
    assert labels(origins.label(Stretch("Ana Duarte", "own"))) == [("Ana Duarte", "")]


def test_the_only_item_of_a_list_goes_by_its_name_and_bytes_are_read(kit: Kit) -> None:
    request = kit.request("email", {"reply_to": b"From: a@example.com\nSubject: \xff\n\nWell?\n", "points": ["B12"]})
    names = {leaf.name for leaf in leaves(request)}
    assert {"points", "reply_to", "tone"} <= names


def test_where_a_rendered_text_is_from(kit: Kit) -> None:
    fields = {"to": ["ana@example.com"], "subject": "Room {{ 7 * 7 }}", "points": ["b12"]}
    domain = kit.plugins.domain("email")
    request = kit.request("email", fields)
    shaped = kit.shape("email", request)
    written, told = kit.templates.trace(domain, request)
    assert Stretch("Room {{ 7 * 7 }}", "value", "subject") in told.stretches
    assert Stretch("Write the e-mail.", "own") in told.stretches
    assert all(message.content in told.text for message in shaped.prompt.messages)
    assert written.text == "".join(part for part in shaped.skeleton.parts if isinstance(part, str))
    start = told.text.index("Room")
    assert told.part(start, start + 4) == [Stretch("Room", "value", "subject")]
