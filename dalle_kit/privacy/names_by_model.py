"""Persons by the model of the extra ``nlp``, which knows names that nothing around them gives away."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dalle_kit.checks.parser import load_pipeline

_WORD = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]{2,})*")
#: What the model takes for a name or a part of one.
_NO_NAME = frozenset(
    "apt apartment suite ste studio flat box unit room level street road dear hi hello user bot".split()
)


def find_entities(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield the persons that the model finds; raises ModelError where the extra is not installed."""
    for entity in load_pipeline()(text).ents:
        if entity.label_ != "PERSON":
            continue
        # It joins the lines of an address, and a name with the number behind it.
        words = list(_WORD.finditer(re.split(r"[\n\d@/:]", entity.text)[0]))
        while words and words[-1].group().casefold() in _NO_NAME:
            words.pop()
        if words and any(word.group()[0].isupper() for word in words):
            yield "person", entity.start_char + words[0].start(), entity.start_char + words[-1].end()
