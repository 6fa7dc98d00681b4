"""Loading one plugin: import it, hold it against the hook API, collect and validate what it registers."""

from __future__ import annotations

import importlib.resources
import inspect
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from importlib.metadata import EntryPoint
from typing import TYPE_CHECKING, Any, Literal

import pluggy

from dalle_kit import hookspecs
from dalle_kit.domain import Domain
from dalle_kit.errors import UnknownNameError
from dalle_kit.models.builtin import builtin_models
from dalle_kit.models.servers import SCHEME
from dalle_kit.models.spec import ModelSpec
from dalle_kit.plugin_manager.faults import FAILURES
from dalle_kit.plugin_manager.rules import RESERVED_COMMANDS, RESERVED_FORMATS, RESERVED_LOADERS
from dalle_kit.records import Draft, Finding, Format

if TYPE_CHECKING:
    import click
    import jinja2

Check = Callable[[Any, Draft], Iterable[Finding]]

_HOOK_PREFIX = f"{hookspecs.PROJECT}_"
_COMMAND_NAME = re.compile(r"[a-z][a-z0-9-]*\Z")
_LOADER_NAME = re.compile(r"[a-z][a-z0-9_-]*\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginInfo:
    """What is known about an installed plugin: where it comes from, what it adds, what is wrong with it.

    ``module`` is its entry point's value. ``formats`` are ``domain:format``. ``problem`` is one line; ``where`` the
    file and line it arose at, if that is known. A plugin that is "loaded" may have a problem too: a name it shares
    with another plugin.
    """

    name: str
    distribution: str
    version: str
    module: str
    built_in: bool
    status: Literal["loaded", "failed", "disabled"] = "loaded"
    hooks: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    template_loaders: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    problem: str | None = None
    where: str | None = None

    @property
    def label(self) -> str:
        """The plugin's name, distribution and version."""
        return f"plugin {self.name!r} ({self.distribution} {self.version})"

    @property
    def report(self) -> str:
        """One line that says what is wrong and where, empty when nothing is."""
        place = f" [{self.where}]" if self.where else ""
        return f"{self.label}: {self.problem}{place}" if self.problem else ""


@dataclass(slots=True)
class LoadedPlugin:
    """A plugin that has been loaded, and what it has registered."""

    info: PluginInfo
    domains: dict[str, Domain] = field(default_factory=dict)
    models: dict[str, ModelSpec] = field(default_factory=dict)
    formats: dict[tuple[str, str], Format] = field(default_factory=dict)
    checks: list[tuple[str, Check]] = field(default_factory=list)
    template_loaders: dict[str, jinja2.BaseLoader] = field(default_factory=dict)
    commands: dict[str, click.Command] = field(default_factory=dict)
    hooks: dict[str, pluggy.HookImpl] = field(default_factory=dict)

    def add_domain(self, domain: Domain) -> None:
        """Take a domain of the plugin."""
        _expect(domain, Domain, "a domain")
        _check_command(domain.name, "domain")
        for other in self.domains:
            if overlap(domain.name, other):
                raise ValueError(f"the domains {other!r} and {domain.name!r} cannot both be commands; rename one")
        if (domain.model or "").startswith(SCHEME):
            raise ValueError(
                f"the domain {domain.name!r} has a model on a server, which only a user names; leave it out"
            )
        _check_templates(domain)
        domain.request.model_json_schema()  # raises where a field cannot be described
        names = [_expect(format, Format, "a format").name for format in domain.formats]
        if len(set(names)) < len(names):
            raise ValueError(f"the domain {domain.name!r} has two formats of one name: {', '.join(sorted(names))}")
        self.domains[domain.name] = domain

    def add_model(self, spec: ModelSpec) -> None:
        """Take a model's name and source."""
        _expect(spec, ModelSpec, "a model")
        if spec.name in {built_in.name for built_in in builtin_models()}:
            raise ValueError(f"the model {spec.name!r} is built in; choose another name")
        _expect_new(spec.name, self.models, "model")
        self.models[spec.name] = spec

    def add_format(self, domain: str, format: Format) -> None:
        """Take a format for a domain, which may be another plugin's."""
        _expect(domain, str, "a domain's name")
        _expect(format, Format, "a format")
        if format.name in RESERVED_FORMATS:
            raise ValueError(f"the format {format.name!r} is every domain's own; choose another name")
        _expect_new((domain, format.name), self.formats, "format")
        self.formats[domain, format.name] = format

    def add_check(self, domain: str, check: Check) -> None:
        """Take a check for a domain, which may be another plugin's."""
        _expect(domain, str, "a domain's name")
        if not callable(check):
            raise TypeError(f"registered {check!r:.80} as a check; give a function of (request, draft)")
        self.checks.append((domain, check))

    def add_template_loader(self, name: str, loader: jinja2.BaseLoader) -> None:
        """Take a Jinja loader under a name."""
        import jinja2

        if not isinstance(name, str) or not _LOADER_NAME.match(name):
            raise ValueError(f"template loader name {name!r}: use lower-case letters, digits, '-' and '_'")
        if name in RESERVED_LOADERS:
            raise ValueError(f"the template loader's name {name!r} has a meaning of its own; choose another name")
        _expect(loader, jinja2.BaseLoader, "a template loader")
        _expect_new(name, self.template_loaders, "template loader")
        self.template_loaders[name] = loader

    def add_commands(self, group: click.Group) -> None:
        """Take the commands that the plugin has put into ``group``."""
        for name, command in group.commands.items():
            if not _COMMAND_NAME.match(name):
                raise ValueError(f"command name {name!r}: use one word of lower-case letters, digits and '-'")
            _check_command(name, "command")
            self.commands[name] = command

    def format_names(self) -> tuple[str, ...]:
        """Return the plugin's formats as ``domain:format``, those of its own domains first."""
        own = [f"{domain.name}:{format.name}" for domain in self.domains.values() for format in domain.formats]
        return (*own, *(f"{domain}:{name}" for domain, name in self.formats))

    def described(self) -> PluginInfo:
        """Return the info with the names of what the plugin adds."""
        return replace(
            self.info,
            hooks=tuple(sorted(self.hooks)),
            domains=tuple(self.domains),
            models=tuple(self.models),
            formats=self.format_names(),
            checks=tuple(dict.fromkeys(domain for domain, _ in self.checks)),
            template_loaders=tuple(self.template_loaders),
            commands=tuple(self.commands),
        )


def load_plugin(manager: pluggy.PluginManager, entry: EntryPoint, info: PluginInfo) -> LoadedPlugin:
    """Import a plugin, register it with ``manager`` and call its register hooks.

    Raises whatever is wrong with it; ``manager`` then no longer knows the plugin.
    """
    plugin = entry.load()
    _check_api(plugin)
    loaded = LoadedPlugin(info)
    try:
        try:
            manager.register(plugin, info.name)
        except pluggy.PluginValidationError as error:
            raise _unknown_argument(plugin) or error from error
        loaded.hooks = _implementations(manager, plugin)
        _call_register_hooks(loaded)
    except FAILURES:
        if manager.has_plugin(info.name):
            manager.unregister(name=info.name)
        raise
    return loaded


def overlap(one: str, other: str) -> bool:
    """Return whether two command names are the same, or one is a group that holds the other."""
    return f"{one} ".startswith(f"{other} ") or f"{other} ".startswith(f"{one} ")


def _implementations(manager: pluggy.PluginManager, plugin: object) -> dict[str, pluggy.HookImpl]:
    found = {}
    for caller in manager.get_hookcallers(plugin) or ():
        if not caller.has_spec():
            known = [name for name in vars(hookspecs) if name.startswith(_HOOK_PREFIX)]
            raise UnknownNameError("hook", caller.name, known)
        for implementation in caller.get_hookimpls():
            if implementation.plugin is plugin:
                if implementation.hookwrapper or implementation.wrapper:
                    raise TypeError(f"{caller.name} is a hook wrapper; take the value and return it changed instead")
                found[caller.name] = implementation
    if not found:
        raise ValueError("it implements no hook; mark its functions with @dalle_kit.hookimpl")
    return found


def _unknown_argument(plugin: object) -> UnknownNameError | None:
    """Return the error that names an argument which a hook does not have, None if that is not what is wrong."""
    for name, hook in vars(hookspecs).items():
        implementation = getattr(plugin, name, None) if name.startswith(_HOOK_PREFIX) else None
        if callable(implementation):
            known = list(inspect.signature(hook).parameters)
            for argument in inspect.signature(implementation).parameters:
                if argument not in known:
                    return UnknownNameError(f"argument of {name}", argument, known)
    return None


def _call_register_hooks(loaded: LoadedPlugin) -> None:
    hooks = loaded.hooks
    takers: dict[str, Callable[..., None]] = {
        "dalle_kit_register_domains": loaded.add_domain,
        "dalle_kit_register_models": loaded.add_model,
        "dalle_kit_register_template_loaders": loaded.add_template_loader,
        "dalle_kit_register_formats": loaded.add_format,
        "dalle_kit_register_checks": loaded.add_check,
    }
    for name, take in takers.items():
        if name in hooks:
            hooks[name].function(*[take for _ in hooks[name].argnames])
    if "dalle_kit_register_commands" in hooks:
        import click

        group = click.Group("dalle-kit")
        implementation = hooks["dalle_kit_register_commands"]
        implementation.function(*[group for _ in implementation.argnames])
        loaded.add_commands(group)


def _check_api(plugin: object) -> None:
    """Raise ValueError when the plugin says that it supports another range of the hook API's versions."""
    supported = getattr(plugin, "dalle_kit_api", None)
    if supported is None:
        return
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        fits = SpecifierSet(supported).contains(hookspecs.API_VERSION)
    except (InvalidSpecifier, TypeError, AttributeError) as error:
        raise ValueError(f'dalle_kit_api is {supported!r}; give a version range such as ">=1,<2"') from error
    if not fits:
        raise ValueError(
            f"it supports version {supported} of the hook API and this dalle-kit has {hookspecs.API_VERSION}; "
            "install versions of the two that go together"
        )


def _check_command(name: str, kind: str) -> None:
    if name.split(" ")[0] in RESERVED_COMMANDS:
        raise ValueError(f"the {kind} {name!r} has the name of a core command; rename it")


def _check_templates(domain: Domain) -> None:
    """Raise ValueError unless the domain's templates package is there and holds its two templates."""
    package = domain.templates
    try:
        folder = importlib.resources.files(package)
    except (ImportError, OSError, TypeError, ValueError, AttributeError) as error:
        reason = f"({type(error).__name__}: {error}); it must be importable and have an __init__.py"
        raise ValueError(f"the domain {domain.name!r}: no templates package {package!r} {reason}") from error
    for name in ("document.j2", "prompt.j2"):
        if not folder.joinpath(name).is_file():
            what = f"the domain {domain.name!r}: the templates package {package!r} has no {name}"
            raise ValueError(f'{what}; write it, and have it packaged: package-data = {{"*" = ["**/*.j2"]}}')


def _expect(value: Any, kind: type, what: str) -> Any:
    if not isinstance(value, kind):
        raise TypeError(f"registered {value!r:.80} as {what}; give a {kind.__name__}")
    return value


def _expect_new(name: object, taken: Iterable[object], what: str) -> None:
    if name in taken:
        raise ValueError(f"registers the {what} {name!r} twice")
