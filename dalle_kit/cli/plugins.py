"""``dalle-kit plugins``: which plugins are installed, what each adds, what is wrong with them, and making new ones."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from dalle_kit.cli.common import ListingGroup, json_option, print_json, say

if TYPE_CHECKING:
    from dalle_kit.plugin_manager.loading import PluginInfo


@click.group(cls=ListingGroup)
def plugins() -> None:
    """See which plugins are installed and whether they work; make new ones."""


@plugins.command("list")
@json_option
def list_plugins(as_json: bool = False) -> None:
    """List the installed plugins and what they add (the default)."""
    infos = _infos()
    if as_json:
        print_json([dataclasses.asdict(info) for info in infos])
        return
    for info in infos:
        origin = "built in" if info.built_in else f"{info.distribution} {info.version}"
        adds = ", ".join([*info.domains, *info.commands]) or "-"
        say(f"{info.name:<16} {info.status:<9} {origin:<28} {adds}".rstrip())
    for info in infos:
        if info.problem:
            say(f"Warning: {info.report}", err=True)


@plugins.command()
@click.argument("name")
@json_option
def show(name: str, as_json: bool) -> None:
    """Show where a plugin comes from and everything it adds."""
    found = _named(name, _infos())
    if as_json:
        print_json([dataclasses.asdict(info) for info in found] if len(found) > 1 else dataclasses.asdict(found[0]))
        return
    for info in found:
        for key, value in dataclasses.asdict(info).items():
            text = ", ".join(value) if isinstance(value, tuple) else value
            if text not in ("", None):
                say(f"{key.replace('_', ' '):<17} {text}")


@plugins.command()
@click.argument("name", required=False)
@json_option
@click.pass_context
def check(context: click.Context, name: str | None, as_json: bool) -> None:
    """Say what is wrong with the plugins, and where.

    Each is loaded afresh, and no more is tried. Exit code 2 if anything is wrong.

    With NAME, that plugin alone is held against the whole contract: its fields, templates, post-processing, checks,
    formats and hooks are tried with the least and the most of a request and with what models write. Loads no model.
    """
    from dalle_kit.command_table import rebuild_table

    rebuild_table()
    infos = _infos()
    missing = _missing(infos)
    if name is not None and name not in missing:
        infos, missing = _named(name, infos), []
    elif name is not None:
        infos, missing = [], [name]
    problems = [info.report for info in infos if info.problem]
    problems += [f"plugin {each!r}: the setting plugins.require names it and it is not loaded" for each in missing]
    if name is not None and not problems:
        problems += _contract_problems(name)
    if as_json:
        print_json({"ok": not problems, "problems": problems, "plugins": [dataclasses.asdict(info) for info in infos]})
    else:
        for info in infos:
            if not problems or (name is None and not info.problem):
                fine = "loads" if name is None else "ok"
                say(f"{info.label}: {fine if info.status == 'loaded' else info.status}")
        for problem in problems:
            say(f"Error: {problem}", err=True)
    if problems:
        context.exit(2)


@plugins.command()
@click.argument("name")
@click.option("--domain", "kind", flag_value="domain", default="domain", help="A command of its own  [default]")
@click.option("--hook", "kind", flag_value="hook", help="Hooks that run on the documents of every domain.")
@json_option
def new(name: str, kind: Literal["domain", "hook"], as_json: bool) -> None:
    """Make a new plugin.

    It is a complete package in the folder dalle-kit-NAME, with tests that pass.

    NAME is the plugin's name and its command's, in lower-case letters, digits and '-'.
    """
    from dalle_kit.scaffold import new_plugin

    infos = _infos()
    taken = {name for info in infos for name in (info.name, *info.domains, *info.commands)}
    made = new_plugin(name, kind=kind, taken={each.split()[0] for each in taken})
    folder = made.write(Path())
    if as_json:
        print_json([str(folder / path) for path in made.files])
        return
    for path in made.files:
        say(folder / path)
    steps = [f"cd {folder}", 'pip install -e ".[test]"', "pytest", f"dalle-kit plugins check {made.name}"]
    if kind == "domain":
        steps.append(f"dalle-kit {made.name} --help")
    say("\n".join(["", "Next:", *(f"  {step}" for step in steps)]))


def _contract_problems(name: str) -> list[str]:
    """Return what a plugin that loads breaks of the contract."""
    from dalle_kit.config import load_settings
    from dalle_kit.plugin_manager.manager import survey_plugins
    from dalle_kit.testing import plugin_faults

    plugins = survey_plugins(load_settings())
    loaded = plugins.loaded(name)
    return [f"{loaded.info.label}: {fault}" for fault in plugin_faults(plugins, name)] if loaded else []


def _infos() -> list[PluginInfo]:
    from dalle_kit.config import load_settings
    from dalle_kit.plugin_manager.manager import survey_plugins

    return list(survey_plugins(load_settings()).infos)


def _named(name: str, infos: list[PluginInfo]) -> list[PluginInfo]:
    """Return the plugins of that name: one, or those that dispute it."""
    from dalle_kit.errors import UnknownNameError

    found = [info for info in infos if info.name == name]
    if not found:
        raise UnknownNameError("plugin", name, {info.name for info in infos})
    return found


def _missing(infos: list[PluginInfo]) -> list[str]:
    """Return the plugins that the settings require and that are not installed, or disabled."""
    from dalle_kit.config import load_settings

    there = {info.name for info in infos if info.status != "disabled"}
    return sorted(set(load_settings().plugins.require) - there)
