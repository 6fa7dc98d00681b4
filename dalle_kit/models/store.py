"""The folder in which fetched models are kept, one folder a model.

A model is made in a partial folder and renamed into place when it is whole, under a lock that other processes wait
for; so a model that is there is whole, and a pull that was killed can be repeated.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dalle_kit.errors import ModelError, OutputError
from dalle_kit.files import write_atomically
from dalle_kit.models import disk, foreign
from dalle_kit.models.manifest import (
    FILE,
    Manifest,
    describe_origin,
    describe_source,
    folder_name,
    parts_of,
    read_manifest,
)
from dalle_kit.models.provision import Checkpoint, fetched_parts, provide, space_needed
from dalle_kit.models.spec import LocalSource, ModelSpec, Progress, Source, StoredModel, silent
from dalle_kit.models.workshop import Workshop


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """One folder of the store; ``problem`` says what is wrong with it, None if nothing is."""

    folder: Path
    manifest: Manifest
    problem: str | None


class Store:
    """Models on the disk below ``root``; safe to use from several processes and threads at once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._workshop = Workshop(root)

    def entries(self) -> tuple[StoredEntry, ...]:
        """Return what is stored, sorted by folder, damaged models included."""
        if not self.root.is_dir():
            return ()
        found = []
        for folder in sorted(each for each in self.root.iterdir() if not each.name.startswith(".")):
            manifest = read_manifest(folder)
            if manifest is not None:
                found.append(StoredEntry(folder, manifest, manifest.problem(folder)))
        return tuple(found)

    def find(self, spec: ModelSpec) -> StoredModel | None:
        """Return a model that is here and whole, None otherwise; never fetches."""
        if not isinstance(spec.source, LocalSource) or spec.is_made:
            return self._found(spec, folder_name(spec.name), _origin(spec))
        path = Path(spec.source.path)
        kind, facts = _kind_of(path), foreign.facts_of(path)
        converted = [each for each in self.entries() if each.manifest.source["kind"] == kind]
        same_size = [each for each in converted if each.manifest.source.get("size") == facts["size"]]
        for entry in same_size:
            if facts.items() <= entry.manifest.source.items():
                return self._found(spec, entry.folder.name, None)
        if not same_size:
            return None  # reading the whole file is worth it only if one of its size was converted before
        found = self._found(spec, foreign.store_folder(kind, foreign.sha256_of(path)), None)
        if found is not None:
            _note_place(Path(found.path), facts)
        return found

    def ensure(self, spec: ModelSpec, *, progress: Progress = silent) -> StoredModel:
        """Return a model, fetching and converting it first if it is not here or not whole.

        Raises DownloadError, IntegrityError, DiskSpaceError or another ModelError; then nothing of it is kept.
        """
        found = self.find(spec)
        if found is not None:
            return found
        if isinstance(spec.source, LocalSource) and not spec.is_made:
            path = Path(spec.source.path)
            kind, digest = _kind_of(path), foreign.sha256_of(path, progress=progress)
            name, source = (
                foreign.store_folder(kind, digest),
                {"kind": kind, **foreign.facts_of(path), "sha256": digest},
            )
        else:
            name, source = folder_name(spec.name), _origin(spec)
        with self._guarded(spec), self._workshop.locked(name, spec.name, progress):
            found = self._found(spec, name, None if source["kind"] in foreign.KINDS else source)
            if found is None:
                self._make(spec, name, source, progress)
                found = self._found(spec, name, source)
        if found is None:
            raise ModelError(f"{spec.name} was stored in {self.root / name} and has changed since; pull it again")
        return found

    def remove(self, name: str) -> int:
        """Remove the model stored under ``name`` or in the folder of that name; return the bytes freed.

        Raises ModelError if there is none, or if it cannot be removed.
        """
        entry = next((each for each in self.entries() if name in (each.manifest.name, each.folder.name)), None)
        if entry is None:
            raise ModelError(f"{name} is not stored on this machine; `dalle-kit models list` shows what is")
        doomed = self._workshop.partial(entry.folder.name)
        with self._workshop.locked(entry.folder.name, name, silent):
            try:
                entry.folder.rename(doomed)
            except OSError as error:
                raise ModelError(
                    f"cannot remove {entry.folder}: {error.strerror}; is another program using it?"
                ) from error
            shutil.rmtree(doomed, ignore_errors=True)
        return entry.manifest.size

    def _found(self, spec: ModelSpec, name: str, source: dict[str, Any] | None) -> StoredModel | None:
        """Return the model in a folder if it is whole, has the spec's parts and comes from ``source``, if given."""
        folder = self.root / name
        manifest = read_manifest(folder)
        if manifest is None or manifest.problem(folder) or manifest.parts != parts_of(spec):
            return None
        if source is not None and manifest.source != source:
            return None
        known = replace(spec, licence=manifest.licence) if spec.licence == "unknown" else spec
        return StoredModel(name=spec.name, path=str(folder), sha256=manifest.sha256, spec=known)

    def _make(self, spec: ModelSpec, name: str, source: dict[str, Any], progress: Progress) -> None:
        """Fetch, convert and put together in a partial folder, then rename what came of it into place."""
        parts = fetched_parts(spec) if spec.is_made else {}
        here = {place: found for place, part in parts.items() if (found := self._here(part)) is not None}
        needed = space_needed(spec, here)
        disk.check_space(self.root, needed, spec.name)
        partial = self._workshop.partial(name)
        shown = name if source["kind"] in foreign.KINDS else spec.name
        try:
            model = provide(spec, name=shown, source=source, partial=partial, here=here, progress=progress)
            self._workshop.put_in_place(model, name)
        except OSError as error:
            if not disk.is_full(error):
                raise
            wanted = max(needed, disk.tree_size(partial)) + disk.MARGIN
            raise disk.no_space(self.root, wanted, disk.free_space(self.root), spec.name) from error
        finally:
            shutil.rmtree(partial, ignore_errors=True)

    def _here(self, spec: ModelSpec) -> Checkpoint | None:
        """Return what a model is made from if it is on this machine, None if it has to be fetched."""
        local = Path(spec.source.path) if isinstance(spec.source, LocalSource) else None
        if local is not None and local.is_dir() and foreign.kind_of(local) is None:
            weights = list(local.glob("*.safetensors"))
            return Checkpoint(local, disk.sha256_of(weights[0]) if len(weights) == 1 else None)
        if local is not None:
            found = self.find(spec)
            folders = [Path(found.path)] if found else []
        else:
            wanted = describe_source(spec.source)
            folders = [
                each.folder
                for each in self.entries()
                if each.manifest.source == wanted and not each.manifest.is_made and not each.problem
            ]
        note = read_manifest(folders[0]) if folders else None
        return Checkpoint(folders[0], note.sha256, note.licence, note.commit) if note else None

    @contextmanager
    def _guarded(self, spec: ModelSpec) -> Iterator[None]:
        """Make the store's folder, and translate what the file system refuses."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            yield
        except OSError as error:
            reason = error.strerror or str(error)
            raise ModelError(
                f"cannot store {spec.name} in {self.root}: {reason}; mend that, or set DALLE_KIT_HOME to another folder"
            ) from error


def _note_place(folder: Path, facts: dict[str, Any]) -> None:
    """Note where a converted file lies now, so that it need not be read again to be known."""
    manifest = read_manifest(folder)
    if manifest is not None:
        with suppress(OSError, OutputError):  # no more than a shortcut
            moved = replace(manifest, source={**manifest.source, **facts})
            write_atomically(folder / FILE, moved.to_json(), force=True)


def _origin(spec: ModelSpec) -> dict[str, Any]:
    """Return what tells a model's sources apart; of files on this machine also their size and time of change."""
    found = {**describe_origin(spec), **_facts(spec.source)}
    if spec.bridge is not None:
        found["encoder"] |= _facts(spec.bridge.encoder)
    return found


def _facts(source: Source) -> dict[str, Any]:
    if not isinstance(source, LocalSource):
        return {}
    path = Path(source.path)
    if foreign.kind_of(path) is not None:
        return foreign.facts_of(path)
    facts = [_file_facts(file) for file in (sorted(path.glob("*.safetensors")) if path.is_dir() else [path])]
    return {
        "size": sum(each["size"] for each in facts),
        "mtime_ns": max((each["mtime_ns"] for each in facts), default=0),
    }


def _kind_of(path: Path) -> foreign.Kind:
    """Return what a local source that is no checkpoint folder is; raises ModelError for one that is nothing known."""
    kind = foreign.kind_of(path)
    if kind is None:
        raise ModelError(f"{path} is neither a .gguf file nor a checkpoint folder; give one that is")
    return kind


def _file_facts(file: Path) -> dict[str, Any]:
    """Return what tells a file apart without reading it: its path, size and time of change."""
    try:
        facts = file.stat()
    except OSError as error:
        raise ModelError(f"cannot read {file}: {error.strerror}") from error
    return {"path": str(file), "size": facts.st_size, "mtime_ns": facts.st_mtime_ns}
