"""Who owns a name: plugins that add to nobody's domain are dropped, names that two plugins claim are disabled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dalle_kit.plugin_manager.loading import LoadedPlugin, overlap

KINDS = ("command", "model", "template loader", "format")


def drop_strays(loaded: list[LoadedPlugin]) -> list[tuple[LoadedPlugin, str]]:
    """Take plugins out of ``loaded`` that add to a domain nobody registers; return them and the reasons.

    A plugin dropped takes its domains with it, so this goes on until every target is there.
    """
    dropped: list[tuple[LoadedPlugin, str]] = []
    while (stray := _first_stray(loaded)) is not None:
        loaded.remove(stray[0])
        dropped.append(stray)
    return dropped


def settle_clashes(loaded: Sequence[LoadedPlugin]) -> dict[str, str]:
    """Take a name that several plugins claim from each of them, but leave it to one that is built in.

    Notes the problem in the infos of the plugins that lose the name. Returns the domains' and commands' names that
    nobody has now, each with the reason.
    """
    disabled: dict[str, str] = {}
    for kind in KINDS:
        claims = [(plugin, name) for plugin in loaded for name in _claimed(plugin, kind)]
        losers: list[tuple[LoadedPlugin, str]] = []
        for plugin, name in claims:
            rivals = [other for other, theirs in claims if other is not plugin and _clash(kind, name, theirs)]
            if not rivals or (plugin.info.built_in and not any(rival.info.built_in for rival in rivals)):
                continue
            problem = _problem(kind, name, plugin, rivals)
            before = f"{plugin.info.problem}; " if plugin.info.problem else ""
            plugin.info = replace(plugin.info, problem=before + problem)
            losers.append((plugin, name))
            if kind == "command" and not any(rival.info.built_in for rival in rivals):
                disabled[name] = problem
        for plugin, name in losers:
            _withdraw(plugin, kind, name)
    return disabled


def _first_stray(loaded: Sequence[LoadedPlugin]) -> tuple[LoadedPlugin, str] | None:
    known = {name for plugin in loaded for name in plugin.domains}
    for plugin in loaded:
        targets = [(f"the format {name!r}", domain) for domain, name in plugin.formats]
        targets += [("a check", domain) for domain, _ in plugin.checks]
        for what, domain in targets:
            if domain not in known:
                return plugin, f"registers {what} for the domain {domain!r}, which no loaded plugin registers"
    return None


def _claimed(plugin: LoadedPlugin, kind: str) -> list[str]:
    """Return the names of a kind that a plugin claims; domains are commands, formats are ``domain:format``."""
    if kind == "command":
        return [*plugin.domains, *plugin.commands]
    if kind == "model":
        return list(plugin.models)
    if kind == "template loader":
        return list(plugin.template_loaders)
    return list(plugin.format_names())


def _clash(kind: str, one: str, other: str) -> bool:
    return overlap(one, other) if kind == "command" else one == other


def _problem(kind: str, name: str, plugin: LoadedPlugin, rivals: Sequence[LoadedPlugin]) -> str:
    what = f"domain {name!r}" if kind == "command" and name in plugin.domains else f"{kind} {name!r}"
    claimants = " and ".join(each.info.label for each in sorted([plugin, *rivals], key=lambda each: each.info.name))
    if any(rival.info.built_in for rival in rivals):
        return f"the {what} is claimed by {claimants}: the built-in one is used"
    return f"the {what} is claimed by {claimants}: it is disabled until one of them is uninstalled or disabled"


def _withdraw(plugin: LoadedPlugin, kind: str, name: str) -> None:
    if kind == "command":
        plugin.domains.pop(name, None)
        plugin.commands.pop(name, None)
    elif kind == "model":
        del plugin.models[name]
    elif kind == "template loader":
        del plugin.template_loaders[name]
    else:
        target, _, format_name = name.partition(":")
        plugin.formats.pop((target, format_name), None)
        if target in plugin.domains:
            domain = plugin.domains[target]
            kept = tuple(format for format in domain.formats if format.name != format_name)
            plugin.domains[target] = replace(domain, formats=kept)
