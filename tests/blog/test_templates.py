from __future__ import annotations

from typing import Any

import pytest

from dalle_kit import Kit, Skeleton

FACTS = ["take off the wheel", "why: it is flat", "glue on a patch"]


def shape(*, template: str | None = None, **fields: Any) -> Any:
    return Kit().shape("blog", {"headline": "A flat tyre", "facts": FACTS, **fields}, template=template)


def skeleton(style: str, *, how: str, **fields: Any) -> Skeleton:
    shaped = shape(style=style, **fields) if how == "style" else shape(template=style, **fields)
    found: Skeleton = shaped.skeleton
    return found


def test_a_post_is_paragraphs_with_quotations_between() -> None:
    shaped = shape(quotes=['"Go by bus." -- Bo'], byline="Ana").skeleton
    assert shaped.outline() == 'A flat tyre\n\nBy Ana\n\n... ...\n\nBo said: "Go by bus."\n\n...\n'


@pytest.mark.parametrize("how", ["style", "template"])
@pytest.mark.parametrize(
    ("style", "outline"),
    [
        ("how-to", "A flat tyre\n\n1. ...\n2. ...\n3. ...\n"),
        ("list", "A flat tyre\n\n- ...\n- ...\n- ...\n"),
        ("opinion", "A flat tyre\n\n... ...\n\n## Why\n\n...\n"),
    ],
)
def test_the_structure_comes_from_the_template(style: str, outline: str, how: str) -> None:
    shaped = skeleton(style, how=how)
    assert shaped.outline().removeprefix("Opinion\n") == outline
    assert sorted(fact for slot in shaped.slots for fact in slot.about) == ["glue on a patch", "it is flat", FACTS[0]]


def test_an_opinion_is_marked_as_one() -> None:
    assert shape(style="opinion").skeleton.outline().startswith("Opinion\nA flat tyre\n")


def test_steps_keep_the_order_in_which_they_were_given() -> None:
    slots = shape(style="how-to", facts=["one", "two", "three"]).skeleton.slots
    assert [slot.about for slot in slots] == [("one",), ("two",), ("three",)]


def test_the_model_is_told_that_it_writes_a_post() -> None:
    messages = shape().prompt.messages
    assert messages[0].content == "Write the blog post."
    assert messages[1].content.startswith("Headline: A flat tyre\nFacts:\n- ")
    assert "why:" not in messages[1].content
