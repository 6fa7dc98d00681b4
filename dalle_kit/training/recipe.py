"""How a model is trained: the settings of a run, and what differs between two of them. Needs no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from dalle_kit.errors import OptionError

Learn = Literal["lora", "full", "bridge"]
Precision = Literal["auto", "float32", "bfloat16"]

#: Highest learning rates that suit what is learned: few new numbers may move faster than all the old ones.
RATES: Mapping[Learn, float] = {"lora": 6e-4, "full": 5e-5, "bridge": 1e-3}
RATE_FROM_SCRATCH = 1e-3


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a model is trained; two runs with one recipe on the same texts take the same steps.

    learn           ``lora`` (matrices of a rank beside each linear layer: Hu et al., 2021), ``full`` (every weight) or
                    ``bridge`` (resampler, projection and gate of an encoder-decoder)
    rate, warmup    the highest learning rate, and the steps to reach it; then it falls along a cosine to a tenth
    passes          how often each text is seen
    batch           texts that are computed together by a process; ``accumulate`` such batches of each process make
                    a step
    longest         tokens of a text with its prompt: longer ones are left out, they would make whole batches slow
    precision       what is multiplied in: ``auto`` is bfloat16 where the processor multiplies that faster
    evaluations     how often the loss on held-out texts is measured on the way
    patience        the run ends after so many of these in a row without a better one, and the best weights are kept
    """

    learn: Learn = "lora"
    rank: int = 16
    alpha: int = 32
    rate: float = 6e-4
    warmup: int = 30
    passes: float = 2.0
    batch: int = 8
    accumulate: int = 1
    longest: int = 420
    precision: Precision = "auto"
    evaluations: int = 10
    patience: int = 3
    seed: int = 0

    def __post_init__(self) -> None:
        if self.learn not in get_args(Learn):
            raise OptionError("learn", self.learn, ", ".join(get_args(Learn)))
        if self.precision not in get_args(Precision):
            raise OptionError("precision", self.precision, ", ".join(get_args(Precision)))
        for name in ("rank", "alpha", "batch", "accumulate", "longest", "evaluations", "patience"):
            if getattr(self, name) < 1:
                raise OptionError(name, getattr(self, name), "a whole number from 1 on")
        for name in ("rate", "passes"):
            if not 0 < getattr(self, name) < float("inf"):
                raise OptionError(name, getattr(self, name), "a number above 0")


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return what differs between the settings of two runs, one line each: ``rate was 0.001, is 0.01``."""
    names = sorted(before.keys() | now.keys())
    return [
        f"{name} was {before.get(name, 'not set')}, is {now.get(name, 'not set')}"
        for name in names
        if before.get(name) != now.get(name)
    ]
