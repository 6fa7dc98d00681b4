"""What joins an encoder of examples to a decoder: trained for the two, and shipped apart from both.

A folder with ``bridge.json``, ``{"memory": "prefix", "queries": 16, "fusion": true}``, and ``bridge.safetensors``, with
the tensors of a ``DalleForConditionalGeneration`` that are neither its encoder's nor its decoder's, under their names.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from dalle_kit.errors import IntegrityError, ModelError
from dalle_kit.models.spec import BridgeSource

CONFIG, WEIGHTS = "bridge.json", "bridge.safetensors"

_RESAMPLER, _PROJECTION, _GATE = "encoder.resampler.", "encoder.projection.", "gate"
_MEMORIES = ("prefix", "none")
#: What an encoder's configuration says of its origin, not of the model.
_ORIGIN = ("_name_or_path", "architectures", "dtype", "torch_dtype", "transformers_version")


@dataclass(frozen=True, slots=True)
class Bridge:
    """A bridge in memory; ``memory``, ``queries`` and ``fusion`` are those of a DalleConfig.

    ``name`` is what errors call it.
    """

    tensors: Mapping[str, Tensor]
    memory: str
    queries: int
    fusion: bool
    name: str = "the bridge"

    def check_fits(self, *, reads: int, writes: int) -> None:
        """Raise ModelError unless it leads from an encoder's vectors of that width to a decoder's states."""
        inputs, queries = f"{_RESAMPLER}input.weight", f"{_RESAMPLER}queries"
        shapes = {
            f"{_PROJECTION}output.weight": (writes, reads),
            inputs: (writes, reads),
            queries: (self.queries, writes),
        }
        for name, shape in shapes.items():
            found = self.tensors.get(name)
            if found is not None and tuple(found.shape) != shape:
                raise ModelError(
                    f"{self.name}: {name} is {' x '.join(map(str, found.shape))}, and {' x '.join(map(str, shape))} "
                    "leads from this encoder to this decoder; give the two it was trained for"
                )


def bridge_hash(folder: Path) -> str:
    """Return the SHA-256 of both files, one after the other; OSError is left to the caller.

    The same as ``cat bridge.json bridge.safetensors | sha256sum``.
    """
    return hashlib.sha256((folder / CONFIG).read_bytes() + (folder / WEIGHTS).read_bytes()).hexdigest()


def save_bridge(folder: Path, tensors: Mapping[str, Tensor], *, memory: str, queries: int) -> str:
    """Write a bridge into a folder, made if it is not there, in float16; return the hash that a ModelSpec pins.

    ``tensors`` are ``dict(model.bridge_parameters())`` of a trained encoder-decoder, ``memory`` and ``queries`` those
    of its configuration. Raises ModelError for tensors of another part, missing ones, and values that are no numbers in
    float16.
    """
    from safetensors.torch import save_file

    stored = {
        name: tensor.detach().to(device="cpu", dtype=torch.float16).contiguous() for name, tensor in tensors.items()
    }
    bridge = Bridge(stored, memory, queries, fusion=_GATE in stored, name=f"the bridge for {folder}")
    _check(bridge, ModelError)
    folder.mkdir(parents=True, exist_ok=True)
    save_file(stored, folder / WEIGHTS, metadata={"format": "pt"})
    settings = {"memory": memory, "queries": queries, "fusion": bridge.fusion}
    (folder / CONFIG).write_bytes((json.dumps(settings) + "\n").encode("utf-8"))
    return bridge_hash(folder)


def load_bridge(source: BridgeSource) -> Bridge:
    """Read the bridge that a ModelSpec names.

    Raises IntegrityError for files that are missing, damaged or have another hash than was promised, ModelError for a
    kind of memory that cannot be had of any decoder.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    folder = Path(source.path)
    name = f"the bridge {folder}"
    try:
        found = bridge_hash(folder)
        settings = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        tensors = load_file(folder / WEIGHTS)
        memory, queries, fusion = str(settings["memory"]), int(settings["queries"]), bool(settings["fusion"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError, SafetensorError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise IntegrityError(f"{name} cannot be read ({reason:.200}); install what it came with anew") from error
    if found != source.sha256:
        raise IntegrityError(
            f"{name} has the SHA-256 {found}, promised is {source.sha256}; install what it came with anew"
        )
    bridge = Bridge(tensors, memory, queries, fusion, name=name)
    _check(bridge, IntegrityError)
    return bridge


def _check(bridge: Bridge, error: type[ModelError]) -> None:
    """Raise an error for tensors that are missing, of another part, or no numbers; ModelError for another memory."""
    if bridge.memory not in _MEMORIES:
        raise ModelError(
            f"{bridge.name} has the memory {bridge.memory!r}; such models are made with {' or '.join(_MEMORIES)} only"
        )
    wanted = [(f"{_RESAMPLER}queries", bridge.memory != "none"), (f"{_PROJECTION}output.weight", bridge.fusion)]
    for name, is_wanted in (*wanted, (_GATE, bridge.fusion)):
        if is_wanted != (name in bridge.tensors):
            raise error(f"{bridge.name} {'lacks' if is_wanted else 'should not have'} {name}, by its {CONFIG}")
    for name, tensor in bridge.tensors.items():
        if not (name.startswith((_RESAMPLER, _PROJECTION)) or name == _GATE):
            raise error(f"{bridge.name} has the tensor {name!r:.200}, which is of no bridge")
        if not (tensor.is_floating_point() and bool(torch.isfinite(tensor).all())):
            raise error(f"{bridge.name}: {name} has values that are no numbers")


def settings_of(bridge: Bridge, *, encoder: Mapping[str, Any], decoder: Mapping[str, Any]) -> dict[str, Any]:
    """Return the ``config.json`` of the encoder-decoder that a bridge makes of two models, given theirs.

    The same as a DalleConfig of the two would write, but for what is left to the defaults of transformers.
    """
    reads = {key: value for key, value in encoder.items() if key not in _ORIGIN}
    tokens = {key: decoder.get(key) for key in ("bos_token_id", "eos_token_id", "pad_token_id")}
    return {
        "architectures": ["DalleForConditionalGeneration"],
        "model_type": "dalle",
        "encoder": {"kind": "transformer", **reads},
        "decoder": dict(decoder),
        "memory": bridge.memory,
        "queries": bridge.queries,
        "fusion": bridge.fusion,
        "tie_word_embeddings": False,
        "dtype": "float32",
        **tokens,
    }
