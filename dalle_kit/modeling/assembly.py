"""Trained parts, made ready to be put together."""

from __future__ import annotations

import copy
import inspect
from typing import Any

import torch
from torch import nn

from dalle_kit.errors import ModelError
from dalle_kit.modeling.resampler import Resampler

#: What a configuration's dictionary says of its origin, not of the model.
_ORIGIN = ("_name_or_path", "architectures", "dtype", "transformers_version")


def transformer_settings(config: Any) -> dict[str, Any]:
    """Return what DalleConfig keeps of the configuration of a transformer encoder.

    Raises ModelError for that of an encoder-decoder.
    """
    if getattr(config, "is_encoder_decoder", False):
        raise ModelError(f"a {config.model_type} model with a decoder is no encoder; give its encoder alone")
    settings = {name: value for name, value in config.to_dict().items() if name not in _ORIGIN}
    return {"kind": "transformer", **settings}


def check_decoder(decoder: Any, *, memory: str) -> None:
    """Raise ModelError for a decoder without a head, or one that memory cannot reach."""
    kind = decoder.config.model_type
    if decoder.get_output_embeddings() is None:
        raise ModelError(f"the decoder, a {kind} model, has no head over a vocabulary; give a causal LM")
    if memory == "cross-attention" and not getattr(decoder.config, "add_cross_attention", False):
        raise ModelError(
            f"memory 'cross-attention': the decoder, a {kind} model, has no such layers; set its add_cross_attention, "
            "or give the memory 'prefix'"
        )


def prepared_decoder(decoder: Any, *, memory: str) -> Any:
    """Return a causal LM that the memory can reach: itself, or a copy with new layers for cross-attention.

    Raises ModelError for one that cannot have these.
    """
    if memory != "cross-attention" or getattr(decoder.config, "add_cross_attention", False):
        return decoder
    if "encoder_hidden_states" not in inspect.signature(decoder.forward).parameters:
        raise ModelError(
            f"memory 'cross-attention': a {decoder.config.model_type} model can have no such layers; give the memory "
            "'prefix', or a decoder like GPT-2"
        )
    config = copy.deepcopy(decoder.config)
    config.add_cross_attention = True
    wider = type(decoder)(config).to(device=decoder.device, dtype=decoder.dtype)
    added, _ = wider.load_state_dict(decoder.state_dict(), strict=False)
    with torch.no_grad():
        # What a new layer adds to the states begins as nothing.
        for name in added:
            if ".c_proj." in name:
                wider.get_parameter(name).zero_()
    wider.generation_config = decoder.generation_config
    return wider.train(decoder.training)


@torch.no_grad()
def soften(resampler: Resampler, embedding: nn.Module) -> None:
    """Make memory vectors as large as the embeddings of tokens: larger ones would drown the prompt."""
    weight = embedding.weight
    assert isinstance(weight, torch.Tensor)
    size = float(weight.float().pow(2).mean().sqrt())
    width = resampler.output.in_features
    resampler.output.weight.normal_(std=size / width**0.5)
    resampler.output.bias.zero_()


@torch.no_grad()
def open_gate(gate: nn.Parameter, output: nn.Linear) -> None:
    """Let the fusion begin with nothing to add, behind an open gate.

    Behind a closed one nothing but the gate learns, and where to is a matter of chance: after 258 steps it stood at
    -0.003.
    """
    gate.fill_(1.0)
    output.weight.zero_()
    output.bias.zero_()
