"""Making a checkpoint folder out of parts: a base with an adapter merged in, and an encoder that is joined to it."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from dalle_kit.errors import IntegrityError, ModelError
from dalle_kit.models import disk
from dalle_kit.models.adapters.lora import Adapter
from dalle_kit.models.adapters.pinned import load_pinned
from dalle_kit.models.bridge import Bridge, load_bridge, settings_of
from dalle_kit.models.controls import rename_controls
from dalle_kit.models.hub import COMPANIONS
from dalle_kit.models.manifest import read_manifest, way_to_mend
from dalle_kit.models.packing import write_tensors_packed
from dalle_kit.models.panels import PACKED_FILE
from dalle_kit.models.spec import MEMORY_FILE, Bits, MemorySource, ModelSpec, Progress
from dalle_kit.models.weights import read_raw, read_shapes

#: What the weights are stored in: what each costs in likelihood is in docs/models.md.
_BITS: Bits = "int8"

#: Where the parts of an encoder-decoder begin, as DalleForConditionalGeneration names them.
_DECODER, _ENCODER = "decoder.", "encoder.reader.model."
#: What an encoder's checkpoint may have and nothing reads.
_UNREAD = ("pooler.", "embeddings.position_ids")
#: The table of words, as an encoder like BERT that is saved alone calls it.
_WORDS = "embeddings.word_embeddings.weight"
#: Where an encoder's own tokenizer lies, and the files of one.
_TOKENIZER, _TOKENIZER_FILES = "encoder_tokenizer", ("tokenizer.json", "tokenizer_config.json")


@dataclass(frozen=True, slots=True)
class Parts:
    """What is on this machine of the parts of a model, read and checked; None for what it has not."""

    adapter: Adapter | None
    bridge: Bridge | None
    controls: Mapping[str, str]
    reads: bytes | None = None

    @property
    def stage(self) -> str:
        """What progress says of putting them together."""
        if self.bridge is not None:
            return "joining encoder and decoder"
        return "packing" if self.adapter is None else "merging the adapter"


def load_parts(spec: ModelSpec) -> Parts:
    """Read a model's adapter and bridge.

    Raises IntegrityError where they are damaged or not what was promised, ModelError for kinds that are not supported
    and for a model that is no decoder.
    """
    if spec.role != "decoder":
        raise ModelError(f"{spec.name} is an {spec.role} made of parts; adapters are merged into decoders only")
    adapter = load_pinned(spec.adapter) if spec.adapter else None
    bridge = load_bridge(spec.bridge) if spec.bridge else None
    return Parts(adapter, bridge, spec.controls, _pinned(spec.reads) if spec.reads else None)


def _pinned(source: MemorySource) -> bytes:
    """Return a memory map's file; raises IntegrityError unless it has the promised hash."""
    try:
        content = Path(source.path).read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        raise IntegrityError(f"{source.path} cannot be read ({reason}); install what it came with anew") from error
    found = hashlib.sha256(content).hexdigest()
    if found != source.sha256:
        raise IntegrityError(
            f"{source.path} has the SHA-256 {found}, promised is {source.sha256}; install what it came with anew"
        )
    return content


def assemble(base: Path, encoder: Path | None, parts: Parts, target: Path, *, name: str, progress: Progress) -> str:
    """Write the model that a base, an encoder and other parts make into ``target``; return its weights' SHA-256.

    ``encoder`` is there where ``parts`` have a bridge. Raises ModelError where one of them is no checkpoint or does not
    fit the others, and DiskSpaceError; other OSErrors are left to the caller.
    """
    settings = _configuration(base, f"the base of {name}")
    if parts.adapter is not None:
        parts.adapter.check_fits(read_shapes(base))
    for companion in COMPANIONS:
        if (base / companion).is_file():
            _copy(base / companion, target / companion)
    if parts.controls:
        rename_controls(target, parts.controls)
    if parts.reads is not None:
        (target / MEMORY_FILE).write_bytes(parts.reads)
    if parts.bridge is not None:
        assert encoder is not None
        _join(settings, encoder, parts.bridge, target, name=name)
    prefix = "" if parts.bridge is None else _DECODER

    def tensors() -> Iterator[tuple[str, Tensor]]:
        for key, tensor in read_raw(base):
            yield f"{prefix}{key}", tensor
        if parts.bridge is not None and encoder is not None:
            for key, tensor in read_raw(encoder):
                if not key.startswith(_UNREAD):
                    yield f"{_ENCODER}{key}", tensor
            yield from parts.bridge.tensors.items()

    def change(key: str, weight: Tensor) -> Tensor:
        if parts.adapter is None or not key.startswith(prefix):
            return weight
        return parts.adapter.add_to(key.removeprefix(prefix), weight)

    write_tensors_packed(tensors, target, bits=_BITS, name=name, stage=parts.stage, progress=progress, change=change)
    return disk.sha256_of(target / PACKED_FILE)


def check_as_made(folder: Path) -> None:
    """Raise ModelError if the weights of a stored model that was made here are not those that were written then."""
    manifest = read_manifest(folder)
    if manifest is None or manifest.base is None:
        return  # of others the hash is that of what they were made from
    if disk.sha256_of(folder / PACKED_FILE) != manifest.sha256:
        raise ModelError(f"{folder / PACKED_FILE} is damaged: it is not what was written; {way_to_mend(folder)}")


def _join(decoder: Mapping[str, Any], folder: Path, bridge: Bridge, target: Path, *, name: str) -> None:
    """Write what an encoder-decoder has besides its weights and the decoder's own files: all but these are checked."""
    encoder = _configuration(folder, f"the encoder of {name}")
    if encoder.get("is_encoder_decoder"):
        raise ModelError(f"the encoder of {name}, {folder}, has a decoder; give the source of an encoder alone")
    if not (folder / _TOKENIZER_FILES[0]).is_file():
        raise ModelError(f"the encoder of {name}, {folder}, has no {_TOKENIZER_FILES[0]}; give one that has")
    bridge.check_fits(reads=_width(encoder), writes=_width(decoder))
    _check_names(encoder, folder, name=name)
    for file in _TOKENIZER_FILES:
        if (folder / file).is_file():
            _copy(folder / file, target / _TOKENIZER / file)
    settings = settings_of(bridge, encoder=encoder, decoder=decoder)
    (target / "config.json").write_bytes((json.dumps(settings, ensure_ascii=False, indent=2) + "\n").encode("utf-8"))


def _check_names(config: Mapping[str, Any], folder: Path, *, name: str) -> None:
    """Raise ModelError for an encoder saved within another model: under other names nothing finds its tensors."""
    names = read_shapes(folder)
    longer = next((each for each in names if each.endswith(f".{_WORDS}")), None)
    if _WORDS not in names and (longer or config.get("model_type") == "bert"):
        raise ModelError(
            f"the encoder of {name}, {folder}, has {longer or 'no such tensor'} in place of {_WORDS}; save its "
            "AutoModel alone and give that folder"
        )


def _configuration(folder: Path, what: str) -> dict[str, Any]:
    """Return a part's ``config.json``; ``what`` is how errors call the part."""
    file = folder / "config.json"
    if not file.is_file():
        raise ModelError(f"{what}, {folder}, has no config.json; give the folder of a transformers checkpoint")
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ModelError(f"{what}: {file} cannot be read ({error}); pull or save it again") from error
    if not isinstance(found, dict):
        raise ModelError(f"{what}: {file} holds no JSON object; pull or save it again")
    return found


def _width(config: Mapping[str, Any]) -> int:
    """Return how many numbers a model's states have, by the names that families give it; 0 where it has none."""
    return int(next((config[key] for key in ("hidden_size", "n_embd", "d_model", "dim") if key in config), 0))


def _copy(source: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, place)
