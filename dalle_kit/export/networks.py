"""A checkpoint folder as a network of transformers, whatever its family."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from dalle_kit.engine.tokenization import read_json
from dalle_kit.models.panels import PACKED_FILE
from dalle_kit.models.weights import read_weights

Family = Literal["causal", "seq2seq", "encoder", "dalle"]


def family_of(folder: Path) -> Family:
    """Return what kind of model a folder holds; raises ModelError for one without a ``config.json``."""
    from dalle_kit.engine.loading import is_encoder

    config = read_json(folder / "config.json")
    if config.get("model_type") == "dalle":
        return "dalle"
    if is_encoder(folder, config):
        return "encoder"
    return "seq2seq" if config.get("is_encoder_decoder") else "causal"


def load_network(folder: Path, *, dtype: Literal["auto", "float32"]) -> Any:
    """Load a folder's network on the CPU, in evaluation mode; packed weights become numbers.

    ``auto`` is the type that the weights are stored in. Raises ModelError for what transformers cannot load.
    """
    from dalle_kit.engine.transformers_model import TransformersEncoder, TransformersModel

    number: Any = "auto"
    if dtype != "auto":
        import torch

        number = getattr(torch, dtype)
    family = family_of(folder)
    if family == "dalle":
        from dalle_kit.modeling import register

        register()
    if family == "encoder":
        return TransformersEncoder.load(str(folder), device="cpu", dtype=number).network
    weights = dict(read_weights(folder)) if (folder / PACKED_FILE).is_file() else None
    return TransformersModel.load(str(folder), device="cpu", dtype=number, weights=weights).network
