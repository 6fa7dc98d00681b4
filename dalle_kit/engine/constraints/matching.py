"""Constraints ready to be followed token by token; made once for each content, and copied for each use."""

from __future__ import annotations

import itertools
from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

import llguidance
import numpy as np
from numpy.typing import NDArray

from dalle_kit.engine.constraints.grammars import grammar_of, is_prose, reason
from dalle_kit.engine.constraints.vocabulary import Vocabulary
from dalle_kit.engine.tokenization import Tokenizer
from dalle_kit.errors import TemplateError
from dalle_kit.process_lock import ProcessLock
from dalle_kit.records import Slot

#: Compiled constraints that are kept.
_KEPT = 128


class Constraints:
    """Makes constraints for the vocabulary of one tokenizer; safe to use from several threads."""

    def __init__(self, tokenizer: Tokenizer, ends: Iterable[int]) -> None:
        self._vocabulary = Vocabulary(tokenizer, ends)
        self._limits = llguidance.LLParserLimits(max_lexer_states=100_000)
        self._made: OrderedDict[str, Any] = OrderedDict()
        self._lock = ProcessLock()

    def start(self, slot: Slot, *, after: str) -> Constraint:
        """Return a fresh constraint for a slot that stands after a text and is not free.

        Raises TemplateError for one that cannot be used: malformed, unsupported, too large, or met by no text.
        """
        try:
            lead = "" if slot.verbatim else self._lead(after)
            grammar = grammar_of(slot, lead=lead, alphabet=self._vocabulary.alphabet)
        except ValueError as error:
            raise TemplateError(f"{_where(slot)} cannot be used: {error}") from error
        matchers = [self._matcher(lark, slot) for lark in (grammar.lark, *grammar.guards)]
        return Constraint(slot, matchers, size=self._vocabulary.tokens.vocab_size)

    def _lead(self, after: str) -> str:
        """Return what a slot's first word begins with: the space before it, which is a part of its first token."""
        if not self._vocabulary.spaced:
            return " " if after.endswith(" ") else ""
        # SentencePiece's words begin with a space at the beginning of a text or line too.
        return " " if not after or after[-1].isspace() else ""

    def _matcher(self, grammar: str, slot: Slot) -> Any:
        with self._lock:
            found = self._made.get(grammar)
            if found is None:
                found = self._made[grammar] = self._compile(grammar, slot)
                while len(self._made) > _KEPT:
                    self._made.popitem(last=False)
            self._made.move_to_end(grammar)
            return found.deep_copy()

    def _compile(self, grammar: str, slot: Slot) -> Any:
        matcher = llguidance.LLMatcher(self._vocabulary.tokens, grammar, log_level=0, limits=self._limits)
        if not matcher.is_error():
            trial = matcher.deep_copy()
            allowed = np.frombuffer(trial.compute_bitmask(), dtype=np.uint8)
            if not trial.is_error() and (trial.is_accepting() or not trial.is_stopped()) and allowed.any():
                return matcher
            if not trial.is_error() or trial.get_error().startswith("NoExtension"):
                lines = self._vocabulary.alphabet is None or "\n" in self._vocabulary.alphabet
                writes = "" if lines else " that the model's tokenizer can write (it has no line breaks)"
                raise TemplateError(f"{_where(slot)} cannot be used: no text{writes} can meet it; loosen it")
            matcher = trial
        raise TemplateError(f"{_where(slot)} cannot be used: {reason(matcher.get_error())}")


class Constraint:
    """Where a text stands in what it is held to; ``size`` is how many tokens the tokenizer has."""

    def __init__(self, slot: Slot, matchers: list[Any], *, size: int) -> None:
        self._slot, self._matchers, self._size = slot, matchers, size

    @property
    def is_prose(self) -> bool:
        """Whether the text is sentences, of which any number is better than a part of one."""
        return is_prose(self._slot)

    def mask(self, size: int) -> NDArray[np.bool_] | None:
        """Return for each token (size,) whether it may come next, None if none may.

        Raises TemplateError where the constraint has become too large to follow.
        """
        allowed = None
        for matcher in self._matchers:
            bits = np.frombuffer(matcher.compute_bitmask(), dtype=np.uint8)
            if matcher.is_error():
                raise TemplateError(f"{_where(self._slot)} cannot be followed: {reason(matcher.get_error())}")
            allowed = bits if allowed is None else allowed & bits
        assert allowed is not None
        if not allowed.any():
            return None
        # A model may have more logits than its tokenizer has tokens.
        flags = np.unpackbits(allowed, bitorder="little")[:size]
        if len(flags) < size:
            flags = np.concatenate((flags, np.zeros(size - len(flags), dtype=np.uint8)))
        return flags.view(np.bool_)

    def allows(self, token: int) -> bool:
        """Say whether a token may come next."""
        return self.leading([token]) == [token]

    def leading(self, tokens: list[int]) -> list[int]:
        """Return as many of the tokens as may come next, one after the other."""
        # A model may have logits for more tokens than there are, which no matcher may be asked about.
        tokens = list(itertools.takewhile(lambda token: token < self._size, tokens))
        for matcher in self._matchers:
            tokens = tokens[: matcher.validate_tokens(tokens)]
        return tokens

    def take(self, token: int) -> None:
        """Go on by ``token``."""
        for matcher in self._matchers:
            matcher.consume_token(token)

    def take_forced(self, limit: int) -> list[int]:
        """Go on by the tokens that must follow, ``limit`` of them at most, and return them: they need not be chosen."""
        forced: list[int] = [] if self.complete else self._matchers[0].compute_ff_tokens()[:limit]
        for guard in self._matchers[1:]:
            forced = forced[: guard.validate_tokens(forced)]
        for matcher in self._matchers:
            matcher.consume_tokens(forced)
        return forced

    def copy(self) -> Constraint:
        """Return an independent constraint at the same place."""
        matchers = [matcher.deep_copy() for matcher in self._matchers]
        return Constraint(self._slot, matchers, size=self._size)

    @property
    def complete(self) -> bool:
        """Whether the constraint is met and nothing may follow."""
        return any(matcher.is_stopped() for matcher in self._matchers)


def _where(slot: Slot) -> str:
    """Return what a complaint is about: the slot, and what its text was to be held to."""
    names = ("regex", "grammar", "schema", "choices")
    what = next((f"{name} {getattr(slot, name)!r:.80}" for name in names if getattr(slot, name)), "")
    return f"slot {slot.name!r}: its {what}" if what else f"slot {slot.name!r}: what is asked of it"
