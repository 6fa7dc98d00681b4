"""From the domains' corpora to an adapter's folder: the whole of ``dalle-kit train``."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from torch import Tensor

from dalle_kit.engine.tokenization import Tokenizer
from dalle_kit.errors import ModelError, RequestError
from dalle_kit.files import write_atomically
from dalle_kit.kit import Kit
from dalle_kit.models.adapters import save_adapter
from dalle_kit.models.spec import Progress, silent
from dalle_kit.training.loop import Recipe, Step, held_out_loss, train
from dalle_kit.training.pairs import Pair, make_pairs

#: Longer pairs are left out: they would make whole batches slow.
_LONGEST = 420
#: Pairs of each domain's development texts that the loss is measured on.
_HELD_OUT = 48
_TENSOR = re.compile(r"base_model\.model\.(?P<layer>.+)\.lora_(?P<part>[AB])\.weight")


def train_adapter(
    kit: Kit,
    domains: Sequence[str],
    folder: Path,
    *,
    recipe: Recipe,
    limit: int | None = None,
    progress: Progress = silent,
    report: Callable[[Step], None],
) -> dict[str, Any]:
    """Train an adapter of the Kit's model on the corpora of ``domains`` and write it to ``folder``; return its card.

    ``limit`` bounds the texts of each domain. A run that was stopped goes on when it is started again with the same
    folder. Raises RequestError for a domain without a corpus, DownloadError where its data cannot be fetched.
    """
    stored = kit.registry.ensure(kit.model, progress=progress)
    pairs, held_out, counts = _corpora(kit, domains, Path(stored.path), recipe.seed, limit, progress)
    checkpoint = folder / "checkpoint.pt"
    folder.mkdir(parents=True, exist_ok=True)
    losses: list[float] = []

    def note(step: Step) -> None:
        losses.append(step.loss)
        report(step)

    tensors = train(stored.path, pairs, recipe, checkpoint=checkpoint, report=note)
    digest = save_adapter(folder, _layers(tensors), rank=recipe.rank, alpha=recipe.alpha, base=stored.name)
    card = {
        "base": stored.name,
        "base_sha256": stored.sha256,
        "adapter_sha256": digest,
        "recipe": asdict(recipe),
        "pairs": counts,
        "tokens": sum(map(len, pairs)),
        "held_out_loss": {
            "bare": round(held_out_loss(stored.path, held_out, None, recipe), 4),
            "trained": round(held_out_loss(stored.path, held_out, tensors, recipe), 4),
        },
        "training_loss": [round(loss, 3) for loss in losses[:: max(1, len(losses) // 20)]],
    }
    write_atomically(folder / "training.json", (json.dumps(card, indent=2) + "\n").encode(), force=True)
    checkpoint.unlink(missing_ok=True)
    return card


def _corpora(
    kit: Kit, domains: Sequence[str], model: Path, seed: int, limit: int | None, progress: Progress
) -> tuple[list[Pair], list[Pair], dict[str, int]]:
    """Return the pairs to train on, those to measure the loss on, and how many each domain gave."""
    tokenizer, end = Tokenizer.load(model), _end_of_turn(model)
    pairs: list[Pair] = []
    held_out: list[Pair] = []
    counts: dict[str, int] = {}
    for number, domain in enumerate(domains):
        progress("reading the texts", number, len(domains))
        described = kit.plugins.domain(domain)
        for split, found in (("train", pairs), ("dev", held_out)):
            examples = sorted(described.corpus(split), key=lambda example: example.name)
            random.Random(seed).shuffle(examples)
            wanted = _HELD_OUT if split == "dev" else limit
            made = list(make_pairs(kit, domain, examples[:wanted], tokenizer, end=end, longest=_LONGEST))
            if not made:
                raise RequestError(f"the domain {domain!r} has no {split} texts to train on; name one that has")
            found += made
            counts[f"{domain} {split}"] = len(made)
    return pairs, held_out, counts


def _layers(tensors: Mapping[str, Tensor]) -> dict[str, tuple[Tensor, Tensor]]:
    """Return the pair of matrices A and B of each layer."""
    parts: dict[str, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        match = _TENSOR.fullmatch(name)
        if match is None:
            raise ModelError(f"the adapter has a tensor of an unknown name: {name}")
        parts.setdefault(match["layer"], {})[match["part"]] = tensor
    return {layer: (matrices["A"], matrices["B"]) for layer, matrices in parts.items()}


def _end_of_turn(folder: Path) -> int:
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    end = config.get("eos_token_id")
    return int(end[0] if isinstance(end, list) else end)
