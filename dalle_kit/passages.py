"""A text as a row of sentences, so that one can be replaced, dropped or added and everything else stays as it was."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from dalle_kit.checks import split_sentences

_LIST_MARK = re.compile(r"[ \t]*(?:[-*•–]|\d{1,2}[.)])[ \t]+")  # noqa: RUF001 - a dash that lists begin with


@dataclass(frozen=True, slots=True)
class Passage:
    """A sentence, and what stands between it and the one before: spaces, line ends, the mark of a list item."""

    before: str
    sentence: str


def passages(text: str) -> list[Passage]:
    """Return a text's passages; joined again they are the text without the white space at its end."""
    found: list[Passage] = []
    end = 0
    for line in re.finditer(r"[^\n]+", text):
        marker = _LIST_MARK.match(line.group())
        for sentence in split_sentences(line.group()[marker.end() if marker else 0 :]):
            start = text.index(sentence, max(end, line.start()))
            found.append(Passage(text[end:start], sentence))
            end = start + len(sentence)
    return found


def joined(row: Sequence[Passage]) -> str:
    """Return the text of passages."""
    return "".join(passage.before + passage.sentence for passage in row)


def spans(row: Sequence[Passage]) -> list[tuple[int, int]]:
    """Return where each sentence stands in the joined text."""
    found, at = [], 0
    for passage in row:
        start = at + len(passage.before)
        at = start + len(passage.sentence)
        found.append((start, at))
    return found


def without(row: Sequence[Passage], index: int) -> list[Passage]:
    """Return the row without a sentence: a line that held nothing else goes, a paragraph's beginning stays one."""
    gone, rest = row[index], list(row[index + 1 :])
    if rest:
        following = rest[0].before
        if index == 0:
            following = following.lstrip("\n") if "\n" in following else gone.before
        elif "\n" not in following:
            following = gone.before
        elif following.count("\n") < gone.before.count("\n"):
            following = "\n" * (gone.before.count("\n") - following.count("\n")) + following
        rest[0] = replace(rest[0], before=following)
    return [*row[:index], *rest]


def inserted(row: Sequence[Passage], index: int, sentence: str) -> list[Passage]:
    """Return the row with one more sentence, which becomes the one at ``index``; in a list it is an item."""
    if index == 0:
        after = list(row)
        if after:
            mark = after[0].before
            after[0] = replace(after[0], before=f"\n{mark}" if mark.strip() else " ")
            return [Passage(mark, sentence), *after]
        return [Passage("", sentence)]
    before = row[index - 1].before
    mark = before.rpartition("\n")[2]
    between = f"\n{mark}" if mark.strip() else " "
    return [*row[:index], Passage(between, sentence), *row[index:]]
