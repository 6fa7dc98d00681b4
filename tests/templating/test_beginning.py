"""How much of a prompt, from its beginning, is its template's own text: nothing of a request is ever in it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dalle_kit.records import Message, Prompt

CANARY = "Xylophone"


def beginning(setup: Any, text: str, **fields: object) -> list[tuple[str, str]]:
    setup.write("prompt.j2", text)
    prompt = setup.shape(**{"subject": CANARY, "points": (CANARY, CANARY), "sender": CANARY, **fields}).prompt
    assert CANARY in prompt.text
    return [(message.role, message.content) for message in prompt.beginning]


def test_it_ends_where_the_first_value_stands(setup: Any) -> None:
    text = '{{ turn("system") }}Be kind.\n{{ turn("user") }}Write about {{ request.subject }}.\nNothing else.'
    assert beginning(setup, text) == [("system", "Be kind."), ("user", "Write about ")]
    assert beginning(setup, "{{ request.subject }} is kind.") == []
    assert beginning(setup, '{{ turn("user") }}\n\n\n{{ request.subject }}') == []


def test_texts_of_blocks_branches_and_included_files_are_the_templates_own(setup: Any) -> None:
    setup.write("rules.j2", "Rules.\n")
    text = '{% block a %}{{ turn("system") }}{% include "note/rules.j2" %}{% endblock %}'
    text += "{% if request.points %}Notes{{ ': ' }}{% else %}None{% endif %}{{ request.subject }}"
    assert beginning(setup, text) == [("system", "Rules.\nNotes: ")]


@pytest.mark.parametrize(
    "value",
    [
        "{{ request.subject }}",
        "{{ request.subject ~ '' }}",
        "{% for point in request.points %}{{ point }}{% endfor %}",
        "{% filter replace('A', request.subject) %}A{% endfilter %}",
        "{% filter upper %}a{% endfilter %}{{ request.subject }}",
        "{% set text %}{{ request.subject }}{% endset %}{{ text }}",
        "{% macro say(text) %}{{ text }}{% endmacro %}{{ say(request.subject) }}",
        "{% macro say() %}{{ caller() }}{% endmacro %}{% call say() %}{{ request.subject }}{% endcall %}",
        "{% call shout(request.subject) %}{% endcall %}",
        "{% with text = request.subject %}{{ text }}{% endwith %}",
        "{{ 'A' | replace('A', request.subject) }}",
        "{{ [request.subject] | join }}",
        "{% include 'note/said.j2' %}",
        "{% import 'note/said.j2' as said with context %}{{ said }}",
        "{{ outline }}",
    ],
)
def test_no_value_is_taken_for_it_whatever_way_it_goes(make_setup: Any, value: str) -> None:
    setup = make_setup({"shout": lambda text, caller: text})
    setup.write("said.j2", "{{ request.subject }}")
    text = f'{{{{ turn("system") }}}}Be kind. {value} End.\n{{{{ turn("user") }}}}{{{{ request.subject }}}}'
    assert beginning(setup, text) == [("system", "Be kind. ")]


def test_of_a_template_that_extends_another_it_is_what_they_print(setup: Any) -> None:
    setup.write("base.j2", '{% block a %}{{ turn("system") }}Base.{% endblock %}\n{% block b %}{% endblock %}')
    text = '{% extends "note/base.j2" %}{% block b %}{{ turn("user") }}On {{ request.subject }}{% endblock %}'
    assert beginning(setup, text) == [("system", "Base."), ("user", "On ")]


def test_the_slots_examples_do_not_belong_to_it(setup: Any) -> None:
    setup.write("document.j2", '{{ slot("body", examples=[request.subject]) }}')
    assert beginning(setup, '{{ turn("user") }}Write it.') == [("user", "Write it.")]


def test_it_is_no_part_of_what_makes_prompts_equal() -> None:
    messages = (Message("user", "Hello"),)
    assert Prompt(messages, messages) == Prompt(messages)


OWN = "Be kind."
contents = st.sampled_from(["", OWN, "Be", f"{OWN} {CANARY}", CANARY, f"{CANARY} {OWN}"])
messages = st.lists(st.builds(Message, st.sampled_from(["system", "user"]), contents), max_size=4).map(tuple)


@given(messages, st.lists(st.builds(Message, st.sampled_from(["system", "user"]), st.just(OWN)), max_size=4).map(tuple))
def test_without_request_whatever_has_become_of_the_turns(
    turns: tuple[Message, ...], begun: tuple[Message, ...]
) -> None:
    found = Prompt(turns, begun).without_request.messages
    assert [message.role for message in found] == [message.role for message in turns]
    whole = True
    for place, message in enumerate(found):
        assert turns[place].content.startswith(message.content)
        assert message.content == "" or (whole and begun[place].content.startswith(message.content))
        whole = whole and message.content == turns[place].content
    assert CANARY not in Prompt(found).text


def test_turns_as_they_were_rendered_keep_all_of_it() -> None:
    turns = (Message("system", OWN), Message("user", f"About {CANARY}"))
    begun = (Message("system", OWN), Message("user", "About "))
    assert Prompt(turns, begun).without_request.messages == begun
    changed = replace(Prompt(turns, begun), messages=(turns[0], Message("user", "no"), turns[1]))
    assert changed.without_request.messages == (turns[0], Message("user", ""), Message("user", ""))
