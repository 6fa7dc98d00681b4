"""A scripted writer that knows two sentences for each of a few points."""

from __future__ import annotations

from typing import Any

import pytest

from dalle_kit.records import Prompt, Slot
from dalle_kit.testing import ScriptedKit

#: What is written at first of a point, and what comes where words are drawn.
SENTENCES = {
    "the lift works as usual": ("The lift works as usual.", "As usual, the lift works."),
    "the water is off on Friday": ("The water is off on Friday.", "On Friday, the water is off."),
    "bring the cost sheet": ("Please bring the cost sheet.", "Bring the cost sheet, please."),
    "the review starts at 14:00": ("Please note that the review starts at 14:00.", "At 14:00, the review starts."),
    "Oslo has signed": ("Oslo has signed.", "Oslo has signed already."),
}


def write(prompt: Prompt, slot: Slot) -> str:
    """Return a sentence for a slot's first point, another one where words are drawn or the tone is formal."""
    other = bool(slot.options.get("temperature")) or "Tone: formal" in prompt.text
    return SENTENCES[slot.about[0]][other] if slot.about else "We are glad."


def request(*points: str, **fields: Any) -> dict[str, Any]:
    """Return the fields of an e-mail with points."""
    return {"to": ["Ana <ana@example.com>"], "subject": "Review", "points": points, "sender": "Tom", **fields}


@pytest.fixture(scope="session")
def scripted() -> ScriptedKit:
    """A Kit whose engine writes those sentences."""
    return ScriptedKit(write)
