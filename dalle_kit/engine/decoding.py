"""Filling the slots of documents, many at a time: one loop, and a state of its own for each row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

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

    def feed(self, tokens: Sequence[Sequence[int]], *, every: bool = False) -> Tensor:
        """Append tokens to each row and return the logits after the last of each."""

    def crop(self, row: int, length: int) -> None:
        """Forget a row's tokens beyond ``length``."""

    def select(self, rows: Sequence[int]) -> None:
        """Keep the given rows, in this order; a row given twice is copied."""


class GenerativeModel(Protocol):
    """What the decoder needs of a model."""

    @property
    def context(self) -> int | None:
        """How many tokens it reads, None where that is not limited."""

    def open(self, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]], *, room: int) -> Session:
        """Read the prompts and the certain text that the output begins with."""


@dataclass(frozen=True, slots=True)
class Job:
    """One document to write: the prompt's tokens, the skeleton, and how to sample."""

    source: tuple[int, ...]
    skeleton: Skeleton
    options: GenerationOptions


@dataclass(frozen=True, slots=True)
class SlotResult:
    """What was written into a slot.

    ``reason`` is why it ended: ``end`` (the model ended it), ``stop`` (a stop string) or ``length`` (the limit).
    ``log_likelihood`` is the sum over its ``tokens`` under the model, in nats.
    """

    text: str
    reason: str
    tokens: tuple[int, ...]
    log_likelihood: float


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a document's text as it grows; ``slot`` is None for the skeleton's certain text."""

    row: int
    slot: str | None
    text: str


class Row:
    """One document on its way through its skeleton: a small state machine that is fed logits and asks for tokens.

    ``results`` holds the finished slots. After ``accept`` the row is ``done``, or ``pending`` are the tokens to compute
    next, after forgetting all of the row's tokens beyond ``keep`` where that is not None.
    """

    def __init__(self, job: Job, *, index: int, tokenizer: Tokenizer, ends: frozenset[int]) -> None:
        self.job = job
        self.results: dict[str, SlotResult] = {}
        self.pending: list[int] = []
        self.keep: int | None = None
        self.done = False
        self._index, self._tokenizer, self._ends = index, tokenizer, ends
        self._parts = iter(job.skeleton.parts)
        self._pieces: list[Piece] = []
        self._seen = list(job.source)
        self._sampled = 0
        self._target: list[int] = []  # the document's tokens so far
        self._base: int | None = None  # tokens computed before the slot, known at its first logits
        self._tokens: list[int] = []  # of the slot
        self._whole: list[tuple[int, int]] = []  # (tokens, characters) of the slot wherever no character is in pieces
        self._likelihood = 0.0
        self.pending = self._advance("")
        self._target += self.pending

    def drain(self) -> list[Piece]:
        """Return the pieces of text that have become certain since the last call."""
        pieces, self._pieces = self._pieces, []
        return pieces

    def accept(self, logits: Tensor, length: int) -> None:
        """Choose the next token from ``logits`` (V,); ``length`` is how many tokens of the row are computed."""
        options = self._options
        if self._base is None:
            self._base = length
        seen = torch.tensor(self._seen, device=logits.device) if options.repetition_penalty != 1.0 else None
        token = choose(logits, options, seen=seen, position=self._sampled)
        self._sampled += 1
        self._likelihood += float(logits[token] - logits.logsumexp(0))
        self.keep = None
        if token in self._ends:
            self._finish("end", length)
            return
        self._tokens.append(token)
        self._seen.append(token)
        piece = self._stream.push(token)
        if piece is not None:
            self._emit(self._text.push(piece))
            self._whole.append((len(self._tokens), self._text.length))
        if self._text.ended:
            self._finish("stop", length)
        elif len(self._tokens) >= options.max_tokens:
            self._finish("length", length)
        else:
            self.pending = [token]

    def _finish(self, reason: str, length: int) -> None:
        """Close the slot and go to the next one, keeping of the cache what was accepted."""
        assert self._base is not None
        self._emit(self._text.finish())
        self.results[self._slot.name] = SlotResult(self._text.text, reason, tuple(self._tokens), self._likelihood)
        end = self._text.span[1]
        computed = length - self._base
        kept, characters = max(((t, c) for t, c in self._whole if t <= computed and c <= end), default=(0, 0))
        self._target += self._tokens[:kept]
        self.keep = self._base + kept
        self.pending = self._advance(self._text.received(characters, end))
        if not self.pending and not self.done:
            # Nothing stands between the two slots: the last token is computed once more, for its logits.
            if self._target:
                self.keep -= 1
                self.pending = [self._target.pop()]
            else:
                self.pending = self._tokenizer.encode_text(" ")
        self._target += self.pending

    def _advance(self, rest: str) -> list[int]:
        """Go to the next slot; return the tokens of ``rest`` and of the certain text that lead to it."""
        literal = ""
        for part in self._parts:
            if isinstance(part, Slot):
                return self._open(part, rest, literal)
            literal += part
            self._pieces.append(Piece(self._index, None, part))
        self.done = True
        return []

    def _open(self, slot: Slot, rest: str, literal: str) -> list[int]:
        # A space right before a slot is left to the model: its words begin with the space.
        context = self._tokenizer.encode_text((rest + literal).rstrip(" "))
        self._slot = slot
        self._options = self.job.options.merge(slot.options)
        self._text = SlotText((*slot.stop, *self._options.stop), after=literal or rest)
        self._stream = self._tokenizer.stream([*self._target, *context])
        self._tokens, self._whole, self._likelihood, self._base = [], [], 0.0, None
        self._seen += context
        return context

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
    places = [beginnings.setdefault((row.job.source, tuple(row.pending)), len(beginnings)) for row in active]
    sources, targets = zip(*beginnings, strict=True)
    session = model.open(sources, targets, room=room)
    if places != list(range(len(places))):
        session.select(places)
    while True:
        logits, lengths = session.logits, session.lengths
        for index, row in enumerate(active):
            row.accept(logits[index], lengths[index])
            yield from row.drain()
        going = [index for index, row in enumerate(active) if not row.done]
        if not going:
            return
        if len(going) < len(active):
            session.select(going)
            active = [active[index] for index in going]
        for index, row in enumerate(active):
            if row.keep is not None:
                session.crop(index, row.keep)
        session.feed([row.pending for row in active])
