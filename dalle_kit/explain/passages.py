"""A finished document as the model met it: certain texts and sentences in turn, and who wrote each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dalle_kit.explain.layout import Layout, Piece
from dalle_kit.explain.records import Source
from dalle_kit.passages import passages
from dalle_kit.records import Skeleton, Slot
from dalle_kit.review import plain_sentence

#: What repairs say of sentences: that one is in plain words, or how the model came to write it.
_STATED = "stated: "
_REPAIRED = {"added": "where it was missing", "wrote again": "written again", "joined": "for two points together"}


@dataclass(frozen=True, slots=True)
class Unit:
    """A sentence, a line of code or of certain text, and what stands ``before`` it since the one before.

    ``start`` is where the sentence begins in the document. A ``certain`` text has its ``pieces``.
    """

    before: str
    text: str
    start: int
    source: Source
    note: str
    slot: str | None = None
    pieces: tuple[Piece, ...] = ()
    points: tuple[str, ...] = ()


def units(
    skeleton: Skeleton, texts: dict[str, str], layout: Layout, *, prose: bool, repairs: Sequence[str]
) -> list[Unit]:
    """Return a document's units in order; joined they are its text."""
    whole, starts = skeleton.fill(texts), skeleton.starts(texts)
    found: list[Unit] = []
    place = 0
    for slot in skeleton.slots:
        text = texts[slot.name]
        if not text:
            continue
        found += _certain(whole, place, starts[slot.name], layout)
        found += _of_slot(slot, text, starts[slot.name], prose=prose, repairs=repairs)
        place = starts[slot.name] + len(text)
    return [*found, *_certain(whole, place, len(whole), layout)]


def _certain(whole: str, start: int, end: int, layout: Layout) -> Iterator[Unit]:
    """Yield the lines of a certain text, each with its line end; the last may have none."""
    pieces = layout.literal(whole[start:end]) if end > start else []
    row: list[Piece] = []
    for piece in pieces:
        row.append(piece)
        if piece.text.endswith("\n"):
            yield _line(row, start)
            start += sum(len(each.text) for each in row)
            row = []
    if row:
        yield _line(row, start)


def _line(row: Sequence[Piece], start: int) -> Unit:
    text = "".join(each.text for each in row)
    return Unit("", text, start, "certain", "the template's, with what was asked", pieces=tuple(row))


def _of_slot(slot: Slot, text: str, start: int, *, prose: bool, repairs: Sequence[str]) -> Iterator[Unit]:
    plain = {plain_sentence(slot, number): point for number, point in enumerate(slot.about)}
    stated = [line.removeprefix(_STATED) for line in repairs if line.startswith(_STATED)]
    end = 0
    for before, sentence in _sentences(text, prose=prose):
        place = start + end + len(before)
        if any(" ".join(sentence.split()) in each for each in stated):
            points = (plain[sentence],) if sentence in plain else slot.about
            yield Unit(before, sentence, place, "stated", "in plain words", slot.name, points=points)
        else:
            yield Unit(before, sentence, place, "written", _how(slot, sentence, repairs), slot.name)
        end += len(before) + len(sentence)
    if end < len(text):  # white space at its end
        yield Unit(text[end:], "", start + len(text), "written", "", slot.name)


def _sentences(text: str, *, prose: bool) -> list[tuple[str, str]]:
    if prose:
        return [(each.before, each.sentence) for each in passages(text)]
    return [(match.group(1), match.group(2)) for match in re.finditer(r"(\s*)(\S[^\n]*)", text)]


def _how(slot: Slot, sentence: str, repairs: Sequence[str]) -> str:
    """Return how a sentence that the model wrote came about."""
    quoted = f'"{" ".join(sentence.split())}"'
    line = next((each for each in repairs if each.endswith(quoted)), "")
    how = next((said for beginning, said in _REPAIRED.items() if line.startswith(beginning)), "")
    if line.startswith("taken from draft"):
        how = line.partition(":")[0]
    if slot.choices:
        how = "one of the texts to choose from"
    return f"by the model{f', {how}' if how else ''}"
