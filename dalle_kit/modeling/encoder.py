"""Examples in, memory out: the first half of DALL-E(x) = Encoder(x) + Decoder(Encoder(x))."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers import initialization as init
from transformers.utils import ModelOutput

from dalle_kit.errors import ModelError
from dalle_kit.modeling.configuration import DalleConfig
from dalle_kit.modeling.readers import ConvReader, TransformerReader, check_length, make_reader
from dalle_kit.modeling.resampler import Resampler


@dataclass
class Memory(ModelOutput):  # type: ignore[misc]
    """What the encoder made of each row's examples, in the decoder's width.

    ``vectors`` (B, Q, D) are None where the decoder is given none, ``pooled`` (B, D) is None without fusion;
    ``present`` (B,) says which rows have an example at all. Of the others both are zero.
    """

    vectors: Tensor | None = None
    pooled: Tensor | None = None
    present: Tensor | None = None

    def repeated(self, times: int) -> Memory:
        """Return the memory with each row so many times, one after the other."""
        return Memory(**{name: value.repeat_interleave(times, dim=0) for name, value in self.items()})


class DallePreTrainedModel(PreTrainedModel):  # type: ignore[misc]
    """What the encoder and the whole model have in common."""

    config_class = DalleConfig
    base_model_prefix = "encoder"
    supports_gradient_checkpointing = True
    _supports_sdpa = True

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        super()._init_weights(module)
        if isinstance(module, nn.Conv1d):
            init.kaiming_normal_(module.weight, nonlinearity="relu")
        elif isinstance(module, Resampler):
            init.normal_(module.queries, std=1.0)
        elif isinstance(module, nn.Embedding):
            init.normal_(module.weight, std=1.0)
        elif getattr(module, "gate", None) is not None:
            init.zeros_(module.gate)


class Projection(nn.Module):
    """From the mean of an encoder's vectors to the decoder's states."""

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(inputs)
        self.output = nn.Linear(inputs, width)

    def forward(self, means: Tensor) -> Tensor:
        """Return (B, D) for means (B, W), in the numbers of its own weights."""
        projected: Tensor = self.output(self.norm(means.to(self.output.weight.dtype)))
        return projected


class DalleEncoder(DallePreTrainedModel):
    """Reads each example by itself and makes memory of all that belong to a row.

    ``reader`` takes the place of a new encoder. Which of the examples comes first never matters, nor how many there
    are, nor what stands in the padding.
    """

    main_input_name = "example_ids"

    def __init__(self, config: DalleConfig, reader: ConvReader | TransformerReader | None = None) -> None:
        super().__init__(config)
        self.reader = reader if reader is not None else make_reader(config)
        width = self.reader.width
        self.resampler = None
        if config.memory != "none":
            self.resampler = Resampler(inputs=width, width=config.hidden_size, queries=config.queries)
        self.projection = Projection(width, config.hidden_size) if config.fusion else None
        self.post_init()

    def get_input_embeddings(self) -> nn.Module:
        """Return the embedding of the examples' tokens."""
        if isinstance(self.reader, ConvReader):
            return self.reader.embedding
        embedding: nn.Module = self.reader.model.get_input_embeddings()
        return embedding

    def read(self, example_ids: Tensor, example_mask: Tensor) -> tuple[Tensor, Tensor]:
        """Read examples (N, S) with their masks (N, S); return their vectors (N, S', W) and the masks of those.

        Raises ModelError for examples that are longer than the encoder reads.
        """
        check_length(self.reader, example_ids.shape[1])
        # Wherever the padding is: each example begins at the first place, where it would begin alone.
        order = example_mask.long().argsort(dim=1, descending=True, stable=True)
        vectors, mask = self.reader(example_ids.gather(1, order), example_mask.bool().gather(1, order))
        return vectors, mask

    def forward(self, example_ids: Tensor, example_mask: Tensor | None = None, **kwargs: Any) -> Memory:
        """Return the memory of rows of examples (B, E, S); an example whose mask (B, E, S) is all zero is none."""
        if example_ids.dim() != 3:
            raise ModelError(
                f"example_ids has the shape {tuple(example_ids.shape)}; give (rows, examples of each, tokens)"
            )
        rows, count, _ = example_ids.shape
        if example_mask is None:
            example_mask = torch.ones_like(example_ids)
        vectors, mask = self.read(example_ids.flatten(0, 1), example_mask.flatten(0, 1))
        real = mask.any(1).view(rows, count)  # (B, E)
        present = real.any(1)  # (B,)
        memory = pooled = None
        if self.resampler is not None:
            all_vectors = vectors.reshape(rows, -1, vectors.shape[-1])  # (B, E * S', W)
            memory = self.resampler(all_vectors, mask.reshape(rows, -1))
            memory = memory * present[:, None, None].to(memory.dtype)
        if self.projection is not None:
            # Each example counts the same, a long one no more than a short one.
            means = _mean(vectors, mask).view(rows, count, -1)  # (B, E, W)
            pooled = self.projection(_mean(means, real))
            pooled = pooled * present[:, None].to(pooled.dtype)
        return Memory(vectors=memory, pooled=pooled, present=present)


def _mean(vectors: Tensor, mask: Tensor) -> Tensor:
    """Return the means (N, W) of the vectors (N, T, W) that count; zero where none does."""
    counted = mask[..., None].to(vectors.dtype)  # (N, T, 1)
    return (vectors * counted).sum(1) / counted.sum(1).clamp(min=1.0)
