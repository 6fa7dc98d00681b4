"""Names of models, and the way from a name to a folder that can be loaded."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from dalle_kit.errors import IntegrityError, ModelError, UnknownNameError
from dalle_kit.models.builtin import builtin_models
from dalle_kit.models.foreign import KINDS, has_weights, kind_of
from dalle_kit.models.hub import parse_hub
from dalle_kit.models.servers import SCHEME, parse_server, server_name
from dalle_kit.models.spec import (
    MEMORY_FILE,
    AdapterSource,
    LocalSource,
    ModelSpec,
    Progress,
    ServerSource,
    StoredModel,
    silent,
)
from dalle_kit.models.store import Store, StoredEntry
from dalle_kit.paths import Paths, find_paths

_NO_ALIASES: Mapping[str, str] = {}


class Registry:
    """Turns names into models.

    A name is, tried in this order: an alias, a built-in model, a plugin's model, ``hub:REPO[@REVISION]``,
    ``openai:URL[#NAME]``, a model in the store, a folder with a checkpoint of transformers or TensorFlow, one with an
    adapter that names its base, a ``.gguf`` file. Built-in names win over those of plugins.
    """

    def __init__(
        self, specs: Iterable[ModelSpec] = (), *, aliases: Mapping[str, str] = _NO_ALIASES, paths: Paths | None = None
    ) -> None:
        self._specs = {spec.name: spec for spec in (*specs, *builtin_models())}
        self._aliases = dict(aliases)
        self._store = Store((paths or find_paths()).models)

    def specs(self) -> tuple[ModelSpec, ...]:
        """Return the models known by name: the built-in ones, the default first, then those of plugins by name."""
        built_in = [spec.name for spec in builtin_models()]
        others = sorted(self._specs.keys() - set(built_in))
        return tuple(self._specs[name] for name in (*built_in, *others))

    def stored(self) -> tuple[StoredEntry, ...]:
        """Return what the store holds, damaged models included."""
        return self._store.entries()

    def resolve(self, name: str) -> ModelSpec:
        """Return the model a name stands for; nothing is fetched.

        Raises UnknownNameError (with the nearest name), and ModelError for a folder or file that holds no model.
        """
        name = self._without_alias(name)
        if name in self._specs:
            spec = self._specs[name]
            if isinstance(spec.source, ServerSource):
                raise ModelError(
                    f"the model {name!r} of a plugin is on a server; name it yourself: {server_name(spec.source)}"
                )
            return spec
        if name.startswith("hub:"):
            source = parse_hub(name)
            known = (spec for spec in self._specs.values() if spec.source == source and not spec.is_made)
            return next(known, ModelSpec(name=name, source=source))
        if name.startswith(SCHEME):
            server = parse_server(name)
            return ModelSpec(name=server_name(server), source=server, summary=f"on a server: {server.url}")
        entries = self._store.entries()
        for entry in entries:
            if entry.folder.name == name and entry.manifest.source["kind"] in KINDS:
                return _spec_of_converted(entry)
        try:
            path = Path(name).expanduser()
            is_there = path.exists()
        except (OSError, RuntimeError, ValueError) as error:
            raise ModelError(
                f"{name!r:.80} is no model, and no path ({error!s:.80}); give a folder, hub:REPO, or a model's name"
            ) from error
        if is_there:
            path = path.absolute()
            return self._adapted(path) if _is_adapter(path) else _local_spec(name, path)
        if path.suffix == ".gguf" or name != path.name:
            raise ModelError(f"there is no file or folder {name}; give a path that exists, hub:REPO, or a model's name")
        if any(entry.manifest.name == name for entry in entries):
            raise ModelError(
                f"{name} is stored here, but of a plugin that is not installed, or of an earlier version of dalle-kit; "
                f"use {builtin_models()[0].name}, the default, and free its room: dalle-kit models remove {name}"
            )
        hint = "(or give hub:REPO, openai:URL#NAME, a folder, a .gguf file)"
        raise UnknownNameError("model", name, (*self._specs, *self._aliases), hint=hint)

    def _adapted(self, folder: Path) -> ModelSpec:
        """Return the model that an adapter in a folder makes of the base it names; raises ModelError and subclasses."""
        from dalle_kit.models.adapters.files import adapter_hash, base_of  # imports torch, which merging needs anyway

        base = base_of(folder)
        if _is_adapter(Path(base)):
            raise ModelError(
                f"the adapter {folder} names another adapter as its base, {base}; train it on a whole model"
            )
        on_the_hub = base.count("/") == 1 and not Path(base).exists()
        known = self.resolve(f"hub:{base}" if on_the_hub else base)
        if isinstance(known.source, ServerSource):
            raise ModelError(f"the adapter {folder} names a server as its base, {base}; train it on a model of files")
        if known.is_made:
            raise ModelError(f"the base of the adapter {folder}, {base}, is made of parts itself; train it on another")
        adapter = AdapterSource(path=str(folder), sha256=adapter_hash(folder))
        summary = f"{known.name} with the adapter {folder}"
        return replace(known, name=str(folder), summary=summary, adapter=adapter, trusted_from=None)

    def find(self, name: str) -> StoredModel | None:
        """Return a model if it is on this machine and whole; never fetches. Raises as ``resolve`` does."""
        spec = self.resolve(name)
        if isinstance(spec.source, ServerSource):
            return None
        if isinstance(spec.source, LocalSource) and not spec.is_made and is_in_place(Path(spec.source.path)):
            return StoredModel(name=spec.name, path=spec.source.path, spec=spec)
        return self._store.find(spec)

    def reads_examples(self, name: str) -> bool:
        """Say whether examples reach a model through an encoder; nothing is fetched. Raises as ``resolve`` does."""
        found = self.find(name)
        if found is None:
            spec = self.resolve(name)
            return spec.bridge is not None or spec.reads is not None
        if (Path(found.path) / MEMORY_FILE).is_file():
            return True
        try:
            config = json.loads((Path(found.path) / "config.json").read_bytes())
        except (OSError, ValueError):
            return False  # what is damaged is told when it is loaded
        return isinstance(config, dict) and config.get("model_type") == "dalle"

    def ensure(self, name: str, *, progress: Progress = silent) -> StoredModel:
        """Return a model ready to load, fetching and converting it first if need be.

        Raises as ``resolve`` does, and DownloadError, IntegrityError, DiskSpaceError; then nothing of it is kept.
        Raises ModelError for a model that a server has.
        """
        spec = self.resolve(name)
        if isinstance(spec.source, ServerSource):
            raise ModelError(f"{spec.name} is on a server: it writes there, and nothing of it can be fetched")
        return self.find(name) or self._store.ensure(spec, progress=progress)

    def remove(self, name: str) -> int:
        """Remove a stored model; return the bytes freed. Raises ModelError for one that is not in the store."""
        name = self._without_alias(name)
        if any(name in (entry.manifest.name, entry.folder.name) for entry in self._store.entries()):
            return self._removed(name)
        spec = self.resolve(name)
        found = self.find(name)
        if found is None or Path(found.path).parent != self._store.root:
            if found is not None:
                raise ModelError(f"{name} is a folder of your own, used in place; remove it yourself if you mean to")
            return self._store.remove(spec.name)
        return self._removed(Path(found.path).name)

    def _removed(self, name: str) -> int:
        """Remove a model by its name or its folder's, packed copies included; return the bytes freed."""
        from dalle_kit.models.packed_copies import remove_packed

        folders = [each.folder for each in self._store.entries() if name in (each.manifest.name, each.folder.name)]
        return self._store.remove(name) + sum(map(remove_packed, folders[:1]))

    def _without_alias(self, name: str) -> str:
        passed = [name]
        while name in self._aliases:
            name = self._aliases[name]
            if name in passed:
                raise ModelError(
                    f"the alias {passed[0]!r} leads back to itself ({' -> '.join([*passed, name])}); set it anew"
                )
            passed.append(name)
        return name


def check_checkpoint(folder: Path) -> None:
    """Raise ModelError unless a folder holds a transformers checkpoint: ``config.json`` and weights."""
    if not (folder / "config.json").is_file():
        if (folder / "adapter_model.safetensors").is_file():
            raise ModelError(f"the adapter {folder} has no adapter_config.json; copy it there too")
        packed = sorted(folder.glob("*.gguf"))
        fix = f"give the file itself: {packed[0]}" if packed else "give the folder of a transformers checkpoint"
        raise ModelError(f"the folder {folder} has no config.json; {fix}")
    if not has_weights(folder):
        raise ModelError(f"the folder {folder} has no weights (*.safetensors or pytorch_model*.bin)")


def _is_adapter(folder: Path) -> bool:
    """Say whether a folder holds an adapter and no model."""
    return (folder / "adapter_config.json").is_file() and not (folder / "config.json").exists()


def is_in_place(path: Path) -> bool:
    """Return whether a path is a folder that can be loaded as it is."""
    return path.is_dir() and kind_of(path) is None


def _local_spec(name: str, path: Path) -> ModelSpec:
    if path.is_dir():
        if kind_of(path) is None:
            check_checkpoint(path)
    elif path.suffix.lower() != ".gguf" or not path.is_file():
        raise ModelError(
            f"{name} is no folder and no .gguf file; give a .gguf file, a checkpoint folder, hub:REPO or a model's name"
        )
    return ModelSpec(name=name, source=LocalSource(path=str(path)), summary=f"local: {path}")


def _spec_of_converted(entry: StoredEntry) -> ModelSpec:
    """Return a spec for a converted model by its folder's name; what it was made from need not be there any more."""
    if entry.problem:
        raise IntegrityError(
            f"{entry.manifest.name} is damaged ({entry.problem}); name what it was converted from to convert it again"
        )
    spec = _local_spec(entry.manifest.name, entry.folder)
    return replace(spec, licence=entry.manifest.licence, summary=f"converted from {entry.manifest.source['path']}")
