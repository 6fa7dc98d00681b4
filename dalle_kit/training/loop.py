"""The loop of training: it can be stopped at any step, by whatever, and goes on where its last checkpoint was.

Several processes, started by ``accelerate launch`` or ``torchrun``, each compute their share of every step.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from dalle_kit.errors import ModelError
from dalle_kit.training.checkpoint import Checkpoint, History
from dalle_kit.training.learner import Learner, collate
from dalle_kit.training.pairs import Pair, batches
from dalle_kit.training.recipe import Recipe

#: A step's batches, one after the other; the processes take turns.
Batches = list[list[Pair]]


@dataclass(frozen=True, slots=True)
class Step:
    """What a step did: its loss in nats per token, the tokens learned so far, and how long the rest will take.

    ``speed`` is in tokens a second, ``left`` in seconds; ``held_out`` is the loss on held-out texts where it was
    measured after this step.
    """

    number: int
    of: int
    loss: float
    tokens: int
    speed: float
    left: float
    held_out: float | None = None


class Training:
    """A run: a learner, what it learns from, and where its state is kept.

    ``accelerator`` is one of accelerate; ``save_every`` is in seconds.
    """

    def __init__(
        self,
        learner: Learner,
        pairs: Sequence[Pair],
        held_out: Sequence[Pair],
        recipe: Recipe,
        *,
        accelerator: Any,
        checkpoint: Checkpoint,
        save_every: float,
    ) -> None:
        self._learner, self._held_out, self._recipe = learner, list(held_out), recipe
        self._accelerator, self._checkpoint, self._save_every = accelerator, checkpoint, save_every
        self._plan = plan(pairs, recipe, processes=accelerator.num_processes)
        self._model = accelerator.prepare_model(learner)
        self._learned = learner.learned()
        self._optimiser = torch.optim.AdamW(self._learned.values(), lr=recipe.rate, betas=(0.9, 0.99), weight_decay=0.0)
        self._every = max(1, len(self._plan) // recipe.evaluations)

    def run(self, report: Callable[[Step], None]) -> History:
        """Train, from the checkpoint on if there is one, and leave the best weights in the learner.

        ``report`` hears of each step. Raises ModelError where the loss is no number; OptionError for a checkpoint of
        another run; DiskSpaceError and OutputError where a checkpoint cannot be written. The last one is kept.
        """
        history = self._checkpoint.load(self._learned, self._optimiser)
        before = history.steps[-1] if history.steps else (0, 0.0, 0, 0.0)
        saved, spent = time.perf_counter(), 0.0
        if not history.held_out:
            self._measure(history)
        while len(history.steps) < len(self._plan) and not history.is_done(self._recipe.patience):
            number, begun = len(history.steps), time.perf_counter()
            loss = self._step(number)
            tokens = (history.steps[-1][2] if history.steps else 0) + _tokens(self._plan[number])
            spent += time.perf_counter() - begun
            history.steps.append((number + 1, loss, tokens, before[3] + spent))
            last = number + 1 == len(self._plan)
            measured = self._measure(history) if last or (number + 1) % self._every == 0 else None
            speed = (tokens - before[2]) / spent
            left = sum(map(_tokens, self._plan[number + 1 :])) / speed
            report(Step(number + 1, len(self._plan), loss, tokens, speed, left, measured))
            if last or time.perf_counter() - saved >= self._save_every:
                self._save(history)
                saved = time.perf_counter()
        self._on_disk(lambda: self._checkpoint.load_best(self._learned))
        return history

    def _step(self, number: int) -> float:
        """Take one step; return its loss in nats per token, the mean over all processes."""
        processes, place = self._accelerator.num_processes, self._accelerator.process_index
        parts = self._plan[number]
        targets = sum(len(pair.target) for part in parts for pair in part)
        # What is random (dropout) depends on the step alone, so that a run that goes on does what it would have done.
        torch.manual_seed(hash((self._recipe.seed, number, place)))
        for group in self._optimiser.param_groups:
            group["lr"] = self._recipe.rate * share_of_rate(number, len(self._plan), self._recipe.warmup)
        total = torch.zeros((), device=self._accelerator.device)
        shares = list(_shares(parts, processes, place))
        for turn, (part, weight) in enumerate(shares):
            together = nullcontext() if turn + 1 == len(shares) else self._accelerator.no_sync(self._model)
            with together:
                nats = weight * self._model(**collate(part, device=self._accelerator.device))
                # Processes' gradients are averaged, and a step's loss is the mean over the tokens of all.
                self._accelerator.backward(nats * processes / targets)
            total += nats.detach()
        loss = float(self._accelerator.reduce(total, "sum")) / targets
        norm = torch.nn.utils.clip_grad_norm_(self._learned.values(), 1.0)
        if not (math.isfinite(loss) and bool(torch.isfinite(norm))):
            self._refuse(number, loss)
        self._optimiser.step()
        self._optimiser.zero_grad()
        return loss

    def _refuse(self, number: int, loss: float) -> None:
        what = f"its loss is {loss}" if not math.isfinite(loss) else "its gradient is no number"
        kept = self._checkpoint.step
        raise ModelError(
            f"step {number + 1} went wrong ({what}); "
            f"{f'the checkpoint of step {kept} is kept' if kept is not None else 'there is no checkpoint yet'}: "
            f"begin anew with a lower --rate than {self._recipe.rate:g}, or with --precision float32"
        )

    def _measure(self, history: History) -> float | None:
        """Measure the loss on held-out texts, note it, and keep the weights if it is the best so far."""
        if not self._held_out:
            return None
        loss = self.held_out_loss()
        best = history.best
        history.held_out.append((len(history.steps), loss))
        if best is None or loss < best[1]:
            self._on_disk(lambda: self._checkpoint.keep_best(self._learned))
        return loss

    @torch.inference_mode()
    def held_out_loss(self) -> float:
        """Return the mean loss in nats per token on the held-out texts."""
        total = torch.zeros((), device=self._accelerator.device, dtype=torch.float64)
        parts = batches(self._held_out, size=self._recipe.batch, seed=0)
        mode = self._learner.network.training
        self._learner.eval()
        for part in parts[self._accelerator.process_index :: self._accelerator.num_processes]:
            total += self._learner(**collate(part, device=self._accelerator.device))
        self._learner.network.train(mode)
        return float(self._accelerator.reduce(total, "sum")) / sum(len(pair.target) for pair in self._held_out)

    def _save(self, history: History) -> None:
        self._on_disk(lambda: self._checkpoint.save(self._learned, self._optimiser, history))

    def _on_disk(self, write: Callable[[], None]) -> None:
        """Write in one process only: all have the same weights."""
        if self._accelerator.is_main_process:
            write()


def plan(pairs: Sequence[Pair], recipe: Recipe, *, processes: int = 1) -> list[Batches]:
    """Return the batches of each step; the last one may have fewer."""
    whole = [
        batch
        for number in range(math.ceil(recipe.passes))
        for batch in batches(pairs, size=recipe.batch, seed=recipe.seed + number)
    ]
    kept = whole[: math.ceil(len(whole) * recipe.passes / math.ceil(recipe.passes))]
    size = recipe.accumulate * processes
    return [kept[start : start + size] for start in range(0, len(kept), size)]


def share_of_rate(step: int, steps: int, warmup: int) -> float:
    """Return the share of the learning rate: up in a line, a fifth of the run at most, down a cosine to a tenth."""
    warmup = min(warmup, max(1, steps // 5))
    if step < warmup:
        return (step + 1) / warmup
    progress = (step - warmup) / max(1, steps - warmup)
    return 0.1 + 0.45 * (1 + math.cos(math.pi * progress))


def _shares(parts: Batches, processes: int, place: int) -> Iterator[tuple[list[Pair], float]]:
    """Yield a process's batches of a step, each with its weight.

    Processes wait for each other at each of them, so all have as many: one that lacks a batch computes the first, for
    nothing.
    """
    for start in range(0, len(parts), processes):
        here = start + place
        yield (parts[here], 1.0) if here < len(parts) else (parts[0], 0.0)


def _tokens(parts: Batches) -> int:
    return sum(len(pair) for part in parts for pair in part)


def tensors_of(learner: Learner) -> dict[str, Tensor]:
    """Return copies of what a learner has learned, by name."""
    return {name: parameter.detach().cpu().clone() for name, parameter in learner.learned().items()}
