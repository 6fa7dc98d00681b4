"""Finding the installed plugins, isolating those that fail, settling who owns a name, and calling them."""

from __future__ import annotations

import functools
import importlib.metadata
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

import pluggy

from dalle_kit import hookspecs
from dalle_kit.config import Settings
from dalle_kit.domain import Domain, Request
from dalle_kit.errors import PluginError, UnknownNameError
from dalle_kit.models.spec import ModelSpec
from dalle_kit.plugin_manager.claims import drop_strays, settle_clashes
from dalle_kit.plugin_manager.common_formats import COMMON_FORMATS
from dalle_kit.plugin_manager.faults import FAILURES, called, described, guard, one_line, place
from dalle_kit.plugin_manager.loading import Check, LoadedPlugin, PluginInfo, load_plugin
from dalle_kit.plugin_manager.rules import is_strict
from dalle_kit.records import Draft, Finding, Format, Gap, Prompt

if TYPE_CHECKING:
    import click
    import jinja2

__all__ = ["PluginInfo", "Plugins", "load_plugins", "survey_plugins"]

_OWN_DISTRIBUTION = "dalle-kit"

Value = TypeVar("Value", Prompt, Draft)


class Plugins:
    """The plugins in force: what they have registered, and the cross-cutting hooks, called one at a time."""

    domains: Mapping[str, Domain]
    models: tuple[ModelSpec, ...]
    template_loaders: Mapping[str, jinja2.BaseLoader]
    commands: Mapping[str, click.Command]
    infos: tuple[PluginInfo, ...]

    def __init__(
        self,
        loaded: Sequence[LoadedPlugin],
        infos: Sequence[PluginInfo],
        *,
        disabled: Mapping[str, str] = MappingProxyType({}),
        fatal: Callable[[str], bool] = lambda name: False,
    ) -> None:
        self._loaded, self._disabled, self._fatal = loaded, disabled, fatal
        self.infos = tuple(infos)
        self.domains = {
            name: self._guarded_domain(plugin.info, domain)
            for plugin in loaded
            for name, domain in plugin.domains.items()
        }
        self.models = tuple(spec for plugin in loaded for spec in plugin.models.values())
        self.template_loaders = {name: loader for plugin in loaded for name, loader in plugin.template_loaders.items()}
        self.commands = {name: command for plugin in loaded for name, command in plugin.commands.items()}

    def domain(self, name: str) -> Domain:
        """Return a domain; raises UnknownNameError, or PluginError for a name that two plugins claim."""
        if name in self.domains:
            return self.domains[name]
        if name in self._disabled:
            raise PluginError(self._disabled[name], plugin=name)
        failed = [info.name for info in self.infos if info.status == "failed"]
        hint = f"({', '.join(failed)} failed to load: see 'dalle-kit plugins check')" if failed else ""
        raise UnknownNameError("domain", name, self.domains, hint=hint)

    def loaded(self, name: str) -> LoadedPlugin | None:
        """Return what a plugin has registered, as it is; None if none of that name is loaded."""
        return next((plugin for plugin in self._loaded if plugin.info.name == name), None)

    def plugin_of(self, domain: str) -> str:
        """Return the name of the plugin that registered a domain."""
        self.domain(domain)
        return next(plugin.info.name for plugin in self._loaded if domain in plugin.domains)

    def formats(self, domain: str) -> Mapping[str, Format]:
        """Return a domain's formats by name, the default first: its own, every domain's, those that plugins add."""
        owner = self.plugin_of(domain)
        found = {format.name: _guarded_format(format, owner) for format in self.domains[domain].formats}
        for format in COMMON_FORMATS:
            found.setdefault(format.name, format)
        for plugin in self._loaded:
            for (target, name), format in plugin.formats.items():
                if target == domain:
                    found[name] = _guarded_format(format, plugin.info.name)
        return found

    def checks(self, domain: str) -> tuple[Check, ...]:
        """Return the checks that plugins add to a domain; one that raises gives an error finding instead."""
        return tuple(
            functools.partial(self._run_check, plugin.info, check)
            for plugin in self._loaded
            for target, check in plugin.checks
            if target == domain
        )

    def shape_prompt(self, domain: str, request: Request, prompt: Prompt) -> tuple[Prompt, list[Finding]]:
        """Return the prompt as the plugins change it, and an error finding for each plugin that failed."""
        return self._chain("dalle_kit_shape_prompt", "prompt", prompt, domain=domain, request=request)

    def postprocess(self, domain: str, request: Request, draft: Draft) -> tuple[Draft, list[Finding]]:
        """Return the draft as the plugins change it, and an error finding for each plugin that failed."""
        return self._chain("dalle_kit_postprocess", "draft", draft, domain=domain, request=request)

    def check(self, domain: str, request: Request, draft: Draft) -> list[Finding]:
        """Return what the plugins' cross-cutting checks find, and an error finding for each plugin that failed."""
        offered = {"domain": domain, "request": request, "draft": draft}
        findings: list[Finding] = []
        for info, hook in self._in_order("dalle_kit_check"):
            findings += self._run_check(info, hook.function, *[offered[name] for name in hook.argnames])
        return findings

    def _chain(
        self, name: str, changes: str, value: Value, *, domain: str, request: Request
    ) -> tuple[Value, list[Finding]]:
        """Call a hook's implementations one at a time, each with what the one before returned."""
        findings = []
        for info, hook in self._in_order(name):
            offered = {"domain": domain, "request": request, changes: value}
            try:
                result = called(hook.function, *[offered[argument] for argument in hook.argnames])
                if result is None:
                    continue
                if not isinstance(result, type(value)):
                    raise TypeError(f"{name} returned {result!r:.80}; return a {type(value).__name__} or None")
                _ = result.text  # A value with broken parts raises here, where its author is known.
            except FAILURES as error:
                findings.append(self._failure(info, error))
            else:
                value = result
        return value, findings

    def _in_order(self, name: str) -> list[tuple[PluginInfo, pluggy.HookImpl]]:
        """Return a hook's implementations in the documented order; the plugins themselves are in order already."""
        found = [(plugin.info, plugin.hooks[name]) for plugin in self._loaded if name in plugin.hooks]
        return sorted(found, key=lambda each: 0 if each[1].tryfirst else 2 if each[1].trylast else 1)

    def _guarded_domain(self, info: PluginInfo, domain: Domain) -> Domain:
        """Return the domain with its functions guarded: each failure names the plugin, one of a check is a finding."""
        keep = functools.partial(guard, plugin=info.name)
        what = f"the domain {domain.name!r}"
        return replace(
            domain,
            context=keep(domain.context, doing=f"to prepare the templates of {what}", expect=Mapping),
            finish=keep(
                functools.partial(_whole_draft, domain.finish), doing=f"to finish the text of {what}", expect=Draft
            ),
            shorten=keep(functools.partial(_shorter, domain.shorten), doing=f"to shorten the request of {what}"),
            gap=keep(domain.gap, doing=f"to say what stands next to a text of {what}", expect=Gap | None),
            sources=keep(functools.partial(_all_of, domain.sources), doing=f"to say what a text of {what} may rely on"),
            people=keep(functools.partial(_all_of, domain.people), doing=f"to name the people of a request of {what}"),
            cases=keep(functools.partial(_listed, domain.cases), doing=f"to give the cases of {what}"),
            counterfactuals=keep(
                functools.partial(_listed, domain.counterfactuals), doing=f"to give the counterfactuals of {what}"
            ),
            plain=keep(functools.partial(_all_of, domain.plain), doing=f"to give plain texts of {what}"),
            corpus=keep(functools.partial(_listed, domain.corpus), doing=f"to give real texts of {what}"),
            check=functools.partial(self._run_check, info, domain.check),
        )

    def _run_check(self, info: PluginInfo, check: Callable[..., Any], *args: Any) -> list[Finding]:
        try:
            findings = list(called(lambda *given: tuple(check(*given) or ()), *args))
            for finding in findings:
                if not isinstance(finding, Finding):
                    raise TypeError(f"a check returned {finding!r:.80}; return findings")
            return findings
        except FAILURES as error:
            return [self._failure(info, error)]

    def _failure(self, info: PluginInfo, error: BaseException) -> Finding:
        message = described(error)
        if self._fatal(info.name):
            raise PluginError(f"{info.label} failed: {message}; nothing was written", plugin=info.name) from error
        return Finding(f"plugin:{info.name}", "error", f"plugin {info.name!r} failed: {message}")


def _guarded_format(format: Format, plugin: str) -> Format:
    doing = f"to write the format {format.name!r}"
    return replace(
        format,
        render=guard(format.render, plugin=plugin, doing=doing, expect=(str, bytes)),
        require=guard(format.require, plugin=plugin, doing=doing),
    )


def _whole_draft(finish: Callable[[Any, Draft], Draft], request: Any, draft: Draft) -> Draft:
    """Finish a draft; one with broken parts raises here, where its author is known."""
    finished: Draft = called(finish, request, draft)
    if isinstance(finished, Draft):
        _ = finished.text
    return finished


def _all_of(give: Callable[..., Iterable[str]], *arguments: Any) -> tuple[str, ...]:
    """Return all texts of a function; what is no text raises here."""
    texts = _listed(give, *arguments)
    for text in texts:
        if not isinstance(text, str):
            raise TypeError(f"it gave {text!r:.80}; give texts")
    return texts


def _listed(give: Callable[..., Iterable[Any]], *arguments: Any) -> tuple[Any, ...]:
    """Return all that a function gives; a generator that fails raises here."""
    given = give(*arguments)
    if isinstance(given, str):  # which would be taken for its letters
        raise TypeError(f"it gave {given!r:.80}; give a list of texts")
    return tuple(given)


def _shorter(shorten: Callable[[Any], Any], request: Any) -> tuple[Any, str] | None:
    """Shorten a request; what is neither None nor a request with what was dropped raises here."""
    shorter = shorten(request)
    if shorter is None:
        return None
    if not (isinstance(shorter, tuple) and len(shorter) == 2 and isinstance(shorter[0], type(request))):
        raise TypeError(f"it returned {shorter!r:.80}; return a request and what was dropped, or None")
    return shorter


def load_plugins(settings: Settings, *, strict: bool | None = None) -> Plugins:
    """Load the installed plugins; one that fails is reported in ``infos`` and the others go on.

    Raises PluginError when a plugin that the settings require has a problem or is not there and, if ``strict`` (by
    default: if ``DALLE_KIT_STRICT_PLUGINS`` is set), when any plugin has one.
    """
    strict = is_strict() if strict is None else strict
    required = frozenset(settings.plugins.require)
    loaded, others, errors = _load_each(_discover(settings.plugins.disabled))
    others += [_failed(plugin.info, problem) for plugin, problem in drop_strays(loaded)]
    disabled = settle_clashes(loaded)
    for plugin in loaded:
        plugin.info = plugin.described()
    infos = sorted([plugin.info for plugin in loaded] + others, key=_rank)
    _insist(infos, required=required, strict=strict, errors=errors)
    return Plugins(loaded, infos, disabled=disabled, fatal=lambda name: strict or name in required)


def survey_plugins(settings: Settings) -> Plugins:
    """Load the installed plugins as ``load_plugins`` does, but raise nothing: to report on them."""
    nothing_required = settings.plugins.model_copy(update={"require": ()})
    return load_plugins(settings.model_copy(update={"plugins": nothing_required}), strict=False)


def _load_each(
    found: Iterable[tuple[importlib.metadata.EntryPoint, PluginInfo]],
) -> tuple[list[LoadedPlugin], list[PluginInfo], dict[str, BaseException]]:
    """Return the plugins that load, the infos of those that do not, and what these raised."""
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    loaded: list[LoadedPlugin] = []
    others: list[PluginInfo] = []
    errors: dict[str, BaseException] = {}
    for entry, info in found:
        if info.status != "loaded":
            others.append(info)
            continue
        try:
            loaded.append(load_plugin(manager, entry, info))
        except FAILURES as error:
            errors[info.name] = error
            others.append(_failed(info, one_line(error), where=place(error)))
    return loaded, others, errors


def _discover(disabled: Iterable[str]) -> list[tuple[importlib.metadata.EntryPoint, PluginInfo]]:
    """Return the installed plugins, built-in ones first, then by name."""
    found = []
    for entry in importlib.metadata.entry_points(group=hookspecs.PROJECT):
        distribution = str(entry.dist.name) if entry.dist else "unknown"
        info = PluginInfo(
            name=entry.name,
            distribution=distribution,
            version=str(entry.dist.version) if entry.dist else "unknown",
            module=entry.value,
            built_in=re.sub(r"[-_.]+", "-", distribution).lower() == _OWN_DISTRIBUTION,
            status="disabled" if entry.name in disabled else "loaded",
        )
        found.append((entry, info))
    found.sort(key=lambda each: _rank(each[1]))
    return [(entry, _unless_namesake(info, [other for _, other in found])) for entry, info in found]


def _rank(info: PluginInfo) -> tuple[bool, str, str]:
    """Return the key of the order in which plugins are loaded, called and shown."""
    return not info.built_in, info.name, info.distribution


def _unless_namesake(info: PluginInfo, everyone: Iterable[PluginInfo]) -> PluginInfo:
    """Return the info, failed where another plugin has the same name and this one is not built in."""
    namesakes = [other for other in everyone if other.name == info.name and other is not info]
    if not namesakes or info.built_in or info.status == "disabled":
        return info
    others = " and ".join(f"{other.distribution} {other.version}" for other in namesakes)
    return _failed(info, f"a plugin of {others} has the name {info.name!r} too; uninstall one of them")


def _failed(info: PluginInfo, problem: str, *, where: str | None = None) -> PluginInfo:
    return replace(info, status="failed", problem=problem, where=where)


def _insist(
    infos: Iterable[PluginInfo], *, required: frozenset[str], strict: bool, errors: Mapping[str, BaseException]
) -> None:
    """Raise PluginError for the first problem that may not be passed over."""
    found = {info.name: info for info in infos}
    for name in sorted(required):
        if name not in found:
            raise PluginError(
                f"plugin {name!r} is not installed and the setting plugins.require names it: install it, or change "
                "the setting",
                plugin=name,
            )
        if found[name].status == "disabled":
            raise PluginError(
                f"plugin {name!r} is named by both settings plugins.require and plugins.disabled; change one",
                plugin=name,
            )
    for info in infos:
        if info.problem and (strict or info.name in required):
            raise PluginError(info.report, plugin=info.name) from errors.get(info.name)
