"""Reading one example: from its tokens to a vector for each stretch of them."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import PreTrainedModel

from dalle_kit.errors import ModelError
from dalle_kit.modeling.configuration import DalleConfig, reader_config

#: Kernels of the three convolutions, and how many neighbours each pooling makes one of.
KERNELS, POOL = (3, 5, 7), 3


class ConvReader(nn.Module):
    """Embedding, three convolutions each followed by max-pooling, two fully connected layers: the mission's encoder.

    Each of its vectors stands for 27 tokens. What stands in the padding, on the right, never matters: masked places are
    zero for the convolutions, as what lies beyond an example's ends is, and smaller than everything for the pooling.
    """

    def __init__(self, *, vocab_size: int, width: int) -> None:
        super().__init__()
        self.width, self.limit = width, None
        self.embedding = nn.Embedding(vocab_size, width)
        self.convolutions = nn.ModuleList(nn.Conv1d(width, width, size, padding=size // 2) for size in KERNELS)
        self.first = nn.Linear(width, width)
        self.second = nn.Linear(width, width)

    def forward(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Read examples (N, S) with their masks (N, S); return their vectors (N, S', W) and the masks of those."""
        states = self.embedding(ids).transpose(1, 2)  # (N, W, S): channels before places
        for convolution in self.convolutions:
            states = F.relu(convolution(states.masked_fill(~mask[:, None], 0.0)))
            states = _pooled(states.masked_fill(~mask[:, None], -torch.inf))
            mask = _pooled(mask[:, None].float())[:, 0] > 0
        states = states.masked_fill(~mask[:, None], 0.0).transpose(1, 2)  # (N, S', W)
        return self.second(F.relu(self.first(states))), mask


def _pooled(states: Tensor) -> Tensor:
    """Return the greatest of each few neighbours of (N, W, S); in two dimensions, which can be exported for any S."""
    return F.max_pool2d(states[:, :, None], (1, POOL), ceil_mode=True)[:, :, 0]


class TransformerReader(PreTrainedModel):  # type: ignore[misc]
    """Any encoder of transformers: a vector for each token.

    Itself a model, so that transformers finds what it has to know of the one inside: which weights are tied, and such.
    """

    base_model_prefix = "model"
    supports_gradient_checkpointing = True
    _supports_sdpa = _supports_flash_attn = _supports_flex_attn = True

    def __init__(self, model: Any) -> None:
        super().__init__(model.config)
        self.model = model
        # Nothing reads it, and it would never learn.
        if getattr(model, "pooler", None) is not None:
            model.pooler = None
        self.width = int(model.config.hidden_size)
        relative = model.config.model_type in ("t5", "mt5", "umt5")
        self.limit = None if relative else getattr(model.config, "max_position_embeddings", None)
        self.post_init()

    def forward(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Read examples (N, S) with their masks (N, S); return their vectors (N, S, W) and the same masks."""
        # An example that is all padding is computed as if its first place were none: attention over nothing is no
        # number. Its mask leaves it out afterwards.
        readable = mask.clone()
        readable[:, 0] |= ~mask.any(1)
        states: Tensor = self.model(input_ids=ids, attention_mask=readable.long()).last_hidden_state
        return states, mask


def make_reader(config: DalleConfig) -> ConvReader | TransformerReader:
    """Return the encoder that a configuration describes, with new weights."""
    if config.encoder["kind"] == "conv":
        return ConvReader(vocab_size=config.encoder["vocab_size"], width=config.encoder["width"])
    from transformers import MODEL_FOR_TEXT_ENCODING_MAPPING, AutoModel, AutoModelForTextEncoding

    inner = reader_config(config)
    loader = AutoModelForTextEncoding if type(inner) in MODEL_FOR_TEXT_ENCODING_MAPPING else AutoModel
    return TransformerReader(loader.from_config(inner, dtype=config.dtype))


def check_length(reader: ConvReader | TransformerReader, size: int) -> None:
    """Raise ModelError if examples of so many tokens are longer than the encoder reads."""
    if reader.limit is not None and size > reader.limit:
        raise ModelError(
            f"an example has {size} tokens and the encoder reads {reader.limit}; give it in several examples"
        )
