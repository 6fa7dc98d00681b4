"""A model that learns: which of its weights do, and the loss of a batch."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dalle_kit.errors import ModelError
from dalle_kit.training.lora import quicken
from dalle_kit.training.pairs import Pair
from dalle_kit.training.recipe import Recipe


class Learner(nn.Module):
    """A causal LM, or our encoder-decoder, and its loss on what a batch is to learn.

    ``dtype`` is what is multiplied in: float32, or bfloat16 by autocast, with the learned weights in float32.
    """

    def __init__(self, network: nn.Module, *, dtype: torch.dtype) -> None:
        super().__init__()
        self.network = network
        self._dtype = dtype
        self._reads_examples = hasattr(network, "bridge_parameters")
        self._only_targets = not self._reads_examples and _head_is_plain(network)

    def learned(self) -> dict[str, nn.Parameter]:
        """Return the parameters that learn, by name."""
        return {name: each for name, each in self.network.named_parameters() if each.requires_grad}

    def forward(
        self, tokens: Tensor, learned: Tensor, example_ids: Tensor | None = None, example_mask: Tensor | None = None
    ) -> Tensor:
        """Return the summed negative log-likelihood, in nats, of the ``learned`` ones (B, T) of the tokens (B, T).

        Padding stands behind the tokens of a row and is not learned, so that a causal model needs no mask for it.
        Example tokens are (B, E, S), with a mask of the same shape.
        """
        network: Any = self.network
        with self._autocast(tokens.device.type):
            if self._reads_examples:
                labels = tokens.masked_fill(~learned, -100)
                examples = {"example_ids": example_ids, "example_mask": example_mask}
                output = network(input_ids=tokens, **examples, labels=labels, targets_only=True, use_cache=False)
                logits = output.logits
            elif self._only_targets:
                hidden = network.base_model(input_ids=tokens, use_cache=False).last_hidden_state
                # The head is a fifth of the work: only what is learned goes through it.
                logits = network.get_output_embeddings()(hidden[:, :-1][learned[:, 1:]])  # (N, V)
            else:
                logits = network(input_ids=tokens, use_cache=False).logits[:, :-1][learned[:, 1:]]
        return F.cross_entropy(logits.float(), tokens[:, 1:][learned[:, 1:]], reduction="sum")

    def _autocast(self, device: str) -> AbstractContextManager[Any]:
        return nullcontext() if self._dtype == torch.float32 else torch.autocast(device, dtype=self._dtype)


def collate(batch: Sequence[Pair], *, device: torch.device) -> dict[str, Tensor]:
    """Return a batch as the arguments of a learner, padded on the right."""
    width = max(map(len, batch))
    tokens = torch.zeros(len(batch), width, dtype=torch.long)  # (B, T)
    learned = torch.zeros(len(batch), width, dtype=torch.bool)  # (B, T)
    for row, pair in enumerate(batch):
        tokens[row, : len(pair)] = torch.tensor([*pair.given, *pair.target])
        learned[row, len(pair.given) : len(pair)] = True
    found = {"tokens": tokens, "learned": learned}
    if any(pair.examples for pair in batch):
        most = max(len(pair.examples) for pair in batch)
        longest = max(len(each) for pair in batch for each in pair.examples)
        ids = torch.zeros(len(batch), most, longest, dtype=torch.long)  # (B, E, S)
        mask = torch.zeros(len(batch), most, longest, dtype=torch.bool)  # (B, E, S)
        for row, pair in enumerate(batch):
            for place, example in enumerate(pair.examples):
                ids[row, place, : len(example)] = torch.tensor(example)
                mask[row, place, : len(example)] = True
        found |= {"example_ids": ids, "example_mask": mask}
    return {name: tensor.to(device) for name, tensor in found.items()}


def prepare(network: Any, recipe: Recipe, *, dtype: torch.dtype, device: str = "cpu") -> Learner:
    """Return a network as a learner of what the recipe says; its other weights are frozen, in ``dtype``.

    ``device`` is the type of device that it will be computed on. Raises ModelError for a network that has nothing to
    learn of the kind.
    """
    if device == "cpu" and dtype == torch.bfloat16:
        # Measured, forward and backward of texts of 135 tokens: torch's fused attention takes 2.6 times as long here.
        network.set_attn_implementation("eager")
    if recipe.learn == "full":
        network.float().requires_grad_(True)
    elif recipe.learn == "bridge":
        _freeze(network, dtype)
        for _, parameter in _bridge(network):
            parameter.data = parameter.data.float()
            parameter.requires_grad_(True)
    else:
        _freeze(network, dtype)
        _add_adapter(network, recipe)
        if hasattr(network, "bridge_parameters"):
            for _, parameter in _bridge(network):
                parameter.data = parameter.data.float()
                parameter.requires_grad_(True)
    # Dropout is for weights that all learn; beside frozen ones it would only blur what is learned from.
    return Learner(network.train(recipe.learn == "full"), dtype=dtype)


def _freeze(network: nn.Module, dtype: torch.dtype) -> None:
    network.to(dtype).requires_grad_(False)


def _bridge(network: Any) -> list[tuple[str, nn.Parameter]]:
    if not hasattr(network, "bridge_parameters"):
        raise ModelError(
            f"{type(network).__name__} has no bridge between an encoder and a decoder; give --learn lora or full"
        )
    return list(network.bridge_parameters())


def _add_adapter(network: Any, recipe: Recipe) -> None:
    """Put the matrices of LoRA beside each linear layer of the decoder, in float32."""
    import peft

    decoder = getattr(network, "decoder", network) if hasattr(network, "bridge_parameters") else network
    head = decoder.get_output_embeddings()
    layers = [name for name, each in decoder.named_modules() if isinstance(each, nn.Linear) and each is not head]
    if not layers:
        raise ModelError(f"{type(decoder).__name__} has no linear layers for an adapter; train it with --learn full")
    settings = peft.LoraConfig(
        r=recipe.rank, lora_alpha=recipe.alpha, target_modules=layers, lora_dropout=0.0, bias="none"
    )
    frozen = {name: each.requires_grad for name, each in decoder.named_parameters()}
    with warnings.catch_warnings():
        # peft asks a model by a name that transformers has begun to give up.
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing`", FutureWarning)
        peft.inject_adapter_in_model(settings, decoder)
    for name, parameter in decoder.named_parameters():
        parameter.requires_grad_("lora_" in name or frozen.get(name, False))
        if parameter.requires_grad:
            parameter.data = parameter.data.float()
    quicken(decoder)


@torch.no_grad()
def _head_is_plain(network: Any) -> bool:
    """Say whether a model's logits are its head on its last states: some scale or bound them."""
    head = network.get_output_embeddings()
    if head is None:
        return False
    device = next(network.parameters()).device
    tokens = torch.zeros(1, 2, dtype=torch.long, device=device)
    was_training = network.training
    network.eval()
    whole = network(input_ids=tokens, use_cache=False).logits
    parts = head(network.base_model(input_ids=tokens, use_cache=False).last_hidden_state)
    network.train(was_training)
    return bool(torch.equal(whole, parts))
