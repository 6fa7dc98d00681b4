"""Running exported graphs with ONNX Runtime as a program would, and comparing with torch.

The prompt is read at once and the rest token by token, each step with the cache that the one before has given; torch
computes all tokens at once, without any cache. One row is shorter than the other, so that masks are tested as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from dalle_kit.export.onnx_export import Agreement

_Array = npt.NDArray[Any]
_ROWS, _PROMPT, _STEPS, _SOURCE = 2, 7, 4, 11
_SHORTER = 3  # tokens that the second row has less
_EXAMPLES = (_ROWS, 3, 30)


def agreements_of(network: Any, family: str, folder: Path) -> list[Agreement]:
    """Return how well the graphs in a folder agree with a network of a family, on random tokens."""
    with torch.no_grad():
        return {"encoder": _encoder, "causal": _causal, "seq2seq": _seq2seq, "dalle": _dalle}[family](network, folder)


class Session:
    """One graph in ONNX Runtime, with inputs and outputs by name."""

    def __init__(self, file: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
        self._outputs = [each.name for each in self._session.get_outputs()]
        self._shapes = {each.name: each.shape for each in self._session.get_inputs()}

    def __call__(self, inputs: Mapping[str, _Array]) -> dict[str, _Array]:
        """Run the graph; inputs that it has no use for are left out."""
        given = {name: value for name, value in inputs.items() if name in self._shapes}
        return dict(zip(self._outputs, self._session.run(None, given), strict=True))

    def empty_cache(self) -> dict[str, _Array]:
        """Return the cache before the first token."""
        return {
            name: np.zeros((_ROWS, shape[1], 0, shape[3]), dtype=np.float32)
            for name, shape in self._shapes.items()
            if name.startswith("past_key_values.")
        }


def _encoder(network: Any, folder: Path) -> list[Agreement]:
    tokens, mask = _tokens(network.config.vocab_size, _SOURCE), _mask(_SOURCE)
    wanted = network(input_ids=tokens, attention_mask=mask).last_hidden_state
    found = Session(folder / "model.onnx")({"input_ids": tokens.numpy(), "attention_mask": mask.numpy()})
    return [Agreement("vectors", _difference(found["last_hidden_state"], wanted, mask))]


def _causal(network: Any, folder: Path) -> list[Agreement]:
    length = _PROMPT + _STEPS
    tokens, mask = _tokens(network.config.get_text_config().vocab_size, length), _mask(length, left=True)
    positions = (mask.cumsum(-1) - 1).clamp(min=0)
    given = {"position_ids": positions} if _takes(network, "position_ids") else {}
    wanted = network(input_ids=tokens, attention_mask=mask, **given).logits
    session = Session(folder / "model.onnx")
    return _written(session, tokens, mask, wanted, cache=session.empty_cache())


def _seq2seq(network: Any, folder: Path) -> list[Agreement]:
    source, mask = _tokens(network.config.vocab_size, _SOURCE), _mask(_SOURCE)
    target = _tokens(network.config.vocab_size, _PROMPT + _STEPS)
    wanted = network(input_ids=source, attention_mask=mask, decoder_input_ids=target)
    read = Session(folder / "encoder_model.onnx")({"input_ids": source.numpy(), "attention_mask": mask.numpy()})
    states = _difference(read["last_hidden_state"], wanted.encoder_last_hidden_state, mask)
    session = Session(folder / "decoder_model.onnx")
    crossing = {name: value for name, value in read.items() if name.startswith("cross.")}
    crossing["encoder_attention_mask"] = mask.numpy()
    written = _written(
        session, target, torch.ones_like(target), wanted.logits, cache=session.empty_cache(), more=crossing
    )
    return [Agreement("encoder", states), *written]


def _dalle(network: Any, folder: Path) -> list[Agreement]:
    settings = network.config
    encoder = settings.encoder
    random = torch.Generator().manual_seed(1)
    examples = torch.randint(encoder["vocab_size"], _EXAMPLES, generator=random)
    example_mask = torch.ones_like(examples)
    example_mask[0, 1, 20:] = 0
    example_mask[1, 2] = 0  # the second row has one example less
    length = _PROMPT + _STEPS
    tokens, mask = _tokens(settings.decoder.vocab_size, length), _mask(length, left=True)
    wanted = network(tokens, mask, example_ids=examples, example_mask=example_mask).logits
    reader, session = Session(folder / "encoder_model.onnx"), Session(folder / "model.onnx")
    read = reader({"example_ids": examples.numpy(), "example_mask": example_mask.numpy()})
    given = {name: value for name, value in read.items() if name in ("pooled", "vectors")}
    if "memory_mask" not in read:
        return _written(session, tokens, mask, wanted, cache=session.empty_cache(), more=given)
    cache = {name.replace("memory.", "past_key_values."): read[name] for name in read if name.startswith("memory.")}
    return _written(session, tokens, mask, wanted, cache=cache, more=given, before=read["memory_mask"])


def _written(
    session: Session,
    tokens: torch.Tensor,
    mask: torch.Tensor,
    wanted: torch.Tensor,
    *,
    cache: dict[str, _Array],
    more: Mapping[str, _Array] | None = None,
    before: _Array | None = None,
) -> list[Agreement]:
    """Return the differences of logits: of the prompt read at once, and of single steps with the cache."""
    seen = mask.numpy() if before is None else np.concatenate([before, mask.numpy()], axis=1)
    offset = seen.shape[1] - mask.shape[1]
    start, differences = 0, []
    for end in range(_PROMPT, _PROMPT + _STEPS + 1):
        inputs = {"input_ids": tokens[:, start:end].numpy(), "attention_mask": seen[:, : offset + end]}
        found = session({**inputs, **(more or {}), **cache})
        differences.append(_difference(found["logits"], wanted[:, start:end], mask[:, start:end]))
        cache = {
            name.replace("present.", "past_key_values."): value
            for name, value in found.items()
            if name.startswith("present.")
        }
        start = end
    return [Agreement("prompt", differences[0]), Agreement("steps with cache", max(differences[1:]))]


def _difference(found: _Array, wanted: torch.Tensor, mask: torch.Tensor) -> float:
    """Return the largest difference where the mask is set."""
    counted = mask.bool().numpy()
    return float(np.abs(found[counted] - wanted.float().numpy()[counted]).max())


def _tokens(vocabulary: int, length: int) -> torch.Tensor:
    return torch.randint(vocabulary, (_ROWS, length), generator=torch.Generator().manual_seed(0))


def _mask(length: int, *, left: bool = False) -> torch.Tensor:
    mask = torch.ones(_ROWS, length, dtype=torch.long)
    mask[1, slice(None, _SHORTER) if left else slice(-_SHORTER, None)] = 0
    return mask


def _takes(network: Any, name: str) -> bool:
    import inspect

    return name in inspect.signature(network.forward).parameters
