"""Cutting an example that is longer than there is room: at sentences, code at lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dalle_kit.checks import split_sentences
from dalle_kit.examples.texts import Kind

#: How much of a budget a text takes: its characters, or a model's tokens.
Measure = Callable[[str], int]

#: No budget has room for more (in characters).
_LONGEST = 2**15


def cut(text: str, kind: Kind, room: int, measure: Measure = len) -> str:
    """Return as much of the beginning of a text as there is room for, whole sentences or, of code, whole lines.

    A first sentence that is too long is cut at a word; where not even a word has room, nothing is left.
    """
    if room <= 0:
        return ""
    if measure(text) <= room:
        return text
    text = text[:_LONGEST]
    ends = _line_ends(text) if kind == "code" else _sentence_ends(text)
    return _longest(text, ends, room, measure) or _longest(text, _word_ends(text), room, measure)


def _longest(text: str, ends: Sequence[int], room: int, measure: Measure) -> str:
    """Return the longest beginning that ends at one of ``ends`` (rising) and has room."""
    low, high = 0, len(ends)
    while low < high:
        middle = (low + high) // 2
        if measure(text[: ends[middle]].rstrip()) <= room:
            low = middle + 1
        else:
            high = middle
    # A longer text is not always more tokens; the last step makes sure.
    while low and measure(text[: ends[low - 1]].rstrip()) > room:
        low -= 1
    return text[: ends[low - 1]].rstrip() if low else ""


def _line_ends(text: str) -> list[int]:
    return [place for place, letter in enumerate(text) if letter == "\n"]


def _word_ends(text: str) -> list[int]:
    return [place for place, letter in enumerate(text) if letter.isspace() and place]


def _sentence_ends(text: str) -> list[int]:
    """Return where sentences end; sentences broken over lines are read as one, as paragraphs are written."""
    ends, start = [], 0
    for block in text.split("\n\n"):
        line, place = block.replace("\n", " "), 0
        for sentence in split_sentences(line):
            place = line.index(sentence, place) + len(sentence)
            ends.append(start + place)
        start += len(block) + 2
    return ends
