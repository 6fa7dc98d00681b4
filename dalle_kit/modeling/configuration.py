"""What a DALL-E model is made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from transformers import AutoConfig, GPT2Config, PretrainedConfig

from dalle_kit.errors import ModelError

MEMORIES = ("prefix", "cross-attention", "none")
KINDS = ("conv", "transformer")


class DalleConfig(PretrainedConfig):  # type: ignore[misc]
    """The sizes of an encoder of examples and of a decoder, and how the one reaches the other.

    ``encoder`` is ``{"kind": "conv", "vocab_size": ..., "width": 768}``, which reads tokens of the decoder's tokenizer,
    or ``{"kind": "transformer", ...}`` with a transformers configuration, ``model_type`` included, which reads tokens
    of its own. ``decoder`` is the configuration of any causal LM. ``memory`` says how the ``queries`` memory vectors
    reach it: ``prefix`` (in front of the prompt), ``cross-attention`` (where the decoder has that), or ``none``.
    With ``fusion`` the pooled vector of the examples is added to the decoder's last states, through a gate.

    Raises ModelError for a part that is missing or of an unknown kind.
    """

    model_type = "dalle"
    # transformers passes dtype and kind of attention on to these.
    sub_configs: ClassVar[dict[str, Any]] = {"decoder": AutoConfig}

    def __init__(
        self,
        *,
        encoder: Mapping[str, Any] | None = None,
        decoder: PretrainedConfig | Mapping[str, Any] | None = None,
        memory: str = "prefix",
        queries: int = 16,
        fusion: bool = True,
        **kwargs: Any,
    ) -> None:
        self.decoder = _decoder_config(decoder)
        self.encoder = _encoder_settings(encoder, vocab_size=self.decoder.vocab_size)
        if memory not in MEMORIES:
            raise ModelError(f"memory: {memory!r} is no way to the decoder; give {', '.join(map(repr, MEMORIES))}")
        if memory == "none" and not fusion:
            raise ModelError("memory 'none' and no fusion: examples reach the decoder in no way; switch one of them on")
        if queries < 1:
            raise ModelError(f"queries: {queries} memory vectors are too few; give 1 or more")
        self.memory, self.queries, self.fusion = memory, queries, fusion
        for name in ("bos_token_id", "eos_token_id", "pad_token_id"):
            if kwargs.get(name) is None:
                kwargs[name] = getattr(self.decoder, name, None)
        kwargs["tie_word_embeddings"] = False  # the decoder's own configuration says whether its are
        if kwargs.get("attn_implementation") is None:
            # It is passed on to the decoder's configuration, which may be that of a model that has chosen already.
            kwargs["attn_implementation"] = getattr(self.decoder, "_attn_implementation", None)
        super().__init__(**kwargs)

    @property
    def hidden_size(self) -> int:
        """The width of the decoder's states and of memory vectors."""
        return int(self.decoder.hidden_size)

    @property
    def prefix(self) -> int:
        """How many of the decoder's positions memory takes."""
        return self.queries if self.memory == "prefix" else 0


def dalle_seed_config(*, vocab_size: int, **tokens: int) -> DalleConfig:
    """Return the small faithful configuration: conv encoder, GPT-2 decoder, cross-attention, fusion.

    ``tokens`` are ``bos_token_id``, ``eos_token_id`` and ``pad_token_id``. With a vocabulary of 8,192 tokens it has
    about 8 million parameters.
    """
    width = 192
    decoder = GPT2Config(
        vocab_size=vocab_size,
        n_embd=width,
        n_layer=4,
        n_head=width // 64,
        n_positions=512,
        add_cross_attention=True,
        **{"bos_token_id": None, "eos_token_id": None, **tokens},
    )
    encoder = {"kind": "conv", "vocab_size": vocab_size, "width": width}
    return DalleConfig(encoder=encoder, decoder=decoder, memory="cross-attention", queries=8)


def _decoder_config(given: PretrainedConfig | Mapping[str, Any] | None) -> PretrainedConfig:
    if given is None:
        return GPT2Config(add_cross_attention=True)
    if isinstance(given, Mapping):
        if "model_type" not in given:
            raise ModelError("decoder: it names no model_type; give the configuration of a causal LM")
        return _for_model(given)
    return given


def _encoder_settings(given: Mapping[str, Any] | None, *, vocab_size: int) -> dict[str, Any]:
    settings = dict(given or {})
    kind = settings.setdefault("kind", "conv")
    if kind not in KINDS:
        raise ModelError(f"encoder: its kind {kind!r} is unknown; give {' or '.join(map(repr, KINDS))}")
    if kind == "conv":
        return {"vocab_size": vocab_size, "width": 768, **settings}
    if "model_type" not in settings:
        raise ModelError("encoder: it names no model_type; give the configuration of a transformers encoder")
    return settings


def reader_config(config: DalleConfig) -> PretrainedConfig:
    """Return the configuration of a transformer encoder."""
    return _for_model({name: value for name, value in config.encoder.items() if name != "kind"})


def _for_model(settings: Mapping[str, Any]) -> PretrainedConfig:
    try:
        return AutoConfig.for_model(**settings)
    except ValueError as error:
        raise ModelError(
            f"model_type {settings['model_type']!r} is unknown to transformers; give one that it has"
        ) from error
