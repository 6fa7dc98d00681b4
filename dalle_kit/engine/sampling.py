"""Choosing the next token: pure functions of logits, options and noise."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy
import torch
from torch import Tensor

from dalle_kit.records import GenerationOptions

if TYPE_CHECKING:
    from dalle_kit.engine.constraints import Constraint

_MIX = 0x9E3779B97F4A7C15
_MASK = 2**64 - 1


class Scores:
    """The logits (N, V) of some places, float32, and of each place the likeliest token, computed for all at once."""

    def __init__(self, logits: Tensor) -> None:
        self.logits = logits
        if logits.device.type == "cpu":
            # Measured: numpy takes less time to begin.
            numbers = logits.numpy()
            places = numpy.arange(len(numbers))
            best = numbers.argmax(-1)
            highest = numbers[places, best]
            rest = numpy.exp(numbers - highest[:, None]).sum(-1)
            self.best: list[int] = best.tolist()
            self._highest: list[float] = highest.tolist()
            self._normalisers: list[float] = (highest + numpy.log(rest)).tolist()
        else:
            values, tokens = logits.max(-1)
            self.best = tokens.tolist()
            self._highest, self._normalisers = torch.stack((values, logits.logsumexp(-1))).tolist()

    def part(self, start: int, end: int) -> Scores:
        """Return the scores of the places from ``start`` until before ``end``."""
        part = copy.copy(self)
        part.logits, part.best = self.logits[start:end], self.best[start:end]
        part._highest, part._normalisers = self._highest[start:end], self._normalisers[start:end]
        return part

    def log_likelihood(self, place: int, token: int) -> float:
        """Return the log-likelihood of a token at a place, in nats."""
        logit = self._highest[place] if token == self.best[place] else float(self.logits[place, token])
        return logit - self._normalisers[place]


def noise(seed: int, position: int, size: int) -> Tensor:
    """Return standard Gumbel noise (size,), float32 on the CPU, fixed by ``seed`` and ``position`` alone.

    Being keyed by position, not drawn from a running stream, the noise of a token depends neither on what else is in
    the batch nor on how many tokens were tried before.
    """
    generator = torch.Generator().manual_seed(_mixed(seed, position))
    uniform = torch.rand(size, generator=generator)
    return -torch.log(-torch.log(uniform.clamp(1e-20, 1.0 - 1e-7)))


def choose(
    scores: Scores,
    place: int,
    options: GenerationOptions,
    *,
    constraint: Constraint | None = None,
    seen: Sequence[int] = (),
    position: int = 0,
) -> int | None:
    """Return the next token of a place, None where the constraint allows none.

    The constraint, the penalty for the tokens ``seen``, temperature, top-k, top-p and min-p apply in this order, the
    latter as in transformers. The sample is the maximum of log-probability plus Gumbel noise (Maddison et al., 2014),
    which makes it a function of (seed, position).
    """
    penalty, greedy = options.repetition_penalty, options.temperature == 0.0
    if greedy and penalty == 1.0:
        # The likeliest of all is the likeliest of those allowed, if it is one of them.
        best = scores.best[place]
        if constraint is None or constraint.allows(best):
            return best
    logits = scores.logits[place]
    if constraint is not None:
        allowed = constraint.allow(logits)
        if allowed is None:
            return None
        logits = allowed
    if penalty != 1.0 and seen:
        logits = penalise(logits, torch.tensor(seen, device=logits.device), penalty)
    if greedy:
        return int(logits.argmax())
    return sample(logits, options, position=position)


def sample(logits: Tensor, options: GenerationOptions, *, position: int) -> int:
    """Draw a token by ``logits`` (V,), float32, at the temperature and among the tokens of the options."""
    logits = keep_likely(logits / options.temperature, top_k=options.top_k, top_p=options.top_p, min_p=options.min_p)
    return int((logits + noise(options.seed, position, logits.shape[0]).to(logits.device)).argmax())


def penalise(logits: Tensor, seen: Tensor, penalty: float) -> Tensor:
    """Make the tokens ``seen`` (N,) less likely in ``logits`` (V,): Keskar et al., 2019 (CTRL)."""
    scores = logits[seen]
    return logits.index_put((seen,), torch.where(scores > 0, scores / penalty, scores * penalty))


def keep_likely(logits: Tensor, *, top_k: int, top_p: float, min_p: float) -> Tensor:
    """Set all but the likely tokens of ``logits`` (V,) to minus infinity; at least one is kept."""
    if 0 < top_k < logits.shape[0]:
        logits = logits.masked_fill(logits < logits.topk(top_k).values[-1], -torch.inf)
    if top_p < 1.0:
        ordered, order = logits.sort(descending=True)
        probabilities = ordered.softmax(0)
        beyond = probabilities.cumsum(0) - probabilities >= top_p
        logits = logits.masked_fill(torch.zeros_like(beyond).scatter(0, order, beyond), -torch.inf)
    if min_p > 0.0:
        logits = logits.masked_fill(logits < logits.max() + torch.log(torch.tensor(min_p)), -torch.inf)
    return logits


def candidate_seed(seed: int, index: int) -> int:
    """Return the seed of the candidate ``index``; the first has the user's own."""
    return seed if index == 0 else _mixed(seed, -index) >> 1


def _mixed(seed: int, position: int) -> int:
    """Mix two integers into 64 bits (the finaliser of SplitMix64)."""
    value = (seed * _MIX + position * 0xD1B54A32D192ED03 + _MIX) & _MASK
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _MASK
    return value ^ (value >> 31)
