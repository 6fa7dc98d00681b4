"""T5 as Google published it: a checkpoint of Mesh TensorFlow, and the SentencePiece model it was trained with.

Names: https://github.com/google-research/text-to-text-transfer-transformer (Raffel et al., 2019). There is no file of
settings; what a model is like is read from the shapes of its tensors. Two generations are known: 1.0 (one table of
vectors for input and output, ReLU) and 1.1, as in mT5 too (a head of its own, gated GELU).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dalle_kit.errors import ModelError
from dalle_kit.models.tensorflow.bundle import Bundle
from dalle_kit.models.tensorflow.layout import Layout, Weight
from dalle_kit.models.tensorflow.vocabularies import sentence_pieces

MARK = "shared/embedding"
#: The settings that training was run with; only the activation is read from it, to refuse others.
SETTINGS = "operative_config.gin"
_HEAD = "decoder/logits/kernel"
_PARTS = {
    "encoder": ("SelfAttention", "DenseReluDense"),
    "decoder": ("SelfAttention", "EncDecAttention", "DenseReluDense"),
}
_ACTIVATION = re.compile(r"DenseReluDense\.activation\s*=\s*([^\n#]+)")
_GATED, _PLAIN = ["gelu", "linear"], ["relu"]


def layout_of(bundle: Bundle, folder: Path) -> Layout:
    """Return how Google's checkpoint becomes one of transformers; raises ModelError where its parts do not fit."""
    return _Reading(bundle).layout(folder)


class _Reading:
    """What the shapes of a checkpoint's tensors say about its model."""

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self.vocabulary, self.width = self._shape(MARK, 2)
        first = "encoder/block_000/layer_000/SelfAttention"
        self.heads, self.buckets = self._shape(f"{first}/relative_attention_bias", 2)
        self.attention = self._shape(f"{first}/q", 2)[1]
        if self.attention % self.heads:
            raise ModelError(
                f"{bundle.index}: {first}/q has {self.attention} outputs, no multiple of the {self.heads} heads of its "
                "relative_attention_bias; the checkpoint is of another kind than T5's"
            )
        self.gated = "encoder/block_000/layer_001/DenseReluDense/wi_0/kernel" in bundle.tensors
        self.inner = self._shape("encoder/block_000/layer_001/DenseReluDense/wo/kernel", 2)[0]
        self.tied = _HEAD not in bundle.tensors

    def layout(self, folder: Path) -> Layout:
        _check_activation(folder / SETTINGS, gated=self.gated)
        tokenizer, settings = sentence_pieces(folder, size=self.vocabulary)
        layers = {stack: self._blocks(stack) for stack in _PARTS}
        config: dict[str, Any] = {
            "architectures": ["T5ForConditionalGeneration"],
            "model_type": "t5",
            "is_encoder_decoder": True,
            "vocab_size": self.vocabulary,
            "d_model": self.width,
            "d_kv": self.attention // self.heads,
            "d_ff": self.inner,
            "num_heads": self.heads,
            "num_layers": layers["encoder"],
            "num_decoder_layers": layers["decoder"],
            "relative_attention_num_buckets": self.buckets,
            "relative_attention_max_distance": 128,
            "layer_norm_epsilon": 1e-6,
            "feed_forward_proj": "gated-gelu" if self.gated else "relu",
            "tie_word_embeddings": self.tied,
            "dtype": "float32",
            "decoder_start_token_id": tokenizer.token_to_id("<pad>"),
            "eos_token_id": tokenizer.token_to_id("</s>"),
            "pad_token_id": tokenizer.token_to_id("<pad>"),
        }
        weights = [Weight("shared.weight", MARK, (self.vocabulary, self.width))]
        for stack, count in layers.items():
            weights += self._stack(stack, count)
        if not self.tied:
            weights.append(Weight("lm_head.weight", _HEAD, (self.width, self.vocabulary), transpose=True))
        return Layout(config, tuple(weights), tokenizer, settings)

    def _stack(self, stack: str, blocks: int) -> Iterator[Weight]:
        bias = "SelfAttention/relative_attention_bias"
        yield Weight(
            f"{stack}.block.0.layer.0.{bias.replace('/', '.')}.weight",
            f"{stack}/block_000/layer_000/{bias}",
            (self.heads, self.buckets),
            transpose=True,
        )
        for block in range(blocks):
            for layer, part in enumerate(_PARTS[stack]):
                ours, theirs = f"{stack}.block.{block}.layer.{layer}", f"{stack}/block_{block:03d}/layer_{layer:03d}"
                yield self._norm(f"{ours}.layer_norm", theirs, "layer_norm")
                for name, inputs, outputs in self._matrices(part):
                    kernel = "/kernel" if part == "DenseReluDense" else ""
                    source, shape = f"{theirs}/{part}/{name}{kernel}", (inputs, outputs)
                    yield Weight(f"{ours}.{part}.{name}.weight", source, shape, transpose=True)
        yield self._norm(f"{stack}.final_layer_norm", stack, "final_layer_norm")

    def _matrices(self, part: str) -> list[tuple[str, int, int]]:
        if part == "DenseReluDense":
            return [
                *((name, self.width, self.inner) for name in (("wi_0", "wi_1") if self.gated else ("wi",))),
                ("wo", self.inner, self.width),
            ]
        return [*((name, self.width, self.attention) for name in "qkv"), ("o", self.attention, self.width)]

    def _norm(self, ours: str, place: str, name: str) -> Weight:
        """Return a scale, which newer checkpoints call by what it is."""
        newer = f"{place}/rms_norm/scale"
        source = newer if newer in self._bundle.tensors else f"{place}/{name}/scale"
        return Weight(f"{ours}.weight", source, (self.width,))

    def _blocks(self, stack: str) -> int:
        """Return the number of a stack's blocks; one that is missing between others is found later, by its tensors."""
        found = (re.match(rf"{stack}/block_(\d{{3}})/", name) for name in self._bundle.tensors)
        return max((int(match[1]) + 1 for match in found if match), default=1)

    def _shape(self, name: str, rank: int) -> tuple[int, ...]:
        info = self._bundle.tensors.get(name)
        if info is None:
            raise ModelError(f"{self._bundle.index} is no whole t5 checkpoint: it lacks {name}; fetch it again")
        if len(info.shape) != rank or 0 in info.shape:
            raise ModelError(f"{self._bundle.index}: {name} has the shape {info.shape}, {rank} axes are needed")
        return info.shape


def _check_activation(file: Path, *, gated: bool) -> None:
    """Raise ModelError where the settings of the training, if they are there, name an activation that is not known."""
    try:
        found = _ACTIVATION.search(file.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return
    stated = re.findall(r"\w+", found[1]) if found else []
    if stated and stated != (_GATED if gated else _PLAIN):
        wanted = _GATED if gated else _PLAIN
        raise ModelError(f"{file} says that the activation is {stated}; with these weights {wanted} is supported")
