"""A draft under repair, and what is done to it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from dalle_kit.checks import same_words
from dalle_kit.checks.negation import denies
from dalle_kit.checks.stutter import stutters
from dalle_kit.passages import Passage, joined, passages
from dalle_kit.records import Draft, Prompt, Skeleton, Slot
from dalle_kit.review import Checks, Review, Reviewer, own_text

#: The most tokens of a generated sentence; one for points has fewer: so many, and one for each few characters of them.
SENTENCE_TOKENS = 80
_TOKENS, _CHARACTERS_A_TOKEN = 14, 3

#: Beginnings that are followed at once where a sentence has to mention the words of a point, or has no others.
BEAMS = 4


@dataclass(frozen=True, slots=True)
class Rewriting:
    """A sentence to be generated: the prompt, and a skeleton whose one slot comes after certain text.

    ``pressed`` if it has to say more than the model may want to, so that an unlikely one is likely to be wrong.
    """

    prompt: Prompt
    skeleton: Skeleton
    pressed: bool = False


@dataclass(slots=True)
class Workbench:
    """One draft under repair: what is to say about it as it stands now, and a line for each change made.

    ``tried`` are the points, by slot and index, that were generated in vain; ``kept`` the sentences, by slot and text,
    that stay although they are wrong because nothing can take their place.
    """

    reviewer: Reviewer
    prompt: Prompt
    draft: Draft
    review: Review
    checks: Checks
    lines: list[str] = field(default_factory=list)
    tried: set[tuple[str, int]] = field(default_factory=set)
    kept: set[tuple[str, str]] = field(default_factory=set)

    def look_again(self) -> None:
        """Check the draft as it stands now."""
        self.review = self.reviewer.review(self.draft, self.checks)

    def row(self, slot: Slot) -> list[Passage]:
        """Return the passages of a slot's text."""
        return passages(self.draft.texts[slot.name])

    def changed(self, slot: Slot, row: Iterable[Passage]) -> Draft:
        """Return the draft with other passages in a slot."""
        return self.draft.replace(slot.name, joined(list(row)))

    def rewriting(
        self,
        slot: Slot,
        before: str,
        *,
        points: tuple[str, ...],
        forbidden: tuple[str, ...] = (),
        mentions: tuple[str, ...] = (),
        draft: Draft | None = None,
    ) -> Rewriting:
        """Return how one sentence of a slot is generated after ``before``, the slot's text up to it.

        It is held to what is known also where the slot was not: what went wrong there is not to go wrong again.
        ``draft`` is the document that it is for, if not as it stands.
        """
        alone = replace(
            slot,
            stop=(*slot.stop, "\n"),
            sentences=(1, 1),
            words=None,
            forbid=(*slot.forbid, *forbidden),
            starts_with="",
            known=self._known(slot, points),
            when=None,
            about=points,
            otherwise=(),
            mentions=mentions,
            # Held to words of the point, the likeliest sentence is worth searching for: the next best word may lead
            # away from what has to come.
            beams=BEAMS if mentions else 1,
            options={**slot.options, "max_tokens": _longest(points)},
        )
        return self.asked(alone, before, draft=draft, pressed=bool(mentions))

    def asked(
        self,
        alone: Slot,
        before: str = "",
        *,
        draft: Draft | None = None,
        pressed: bool = False,
    ) -> Rewriting:
        """Return how a slot of that name is filled, after what stands before it in the document and ``before``."""
        draft = draft or self.draft
        certain = draft.text[: draft.skeleton.starts(draft.texts)[alone.name]] + before
        skeleton = Skeleton((certain, alone) if certain else (alone,))
        return Rewriting(self.prompt, skeleton, pressed=pressed)

    def _known(self, slot: Slot, points: tuple[str, ...]) -> tuple[str, ...]:
        """Return what a sentence about some of a slot's points may name: not what only the other points say."""
        known = slot.known if slot.known is not None else self.reviewer.known
        others = set(slot.about) - set(points) if points else set()
        return tuple(text for text in known if text not in others)

    def acceptable(self, text: str | None, slot: Slot, *, beside: Draft) -> str | None:
        """Return the sentence generated if it has no fault and is not in the document ``beside`` which it will be.

        It denies something only where a point does: what is turned round by a "not" no other check would notice.
        """
        found = passages(self.reviewer.tidied(slot, text or ""))
        if not found:
            return None
        sentence = found[0].sentence
        said_before = f" {same_words(sentence)} " in f" {same_words(own_text(beside))} "
        turned = denies(sentence) and not any(map(denies, slot.about))
        twice = stutters(sentence, " ".join(slot.about)) is not None
        return None if said_before or turned or twice or self.reviewer.faults(sentence) else sentence


def _longest(points: tuple[str, ...]) -> int:
    if not points:
        return SENTENCE_TOKENS
    return min(SENTENCE_TOKENS, _TOKENS + sum(map(len, points)) // _CHARACTERS_A_TOKEN)


def quoted(text: str) -> str:
    """Return a text in quotation marks, on one line."""
    return f'"{" ".join(text.split())}"'
