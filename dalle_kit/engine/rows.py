"""One document on its way through its slots: a small state machine that is fed scores and asks for tokens."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from dalle_kit.engine.beam import Beam
from dalle_kit.engine.constraints import Constraint, Constraints, finished_part, is_free
from dalle_kit.engine.drafting import Drafter
from dalle_kit.engine.guidance import UNGUIDED, Guidance
from dalle_kit.engine.results import Piece, SlotResult
from dalle_kit.engine.sampling import Scores, choose
from dalle_kit.engine.stopping import SlotText
from dalle_kit.engine.tokenization import Tokenizer
from dalle_kit.records import GenerationOptions, Skeleton, Slot


@dataclass(frozen=True, slots=True)
class Job:
    """One document to write: the prompt's tokens, the skeleton, how to sample, the tokens before all of the output.

    ``guidance`` is what is given beside the prompt.
    """

    source: tuple[int, ...]
    skeleton: Skeleton
    options: GenerationOptions
    start: tuple[int, ...] = ()
    guidance: Guidance = UNGUIDED


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
    """A document's slots being filled, one token or a few at a time.

    ``results`` holds the finished slots. A row takes several places of the session while it searches with beams, never
    more than ``places``. After ``accept`` it is ``done``, or it has to be given the places ``parents`` (which may
    repeat), have their tokens beyond ``keep`` forgotten where that is not None, and the ``pending`` tokens of each
    computed; it asks for the scores after the last ``tail`` of them. A row that cannot go on has a ``failure``.
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
        self.done = self.left = False
        self.failure: BaseException | None = None
        self.places = max((slot.beams for slot in job.skeleton.slots), default=1)
        self._index, self._tokenizer, self._ends, self._constraints = index, tokenizer, ends, constraints
        self._parts = iter(job.skeleton.parts)
        self._pieces: deque[Piece] = deque()
        self._seen = list(job.source)
        self._drafter = Drafter(self._seen)
        self._draft: list[int] = []
        self._sampled = 0
        self._target = list(job.start)  # the document's tokens so far
        self._base: int | None = None  # tokens computed before the slot, known at its first scores
        self._tokens: list[int] = []  # of the slot
        self._whole: list[tuple[int, int]] = []  # (tokens, characters) of the slot wherever no character is in pieces
        self._likelihood, self._chosen = 0.0, 0
        self._first_scores: Scores | None = None  # at the slot's beginning
        self._constraint: Constraint | None = None
        self._beam: Beam | None = None
        self._text = SlotText(())
        beginning = self._advance("")
        self._target += beginning
        self.pending = [list(self._target)]

    @property
    def tail(self) -> int:
        """After how many of the last pending tokens of a place scores are asked for."""
        return 1 + len(self._draft)

    @property
    def has_news(self) -> bool:
        """Whether there are pieces to drain, or the row is at its end, in one way or another."""
        return bool(self._pieces or self.done or self.failure)

    @property
    def is_drained(self) -> bool:
        """Whether it is done and all of its pieces were taken."""
        return self.done and not self._pieces

    def drain(self) -> Iterator[Piece]:
        """Yield the pieces of text that have become certain; another thread may add some meanwhile."""
        while self._pieces:
            yield self._pieces.popleft()

    def draft(self) -> None:
        """Add a guess of what comes next to the pending tokens, if there is one."""
        if self._slot.beams == 1 and not self._draft:
            draft = self._drafter.propose(self._options.max_tokens - len(self._tokens) - 1)
            self._draft = self._constraint.leading(draft) if draft and self._constraint else draft
            self.pending = [[*self.pending[0], *self._draft]]

    def forget_draft(self) -> None:
        """Take the guess back before anything is computed."""
        self.pending = [tokens[: len(tokens) - len(self._draft)] for tokens in self.pending]
        self._draft = []

    def accept(self, scores: Scores, length: int) -> None:
        """Choose the next tokens by the scores of each place; ``length`` is how many tokens of each are computed."""
        length -= len(self._draft)
        if self._base is None:
            self._base, self._first_scores = length, scores.part(0, 1)
            self._begin()
        self.parents, self.keep = [0], None
        if self._beam is not None:
            self._search(self._beam, scores)
        else:
            self._sample(scores, length)

    def _begin(self) -> None:
        """Make what the slot is held to; not before, as rows that wait are many, and this is large."""
        if not is_free(self._slot):
            self._constraint = self._constraints().start(self._slot, after=self._after)
        if self._slot.beams > 1:
            self._beam = Beam(self._slot.beams, options=self._options, ends=self._ends, constraint=self._constraint)

    def _sample(self, scores: Scores, length: int) -> None:
        """Choose tokens as long as the draft says what comes before them."""
        draft, self._draft = self._draft, []
        right = 0
        while True:
            tokens, reason = self._choose(scores, right)
            if reason:
                # What of these tokens is computed already depends on the draft, which must not matter.
                self._finish(reason, length + right)
                return
            matching = agreeing(tokens, draft[right:])
            right += matching
            if matching < len(tokens):
                break
        if draft:
            self._drafter.learn(right, len(draft))
        self.keep = length + right if right < len(draft) else None
        self.pending = [tokens[matching:]]

    def _choose(self, scores: Scores, place: int) -> tuple[list[int], str]:
        """Take the next token and those it forces; return them, and why the slot ends with them where it does."""
        options, constraint = self._options, self._constraint
        token = choose(scores, place, options, constraint=constraint, seen=self._seen, position=self._sampled)
        if token is None:
            return [], "length"
        self._sampled += 1
        self._likelihood += scores.log_likelihood(place, token)
        self._chosen += 1
        if token in self._ends:
            return [], "end"
        tokens = [token]
        if constraint is not None:
            constraint.take(token)
            tokens += constraint.take_forced(options.max_tokens - len(self._tokens) - 1)
        self._take(tokens)
        if self._text.ended:
            return tokens, "stop"
        if constraint is not None and constraint.complete:
            return tokens, "end"
        return tokens, "length" if len(self._tokens) >= options.max_tokens else ""

    def _search(self, beam: Beam, scores: Scores) -> None:
        beam.step(scores, position=self._sampled)
        self._sampled += 1
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
        base, first_scores = self.keep, self._first_scores
        following = self._advance(self._text.received(characters, end))
        if not following and not self.done:
            # Nothing stands between the two slots.
            if kept == 0:
                # What is before the next slot is what was before this one, and so are the logits.
                assert first_scores is not None
                self.accept(first_scores, base)
                self.keep = base if self.keep is None else self.keep
                return
            # The last token is computed once more, for its logits.
            self.keep -= 1
            following = [self._target.pop()]
        self._target += following
        self.pending = [following]

    def _advance(self, rest: str) -> list[int]:
        """Go to the next slot; return the tokens of ``rest`` and of the certain text that lead to it."""
        self._constraint = self._beam = self._first_scores = None
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
        self._after = after
        self._tokens, self._whole, self._likelihood, self._chosen, self._base = [], [], 0.0, 0, None
        self._seen += context
        return context

    def _emit_certain(self, text: str) -> None:
        if text:
            self._pieces.append(Piece(self._index, None, text))

    def _emit(self, text: str) -> None:
        if text:
            self._pieces.append(Piece(self._index, self._slot.name, text))


def agreeing(tokens: Sequence[int], draft: Sequence[int]) -> int:
    """Return with how many of the tokens a draft begins."""
    agreeing = 0
    for token, guess in zip(tokens, draft, strict=False):
        if token != guess:
            break
        agreeing += 1
    return agreeing
