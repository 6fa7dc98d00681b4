"""Choosing the next token: pure functions of logits, options and noise.

They are computed with numpy on the CPU: for one row of numbers that takes less time than torch needs to begin.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dalle_kit.engine.logits import Logits, as_array, as_tensor
from dalle_kit.errors import ModelError
from dalle_kit.records import GenerationOptions

if TYPE_CHECKING:
    from dalle_kit.engine.constraints import Constraint

Numbers = NDArray[np.float32]

_MIX = 0x9E3779B97F4A7C15
_MASK = 2**64 - 1

#: Bounds of the uniform numbers that noise is made of.
_LEAST, _MOST = 1e-20, 1.0 - 1e-7

#: A temperature below this draws nothing but the likeliest token, and makes numbers that are too large to compute with.
_COLD = 1e-3

#: Which tokens are taken for the likeliest, in nats, and for the rounding of a bound on uniform numbers.
_NEAR, _SLACK = 6.0, 1e-6


class _Fetched:
    """Logits (N, V) as an array: those on another device than the CPU are fetched at once, when first asked for."""

    def __init__(self, logits: Logits) -> None:
        self._logits = logits

    @cached_property
    def numbers(self) -> Numbers:
        """All of them."""
        numbers = as_array(self._logits)
        return as_tensor(self._logits).cpu().numpy() if numbers is None else numbers


class Scores:
    """The logits (N, V) of some places, float32, and of each place the likeliest token, computed for all at once."""

    __slots__ = ("_fetched", "_highest", "_normalisers", "_start", "best", "logits")

    def __init__(self, logits: Logits) -> None:
        self.logits = logits
        self._fetched, self._start = _Fetched(logits), 0
        self.best: list[int]
        self._highest: list[float]
        self._normalisers: list[float]
        numbers = as_array(logits)
        if numbers is not None:
            best = numbers.argmax(-1)
            highest = numbers[np.arange(len(best)), best]
            with np.errstate(invalid="ignore"):  # what is no number is told where somebody wants it
                powers = numbers - highest[:, None]
            np.exp(powers, out=powers)
            self.best, self._highest = best.tolist(), highest.tolist()
            self._normalisers = (highest + np.log(powers.sum(-1))).tolist()
        else:
            import torch

            values, tokens = as_tensor(logits).max(-1)
            # Fetched as one: each time costs as much as computing this. A float32 holds the numbers of all tokens.
            figures = torch.stack((tokens.float(), values, as_tensor(logits).logsumexp(-1)))
            best, self._highest, self._normalisers = figures.tolist()
            self.best = [int(token) for token in best]

    def part(self, start: int, end: int) -> Scores:
        """Return the scores of the places from ``start`` until before ``end``."""
        if end - start == len(self.best):
            return self
        part = Scores.__new__(Scores)
        part.logits, part.best = self.logits[start:end], self.best[start:end]
        part._fetched, part._start = self._fetched, self._start + start
        part._highest, part._normalisers = self._highest[start:end], self._normalisers[start:end]
        return part

    def numbers(self, place: int) -> Numbers:
        """Return the logits (V,) of a place, not to be written to."""
        row: Numbers = self._fetched.numbers[self._start + place]
        return row

    def check(self, place: int) -> None:
        """Raise ModelError for a place whose logits are no numbers, or without end."""
        if not math.isfinite(self._highest[place]):
            raise ModelError(
                f"the model computes {self._highest[place]} where it should say how likely its next token is: its "
                "weights are damaged, or its steering is too strong; steer it less, or remove it, so that its next use "
                "makes it anew (dalle-kit models remove)"
            )

    def log_likelihood(self, place: int, token: int) -> float:
        """Return the log-likelihood of a token at a place, in nats; raises ModelError as ``check`` does."""
        self.check(place)
        logit = self._highest[place] if token == self.best[place] else float(self.numbers(place)[token])
        return logit - self._normalisers[place]


def noise(seed: int, position: int, size: int) -> Numbers:
    """Return standard Gumbel noise (size,), fixed by ``seed`` and ``position`` alone.

    Being keyed by position, not drawn from a running stream, the noise of a token depends neither on what else is in
    the batch nor on how many tokens were tried before.
    """
    return _gumbel(_uniform(seed, position, size))


def _uniform(seed: int, position: int, size: int) -> Numbers:
    return np.random.Generator(np.random.SFC64(_mixed(seed, position))).random(size, dtype=np.float32)


def _gumbel(uniform: Numbers) -> Numbers:
    noise: Numbers = -np.log(-np.log(uniform.clip(_LEAST, _MOST)))
    return noise


def choose(
    scores: Scores,
    place: int,
    options: GenerationOptions,
    *,
    constraint: Constraint | None = None,
    seen: Sequence[int] = (),
    position: int = 0,
) -> int | None:
    """Return the next token of a place, None where the constraint allows none; raises ModelError as ``check`` does.

    The constraint, the penalty for the tokens ``seen``, temperature, top-k, top-p and min-p apply in this order, the
    latter as in transformers. The sample is the maximum of log-probability plus Gumbel noise (Maddison et al., 2014),
    which makes it a function of (seed, position).
    """
    scores.check(place)
    penalty, greedy = options.repetition_penalty, options.temperature == 0.0
    if greedy and penalty == 1.0:
        # The likeliest of all is the likeliest of those allowed, if it is one of them.
        best = scores.best[place]
        if constraint is None or constraint.allows(best):
            return best
    logits = scores.numbers(place)
    if penalty != 1.0 and seen:
        logits = penalise(logits, seen, penalty)
    if constraint is not None:
        # The same goes for a sample, unless it depends on the other tokens which are likely enough.
        is_cut = not greedy and (options.top_k > 0 or options.top_p < 1.0 or options.min_p > 0.0)
        if not is_cut and constraint.allows(token := pick(logits, options, position=position)):
            return token
        mask = constraint.mask(len(logits))
        if mask is None:
            return None
        logits = np.where(mask, logits, np.float32(-np.inf))
    return pick(logits, options, position=position)


def pick(logits: Numbers, options: GenerationOptions, *, position: int) -> int:
    """Return the likeliest token by ``logits`` (V,), or one drawn at the temperature of the options."""
    if options.temperature < _COLD:
        return int(logits.argmax())
    logits = logits / np.float32(options.temperature)
    logits = keep_likely(logits, top_k=options.top_k, top_p=options.top_p, min_p=options.min_p)
    uniform = _uniform(options.seed, position, len(logits))
    # Only noise that is large enough can lift a token that is not among the likeliest above them.
    highest = float(logits.max())
    tokens = np.flatnonzero(logits > highest - _NEAR)
    lifted = float((logits[tokens] + _gumbel(uniform[tokens])).max()) - highest + _NEAR
    tokens = np.union1d(tokens, np.flatnonzero(uniform > math.exp(-math.exp(-lifted)) - _SLACK))
    return int(tokens[(logits[tokens] + _gumbel(uniform[tokens])).argmax()])


def penalise(logits: Numbers, seen: Sequence[int], penalty: float) -> Numbers:
    """Make the tokens ``seen`` less likely in ``logits`` (V,): Keskar et al., 2019 (CTRL)."""
    tokens = np.array(seen)
    scores, result = logits[tokens], logits.copy()
    result[tokens] = np.where(scores > 0, scores / np.float32(penalty), scores * np.float32(penalty))
    return result


def keep_likely(logits: Numbers, *, top_k: int, top_p: float, min_p: float) -> Numbers:
    """Set all but the likely tokens of ``logits`` (V,) to minus infinity; at least one is kept."""
    size, never = len(logits), np.float32(-np.inf)
    if 0 < top_k < size:
        logits = np.where(logits < np.partition(logits, size - top_k)[size - top_k], never, logits)
    if top_p < 1.0:
        probabilities = np.exp(logits - logits.max())
        probabilities /= probabilities.sum()
        # All tokens with less than this together have less than what is to be left out: the others suffice.
        tokens = np.flatnonzero(probabilities >= (1.0 - top_p) / (2 * size))
        tokens = tokens[np.argsort(-probabilities[tokens], kind="stable")]
        before = probabilities[tokens].cumsum(dtype=np.float64) - probabilities[tokens]
        kept = np.full_like(logits, never)
        tokens = tokens[before < top_p]
        kept[tokens] = logits[tokens]
        logits = kept
    if min_p > 0.0:
        logits = np.where(logits < logits.max() + np.float32(np.log(min_p)), never, logits)
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
