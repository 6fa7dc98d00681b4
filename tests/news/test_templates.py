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


QUOTED = {
    "quotes": ['"Safety first." -- Ana Silva, mayor', '"At last." -- Bo'],
    "dateline": "HANFIELD, June 3",
    "byline": "By Ines Roth",
    "sources": ["council minutes"],
}


def test_headline_dateline_byline_quotations_and_sources_are_certain() -> None:
    shaped = skeleton("default", standfirst=True, kicker=True, **QUOTED)
    assert shaped.outline() == (
        "...\nBridge {% closed\n\n...\n\nBy Ines Roth\n\nHANFIELD, June 3 -- ... ...\n\n"
        'Ana Silva, mayor, said: "Safety first."\n\n... ...\n\nBo said: "At last."\n\n## Sources\n\n- council minutes\n'
    )
    assert [slot.name for slot in shaped.slots] == ["kicker", "standfirst", "fact_1", "fact_2", "fact_3", "fact_4"]


def test_the_standfirst_says_the_second_fact_which_is_not_said_again() -> None:
    slots = skeleton("default", standfirst=True).slots
    assert [fact for slot in slots for fact in slot.about] == [FACTS[1], FACTS[0], *FACTS[2:]]


def test_a_kicker_is_the_section_or_a_word_of_the_headline() -> None:
    assert skeleton("default", kicker=True, section="Transport").slots[0].choices == ("Transport",)
    facts = ["cracks in the bridge"]
    choices = skeleton("default", kicker=True, headline="Old Mill bridge closed", facts=facts).slots[0].choices
    assert choices[0] == "Bridge" and set(choices) <= {"Bridge", "Mill", "Closed"}


@pytest.mark.parametrize("how", ["style", "template"])
def test_a_brief_is_one_paragraph(how: str) -> None:
    asked = {"style": "brief"} if how == "style" else {}
    shaped = skeleton("brief" if how == "template" else "default", **asked, quotes=['"At last." -- Bo'])
    assert shaped.outline() == 'Bridge {% closed\n\n... ... ... ... ... Bo said: "At last."\n'


@pytest.mark.parametrize("how", ["style", "template"])
def test_an_analysis_has_sections_for_details_reasons_and_voices(how: str) -> None:
    asked = {"style": "analysis"} if how == "style" else {}
    facts = ["what: closed", "why: cracks", "a", "b"]
    fields: dict[str, object] = {"facts": facts, "quotes": ['"At last." -- Bo'], **asked}
    shaped = skeleton("analysis" if how == "template" else "default", **fields)
    assert shaped.outline() == (
        'Bridge {% closed\n\n... ...\n\n## In detail\n\n...\n\n## Why\n\n...\n\n## Voices\n\nBo said: "At last."\n'
    )
    assert [slot.about for slot in shaped.slots] == [("closed",), ("a",), ("b",), ("cracks",)]


@pytest.mark.parametrize("template", ["default", "analysis", "brief", "free"])
@pytest.mark.parametrize("standfirst", [True, False])
def test_the_model_is_told_the_notes_in_the_order_of_the_text_and_no_label(template: str, standfirst: bool) -> None:
    fields: dict[str, Any] = {"headline": "Bridge", "facts": ["when: Monday", "why: cracks", "what: closed", "a", "b"]}
    shaped = Kit().shape("news", {**fields, "standfirst": standfirst}, template=template)
    told = shaped.prompt.messages[1].content.split("Facts:\n")[1].split("\n")
    assert sorted(told) == ["- a", "- b", "- closed on Monday", "- reason: cracks"]
    said = [fact for slot in shaped.skeleton.slots for fact in slot.about]
    assert [note.removeprefix("- ").removeprefix("reason: ") for note in told] == said


def test_a_reason_is_introduced_as_one() -> None:
    (slot,) = skeleton("default", facts=["why: cracks"]).slots
    assert (slot.starts_with, slot.otherwise, slot.about) == ("The reason: ", ("The reason: cracks.",), ("cracks",))
