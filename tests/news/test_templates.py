from __future__ import annotations

from typing import Any

import pytest

from dalle_kit import Kit, Skeleton

FACTS = ["closed until 14 June", "{{ 7 * 7 }} pillars", 'she said: "No way. None."', "detour of 12 km", "no toll"]
PLAIN = ["Closed until 14 June.", "{{ 7 * 7 }} pillars.", 'She said: "No way. None."', "Detour of 12 km.", "No toll."]


def skeleton(template: str, **fields: object) -> Skeleton:
    request: dict[str, Any] = {"headline": "Bridge {% closed", "facts": FACTS, **fields}
    return Kit().shape("news", request, template=template).skeleton


@pytest.mark.parametrize("template", ["default", "planned", "free"])
def test_every_fact_is_asked_for_once_with_a_plain_sentence_to_fall_back_on(template: str) -> None:
    slots = skeleton(template).slots
    assert [fact for slot in slots for fact in slot.about] == FACTS
    assert [sentence for slot in slots for sentence in slot.otherwise] == PLAIN


@pytest.mark.parametrize("template", ["default", "planned"])
def test_the_sentence_of_a_fact_knows_that_fact_and_the_headline_alone(template: str) -> None:
    assert [slot.known for slot in skeleton(template).slots] == [(fact, "Bridge {% closed") for fact in FACTS]


def test_the_free_article_knows_headline_facts_and_what_the_template_says() -> None:
    (slot,) = skeleton("free").slots
    assert slot.known == ("Bridge {% closed", *FACTS, "Bridge {% closed\n\n")


def test_the_planned_article_has_a_place_for_each_fact_in_paragraphs() -> None:
    shaped = skeleton("planned")
    assert shaped.parts[0] == "Bridge {% closed\n\n"
    assert shaped.outline() == "Bridge {% closed\n\n... ... ... ...\n\n...\n"
    assert [slot.sentences for slot in shaped.slots] == [(1, 1), (1, 1), (1, 2), (1, 1), (1, 1)]


def test_a_long_fact_may_take_more_than_a_sentence() -> None:
    (slot,) = skeleton("planned", facts=["word " * 60]).slots
    assert slot.sentences == (1, 3)


@pytest.mark.parametrize(("length", "sentences"), [("short", (3, 6)), ("medium", (3, 7)), ("long", (6, 9))])
def test_the_free_article_has_one_body_as_long_as_was_asked_for(length: str, sentences: tuple[int, int]) -> None:
    shaped = skeleton("free", length=length)
    assert shaped.outline() == "Bridge {% closed\n\n...\n"
    assert [(slot.name, slot.sentences) for slot in shaped.slots] == [("body", sentences)]


def test_the_model_is_told_headline_and_facts_as_they_were_written() -> None:
    prompt = Kit().shape("news", {"headline": "Bridge {% closed", "facts": FACTS}).prompt
    assert [message.role for message in prompt.messages] == ["system", "user"]
    facts = "\n".join(f"- {fact}" for fact in FACTS)
    assert prompt.messages[1].content == f"Headline: Bridge {{% closed\nFacts:\n{facts}"
