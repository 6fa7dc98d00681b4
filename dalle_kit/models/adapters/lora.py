"""LoRA adapters (Hu et al., 2021) in the file layout of PEFT, so that either reads what the other wrote.

A folder with ``adapter_config.json`` and ``adapter_model.safetensors``. A linear layer's weight (O, I) becomes
``weight + alpha / rank * B @ A`` with A (rank, I) and B (O, rank). What PEFT can do beyond this is refused by name.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from dalle_kit.errors import IntegrityError, ModelError
from dalle_kit.models.adapters.files import CONFIG, WEIGHTS, adapter_hash

#: A layer's two matrices: A (rank, I) and B (O, rank).
Pair = tuple[Tensor, Tensor]

_PREFIX = "base_model.model."
_KEY = re.compile(rf"{re.escape(_PREFIX)}(?P<layer>.+)\.lora_(?P<part>[AB])\.weight")
#: What PEFT may note that changes the computation: with any other value than these the result would be wrong.
_PLAIN: Mapping[str, tuple[Any, ...]] = {
    "peft_type": ("LORA",),
    "bias": ("none",),
    "init_lora_weights": (True, False, None, "gaussian"),  # the others change the base model, too
    **dict.fromkeys(
        (
            *("use_dora", "use_rslora", "use_qalora", "lora_bias", "fan_in_fan_out", "rank_pattern", "alpha_pattern"),
            *("modules_to_save", "layer_replication", "trainable_token_indices", "target_parameters"),
            "alora_invocation_tokens",
        ),
        (False, None, {}, []),
    ),
}


@dataclass(frozen=True, slots=True)
class Adapter:
    """An adapter in memory: ``layers`` maps a layer (``model.layers.0.self_attn.q_proj``) to its two matrices.

    ``base`` names the model it was trained on, for people; ``name`` is what errors call it.
    """

    layers: Mapping[str, Pair]
    rank: int
    alpha: float
    base: str = ""
    name: str = "the adapter"

    def add_to(self, name: str, weight: Tensor) -> Tensor:
        """Return the weight of that name (``LAYER.weight``) with the adapter's change; others are returned as they are.

        A changed weight is float32; it is computed in float64, so that every machine gets the same one.
        """
        pair = self.layers.get(name.removesuffix(".weight")) if name.endswith(".weight") else None
        if pair is None:
            return weight
        first, second = (matrix.to(device=weight.device, dtype=torch.float64) for matrix in pair)
        return torch.addmm(weight.double(), second, first, alpha=self.alpha / self.rank).float()

    def check_fits(self, shapes: Mapping[str, tuple[int, ...]]) -> None:
        """Raise ModelError unless each layer is one of a model whose weights have these names and shapes."""
        for layer, (first, second) in self.layers.items():
            found = shapes.get(f"{layer}.weight")
            if found is None:
                raise ModelError(f"{self.name} changes {layer}, which the model has not; give the base it was made for")
            wanted = (second.shape[0], first.shape[1])
            if tuple(found) != wanted:
                raise ModelError(
                    f"{self.name} changes {layer} as a weight of {wanted[0]} x {wanted[1]}, and the model's is "
                    f"{' x '.join(map(str, found))}; give the base it was made for"
                )


def save_adapter(
    folder: Path,
    tensors: Mapping[str, Pair],
    *,
    rank: int,
    alpha: float,
    base: str,
    dtype: torch.dtype = torch.float16,
) -> str:
    """Write an adapter into a folder, made if it is not there; return the hash that a ModelSpec pins.

    ``tensors`` maps layers (``model.layers.0.self_attn.q_proj``) to pairs A (rank, I) and B (O, rank); ``base`` names
    the model it is for; ``dtype`` is float16, bfloat16 or float32. Raises ModelError for tensors of other shapes or
    with values that are no numbers in ``dtype``.
    """
    from safetensors.torch import save_file

    named = {}
    for layer, (first, second) in tensors.items():
        for part, matrix in (("A", first), ("B", second)):
            key = f"{_PREFIX}{layer}.lora_{part}.weight"
            named[key] = matrix.detach().to(device="cpu", dtype=dtype).contiguous()
    _paired(named, rank=rank, name=f"the adapter for {folder}", error=ModelError)
    settings = {
        "base_model_name_or_path": base,
        "bias": "none",
        "fan_in_fan_out": False,
        "inference_mode": True,
        "init_lora_weights": True,
        "lora_alpha": alpha,
        "lora_dropout": 0.0,
        "peft_type": "LORA",
        "r": rank,
        "target_modules": sorted({layer.rpartition(".")[2] for layer in tensors}),
        "task_type": "CAUSAL_LM",
    }
    folder.mkdir(parents=True, exist_ok=True)
    save_file(named, folder / WEIGHTS, metadata={"format": "pt"})
    (folder / CONFIG).write_bytes((json.dumps(settings, indent=2) + "\n").encode("utf-8"))
    return adapter_hash(folder)


def load_adapter(folder: Path) -> Adapter:
    """Read an adapter's folder.

    Raises IntegrityError for files that are missing or damaged, ModelError for a kind of adapter that is not
    supported.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    name = f"the adapter {folder}"
    try:
        settings = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        tensors = load_file(folder / WEIGHTS)
        rank, alpha, base = int(settings["r"]), float(settings["lora_alpha"]), settings.get("base_model_name_or_path")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, SafetensorError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise IntegrityError(f"{name} cannot be read ({reason:.200}); install what it came with anew") from error
    for key, allowed in _PLAIN.items():
        if settings.get(key, allowed[0]) not in allowed:
            raise ModelError(f"{name} has {key} = {settings[key]!r:.80}, which is not supported; only plain LoRA is")
    if not math.isfinite(alpha):
        raise IntegrityError(f"{name} has lora_alpha = {alpha}, which is no number")
    layers = _paired(tensors, rank=rank, name=name, error=IntegrityError)
    return Adapter(layers, rank, alpha, base=str(base or ""), name=name)


def merge(weights: Mapping[str, Tensor], adapter: Adapter) -> dict[str, Tensor]:
    """Return a model's weights with the adapter in them; the changed ones are float32, the others as they were.

    Raises ModelError where the adapter has a layer that the model has not, or of another shape.
    """
    adapter.check_fits({name: tuple(weight.shape) for name, weight in weights.items()})
    return {name: adapter.add_to(name, weight) for name, weight in weights.items()}


def _paired(tensors: Mapping[str, Tensor], *, rank: int, name: str, error: type[ModelError]) -> dict[str, Pair]:
    """Return the two matrices of each layer, checked."""
    parts: dict[str, dict[str, Tensor]] = {}
    for key, matrix in tensors.items():
        match = _KEY.fullmatch(key)
        if match is None:
            raise error(f"{name} has the tensor {key!r:.200}; only lora_A and lora_B of linear layers are supported")
        if matrix.dim() != 2 or matrix.shape[match["part"] == "B"] != rank:
            shape = " x ".join(map(str, matrix.shape))
            raise error(f"{name}: {key} is {shape or 'one number'}, which does not fit the rank {rank}")
        if not bool(torch.isfinite(matrix).all()):
            raise error(f"{name}: {key} has values that are no numbers")
        parts.setdefault(match["layer"], {})[match["part"]] = matrix
    for layer, found in parts.items():
        if len(found) != 2:
            raise error(f"{name} has lora_{next(iter(found))} of {layer} without its other half")
    if not parts or rank < 1:
        raise error(f"{name} {'changes no layer' if rank > 0 else f'has the rank {rank}'}")
    return {layer: (found["A"], found["B"]) for layer, found in parts.items()}
