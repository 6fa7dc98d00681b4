"""What a text has from examples and not from its request: nothing may be."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from dalle_kit.checks.words import WORD, fold, plain, stem, weight
from dalle_kit.records import Draft, Finding

#: The name of the check.
EXAMPLE = "example"


def copied(examples: Sequence[str], told: Iterable[str]) -> Callable[[Any, Draft], Iterator[Finding]]:
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


def _stems(texts: Iterable[str]) -> frozenset[str]:
    words = {plain(match.group()) for text in texts for match in WORD.finditer(text)}
    return frozenset(stem(word) for word in words if _counts(word))


def _counts(word: str) -> bool:
    """Say whether a word says enough to be told from manner."""
    return len(fold(word)) > 2 and weight(word) == 1.0
