"""``dalle-kit models``: fetch, list, name and remove models."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from dalle_kit.cli.common import (
    ListingGroup,
    json_option,
    print_json,
    print_table,
    print_text,
    progress_bar,
    say,
)

if TYPE_CHECKING:
    from dalle_kit.models.registry import Registry
    from dalle_kit.models.spec import ModelSpec, Progress
    from dalle_kit.models.store import StoredEntry


#: What a stored model was made with that its spec no longer names.
_OTHER = {
    "adapter": "another adapter",
    "bridge": "another bridge",
    "reads": "another memory map",
    "controls": "other names of control tokens",
}


def registry() -> Registry:
    """Return the registry with the models of the installed plugins and the aliases of the settings."""
    from dalle_kit.config import load_settings
    from dalle_kit.models.registry import Registry
    from dalle_kit.plugin_manager.manager import load_plugins

    settings = load_settings()
    return Registry(load_plugins(settings).models, aliases=settings.aliases)


@click.group(cls=ListingGroup)
def models() -> None:
    """Fetch, list, name and remove models.

    A model is a name from the list, an alias, hub:OWNER/NAME[@REVISION], a checkpoint folder (also
    one of TensorFlow: GPT-2, T5, BERT), or a .gguf file.
    """


@models.command("list")
@json_option
def list_models(as_json: bool = False) -> None:
    """List the models: what each needs, its licence, and whether it is here (the default command)."""
    found = registry()
    rows = _rows(found)
    if as_json:
        print_json(rows)
        return
    print_table(
        ("", "NAME", "ROLE", "DOWNLOAD", "MEMORY", "LICENCE", "HERE", "SUMMARY"),
        [_cells(row) for row in rows],
        right=("DOWNLOAD", "MEMORY", "HERE"),
    )
    say()
    say("* is the default. MEMORY is that of the weights.\nFetch one with `dalle-kit models pull NAME`.")


@models.command()
@click.argument("name")
@json_option
def pull(name: str, as_json: bool) -> None:
    """Fetch a model, and convert it if it needs that; one that is here and whole is left as it is."""
    found = registry()
    present = found.find(name)
    if present is None:
        with progress_bar() as progress:
            stored = found.ensure(name, progress=progress)
            _compile_ahead(progress)
    else:
        stored = present
    if as_json:
        print_json({"name": stored.name, "path": stored.path, "sha256": stored.sha256, "fetched": present is None})
    else:
        say(f"{stored.name} is {'ready' if present is None else 'already'} in {stored.path}")


def _compile_ahead(progress: Progress) -> None:
    """Compile the C step, so that no first text waits for it; where it cannot be, everything works without it."""
    from dalle_kit.engine.native.compiling import CompileError, load_library

    with suppress(CompileError):
        load_library(progress=progress)


@models.command()
@click.argument("name")
@json_option
def show(name: str, as_json: bool) -> None:
    """Show everything known about a model."""
    found = registry()
    spec = found.resolve(name)
    stored = found.find(name)
    folder = Path(stored.path) if stored else None
    entry = next((each for each in found.stored() if each.folder == folder or each.manifest.name == spec.name), None)
    row = _row(spec, entry, _default_name(found))
    if as_json:
        print_json(row)
        return
    for key, value in row.items():
        if key == "controls":
            value = ", ".join(f"{old} is {new}" for old, new in value.items())
        shown = _size(value) if key in ("download", "memory", "size") else _plain(value)
        if shown:
            say(f"{key:<11} {shown}")


@models.command()
@click.argument("name")
@json_option
def path(name: str, as_json: bool) -> None:
    """Print the folder a model is in; an error if it is not on this machine."""
    from dalle_kit.errors import ModelError

    stored = registry().find(name)
    if stored is None:
        raise ModelError(f"{name} is not on this machine; run `dalle-kit models pull {name}`")
    if as_json:
        print_json({"name": stored.name, "path": stored.path})
    else:
        print_text(f"{stored.path}\n")


@models.command()
@click.argument("name")
@click.option("--quant", metavar="NAME", help="Pack its weights: int8 or int4.  [default: the setting quant]")
@json_option
def optimize(name: str, quant: str | None, as_json: bool) -> None:
    """Do now what a model's first use would do: fetch it, pack its weights, compile for this processor."""
    from dalle_kit.config import load_settings
    from dalle_kit.engine.devices import check_quant
    from dalle_kit.engine.native.compiling import compile_library
    from dalle_kit.models.packed_copies import ensure_packed
    from dalle_kit.models.weights import quant_of

    kept = check_quant(quant or load_settings().quant)
    found = registry()
    with progress_bar() as progress:
        stored = found.ensure(name, progress=progress)
        weights = Path(stored.path)
        if kept == "auto":
            kept = quant_of(weights)
        elif kept != "none":
            weights = ensure_packed(stored, quant=kept, progress=progress)
        library = compile_library(progress=progress)
    if as_json:
        print_json({"name": stored.name, "quant": kept, "weights": str(weights), "library": str(library)})
    else:
        say(f"{stored.name} is ready ({kept}): weights in {weights}, compiled step in {library}")


@models.command()
@click.argument("name")
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="The folder to make.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["safetensors", "onnx"]),
    default="safetensors",
    show_default=True,
    help="A checkpoint of transformers, or ONNX graphs (needs the extra [onnx]).",
)
@json_option
def export(name: str, output: Path, form: str, as_json: bool) -> None:
    """Write a model into a folder for other programs; ONNX graphs are compared with torch first."""
    from dalle_kit.engine.threads import wait_politely

    wait_politely()
    from dalle_kit.export.checkpoint import export_checkpoint
    from dalle_kit.export.onnx_export import export_onnx

    with progress_bar() as progress:
        stored = registry().ensure(name, progress=progress)
        agreements = []
        if form == "onnx":
            agreements = export_onnx(stored, output, progress=progress)
        else:
            export_checkpoint(stored, output, progress=progress)
    if as_json:
        differences = {each.what: each.difference for each in agreements}
        print_json({"name": stored.name, "format": form, "path": str(output), "differences": differences})
        return
    say(f"{stored.name} is in {output}")
    for each in agreements:
        say(f"{each.what}: differs from torch by {each.difference:.1e} at most")


@models.command()
@click.argument("name")
@json_option
def remove(name: str, as_json: bool) -> None:
    """Remove a fetched model from this machine."""
    freed = registry().remove(name)
    if as_json:
        print_json({"name": name, "freed": freed})
    else:
        say(f"removed {name}: {_size(freed)} freed")


@models.command()
@click.argument("name", required=False)
@json_option
def default(name: str | None, as_json: bool) -> None:
    """Show the model used when none is named, or set it (the setting `model`)."""
    from dalle_kit.config import load_settings, set_value

    if name is not None:
        set_value("model", lasting_name(registry(), name))
    chosen = load_settings().model
    if as_json:
        print_json({"model": chosen})
    else:
        say(chosen)


@models.group(cls=ListingGroup)
def alias() -> None:
    """Give models names of your own (the setting `aliases`)."""


@alias.command("list")
@json_option
def list_aliases(as_json: bool = False) -> None:
    """List the aliases (the default command)."""
    from dalle_kit.config import load_settings

    aliases = dict(load_settings().aliases)
    if as_json:
        print_json(aliases)
    for name, model in sorted(aliases.items()) if not as_json else ():
        say(f"{name:<16} {model}")


@alias.command("set")
@click.argument("name")
@click.argument("model")
@json_option
def set_alias(name: str, model: str, as_json: bool) -> None:
    """Let NAME stand for MODEL."""
    from dalle_kit.config import load_settings, set_value
    from dalle_kit.errors import ConfigError

    if not name.replace("-", "").replace("_", "").isalnum():
        raise ConfigError(f"the alias {name!r} may hold letters, digits, '-' and '_' only")
    found = registry()
    if name in (spec.name for spec in found.specs()):
        raise ConfigError(f"{name!r} is itself the name of a model; choose another alias")
    target = lasting_name(found, model)
    meant, aliases = target, load_settings().aliases
    while meant != name and meant in aliases:
        meant = aliases[meant]
    if meant == name:
        raise ConfigError(f"the alias {name!r} would stand for itself; give the model's own name")
    set_value(f"aliases.{name}", target)
    if as_json:
        print_json({"alias": name, "model": target})
    else:
        say(f"{name} is {target}")


@alias.command("remove")
@click.argument("name")
@json_option
def remove_alias(name: str, as_json: bool) -> None:
    """Remove an alias; the model it stands for stays."""
    from dalle_kit.config import load_settings, unset_value
    from dalle_kit.errors import ConfigError, UnknownNameError

    settings = load_settings()
    if name not in settings.aliases:
        raise UnknownNameError("alias", name, settings.aliases)
    if name == settings.model:
        raise ConfigError(
            f"the alias {name!r} is the default model; choose another first: dalle-kit models default NAME"
        )
    unset_value(f"aliases.{name}")
    if as_json:
        print_json({"alias": name, "removed": True})
    else:
        say(f"removed the alias {name}")


def lasting_name(found: Registry, name: str) -> str:
    """Return a model's name as it can be kept in the settings: checked, and a path made absolute."""
    from dalle_kit.models.spec import LocalSource

    spec = found.resolve(name)
    if isinstance(spec.source, LocalSource) and Path(name).expanduser().exists():
        return spec.source.path
    return name


def _entries(found: Registry) -> dict[str, StoredEntry]:
    return {entry.manifest.name: entry for entry in found.stored()}


def _rows(found: Registry) -> list[dict[str, Any]]:
    """Return a row for each model known by name, then one for each other that is stored."""
    entries = _entries(found)
    specs = {spec.name: spec for spec in found.specs()}
    others = {name: _spec_of(entry) for name, entry in sorted(entries.items()) if name not in specs}
    chosen = _default_name(found)
    return [_row(spec, entries.get(spec.name), chosen) for spec in (*specs.values(), *others.values())]


def _row(spec: ModelSpec, entry: StoredEntry | None, chosen: str) -> dict[str, Any]:
    """Return what is known about a model, ``entry`` being its folder in the store if it has one."""
    from dalle_kit.models.manifest import describe_origin, parts_of
    from dalle_kit.models.registry import is_in_place
    from dalle_kit.models.spec import LocalSource

    problem = entry.problem if entry else None
    state = "damaged" if problem else "here"
    source, parts = describe_origin(spec), parts_of(spec)
    if entry and not problem:
        other = next((part for part, value in parts.items() if value != entry.manifest.parts[part]), None)
        if (spec.is_made or source["kind"] != "local") and other:
            problem, state = f"it was made with {_OTHER[other]}; pull it again", "outdated"
        elif "local" not in _kinds(source) and source != entry.manifest.source:
            problem, state = "it was stored from another source; pull it again", "outdated"
    local = isinstance(spec.source, LocalSource) and not spec.is_made
    own_folder = source["path"] if local and is_in_place(Path(source["path"])) else None
    return {
        "name": spec.name,
        "summary": spec.summary,
        "role": spec.role,
        "licence": entry.manifest.licence if entry and spec.licence == "unknown" else spec.licence,
        "parameters": spec.parameters,
        "download": spec.download,
        "memory": spec.memory,
        "state": state if entry or own_folder else "not here",
        "problem": problem,
        "size": entry.manifest.size if entry else 0,
        "path": str(entry.folder) if entry else own_folder,
        "sha256": entry.manifest.sha256 if entry else None,
        "base": entry.manifest.base if entry else None,
        "adapter": entry.manifest.adapter if entry else parts["adapter"],
        "encoder": entry.manifest.encoder if entry else None,
        "bridge": entry.manifest.bridge if entry else parts["bridge"],
        "memory_map": entry.manifest.reads if entry else parts["reads"],
        "controls": dict(entry.manifest.controls) if entry else parts["controls"],
        "commit": entry.manifest.commit if entry else None,
        "default": spec.name == chosen,
        "source": source,
    }


def _kinds(source: dict[str, Any]) -> set[str]:
    """Return of what kinds a model's source is, and its encoder's if it has one."""
    return {source["kind"], source.get("encoder", source)["kind"]}


def _default_name(found: Registry) -> str:
    """Return the name of the default model, aliases followed."""
    from dalle_kit.config import load_settings
    from dalle_kit.errors import DalleKitError

    chosen = load_settings().model
    try:
        return found.resolve(chosen).name
    except DalleKitError:
        return chosen


def _spec_of(entry: StoredEntry) -> ModelSpec:
    """Return a spec for a stored model that no name is registered for: one of the hub, or a converted file."""
    from dalle_kit.models.foreign import KINDS
    from dalle_kit.models.spec import HubSource, LocalSource, ModelSpec

    manifest = entry.manifest
    source = manifest.source
    if source["kind"] == "hub" and not manifest.is_made:
        origin: HubSource | LocalSource = HubSource(repo=source["repo"], revision=source["revision"])
        summary = "from the hub"
    else:
        origin = LocalSource(path=str(entry.folder))
        if source["kind"] in KINDS:
            summary = f"converted from {source['path']}"
        elif Path(manifest.name).is_absolute():
            summary = "with the adapter in that folder"
        else:
            summary = "of a plugin that is not installed, or of an earlier version"
    role: Literal["decoder", "encoder"] = "encoder" if manifest.role == "encoder" else "decoder"
    return ModelSpec(name=manifest.name, source=origin, summary=summary, licence=manifest.licence, role=role)


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    here = _size(row["size"]) if row["state"] == "here" else row["state"].replace("not here", "no")
    mark = "*" if row["default"] else ""
    sizes = (_size(row["download"]) or "-", _size(row["memory"]) or "-")
    return (mark, row["name"], row["role"], *sizes, row["licence"], here, row["summary"])


def _size(size: int) -> str:
    """Return a size for people, an empty text where it is not known."""
    if not size:
        return ""
    return f"{size / 1e9:.1f} GB" if size >= 1_000_000_000 else f"{max(1, round(size / 1e6))} MB"


def _plain(value: Any) -> str:
    if value in (None, "", 0) and not isinstance(value, bool):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return " ".join(str(part) for part in value.values() if isinstance(part, str) and part)
    return f"{value:,}" if isinstance(value, int) else str(value)
