"""How fast an adapter is trained: ours beside a plain loop of peft and transformers in float32, in one run.

python benchmarks/training.py [--steps 12] [--rounds 3] [--profile]

LoRA of rank 16 on all linear layers of SmolLM2-135M, batches of 8 texts grouped by length, the e-mails of the training
corpus. The loops take turns, on the same batches; seconds of a core say how they compare on a machine that others use,
too. That they learn the same is shown as well: the loss after the same
steps, and how the gradient of the first batch lies to that of the plain loop.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from dalle_kit.engine.threads import wait_politely

wait_politely()

import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402
from common import machine, spread, table  # noqa: E402
from torch import Tensor  # noqa: E402

from dalle_kit import Kit  # noqa: E402
from dalle_kit.training.learner import collate, prepare  # noqa: E402
from dalle_kit.training.networks import causal_origin, read_causal  # noqa: E402
from dalle_kit.training.pairs import Pair, batches, make_pairs  # noqa: E402
from dalle_kit.training.recipe import Recipe  # noqa: E402
from dalle_kit.training.run import choose_precision  # noqa: E402
from dalle_kit.training.sources import Samples, corpus_samples  # noqa: E402

_RECIPE = Recipe(rank=16, alpha=32)
_TEXTS = 512

#: Returns the summed loss of a batch, in nats; the gradient is left in the parameters.
Loss = Callable[[Sequence[Pair]], Tensor]


@dataclass
class Loop:
    """A way to train, with what was measured of it."""

    name: str
    learned: dict[str, Tensor]
    loss: Loss
    speeds: list[float] = field(default_factory=list)
    efforts: list[float] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._optimiser = torch.optim.AdamW(self.learned.values(), lr=_RECIPE.rate, weight_decay=0.0)

    def run(self, steps: Sequence[Sequence[Pair]]) -> None:
        """Take steps; note tokens a second, and a second of a core, and the losses in nats per token."""
        begun, worked = time.perf_counter(), time.process_time()
        for batch in steps:
            self.losses.append(float(self.step(batch)))
            self._optimiser.step()
            self._optimiser.zero_grad()
        tokens = sum(len(pair) for batch in steps for pair in batch)
        self.speeds.append(tokens / (time.perf_counter() - begun))
        self.efforts.append(tokens / (time.process_time() - worked))

    def step(self, batch: Sequence[Pair]) -> Tensor:
        """Compute the mean loss of a batch and its gradient."""
        loss = self.loss(batch) / sum(len(pair.target) for pair in batch)
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(self.learned.values(), 1.0)
        return loss.detach()

    def gradient(self, batch: Sequence[Pair]) -> Tensor:
        """Return the gradient of a batch as one vector, in the order of the parameters' names."""
        self.step(batch)
        found = torch.cat([(self.learned[name].grad).flatten().double() for name in sorted(self.learned)])  # type: ignore[union-attr]
        self._optimiser.zero_grad()
        return found


def plain(folder: Path) -> Loop:
    """Return the loop that peft's and transformers' documentation shows, in float32."""
    import peft

    torch.manual_seed(0)
    layers = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    settings = peft.LoraConfig(r=_RECIPE.rank, lora_alpha=_RECIPE.alpha, target_modules=layers, task_type="CAUSAL_LM")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # peft's, of transformers
        model: Any = peft.get_peft_model(read_causal(folder), settings).train()

    def loss(batch: Sequence[Pair]) -> Tensor:
        parts = collate(batch, device=torch.device("cpu"))
        tokens = parts["tokens"]  # (B, T)
        mask = torch.arange(tokens.shape[1]) < torch.tensor([len(pair) for pair in batch])[:, None]
        labels = tokens.masked_fill(~parts["learned"], -100)
        logits = model(input_ids=tokens, attention_mask=mask.long()).logits  # (B, T, V)
        return F.cross_entropy(logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten(), reduction="sum")

    named = {name.removeprefix("base_model.model."): each for name, each in model.named_parameters()}
    return Loop("peft and transformers, float32", _learned(named), loss)


def ours(folder: Path, dtype: str) -> Loop:
    """Return the loop of ``dalle-kit train``."""
    torch.manual_seed(0)
    learner = prepare(read_causal(folder), _RECIPE, dtype=getattr(torch, dtype))

    def loss(batch: Sequence[Pair]) -> Tensor:
        nats: Tensor = learner(**collate(batch, device=torch.device("cpu")))
        return nats

    return Loop(f"dalle-kit train, {dtype}", _learned(learner.learned()), loss)


def _learned(named: dict[str, Any]) -> dict[str, Tensor]:
    return {name: each for name, each in named.items() if each.requires_grad}


def texts(folder: Path) -> list[list[Pair]]:
    """Return batches of the training corpus's e-mails, as a run has them."""
    kit, origin = Kit(), causal_origin("smollm2-135m", folder, None)
    samples = corpus_samples(kit, "email", "train", Samples(), seed=0, limit=_TEXTS)
    pairs = list(make_pairs(samples, origin.tokenizer, end=origin.end, longest=_RECIPE.longest))
    return batches(pairs, size=_RECIPE.batch, seed=0)


def copy_beginning(source: Loop, to: Loop) -> None:
    """Have two loops begin with the same adapter."""
    with torch.no_grad():
        for name, parameter in to.learned.items():
            parameter.copy_(source.learned[name])


def profile(loop: Loop, batch: Sequence[Pair]) -> str:
    """Return which operations a step spends its time in."""
    loop.step(batch)
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profiler:
        loop.step(batch)
    averages = profiler.key_averages()
    whole = sum(each.self_cpu_time_total for each in averages)
    top = sorted(averages, key=lambda each: -each.self_cpu_time_total)[:16]
    rows = [
        [
            f"`{each.key}`",
            str(each.count),
            f"{each.self_cpu_time_total / 1e3:.0f}",
            f"{each.self_cpu_time_total / whole:.0%}",
        ]
        for each in top
    ]
    return f"{loop.name}, a step of {sum(map(len, batch))} tokens\n\n" + table(["operation", "calls", "ms", ""], rows)


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=12, help="steps of each loop in a round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--profile", action="store_true", help="say what a step of each loop spends its time in")
    given = parser.parse_args()
    folder = Path(Kit().registry.ensure("smollm2-135m").path)
    steps = texts(folder)
    quick = choose_precision("auto", device="cpu")
    loops = [plain(folder), ours(folder, "float32"), *([ours(folder, quick)] if quick != "float32" else [])]
    with torch.no_grad():
        # LoRA begins with a B of zeros, beside which A has no gradient to compare.
        for name in (each for each in loops[0].learned if ".lora_B." in each):
            loops[0].learned[name].normal_(std=0.01)
    for loop in loops[1:]:
        copy_beginning(loops[0], loop)
    gradients = [loop.gradient(steps[0]) for loop in loops]
    if given.profile:
        print("\n\n".join(profile(loop, steps[0]) for loop in loops), "\n")
        for loop in loops:
            for parameter in loop.learned.values():
                parameter.grad = None
    source = iter(steps * 100)
    for number in range(given.rounds):
        taken = list(islice(source, given.steps))
        for loop in loops:
            loop.run(taken)
            print(f"round {number + 1}, {loop.name}: {loop.speeds[-1]:.0f} tokens/s", file=sys.stderr)
    slowest = [statistics.median(each) for each in (loops[0].speeds, loops[0].efforts)]
    rows = [
        [
            loop.name,
            spread(loop.speeds, digits=0),
            f"{statistics.median(loop.speeds) / slowest[0]:.2f}",
            spread(loop.efforts, digits=0),
            f"{statistics.median(loop.efforts) / slowest[1]:.2f}",
            f"{statistics.fmean(loop.losses[-given.steps :]):.4f}",
            f"{float(F.cosine_similarity(gradient, gradients[0], dim=0)):.6f}",
        ]
        for loop, gradient in zip(loops, gradients, strict=True)
    ]
    head = [
        "loop",
        "tokens/s",
        "times",
        "tokens a core-second",
        "times",
        "loss of the last round",
        "cosine of gradients",
    ]
    print(table(head, rows))
    print(f"\n{machine()}; {torch.get_num_threads()} threads, {given.rounds} rounds of {given.steps} steps")


if __name__ == "__main__":
    main()
