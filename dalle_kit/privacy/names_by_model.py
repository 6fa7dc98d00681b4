"""Persons by the model of the extra ``nlp``, which knows names that nothing around them gives away."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dalle_kit.checks.parser import load_pipeline
from dalle_kit.checks.words import is_ordinary
from dalle_kit.privacy.first_names import is_first_name
from dalle_kit.privacy.name_cues import NAME
from dalle_kit.privacy.persons import names_a_thing

#: What else the model takes a name for that it has not met; places it knows better.
_MISTAKEN = frozenset({"ORG", "FAC", "PRODUCT"})
_STRANGE_NAME = re.compile(rf"{NAME}(?:[ ]{NAME}){{1,2}}")
_WORD = re.compile(r"(?<!['\u2019])[^\W\d_]+(?:['\u2019-][^\W\d_]{2,})*")
_UNNEEDED = ("tagger", "parser", "attribute_ruler")
#: Characters read at once; the model refuses more than a million.
_AT_ONCE = 20_000


def find_entities(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield the persons that the model finds; raises ModelError where the extra is not installed."""
    certain: list[tuple[int, list[re.Match[str]]]] = []
    doubtful: list[tuple[int, list[re.Match[str]]]] = []
    for offset, part in _parts(text):
        for entity in load_pipeline()(part, disable=_UNNEEDED).ents:
            # It joins the lines of an address, and a name with the number behind it.
            words = list(_WORD.finditer(re.split(r"[\n\d@/:]", entity.text)[0]))
            if names_a_thing([word.group() for word in words[1:]] or [""]):
                continue
            ordinary = all(is_ordinary(word.group()) and not is_first_name(word.group()) for word in words)
            if entity.label_ == "PERSON" and any(word.group()[0].isupper() for word in words):
                (doubtful if ordinary else certain).append((offset + entity.start_char, words))
            elif entity.label_ in _MISTAKEN and _STRANGE_NAME.fullmatch(entity.text):
                if not any(is_ordinary(word.group()) for word in words):
                    certain.append((offset + entity.start_char, words))
    known = {word.group() for _, words in certain for word in words}
    # "Tales" is nobody; "Brown" is somebody where "James Brown" is.
    certain += [(start, words) for start, words in doubtful if known & {word.group() for word in words}]
    for start, words in certain:
        yield "person", start + words[0].start(), start + words[-1].end()


def _parts(text: str) -> Iterator[tuple[int, str]]:
    """Yield a text in parts that the model takes, with where they begin; they end with a line or a word."""
    place = 0
    while place < len(text):
        end = place + _AT_ONCE
        if end < len(text):
            end = next((at + 1 for mark in "\n " if (at := text.rfind(mark, place, end)) > place), end)
        yield place, text[place:end]
        place = end
