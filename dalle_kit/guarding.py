"""What becomes of personal data that a text has and its request has not: reported, put in neutral words, or refused."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, get_args

from dalle_kit.checks import Source
from dalle_kit.errors import OptionError, PrivacyError
from dalle_kit.passages import passages, spans
from dalle_kit.privacy import leaked, leaks, load_finder, redacted
from dalle_kit.records import Draft, Finding, Privacy

if TYPE_CHECKING:
    from dalle_kit.engine.results import Piece
    from dalle_kit.privacy import PersonalData, PersonalFinder


def check_privacy(policy: str) -> None:
    """Raise OptionError for a policy that there is not."""
    if policy not in get_args(Privacy):
        raise OptionError("privacy", policy, ", ".join(get_args(Privacy)))


class Guard:
    """A policy, and what finds personal data for it.

    Where data is only reported, patterns do: a name that is not in the request is an error anyway. Where it must not
    get out, names are also found by the parser of the extra ``nlp``, if that is installed.
    """

    def __init__(self, policy: Privacy) -> None:
        check_privacy(policy)
        self.policy = policy

    @property
    def holds_back(self) -> bool:
        """Whether a sentence is to be seen only once it was checked."""
        return self.policy in ("redact", "refuse")

    @cached_property
    def finder(self) -> PersonalFinder:
        """What finds personal data."""
        return load_finder(names=None if self.holds_back else False)


class Watch:
    """A guard at one document: what it was told is no leak."""

    def __init__(self, guard: Guard, told: Iterable[str], *, language: str = "en") -> None:
        self.guard = guard
        self._source = Source(told, language=language)

    def check(self, request: Any, draft: Draft) -> Iterator[Finding]:
        """Yield an error for each piece of personal data that the document was not told."""
        for slot, text in draft.texts.items():
            yield from leaks(text, self._source, finder=self.guard.finder, slot=slot)

    def cleaned(self, draft: Draft) -> tuple[Draft, tuple[str, ...]]:
        """Return a draft with neutral words where personal data was not to get out, and the kinds of what was there.

        Raises PrivacyError where the policy is to refuse such a text.
        """
        if not self.guard.holds_back:
            return draft, ()
        kinds: list[str] = []
        for slot, text in draft.texts.items():
            found = self._leaked(text)
            if found and self.guard.policy == "refuse":
                raise PrivacyError(found[0].kind, slot=slot)
            kinds += [each.kind for each in found]
            draft = draft.replace(slot, redacted(text, found)) if found else draft
        return draft, tuple(kinds)

    def clean_line(self, line: str) -> str:
        """Return a line about the document, which may quote it, without what was not to get out."""
        return redacted(line, self._leaked(line)) if self.guard.holds_back else line

    def shown(self, text: str) -> str:
        """Return what may be shown of a sentence while the document is written."""
        found = self._leaked(text)
        if not found:
            return text
        return redacted(text, found) if self.guard.policy == "redact" else ""

    def _leaked(self, text: str) -> list[PersonalData]:
        return leaked(text, self._source, finder=self.guard.finder)


class Gate:
    """Lets pieces of documents pass: at once, or sentence by sentence where these have to be checked first."""

    def __init__(self, watches: Sequence[Watch | None]) -> None:
        self._watches = [watch if watch and watch.guard.holds_back else None for watch in watches]
        self._held: dict[int, Piece] = {}

    def take(self, piece: Piece) -> Iterator[Piece]:
        """Take a piece and yield what may be seen by now."""
        watch = self._watches[piece.row]
        if watch is None:
            yield piece
            return
        held = self._held.pop(piece.row, None)
        if held is not None and held.slot != piece.slot:
            yield from _let_pass(watch, held)
            held = None
        if piece.slot is None:
            yield piece
            return
        text = (held.text if held else "") + piece.text
        # The last sentence may go on; a sentence that is whole ends where the next begins.
        begins = [start for start, _ in spans(passages(text))]
        end = begins[-1] if len(begins) > 1 else 0
        yield from _let_pass(watch, replace(piece, text=text[:end]))
        self._held[piece.row] = replace(piece, text=text[end:])

    def rest(self) -> Iterator[Piece]:
        """Yield what is left when all pieces were taken."""
        for row, held in self._held.items():
            watch = self._watches[row]
            assert watch is not None
            yield from _let_pass(watch, held)
        self._held.clear()


def _let_pass(watch: Watch, piece: Piece) -> Iterator[Piece]:
    text = watch.shown(piece.text) if piece.text else ""
    if text:
        yield replace(piece, text=text)
