"""Any model of transformers: causal LMs, encoder-decoders, and encoders for vectors.

The compatibility path: every row of a session has a cache of its own, so that whatever a family does with positions,
padding and cross-attention, a row in a batch is computed exactly as it is alone.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from dalle_kit.engine.decoder_blocks import DecoderBlocks, block_width, find_blocks
from dalle_kit.engine.guidance import UNGUIDED, Guidance, of_each
from dalle_kit.engine.reading.sentences import check_pooling
from dalle_kit.errors import DalleKitError, ModelError
from dalle_kit.models.hub import quiet_client
from dalle_kit.models.manifest import way_to_mend
from dalle_kit.records import Steering

#: So many names of tensors are told.
_SHOWN = 8


class TransformersModel:
    """A causal LM or an encoder-decoder of transformers. May be used by several threads, each with its own sessions."""

    def __init__(self, model: Any, *, family: str) -> None:
        self.network = model
        self.family = family
        config = model.config
        self.device, self.dtype = model.device, model.dtype
        self.context = context_of(config)
        self.decoder_blocks = DecoderBlocks(model)

    @classmethod
    def load(
        cls, folder: str, *, device: str, dtype: torch.dtype, weights: dict[str, Tensor] | None = None
    ) -> TransformersModel:
        """Load a checkpoint folder, with ``weights`` instead of those in its files where they are given.

        Raises ModelError for what is neither causal LM nor encoder-decoder.
        """
        import transformers

        config = translated(folder, lambda: transformers.AutoConfig.from_pretrained(folder, trust_remote_code=False))
        seq2seq = bool(getattr(config, "is_encoder_decoder", False))
        if weights is not None:
            model = translated(folder, lambda: _with_weights(folder, config, weights, dtype=dtype, seq2seq=seq2seq))
        else:
            loader = transformers.AutoModelForSeq2SeqLM if seq2seq else transformers.AutoModelForCausalLM
            model, found = translated(
                folder,
                lambda: loader.from_pretrained(folder, dtype=dtype, trust_remote_code=False, output_loading_info=True),
            )
            check_tensors(folder, found)
        return cls(model.to(device).eval(), family="seq2seq" if seq2seq else "causal")

    @property
    def blocks(self) -> tuple[int, int]:
        """How many blocks the decoder has, and their width; raises ModelError where they are not found."""
        return len(find_blocks(self.network)), block_width(self.network)

    @torch.inference_mode()
    def open(
        self,
        sources: Sequence[Sequence[int]],
        targets: Sequence[Sequence[int]],
        *,
        room: int,
        guides: Sequence[Guidance] = (),
    ) -> TransformersSession:
        """Read the prompts; ``room`` is not needed here, caches grow."""
        session = TransformersSession(self)
        session.join(sources, targets, guides=guides)
        return session

    @torch.inference_mode()
    def states(self, source: Sequence[int], target: Sequence[int], guidance: Guidance = UNGUIDED) -> Tensor:
        """Return the states after each block (T, L, D), float32, of the tokens of an output after its prompt."""
        with self.decoder_blocks.recorded() as after:
            self.open_row(source, target, guidance)
        return torch.stack([states[0, -len(target) :].float() for states in after], dim=1)

    @torch.inference_mode()
    def hidden(self, tokens: Sequence[int]) -> Tensor:
        """Return the last hidden states of a text (T, D), float32: an encoder-decoder's are its encoder's."""
        reader = self.network.get_encoder() if self.family == "seq2seq" else self.network.base_model
        states: Tensor = reader(input_ids=_batch(tokens, self.device)).last_hidden_state
        return states[0].float()

    def open_row(self, source: Sequence[int], target: Sequence[int], guidance: Guidance) -> CachedRow:
        """Read one prompt and the beginning of its output."""
        if self.family == "causal":
            return CachedRow(self, {}, [*source, *target], steering=guidance.steering)
        encoded = self.network.get_encoder()(input_ids=_batch(source, self.device))
        settings = self.network.generation_config
        start = settings.decoder_start_token_id
        if start is None:
            start = getattr(self.network.config, "decoder_start_token_id", None)
        if start is None:
            raise ModelError("the model's configuration has no decoder_start_token_id, which its output begins with")
        forced = [settings.forced_bos_token_id] if settings.forced_bos_token_id is not None else []
        tokens = [start, *forced, *target]
        return CachedRow(self, {"encoder_outputs": encoded}, tokens, steering=guidance.steering)


class TransformersSession:
    """Rows of tokens, each with the cache transformers made for it."""

    def __init__(self, model: TransformersModel) -> None:
        self._model = model
        self._rows: list[CachedRow] = []
        self.logits = torch.empty(0, device=model.device)  # (B, V) float32

    @property
    def lengths(self) -> list[int]:
        """Tokens in each row; an encoder-decoder's source does not count."""
        return [len(row.tokens) for row in self._rows]

    @torch.inference_mode()
    def join(
        self,
        sources: Sequence[Sequence[int]],
        targets: Sequence[Sequence[int]],
        *,
        guides: Sequence[Guidance] = (),
        most: int | None = None,
    ) -> list[list[int]]:
        """Read further rows, which come after the others; return what is left to be fed of each.

        A model that is nothing but a decoder reads ``most`` tokens of each, another one all of them.
        """
        left: list[list[int]] = [[] for _ in sources]
        if self._model.family == "causal" and most is not None:
            texts = [[*source, *target] for source, target in zip(sources, targets, strict=True)]
            sources, targets = [text[:most] for text in texts], [()] * len(texts)
            left = [text[most:] for text in texts]
        rows = zip(sources, targets, of_each(guides, len(sources)), strict=True)
        self._rows += [self._model.open_row(source, target, guidance) for source, target, guidance in rows]
        self._gather()
        return left

    @torch.inference_mode()
    def feed(self, tokens: Sequence[Sequence[int]], *, tails: Sequence[int] | None = None) -> Tensor:
        """Append tokens to each row, none to one that waits; return the logits after the last ``tails`` of each.

        They are (sum(tails), V), one row's after another's; by default one of each row that is given tokens.
        """
        ends = [self.logits[:0]]
        for row, new, tail in zip(self._rows, tokens, tails or [1] * len(tokens), strict=True):
            if new:
                logits = row.feed(self._model, new)
                ends.append(logits[len(new) - tail :])
        self._gather()
        return torch.cat(ends)

    def recalls(self, tokens: Sequence[int], guidance: Guidance) -> int:
        """Return how many of a text's first tokens would not be computed again if it joined: none."""
        return 0

    def crop(self, row: int, length: int) -> None:
        """Forget a row's tokens beyond ``length``."""
        self._rows[row].crop(length)

    def select(self, rows: Sequence[int]) -> None:
        """Keep the given rows, in this order; a row given twice is copied."""
        kept: list[CachedRow] = []
        for row in rows:
            taken = self._rows[row]
            kept.append(taken.copy() if any(taken is each for each in kept) else taken)
        self._rows = kept
        self._gather()

    def _gather(self) -> None:
        if self._rows:
            self.logits = torch.stack([row.logits for row in self._rows])
        else:
            self.logits = self.logits[:0]


class CachedRow:
    """A row's tokens so far, the cache of all but those not yet computed, and the logits after the last."""

    def __init__(
        self,
        model: TransformersModel,
        inputs: dict[str, Any],
        tokens: list[int],
        *,
        steering: Steering | None = None,
    ) -> None:
        self.inputs = inputs
        self.vectors = model.decoder_blocks.on_device(steering)  # (L, D)
        self.tokens: list[int] = []
        self.cache: Any = None
        self.computed = 0
        self.logits = self.feed(model, tokens)[-1]

    def feed(self, model: TransformersModel, tokens: Sequence[int]) -> Tensor:
        """Append tokens and return the logits after each of them (T, V), float32."""
        self.tokens += tokens
        waiting = self.tokens[self.computed :]
        name = "decoder_input_ids" if "encoder_outputs" in self.inputs else "input_ids"
        with model.decoder_blocks.steered(self.vectors):
            output = model.network(
                **{name: _batch(waiting, model.device)}, **self.inputs, past_key_values=self.cache, use_cache=True
            )
        self.cache, self.computed = output.past_key_values, len(self.tokens)
        logits: Tensor = output.logits[0, -len(tokens) :].float()
        self.logits = logits[-1]
        return logits

    def crop(self, length: int) -> None:
        """Forget tokens; a cache that cannot (a sliding window) is dropped and computed again at the next feed."""
        surplus = self.computed - length
        self.tokens = self.tokens[:length]
        if surplus <= 0:
            return
        try:
            self.cache.crop(-surplus)
            self.computed = length
        except (AttributeError, NotImplementedError, RuntimeError, ValueError):
            self.cache, self.computed = None, 0

    def copy(self) -> CachedRow:
        """Return an independent row; what the encoder made of the source is shared."""
        twin = copy.copy(self)
        twin.tokens = list(self.tokens)
        twin.cache = copy.deepcopy(self.cache)
        return twin


class TransformersEncoder:
    """An encoder of transformers, for vectors only: the mean over a text's tokens."""

    def __init__(self, model: Any) -> None:
        self.network = model
        self.family = "encoder"
        self.device, self.dtype = model.device, model.dtype
        self.context = getattr(model.config, "max_position_embeddings", None)

    @classmethod
    def load(cls, folder: str, *, device: str, dtype: torch.dtype) -> TransformersEncoder:
        """Load a checkpoint folder; raises ModelError where its sentence vectors are not made by mean pooling."""
        import transformers

        check_pooling(Path(folder))
        model = translated(
            folder, lambda: transformers.AutoModel.from_pretrained(folder, dtype=dtype, trust_remote_code=False)
        )
        return cls(model.to(device).eval())

    @torch.inference_mode()
    def hidden(self, tokens: Sequence[int]) -> Tensor:
        """Return the last hidden states of a text (T, D), float32."""
        states: Tensor = self.network(input_ids=_batch(tokens, self.device)).last_hidden_state
        return states[0].float()


def check_tensors(folder: str, found: Mapping[str, Iterable[Any]]) -> None:
    """Raise ModelError for tensors that a checkpoint lacks, which would be left random, or that its model has not."""
    for kind, words in (
        ("missing_keys", "lacks"),
        ("unexpected_keys", "has what its configuration does not describe:"),
    ):
        names = sorted(map(str, found[kind]))
        if names:
            more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
            raise ModelError(
                f"the model {folder} {words} {', '.join(names[:_SHOWN])}{more}; config.json and the weights do not fit "
                "together: get both from the same source"
            )


def _with_weights(folder: str, config: Any, weights: dict[str, Tensor], *, dtype: torch.dtype, seq2seq: bool) -> Any:
    """Return the model of a configuration with the given weights, and the folder's settings for generation."""
    import transformers

    known = transformers.MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING if seq2seq else transformers.MODEL_FOR_CAUSAL_LM_MAPPING
    model, found = known[type(config)].from_pretrained(
        None, config=config, state_dict=weights, dtype=dtype, output_loading_info=True
    )
    check_tensors(folder, found)
    if (Path(folder) / "generation_config.json").exists():
        model.generation_config = transformers.GenerationConfig.from_pretrained(folder)
    return model


def context_of(config: Any) -> int | None:
    """Return the number of positions; T5 has relative ones, its n_positions is only what it was trained with."""
    if config.model_type in ("t5", "mt5", "umt5"):
        return None
    names = ("max_position_embeddings", "n_positions", "n_ctx", "seq_length")
    return next((int(value) for name in names if (value := getattr(config, name, None))), None)


def _batch(tokens: Sequence[int], device: torch.device) -> Tensor:
    return torch.tensor([list(tokens)], device=device)  # (1, T)


def translated(folder: str, load: Any) -> Any:
    """Load something, with the library's complaints as ours."""
    quiet_client()
    import transformers

    transformers.logging.disable_progress_bar()
    told = transformers.logging.get_verbosity()
    transformers.logging.set_verbosity_error()  # its tables of tensors; what is wrong with them is told below
    try:
        return load()
    except DalleKitError:
        raise
    except Exception as error:  # of any type: the library does not look at what a configuration holds
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__).split(". ")[0]
        fix = way_to_mend(Path(folder))
        if any(word in reason for word in ("weights_only", "Weights only", "Detected pickle")):  # it says how to run it
            reason, fix = "its weights are damaged, or pickled code, which is never run", "take one with *.safetensors"
        elif "ignore_mismatched_sizes" in reason:
            reason, fix = "its weights have other shapes than config.json says", "get both from the same source"
        raise ModelError(f"the model {folder} cannot be loaded: {reason}; {fix}") from error
    finally:
        transformers.logging.set_verbosity(told)
