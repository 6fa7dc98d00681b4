"""Holding what is generated to a regular expression, token by token, with llguidance."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import llguidance
import numpy
import torch
from torch import Tensor

from dalle_kit.engine.tokenization import Tokenizer
from dalle_kit.errors import ModelError, TemplateError


class Constraints:
    """Makes constraints for the vocabulary of one tokenizer."""

    def __init__(self, tokenizer: Tokenizer, ends: Iterable[int]) -> None:
        self._end = min(ends)
        try:
            self._vocabulary = llguidance.LLTokenizer(tokenizer.as_json(), tokenizer.size, self._end)
        except Exception as error:  # the library raises bare Exception
            raise ModelError(
                "the model's tokenizer cannot be held to a pattern, only byte-level ones can; choose another model, or "
                "a template without patterns"
            ) from error

    def start(self, regex: str) -> Constraint:
        """Return a fresh constraint; raises TemplateError for an expression that cannot be used."""
        grammar = llguidance.LLMatcher.grammar_from_regex(regex)
        matcher = llguidance.LLMatcher(self._vocabulary, grammar, log_level=0)
        if matcher.is_error():
            reason = matcher.get_error().strip().splitlines()[0]
            raise TemplateError(f"a slot's regex cannot be used: {reason}, in {regex!r:.80}")
        return Constraint(matcher)


class Constraint:
    """Where a text stands in its pattern."""

    def __init__(self, matcher: Any) -> None:
        self._matcher = matcher

    def allow(self, logits: Tensor) -> Tensor:
        """Return ``logits`` (V,) with minus infinity for every token that would leave the pattern."""
        allowed = numpy.frombuffer(self._matcher.compute_logit_bias(), dtype=numpy.uint8)
        mask = torch.zeros(logits.shape[0], dtype=torch.bool)
        mask[: len(allowed)] = torch.from_numpy(allowed != 0)[: logits.shape[0]]
        return logits.masked_fill(~mask.to(logits.device), -torch.inf)

    def take(self, token: int) -> None:
        """Go on by ``token``."""
        self._matcher.consume_token(token)

    def take_forced(self, limit: int) -> list[int]:
        """Go on by the tokens that must follow, ``limit`` of them at most, and return them: they need not be chosen."""
        forced: list[int] = [] if self.complete else self._matcher.compute_ff_tokens()[:limit]
        self._matcher.consume_tokens(forced)
        return forced

    def copy(self) -> Constraint:
        """Return an independent constraint at the same place."""
        return Constraint(self._matcher.deep_copy())

    @property
    def complete(self) -> bool:
        """Whether the pattern is matched and nothing may follow."""
        return bool(self._matcher.is_stopped())
