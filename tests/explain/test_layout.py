"""A prompt and a document taken apart: nothing is lost, and each part can be left out."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dalle_kit import Kit, SourcePlace
from dalle_kit.errors import RequestError
from dalle_kit.explain.layout import Layout, Piece, shown, subset
from dalle_kit.explain.origins import Origins
from dalle_kit.explain.passages import units
from dalle_kit.likeness.prompting import with_texts
from dalle_kit.records import ExampleUse, Prompt


@cache
def the_kit() -> Kit:
    return Kit()


@pytest.fixture
def kit() -> Kit:
    return the_kit()


def laid_out(kit: Kit, domain: str, **fields: Any) -> tuple[Layout, Prompt, list[list[Piece]], Any]:
    request = kit.request(domain, fields)
    described = kit.plugins.domain(domain)
    shaped = kit.shape(domain, request)
    written, told = kit.templates.trace(described, request)
    layout = Layout(Origins(request), told, written)
    return layout, shaped.prompt, layout.prompt(shaped.prompt, []), shaped.skeleton


texts = st.text(st.characters(exclude_categories=("Cs", "Cc")) | st.sampled_from("\n{}%# -"), max_size=60)


@settings(max_examples=60)
@given(st.lists(texts, max_size=3), texts, texts)
def test_joined_again_the_pieces_are_the_texts(points: list[str], subject: str, written: str) -> None:
    try:
        layout, prompt, turns, skeleton = laid_out(
            the_kit(), "email", to=["ana@example.com"], subject=subject, points=points
        )
    except RequestError:
        return
    everything = (1 << len(layout.parts.found)) - 1
    assert [shown(turn, everything) for turn in turns] == [message.content for message in prompt.messages]
    filled = {slot.name: written for slot in skeleton.slots}
    row = units(skeleton, filled, layout, prose=True, repairs=())
    assert "".join(unit.before + unit.text for unit in row) == skeleton.fill(filled)
    for unit in row:
        assert not unit.pieces or "".join(piece.text for piece in unit.pieces) == unit.text


def test_a_note_is_left_out_with_its_dash_and_its_line(kit: Kit) -> None:
    asked = {"to": ["a@example.com"], "subject": "News", "points": ["one van", "two keys"]}
    layout, prompt, turns, _ = laid_out(kit, "email", **asked)
    number = next(n for n, part in enumerate(layout.parts.found) if part.name == "points[0]")
    everything = (1 << len(layout.parts.found)) - 1
    assert subset(prompt, turns, everything & ~(1 << number)).text == prompt.text.replace("- one van\n", "")
    assert subset(prompt, turns, 0).text.strip() == ""


def test_examples_in_the_prompt_are_parts_and_their_heading_is_the_templates(kit: Kit) -> None:
    layout, prompt, _, _ = laid_out(kit, "email", to=["a@example.com"], subject="News")
    letters = ["Hi Ben,\n\nThe kettle is broken.\n\nOle", "Hi,\n\nLunch is at one.\n\nOle"]
    uses = [(ExampleUse("letters", f"{number:012}", "", None), text) for number, text in enumerate(letters)]
    told = with_texts(prompt, letters)
    turns = layout.prompt(told, uses)
    parts = layout.parts.found
    assert [part.text for part in parts if part.kind == "example"] == letters[::-1]
    assert any(part.kind == "template" and part.text == "Write it like these:" for part in parts)
    assert "".join(piece.text for piece in turns[0]) == told.messages[0].content


def test_code_is_taken_apart_where_it_has_blank_lines(kit: Kit) -> None:
    place = SourcePlace(text="import math\n\n\ndef area(r):\n    return ", path="main.py", line=5)
    layout, prompt, turns, _ = laid_out(kit, "code complete", place=place)
    names = [part.name for part in layout.parts.found]
    assert len(names) == 2 and all(name.startswith("place.text") for name in names)
    assert [shown(turn, 3) for turn in turns] == [message.content for message in prompt.messages]
