"""The whole model: DALL-E(x) = Encoder(x) + Decoder(Encoder(x))."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import AutoModelForCausalLM, GenerationMixin
from transformers.utils import ModelOutput, can_return_tuple

from dalle_kit.errors import ModelError
from dalle_kit.modeling.assembly import check_decoder, open_gate, prepared_decoder, soften, transformer_settings
from dalle_kit.modeling.configuration import DalleConfig
from dalle_kit.modeling.encoder import DalleEncoder, DallePreTrainedModel, Memory
from dalle_kit.modeling.readers import TransformerReader

#: The parameters between encoder and decoder, by how their names begin.
_BRIDGE = ("encoder.resampler.", "encoder.projection.", "gate")
#: A label that is not to be learned.
_IGNORED = -100


@dataclass
class DalleOutput(ModelOutput):  # type: ignore[misc]
    """``logits`` (B, T, V), the mean ``loss`` in nats where there are labels, the cache, and the examples' memory."""

    loss: Tensor | None = None
    logits: Tensor | None = None
    past_key_values: Any = None
    memory: Memory | None = None
    hidden_states: tuple[Tensor, ...] | None = None
    attentions: tuple[Tensor, ...] | None = None
    cross_attentions: tuple[Tensor, ...] | None = None


class DalleForConditionalGeneration(DallePreTrainedModel, GenerationMixin):  # type: ignore[misc]
    """An encoder of examples, a decoder that writes, and what joins them.

    ``encoder`` and ``decoder`` take the place of new ones. Raises ModelError for a decoder that the configuration's
    kind of memory cannot reach.
    """

    def __init__(self, config: DalleConfig, *, encoder: DalleEncoder | None = None, decoder: Any = None) -> None:
        super().__init__(config)
        self.encoder = encoder if encoder is not None else DalleEncoder(config)
        self.decoder = decoder if decoder is not None else _new_decoder(config)
        # One object, so that a change to either is seen by both.
        self.config.decoder = self.decoder.config
        self.gate = nn.Parameter(torch.zeros(1)) if config.fusion else None
        self._reads = set(inspect.signature(self.decoder.forward).parameters)
        check_decoder(self.decoder, memory=config.memory)
        self.post_init()

    @classmethod
    def assemble(
        cls,
        *,
        encoder: Any = None,
        decoder: Any,
        memory: str = "prefix",
        queries: int = 16,
        fusion: bool = True,
    ) -> DalleForConditionalGeneration:
        """Return a model made of a trained encoder and a trained causal LM, whose weights it takes over.

        ``encoder`` is an encoder of transformers, or what DalleConfig takes for a conv encoder, which begins untrained,
        as the parts between the two do. A decoder without cross-attention gets layers for it if ``memory`` asks for
        that; they change nothing until they are trained. Memory in front of the prompt begins as large as the
        decoder's own embeddings. Raises ModelError as DalleConfig does.
        """
        trained = encoder is not None and not isinstance(encoder, Mapping)
        settings = transformer_settings(encoder.config) if trained else encoder
        decoder = prepared_decoder(decoder, memory=memory)
        config = DalleConfig(encoder=settings, decoder=decoder.config, memory=memory, queries=queries, fusion=fusion)
        reader = TransformerReader(encoder) if trained else None
        model = cls(config, encoder=DalleEncoder(config, reader), decoder=decoder)
        model.to(device=decoder.device, dtype=decoder.dtype)
        if memory == "prefix":
            assert model.encoder.resampler is not None
            soften(model.encoder.resampler, model.get_input_embeddings())
        if fusion:
            assert model.encoder.projection is not None and model.gate is not None
            open_gate(model.gate, model.encoder.projection.output)
        model.generation_config = decoder.generation_config
        model.eval()
        return model

    def get_input_embeddings(self) -> nn.Module:
        """Return the decoder's embedding of tokens."""
        embedding: nn.Module = self.decoder.get_input_embeddings()
        return embedding

    def get_output_embeddings(self) -> nn.Module:
        """Return the decoder's head."""
        head: nn.Module = self.decoder.get_output_embeddings()
        return head

    def bridge_parameters(self) -> Iterator[tuple[str, nn.Parameter]]:
        """Yield name and parameter of what lies between encoder and decoder: resampler, projection and gate."""
        return ((name, parameter) for name, parameter in self.named_parameters() if name.startswith(_BRIDGE))

    def encode_examples(self, example_ids: Tensor, example_mask: Tensor | None = None) -> Memory:
        """Return the memory of each row's examples (B, E, S); one whose mask (B, E, S) is all zero is none at all."""
        memory: Memory = self.encoder(example_ids, example_mask)
        return memory

    @can_return_tuple  # type: ignore[untyped-decorator]
    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        example_ids: Tensor | None = None,
        example_mask: Tensor | None = None,
        memory: Memory | None = None,
        past_key_values: Any = None,
        labels: Tensor | None = None,
        use_cache: bool | None = None,
        logits_to_keep: int | Tensor = 0,
        targets_only: bool = False,
        num_items_in_batch: int | Tensor | None = None,
        **kwargs: Any,
    ) -> DalleOutput:
        """Return the logits (B, T, V) after each token of ``input_ids`` (B, T), and the loss where there are labels.

        Examples are given as tokens (B, E, S) or, once they are read, as ``memory``; without either the decoder is
        alone. ``labels`` (B, T) are the tokens themselves, -100 where they are not to be learned; the loss is the mean
        over them, or their sum divided by ``num_items_in_batch``. With ``targets_only`` the head is computed only where
        it is learned from: the logits are those before the N labels, (N, V). Without labels ``logits_to_keep`` are
        computed: so many of the last, all if 0, or those at these places.
        """
        if memory is None and example_ids is not None:
            memory = self.encode_examples(example_ids, example_mask)
        size = input_ids.shape[1]
        targets = None if labels is None else F.pad(labels[:, 1:], (0, 1), value=_IGNORED)  # (B, T)

        def at_head(states: Tensor) -> Tensor:
            states = states[:, -size:]  # nothing is said after memory itself
            if targets is not None and targets_only:
                return self._fused(states, memory)[targets != _IGNORED]  # (N, D)
            if targets is None:
                kept = slice(-logits_to_keep, None) if isinstance(logits_to_keep, int) else logits_to_keep
                states = states[:, kept]
            return self._fused(states, memory)

        with _before(self.get_output_embeddings(), at_head):
            output = self.decoder(
                **self._decoder_inputs(input_ids, attention_mask, memory, past_key_values),
                past_key_values=past_key_values,
                use_cache=use_cache,
                return_dict=True,
                **kwargs,
            )
        loss = None
        if targets is not None:
            learned = targets[targets != _IGNORED] if targets_only else targets
            loss = _loss(output.logits, learned, num_items_in_batch)
        seen = ("past_key_values", "hidden_states", "attentions", "cross_attentions")
        others = {name: getattr(output, name, None) for name in seen}
        return DalleOutput(loss=loss, logits=output.logits, memory=memory, **others)

    @torch.no_grad()
    def generate(
        self,
        inputs: Tensor | None = None,
        generation_config: Any = None,
        *,
        example_ids: Tensor | None = None,
        example_mask: Tensor | None = None,
        memory: Memory | None = None,
        **kwargs: Any,
    ) -> Any:
        """Write on after prompts, as GenerationMixin does; the examples, or their memory, are read once."""
        if memory is None and example_ids is not None:
            memory = self.encode_examples(example_ids, example_mask)
        return super().generate(inputs, generation_config, memory=memory, **kwargs)

    def _expand_inputs_for_generation(self, expand_size: int = 1, **kwargs: Any) -> tuple[Tensor, dict[str, Any]]:
        """Repeat each row for its beams or samples, its memory as well."""
        ids, others = super()._expand_inputs_for_generation(expand_size=expand_size, **kwargs)
        if expand_size > 1 and others.get("memory") is not None:
            others["memory"] = others["memory"].repeated(expand_size)
        return ids, others

    def _fused(self, states: Tensor, memory: Memory | None) -> Tensor:
        """Return the decoder's last states (B, T, D) with what the encoder says of all examples together."""
        if self.gate is None or memory is None or memory.pooled is None:
            return states
        return states + (self.gate * memory.pooled[:, None]).to(states.dtype)

    def _decoder_inputs(
        self, input_ids: Tensor, attention_mask: Tensor | None, memory: Memory | None, cache: Any
    ) -> dict[str, Any]:
        """Return what the decoder reads: tokens or their embeddings, the mask, positions, and memory."""
        if attention_mask is not None and not (isinstance(attention_mask, Tensor) and attention_mask.dim() == 2):
            raise ModelError(
                "positions are counted by a mask (B, T), which this is not; where generate() made it, leave "
                "cache_implementation out"
            )
        inputs: dict[str, Any] = {"input_ids": input_ids}
        mask, size = attention_mask, input_ids.shape[1]
        if memory is not None and memory.vectors is not None:
            if self.config.memory == "cross-attention":
                inputs["encoder_hidden_states"] = memory.vectors.to(self.decoder.dtype)
            else:
                past = 0 if cache is None else int(cache.get_seq_length())
                if past == 0:
                    embedded = self.get_input_embeddings()(input_ids)  # (B, T, D)
                    inputs = {"inputs_embeds": torch.cat((memory.vectors.to(embedded.dtype), embedded), dim=1)}
                    size += self.config.queries
                mask = _with_memory(mask, memory, past=past, size=size)
        return {**inputs, "attention_mask": mask, **self._positions(mask, size)}

    def _positions(self, mask: Tensor | None, size: int) -> dict[str, Tensor]:
        """Return the positions of the last ``size`` places, of which padding takes none."""
        if mask is None or "position_ids" not in self._reads:
            return {}
        return {"position_ids": (mask.long().cumsum(-1) - 1).clamp(min=0)[:, -size:]}


@contextmanager
def _before(head: nn.Module, change: Callable[[Tensor], Tensor]) -> Iterator[None]:
    """Let a decoder's head read something else than its states: so this works with any causal LM."""
    handle = head.register_forward_pre_hook(lambda _, inputs: (change(inputs[0]), *inputs[1:]))
    try:
        yield
    finally:
        handle.remove()


def _with_memory(mask: Tensor | None, memory: Memory, *, past: int, size: int) -> Tensor | None:
    """Return the mask of memory and tokens (B, Q + T), those in the cache included; None where all count.

    ``size`` places are computed after the ``past`` ones. Memory of a row without examples does not count.
    """
    assert memory.vectors is not None and memory.present is not None
    queries = memory.vectors.shape[1]
    if mask is None:
        if bool(memory.present.all()):
            return None
        mask = torch.ones(len(memory.present), past + size - queries, dtype=torch.long, device=memory.present.device)
    return torch.cat((memory.present[:, None].expand(-1, queries).to(mask.dtype), mask), dim=1)


def _loss(logits: Tensor, targets: Tensor, count: int | Tensor | None) -> Tensor:
    """Return the negative log-likelihood of the targets in nats: their mean, or their sum by ``count``."""
    likely = logits.flatten(0, -2).to(torch.promote_types(logits.dtype, torch.float32))
    reduction = "mean" if count is None else "sum"
    loss = F.cross_entropy(likely, targets.flatten(), ignore_index=_IGNORED, reduction=reduction)
    return loss if count is None else loss / count


def _new_decoder(config: DalleConfig) -> Any:
    try:
        return AutoModelForCausalLM.from_config(config.decoder)
    except ValueError as error:
        raise ModelError(f"decoder: a {config.decoder.model_type} model is no causal LM; give one") from error
