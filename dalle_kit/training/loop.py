"""Training a LoRA adapter: one loop that can be stopped at any step and goes on where it was.

Hu et al., 2021 (LoRA). The base model is frozen, in bfloat16 where the processor computes with it; the adapter and the
optimiser are float32.
"""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from dalle_kit.files import write_atomically
from dalle_kit.models.weights import read_weights
from dalle_kit.training.pairs import Pair, batches

_LINEAR = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How an adapter is trained; two runs with one recipe on the same pairs take the same steps."""

    rank: int = 16
    alpha: int = 32
    rate: float = 6e-4
    warmup: int = 30
    passes: float = 2.0
    batch: int = 8
    seed: int = 0
    checkpoint_every: int = 50


@dataclass(frozen=True, slots=True)
class Step:
    """What a step did: its loss in nats per token, and the tokens learned so far."""

    number: int
    of: int
    loss: float
    tokens: int
    seconds: float


def train(
    folder: str, pairs: Sequence[Pair], recipe: Recipe, *, checkpoint: Path, report: Callable[[Step], None]
) -> dict[str, Tensor]:
    """Train an adapter for the model in ``folder`` and return its tensors by PEFT's names.

    The state is written to ``checkpoint`` now and then; if it is there already, the run goes on from it.
    """
    torch.manual_seed(recipe.seed)
    model = _with_adapter(folder, recipe)
    learned = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimiser = torch.optim.AdamW(learned, lr=recipe.rate, betas=(0.9, 0.99), weight_decay=0.0)
    plan = _plan(pairs, recipe)
    start, tokens = _resume(checkpoint, learned, optimiser, recipe)
    begun = time.perf_counter()
    for number in range(start, len(plan)):
        for group in optimiser.param_groups:
            group["lr"] = recipe.rate * _rate(number, len(plan), recipe.warmup)
        loss = _loss(model, plan[number])
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(learned, 1.0)
        optimiser.step()
        optimiser.zero_grad()
        tokens += sum(map(len, plan[number]))
        report(Step(number + 1, len(plan), loss.item(), tokens, time.perf_counter() - begun))
        if (number + 1) % recipe.checkpoint_every == 0 or number + 1 == len(plan):
            _save(checkpoint, learned, optimiser, recipe, number + 1, tokens)
    return tensors_of(model)


def held_out_loss(folder: str, pairs: Sequence[Pair], tensors: dict[str, Tensor] | None, recipe: Recipe) -> float:
    """Return the mean loss in nats per token of pairs that were not trained on, with or without an adapter."""
    model = _with_adapter(folder, recipe)
    if tensors is not None:
        named = dict(model.named_parameters())
        for name, tensor in tensors.items():
            named[_inner(name)].data.copy_(tensor)
    total, count = 0.0, 0
    with torch.inference_mode():
        for batch in batches(pairs, size=recipe.batch, seed=0):
            targets = sum(len(pair.target) for pair in batch)
            total += _loss(model, batch).item() * targets
            count += targets
    return total / count


def tensors_of(model: Any) -> dict[str, Tensor]:
    """Return the adapter's tensors by the names they have in PEFT's files."""
    return {
        name.replace(".default.", "."): parameter.detach().clone()
        for name, parameter in model.named_parameters()
        if parameter.requires_grad
    }


def _inner(name: str) -> str:
    return name.replace(".lora_A.", ".lora_A.default.").replace(".lora_B.", ".lora_B.default.")


def _with_adapter(folder: str, recipe: Recipe) -> Any:
    import peft
    from transformers import MODEL_FOR_CAUSAL_LM_MAPPING, AutoConfig

    config = AutoConfig.from_pretrained(folder)
    # Read by us: transformers knows no packed weights.
    weights = dict(read_weights(Path(folder)))
    base = MODEL_FOR_CAUSAL_LM_MAPPING[type(config)].from_pretrained(
        None, config=config, state_dict=weights, dtype=torch.bfloat16, attn_implementation="eager"
    )
    settings = peft.LoraConfig(
        r=recipe.rank, lora_alpha=recipe.alpha, target_modules=_LINEAR, lora_dropout=0.0, bias="none"
    )
    with warnings.catch_warnings():
        # peft asks a model by a name that transformers has begun to give up.
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing`", FutureWarning)
        model = peft.get_peft_model(base, settings)
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.float()
    return model.train()


def _loss(model: Any, batch: Sequence[Pair]) -> Tensor:
    """Return the mean over the batch's target tokens of their negative log-likelihood, in nats."""
    width = max(map(len, batch))
    tokens = torch.zeros(len(batch), width, dtype=torch.long)  # (B, T)
    learned = torch.zeros(len(batch), width, dtype=torch.bool)  # (B, T)
    for row, pair in enumerate(batch):
        tokens[row, : len(pair)] = torch.tensor([*pair.given, *pair.target])
        learned[row, len(pair.given) : len(pair)] = True
    causal = model.get_base_model()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        hidden = causal.model(input_ids=tokens, use_cache=False).last_hidden_state
        # The head is a fifth of the work: only what is learned goes through it.
        logits = causal.lm_head(hidden[:, :-1][learned[:, 1:]])  # (N, V)
    return F.cross_entropy(logits.float(), tokens[learned])


def _plan(pairs: Sequence[Pair], recipe: Recipe) -> list[list[Pair]]:
    whole = [
        batch
        for number in range(math.ceil(recipe.passes))
        for batch in batches(pairs, size=recipe.batch, seed=recipe.seed + number)
    ]
    return whole[: math.ceil(len(whole) * recipe.passes / math.ceil(recipe.passes))]


def _rate(step: int, steps: int, warmup: int) -> float:
    """Return the share of the learning rate: up in a line, down along a cosine to a tenth."""
    if step < warmup:
        return (step + 1) / warmup
    progress = (step - warmup) / max(1, steps - warmup)
    return 0.1 + 0.45 * (1 + math.cos(math.pi * progress))


def _save(
    file: Path, learned: list[Tensor], optimiser: torch.optim.Optimizer, recipe: Recipe, step: int, tokens: int
) -> None:
    import io

    state = {
        "recipe": asdict(recipe),
        "step": step,
        "tokens": tokens,
        "learned": [tensor.detach() for tensor in learned],
        "optimiser": optimiser.state_dict(),
    }
    data = io.BytesIO()
    torch.save(state, data)
    write_atomically(file, data.getvalue(), force=True)


def _resume(file: Path, learned: list[Tensor], optimiser: torch.optim.Optimizer, recipe: Recipe) -> tuple[int, int]:
    """Return the step to go on with and the tokens learned so far."""
    if not file.exists():
        return 0, 0
    state = torch.load(file, weights_only=True)
    if state["recipe"] != asdict(recipe):
        from dalle_kit.errors import OptionError

        raise OptionError("resume", str(file), "a checkpoint of the same recipe; remove it to begin anew")
    for tensor, kept in zip(learned, state["learned"], strict=True):
        tensor.data.copy_(kept)
    optimiser.load_state_dict(state["optimiser"])
    return int(state["step"]), int(state["tokens"])
