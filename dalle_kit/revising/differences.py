"""What differs between two texts: by sentences, for a record, and by words, for a person."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Literal

from dalle_kit.passages import passages

_WORD = re.compile(r"\s+|\S+")

Kind = Literal["same", "was", "now"]


def changes(was: str, now: str) -> list[dict[str, str]]:
    """Return what became of the sentences that are not the same, each as ``was`` and ``now``; "" for none."""
    before, after = ([each.sentence for each in passages(text)] for text in (was, now))
    found = []
    for tag, start, end, first, last in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag != "equal":
            found.append({"was": " ".join(before[start:end]), "now": " ".join(after[first:last])})
    return found


def word_changes(was: str, now: str) -> Iterator[tuple[Kind, str]]:
    """Yield the stretches of two texts: what is in both, in the old one only, in the new one only.

    Sentences are told apart first, then the words of those that took the place of others.
    """
    before, after = ([each.before + each.sentence for each in passages(text)] for text in (was, now))
    for tag, start, end, first, last in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        old, new = "".join(before[start:end]), "".join(after[first:last])
        if tag == "replace":
            yield from _within(_WORD.findall(old), _WORD.findall(new))
        elif tag == "equal":
            yield "same", old
        else:
            yield ("was", old) if tag == "delete" else ("now", new)


def _within(before: Sequence[str], after: Sequence[str]) -> Iterator[tuple[Kind, str]]:
    was = now = ""
    for tag, start, end, first, last in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        old, new = "".join(before[start:end]), "".join(after[first:last])
        # Between two words that went, a blank that stayed is better read with them.
        if tag == "equal" and not (old == " " and (was or now) and end < len(before) and last < len(after)):
            yield from _both(was, now)
            yield "same", old
            was = now = ""
        else:
            was, now = was + old, now + new
    yield from _both(was, now)


def _both(was: str, now: str) -> Iterator[tuple[Kind, str]]:
    if was:
        yield "was", was
    if now:
        yield "now", now
