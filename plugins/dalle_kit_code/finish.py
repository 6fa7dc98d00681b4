"""From what a model wrote to what is inserted."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dalle_kit import Draft
from dalle_kit_code.alignment import aligned
from dalle_kit_code.cursor import plain
from dalle_kit_code.indentation import blanks_of
from dalle_kit_code.lexing import OPENING, open_brackets
from dalle_kit_code.parsing import faults
from dalle_kit_code.spot import Spot
from dalle_kit_code.trimming import (
    until_end,
    until_repetition,
    until_suffix,
    until_unmatched,
    without_blank_start,
    without_dangling_comment,
    without_doubled_space,
    without_echo_above,
    without_fences,
)

_RULES = (
    without_fences,
    without_blank_start,
    without_doubled_space,
    without_echo_above,
    aligned,
    until_end,
    until_unmatched,
    until_suffix,
    until_repetition,
    without_dangling_comment,
)

#: A text that the rules have not settled by then is taken as it is.
_ROUNDS = 50

#: So many beginnings of a text are parsed: fewer in a long file, so that all of them have about so many characters.
_CUTS = (4, 60)
_PARSED = 4_000_000


def finish_insertion(draft: Draft, spot: Spot) -> Draft:
    """Return a draft whose one slot holds what is inserted at a spot."""
    (slot,) = draft.skeleton.slots
    return draft.replace(slot.name, finished(plain(draft.texts[slot.name]), spot))


def finish_body(draft: Draft, spot: Spot) -> Draft:
    """Return a draft whose one slot holds a function's body, beginning on a line of its own, where the spot is."""
    (slot,) = draft.skeleton.slots
    begin = f"\n{spot.line_before}"
    body = finished(plain(draft.texts[slot.name]).removeprefix(begin), spot)
    return draft.replace(slot.name, begin + body if body else "")


def finished(text: str, spot: Spot) -> str:
    """Return what is inserted: a text under all rules, cut to its longest beginning that parses."""
    for _ in range(_ROUNDS):
        before, text = text, _finished_once(text, spot)
        if text == before:
            break
    return text


def _finished_once(text: str, spot: Spot) -> str:
    for rule in _RULES:
        text = rule(text, spot)
    return _whole(_longest_that_parses(text, spot), spot)


def _whole(text: str, spot: Spot) -> str:
    """Return a text that ends as its place demands: with the line's end, where other code or the file's end follows."""
    text = text.rstrip()
    if not text or not spot.is_line_start:
        return text
    if not spot.after:
        return text + "\n" if not spot.line_before else text
    if not spot.line_after.strip():
        return text
    apart = not (text[-1].isalnum() and spot.line_after[:1].isalnum())
    if apart and spot.language.grammar and faults(spot.before + text + spot.after, spot.language) == 0:
        return text
    return f"{text}\n{spot.line_before}"


def _longest_that_parses(text: str, spot: Spot) -> str:
    """Return the longest beginning with which the file parses, brackets closed where that helps.

    Where none does it is empty if the file parsed without it, else the one that leaves the fewest errors.
    """
    if spot.language.grammar is None or not text.strip():
        return text
    best, fewest = "", -1
    for cut in _beginnings(text, spot):
        for each in dict.fromkeys((cut, cut + _closers(cut, spot))):
            count = faults(spot.before + _whole(each, spot) + spot.after, spot.language)
            if count == 0:
                return each
            if fewest < 0 or count < fewest:
                best, fewest = each, count
    return "" if spot.parses else best


def _beginnings(text: str, spot: Spot) -> Iterator[str]:
    """Yield a text and its beginnings, longest first: by lines, within the first line by words."""
    cuts = min(max(_PARSED // (len(spot.before) + len(spot.after) + 1), _CUTS[0]), _CUTS[1])
    lines = text.rstrip().split("\n")
    for count in range(len(lines), max(0, len(lines) - cuts), -1):
        yield "\n".join(lines[:count])
    ends = [found.end() for found in re.finditer(r"\w+|\s+|.", lines[0])]
    for end in reversed(ends[:-1][-cuts:]):
        if lines[0][:end].strip():
            yield lines[0][:end]


def _closers(text: str, spot: Spot) -> str:
    """Return what closes the brackets that a text leaves open; one opened in an earlier line closes in its own."""
    start = len(spot.before)
    whole = spot.before + text
    closers = ""
    for piece in reversed([each for each in open_brackets(whole, spot.language) if each.start >= start]):
        later = "\n" in whole[piece.start :]
        line = whole[whole.rfind("\n", 0, piece.start) + 1 :]
        closers += (f"\n{blanks_of(line)}" if later else "") + OPENING[piece.kind]
    return closers
