"""Examples as text in the prompt, and the ways that examples take."""

from __future__ import annotations

from typing import Any

import pytest

from dalle_kit import Domain, Draft, Message, ModelError, OptionError, PluginError, Prompt, Request, Skeleton, Slot
from dalle_kit.likeness import Likeness, resolve_steer
from dalle_kit.likeness.copying import copied
from dalle_kit.likeness.likeness import plain_texts
from dalle_kit.likeness.prompting import with_texts
from dalle_kit.records import ExampleUse

TALK = Prompt((Message("system", "Write the e-mail."), Message("user", "Subject: tea")))
GAP = Prompt((Message("prefix", "def f():\n"), Message("suffix", "\n")))


def test_examples_stand_behind_the_instructions_the_nearest_last() -> None:
    shown = with_texts(TALK, ("Near.", "Far."))
    assert [message.role for message in shown.messages] == ["system", "user"]
    assert shown.messages[0].content == "Write the e-mail.\n\nWrite it like these:\n\nFar.\n\nNear."
    assert shown.messages[1] == TALK.messages[1]


def test_a_conversation_without_instructions_gets_a_turn_for_examples() -> None:
    shown = with_texts(Prompt((Message("user", "tea"),)), ("Near.",))
    assert [message.role for message in shown.messages] == ["system", "user"]


def test_before_a_gap_examples_are_contexts() -> None:
    shown = with_texts(GAP, ("x = 1\n", "y = 2"))
    assert [message.role for message in shown.messages] == ["context", "context", "prefix", "suffix"]
    assert shown.messages[1].content == "x = 1\n\n\n"
    assert shown.messages[2:] == GAP.messages


def test_no_examples_change_nothing() -> None:
    assert with_texts(TALK, ()) is TALK


@pytest.mark.parametrize(
    ("asked", "has_encoder", "way"),
    [("prompt", False, "prompt"), ("vector", False, "vector"), ("memory", True, "memory"), ("auto", True, "prompt")],
)
def test_a_way_is_taken_as_it_is_named(asked: str, has_encoder: bool, way: str) -> None:
    assert resolve_steer(asked, has_encoder=lambda: has_encoder, model="m") == way


def test_memory_needs_an_encoder_and_an_unknown_way_is_told() -> None:
    with pytest.raises(ModelError, match="smollm2-135m has no encoder of examples"):
        resolve_steer("memory", has_encoder=lambda: False, model="smollm2-135m")
    with pytest.raises(OptionError, match="auto, prompt, vector, memory"):
        resolve_steer("vectors", has_encoder=lambda: True, model="m")


def test_the_least_near_example_is_given_up_first() -> None:
    uses = tuple(ExampleUse("mine", each, "", near) for each, near in (("aa", 0.5), ("bb", 0.1), ("cc", 0.3)))
    fewer = Likeness(uses, ("Near.", "Far.", "Between."), "prompt").with_fewer()
    assert fewer is not None and fewer.texts == ("Near.", "Between.") and fewer.uses == (uses[0], uses[2])
    assert Likeness(uses, ("Near.",), "memory").with_fewer() is None


def test_words_of_examples_that_are_not_in_the_request_are_errors_in_grounded_slots() -> None:
    skeleton = Skeleton((Slot("a", known=("tank",)), " ", Slot("free")))
    text = "Please fill the tank, as the van smells of onions."
    draft = Draft(skeleton, {"a": text, "free": text})
    check = copied(["The van smells of onions. Please take the keys."], ["please fill the tank", "Van for Saturday"])
    found = list(check(None, draft))
    assert [(each.slot, text[slice(*(each.span or ()))]) for each in found] == [("a", "smells"), ("a", "onions")]
    assert all(each.severity == "error" and each.check == "example" for each in found)
    # Other forms of what was told, and words of little weight, are no copies.
    assert not list(copied(["We booked vans and keep filling tanks."], ["book a van", "fill the tank"])(None, draft))


@pytest.mark.parametrize("plain", [lambda: "It rains.", lambda: [1, 2], lambda: [""], lambda: 1 / 0, lambda: None])
def test_plain_texts_that_are_none_are_the_plugins_fault(plain: Any) -> None:
    domain = Domain(name="kind", summary="", request=Request, templates="", plain=plain)
    with pytest.raises(PluginError, match="plain texts of the domain 'kind'"):
        plain_texts(domain)
