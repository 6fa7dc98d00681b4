"""What a document's record says of how it came about, and a request as JSON-ready values and back."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dalle_kit.domain import Request, as_json
from dalle_kit.models.manifest import read_manifest

if TYPE_CHECKING:
    from dalle_kit.engine.engine import Engine
    from dalle_kit.likeness import Likeness
    from dalle_kit.plugin_manager.manager import Plugins
    from dalle_kit.records import ExampleUse

#: The key of an object that stands for bytes.
_BYTES = "$base64"

#: The libraries that have a part in the text, by what computes the model; the first two always have.
_LIBRARIES: Mapping[str, tuple[str, ...]] = {
    "native": ("tokenizers", "llguidance"),
    "torch": ("tokenizers", "llguidance", "torch"),
    "transformers": ("tokenizers", "llguidance", "torch", "transformers"),
}


def plain_fields(request: Request) -> dict[str, Any]:
    """Return a request's fields, those that are not as by default, as JSON-ready values."""
    plain: dict[str, Any] = _plain(request.model_dump(exclude_defaults=True))
    return plain


def fields_of(plain: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that ``plain_fields`` wrote down; raises ValueError for bytes that are none."""
    return {name: _restored(value) for name, value in plain.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return {_BYTES: base64.b64encode(value).decode("ascii")}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted(map(_plain, value), key=repr)
    return as_json(value)


def _restored(value: Any) -> Any:
    if isinstance(value, Mapping):
        if set(value) == {_BYTES} and isinstance(value[_BYTES], str):
            try:
                return base64.b64decode(value[_BYTES], validate=True)
            except binascii.Error as error:
                raise ValueError(f"{_BYTES}: {error}") from error
        return {key: _restored(item) for key, item in value.items()}
    return [_restored(item) for item in value] if isinstance(value, list) else value


def engine_facts(engine: Engine | None) -> dict[str, Any]:
    """Return what provenance says of the model that wrote, by its fields; nothing where none did."""
    names = ("model", "model_sha256", "device", "dtype")
    if engine is None:
        return dict.fromkeys(names)
    manifest = read_manifest(Path(engine.path)) if engine.path else None
    parts = {name: getattr(manifest, name, None) for name in ("base", "adapter", "encoder", "bridge")}
    parts["memory_map"] = manifest.reads if manifest else None
    return {
        **dict(zip(names, (engine.model, engine.sha256, engine.device, engine.dtype), strict=True)),
        "model_parts": {name: sha256 for name, sha256 in parts.items() if sha256},
        "quant": engine.quant,
        "runner": engine.runner,
        "constrained": engine.constrained,
        "libraries": {name: library_version(name) for name in _LIBRARIES.get(engine.runner, ())},
    }


def library_version(name: str) -> str:
    """Return the installed version of a library, without importing it."""
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def plugin_versions(plugins: Plugins) -> dict[str, str]:
    """Return the plugins in force by name, each with its distribution and version."""
    return {each.name: f"{each.distribution} {each.version}" for each in plugins.infos if each.status == "loaded"}


def example_facts(likeness: Likeness | None) -> dict[str, Any]:
    """Return what provenance says of the examples, by its fields."""
    if likeness is None:
        return {}
    uses: tuple[ExampleUse, ...] = likeness.uses
    return {"steer": likeness.steer, "strength": likeness.strength, "examples": uses}
