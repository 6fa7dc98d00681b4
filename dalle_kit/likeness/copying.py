"""What a text has from examples and not from its request: nothing may be, no word that tells something and no run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from dalle_kit.checks.words import WORD, fold, plain, stem, weight
from dalle_kit.examples.choosing import Pool
from dalle_kit.examples.example_set import SHORT_ID
from dalle_kit.examples.runs import Run, common_runs, windows_of, words_of
from dalle_kit.records import Draft, Finding, Slot

#: The names of the checks: for single words of what was shown, and for runs of words of all that could have been.
EXAMPLE, COPY = "example", "copy"

Check = Callable[[Any, Draft], Iterator[Finding]]


def copied(examples: Sequence[str], told: Iterable[str]) -> Check:
    """Return a check for words that carry meaning, are in an example and in nothing that was ``told``.

    Only slots that are grounded are held to it: what else is written need not come from the request.
    """
    shown, known = _stems(examples), _stems(told)

    def check(request: Any, draft: Draft) -> Iterator[Finding]:
        for slot in draft.skeleton.slots:
            if slot.known is None or slot.name not in draft.texts:
                continue
            for match in WORD.finditer(draft.texts[slot.name]):
                word = plain(match.group())
                if _counts(word) and stem(word) in shown and stem(word) not in known:
                    message = f"{match.group()!r} is from an example, and not in the request"
                    yield Finding(EXAMPLE, "error", message, slot.name, match.span())

    return check


def copied_runs(pools: Sequence[Pool], told: Iterable[str]) -> Check:
    """Return a check for words in a row that stand in any text of some sets and in nothing that was ``told``.

    Slots with nothing said between them are read as one text. A slot's points, and the texts it may choose from, are
    told.
    """
    texts = tuple(told)

    def check(request: Any, draft: Draft) -> Iterator[Finding]:
        offered = [text for slot in draft.skeleton.slots for text in _offered(slot)]
        windows = cache(lambda: windows_of([*texts, *offered]))
        for row in _rows(draft):
            words = [word.folded for word in row]
            for pool in pools:
                for run in common_runs(words, pool.run_keys(), _text_in(pool), told=windows):
                    yield _finding(row, run, pool)

    return check


@dataclass(frozen=True, slots=True)
class _Word:
    folded: str
    slot: str
    start: int
    end: int


def _rows(draft: Draft) -> Iterator[list[_Word]]:
    """Yield the words of slots that follow one another with no word of the template between them."""
    row: list[_Word] = []
    for part in draft.skeleton.parts:
        if isinstance(part, Slot):
            row += [_Word(word, part.name, *place) for word, *place in words_of(draft.texts.get(part.name, ""))]
        elif any(words_of(part)):
            yield row
            row = []
    yield row


def _offered(slot: Slot) -> tuple[str, ...]:
    return (*slot.about, *slot.otherwise, *slot.choices, *(slot.known or ()))


def _text_in(pool: Pool) -> Callable[[int], str | None]:
    def text(number: int) -> str | None:
        found = pool.numbered(number)
        return found.text if found else None

    return text


def _finding(row: Sequence[_Word], run: Run, pool: Pool) -> Finding:
    """Return what is to say about a run, in the slot that has most of it."""
    words = row[run.start : run.end]
    ((slot, _),) = Counter(word.slot for word in words).most_common(1)
    places = [(word.start, word.end) for word in words if word.slot == slot]
    found = pool.numbered(run.number)
    name = f"{pool.name} {found.id[:SHORT_ID]}" if found else pool.name
    message = f"{len(words)} words in a row stand in the example {name}, and not in the request"
    return Finding(COPY, "error", message, slot, (places[0][0], places[-1][1]))


def _stems(texts: Iterable[str]) -> frozenset[str]:
    words = {plain(match.group()) for text in texts for match in WORD.finditer(text)}
    return frozenset(stem(word) for word in words if _counts(word))


def _counts(word: str) -> bool:
    """Say whether a word says enough to be told from manner."""
    return len(fold(word)) > 2 and weight(word) == 1.0
