"""Prompts that are a text with a gap: contexts, prefix and suffix, exactly as they are."""

from __future__ import annotations

from typing import Any

import pytest

from dalle_kit.errors import TemplateError
from dalle_kit.records import Message

EXACT = "\n\n  a = [\n\t1,\r\n \n"


def messages(setup: Any, prompt: str, **fields: object) -> tuple[Message, ...]:
    setup.write("prompt.j2", prompt)
    found: tuple[Message, ...] = setup.shape(**fields).prompt.messages
    return found


def test_texts_of_a_gap_are_taken_exactly(setup: Any) -> None:
    prompt = (
        "{% for point in request.points %}{{ turn('context', name=request.sender) }}{{ point }}{% endfor %}"
        "{{ turn('prefix', name='b.py') }}{{ request.points[0] }}{{ turn('suffix') }}{{ request.points[1] }}"
    )
    setup.write("prompt.j2", prompt)
    assert messages(setup, prompt, points=["one", "{{ two }}"], sender="a.py") == (
        Message("context", "one", "a.py"),
        Message("context", "{{ two }}", "a.py"),
        Message("prefix", "one", "b.py"),
        Message("suffix", "{{ two }}"),
    )
    assert messages(setup, f"{{{{ turn('prefix') }}}}{EXACT}{{{{ turn('suffix') }}}}{EXACT}") == (
        Message("prefix", EXACT.replace("\r\n", "\n")),  # Jinja itself reads a template's own line ends so
        Message("suffix", EXACT.replace("\r\n", "\n")),
    )


def test_values_of_variables_keep_their_line_ends(make_setup: Any) -> None:
    setup = make_setup({"code": EXACT, "none": None})
    found = messages(setup, "{{ turn('context', name=none) }}{{ code }}{{ turn('prefix') }}{{ code }}")
    assert found == (Message("context", EXACT), Message("prefix", EXACT))


def test_an_empty_prefix_or_suffix_is_one(setup: Any) -> None:
    assert messages(setup, "\n {{ turn('prefix') }}{{ turn('suffix') }}") == (
        Message("prefix", ""),
        Message("suffix", ""),
    )


@pytest.mark.parametrize(
    ("prompt", "message"),
    [
        ("Complete this.\n{{ turn('prefix') }}x", "turn 'user' beside turn 'prefix'"),
        ("{{ turn('prefix') }}x{{ turn('assistant') }}y", "turn 'assistant' beside turn 'prefix'"),
        ("{{ turn('suffix') }}x", "turns suffix: give any contexts first, then one prefix"),
        ("{{ turn('prefix') }}x{{ turn('context') }}y", "turns prefix, context: give any contexts first"),
        ("{{ turn('prefix') }}x{{ turn('prefix') }}y", "turns prefix, prefix: give any contexts first"),
        ("{{ turn('user', name='a.py') }}x", "name: 'a.py' is not allowed; give the path of a context or prefix"),
        ("{{ turn('prefix', name=5) }}x", "name: 5 is not allowed"),
        ("{{ turn('prefix', name=path) }}x", "'path' is not defined"),
        ("{{ turn('prefx') }}x", "did you mean 'prefix'"),
    ],
)
def test_misuse_names_the_template(setup: Any, prompt: str, message: str) -> None:
    setup.write("prompt.j2", prompt)
    with pytest.raises(TemplateError, match=r"prompt\.j2") as caught:
        setup.shape()
    assert message in str(caught.value)


def test_examples_of_a_slot_have_no_place_in_a_gap(setup: Any) -> None:
    setup.write("document.j2", "{{ slot('code', examples=['x = 1']) }}")
    setup.write("prompt.j2", "{{ turn('prefix') }}x")
    with pytest.raises(TemplateError, match=r"slot 'code': examples are for a conversation"):
        setup.shape()


def test_a_plain_text_has_each_context_on_lines_of_its_own(setup: Any) -> None:
    setup.write("prompt.j2", "{{ turn('context') }}a{{ turn('context') }}b\n{{ turn('prefix') }}c{{ turn('suffix') }}d")
    prompt = setup.shape().prompt
    assert prompt.infills and prompt.text == "a\nb\nc"
