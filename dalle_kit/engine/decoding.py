"""Filling the slots of documents, many at a time: one loop, and a state of its own for each row."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import torch
from torch import Tensor

from dalle_kit.engine.beam import Beam
from dalle_kit.engine.constraints import Constraint, Constraints, finished_part, is_free
from dalle_kit.engine.results import Piece, SlotResult
from dalle_kit.engine.sampling import choose
from dalle_kit.engine.stopping import SlotText
from dalle_kit.engine.tokenization import Tokenizer
from dalle_kit.records import GenerationOptions, Skeleton, Slot


class Session(Protocol):
    """Rows of tokens of different lengths and the attention cache of each."""

    logits: Tensor  # (B, V) float32: after the last token of each row

    @property
    def lengths(self) -> list[int]:
        """Tokens in each row."""

    def join(self, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]) -> None:
        """Read further rows, which come after the others."""

    def feed(self, tokens: Sequence[Sequence[int]], *, tails: Sequence[int] | None = None) -> Tensor:
        """Append tokens to each row, none to one that waits; return the logits after the last ``tails`` of each.

        They are (sum(tails), V), one row's after another's; by default one of each row that is given tokens. The
        ``logits`` of a row that waits stay as they are.
        """

    def crop(self, row: int, length: int) -> None:
        """Forget a row's tokens beyond ``length``; its ``logits`` are of no use before it is given others."""

    def select(self, rows: Sequence[int]) -> None:
        """Keep the given rows, in this order; a row given twice is copied. There may be none."""


class GenerativeModel(Protocol):
    """What the decoder needs of a model."""

    @property
    def context(self) -> int | None:
        """How many tokens it reads, None where that is not limited."""

    def open(self, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]], *, room: int) -> Session:
        """Read the prompts and the certain text that the output begins with."""


@dataclass(frozen=True, slots=True)
class Job:
    """One document to write: the prompt's tokens, the skeleton, how to sample, the tokens before all of the output."""

    source: tuple[int, ...]
    skeleton: Skeleton
    options: GenerationOptions
    start: tuple[int, ...] = ()


#: A sentence that says points needs no more tokens than these, and one for so many characters of the points.
_SENTENCE, _CHARACTERS = 48, 2


def slot_options(slot: Slot, options: GenerationOptions) -> GenerationOptions:
    """Return the options in a slot: its own, and no more room than the sentences about its points can need.

    Many points would not fit into a model's context if room for the longest text were kept for each.
    """
    merged = options.merge(slot.options)
    if slot.sentences is None or not slot.about:
        return merged
    room = _SENTENCE * slot.sentences[1] + sum(map(len, slot.about)) // _CHARACTERS
    return replace(merged, max_tokens=min(merged.max_tokens, room))


class Row:
    """One document on its way through its skeleton: a small state machine that is fed logits and asks for tokens.

    ``results`` holds the finished slots. A row takes several places of the session while it searches with beams.
    After ``accept`` it is ``done``, or it has to be given the places ``parents`` (which may repeat), have their tokens
    beyond ``keep`` forgotten where that is not None, and the ``pending`` tokens of each computed.
    """

    def __init__(
        self,
        job: Job,
        *,
        index: int,
        tokenizer: Tokenizer,
        ends: frozenset[int],
        constraints: Callable[[], Constraints],
    ) -> None:
        self.job = job
        self.results: dict[str, SlotResult] = {}
        self.parents = [0]
        self.keep: int | None = None
        self.done = False
        self._index, self._tokenizer, self._ends, self._constraints = index, tokenizer, ends, constraints
        self._parts = iter(job.skeleton.parts)
        self._pieces: list[Piece] = []
        self._seen = list(job.source)
        self._sampled = 0
        self._target = list(job.start)  # the document's tokens so far
        self._base: int | None = None  # tokens computed before the slot, known at its first logits
        self._tokens: list[int] = []  # of the slot
        self._whole: list[tuple[int, int]] = []  # (tokens, characters) of the slot wherever no character is in pieces
        self._likelihood, self._chosen = 0.0, 0
        self._first_logits = torch.empty(0)  # (1, V): at the slot's beginning
        self._constraint: Constraint | None = None
        self._beam: Beam | None = None
        self._text = SlotText(())
        beginning = self._advance("")
        self._target += beginning
        self.pending = [list(self._target)]

    def drain(self) -> list[Piece]:
        """Return the pieces of text that have become certain since the last call."""
        pieces, self._pieces = self._pieces, []
        return pieces

    def accept(self, logits: Tensor, length: int) -> None:
        """Choose the next tokens from ``logits`` (N, V); ``length`` is how many tokens of each place are computed."""
        if self._base is None:
            self._base, self._first_logits = length, logits[:1]
        self.parents, self.keep = [0], None
        if self._beam is not None:
            self._search(self._beam, logits)
        else:
            self._sample(logits[0], length)
        self._sampled += 1

    def _sample(self, logits: Tensor, length: int) -> None:
        options = self._options
        seen = torch.tensor(self._seen, device=logits.device) if options.repetition_penalty != 1.0 else None
        allowed = logits if self._constraint is None else self._constraint.allow(logits)
        if allowed is None:
            self._finish("length", length)
            return
        token = choose(allowed, options, seen=seen, position=self._sampled)
        self._likelihood += float(logits[token] - logits.logsumexp(0))
        self._chosen += 1
        if token in self._ends:
            self._finish("end", length)
            return
        tokens = [token]
        if self._constraint is not None:
            self._constraint.take(token)
            tokens += self._constraint.take_forced(options.max_tokens - len(self._tokens) - 1)
        self._take(tokens)
        self.pending = [tokens]
        if self._text.ended:
            self._finish("stop", length)
        elif self._constraint is not None and self._constraint.complete:
            self._finish("end", length)
        elif len(self._tokens) >= options.max_tokens:
            self._finish("length", length)

    def _search(self, beam: Beam, logits: Tensor) -> None:
        beam.step(logits, position=self._sampled)
        if not beam.done:
            self._take(beam.certain[len(self._tokens) :])
        if not beam.done and not self._text.ended:
            self.parents, self.pending = beam.parents, [[each.tokens[-1]] for each in beam.live]
            return
        best, reason = beam.best
        self._take(best.tokens[len(self._tokens) :])
        self._likelihood, self._chosen = best.log_likelihood, len(best.tokens)
        # The cache of the best text may be gone by now: the text is computed again with what follows it.
        self._whole = []
        assert self._base is not None
        self._finish("stop" if self._text.ended else reason, self._base)

    def _take(self, tokens: Sequence[int]) -> None:
        """Add tokens to the slot's text, up to its end."""
        for token in tokens:
            if self._text.ended:
                return
            self._tokens.append(token)
            self._seen.append(token)
            piece = self._stream.push(token)
            if piece is not None:
                self._emit(self._text.push(piece))
                self._whole.append((len(self._tokens), self._text.length))

    def _finish(self, reason: str, length: int) -> None:
        """Close the slot and go to the next one, keeping of the cache what was accepted."""
        assert self._base is not None
        if reason == "length" and self._constraint is not None and self._constraint.is_prose:
            self._text.cut(len(finished_part(self._text.text)))
        self._emit(self._text.finish())
        self.results[self._slot.name] = SlotResult(
            self._text.text, reason, tuple(self._tokens), self._likelihood, self._chosen
        )
        end = self._text.span[1]
        computed = length - self._base
        kept, characters = max(((t, c) for t, c in self._whole if t <= computed and c <= end), default=(0, 0))
        self._target += self._tokens[:kept]
        self.keep = self._base + kept
        base, first_logits = self.keep, self._first_logits
        following = self._advance(self._text.received(characters, end))
        if not following and not self.done:
            # Nothing stands between the two slots.
            if kept == 0:
                # What is before the next slot is what was before this one, and so are the logits.
                self.accept(first_logits, base)
                self.keep = base if self.keep is None else self.keep
                return
            # The last token is computed once more, for its logits.
            self.keep -= 1
            following = [self._target.pop()]
        self._target += following
        self.pending = [following]

    def _advance(self, rest: str) -> list[int]:
        """Go to the next slot; return the tokens of ``rest`` and of the certain text that lead to it."""
        literal, skipped = "", False
        for part in self._parts:
            if isinstance(part, str):
                # A slot without text takes the blank line before it with it, as in ``Skeleton.fill``.
                literal = literal.removesuffix("\n\n") if skipped and part.startswith("\n\n") else literal
                literal, skipped = literal + part, False
            elif self._is_wanted(part):
                self._emit_certain(literal)
                return self._open(part, rest, literal)
            else:
                self.results[part.name] = SlotResult("", "skipped", (), 0.0, 0)
                skipped = True
        self._emit_certain(literal)
        self.done = True
        return []

    def _is_wanted(self, slot: Slot) -> bool:
        """Say whether a slot is to be filled, as far as that depends on one before it."""
        if slot.when is None or slot.when[0] not in self.results:
            return True
        return self.results[slot.when[0]].text in slot.when[1]

    def _open(self, slot: Slot, rest: str, literal: str) -> list[int]:
        # A space right before a slot is left to the model: its words begin with the space.
        before = (rest + literal).rstrip(" ")
        context = self._tokenizer.encode_context(before)
        self._slot = slot
        self._options = slot_options(slot, self.job.options)
        # An empty text stands for the end of a line; after another slot the text goes on where that one ended.
        after = literal or rest or self._text.text
        begin = slot.starts_with if slot.verbatim else None
        self._text = SlotText((*slot.stop, *self._options.stop), after=after, verbatim=begin)
        self._stream = self._tokenizer.stream([*self._target, *context])
        self._constraint = self._beam = None
        if not is_free(slot):
            self._constraint = self._constraints().start(slot, after=after)
        if slot.beams > 1:
            self._beam = Beam(slot.beams, options=self._options, ends=self._ends, constraint=self._constraint)
        self._tokens, self._whole, self._likelihood, self._chosen, self._base = [], [], 0.0, 0, None
        self._seen += context
        return context

    def _emit_certain(self, text: str) -> None:
        if text:
            self._pieces.append(Piece(self._index, None, text))

    def _emit(self, text: str) -> None:
        if text:
            self._pieces.append(Piece(self._index, self._slot.name, text))


def decode(model: GenerativeModel, rows: Sequence[Row], *, room: int) -> Iterator[Piece]:
    """Fill all slots of all rows together, yielding the texts' pieces as they become certain.

    ``room`` is the number of tokens that the longest row may grow to. Rows with the same beginning are read once.
    """
    for row in rows:
        yield from row.drain()
    active = [row for row in rows if not row.done]
    if not active:
        return
    beginnings: dict[tuple[tuple[int, ...], tuple[int, ...]], int] = {}
    places = [beginnings.setdefault((row.job.source, tuple(row.pending[0])), len(beginnings)) for row in active]
    sources, targets = zip(*beginnings, strict=True)
    session = model.open(sources, targets, room=room)
    _arrange(session, places)
    while True:
        logits, lengths = session.logits, session.lengths
        places, going, start = [], [], 0
        for row in active:
            width = len(row.pending)
            row.accept(logits[start : start + width], lengths[start])
            yield from row.drain()
            if not row.done:
                places += [start + parent for parent in row.parents]
                going.append(row)
            start += width
        if not going:
            return
        active = going
        _arrange(session, places)
        crops = [row.keep for row in active for _ in row.pending]
        for place, keep in enumerate(crops):
            if keep is not None:
                session.crop(place, keep)
        session.feed([tokens for row in active for tokens in row.pending])


def _arrange(session: Session, places: list[int]) -> None:
    """Give the session the places of its present rows, unless that changes nothing."""
    if places != list(range(len(session.lengths))):
        session.select(places)
