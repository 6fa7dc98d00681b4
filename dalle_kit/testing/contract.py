"""The contract of a domain and of a plugin: what every one of them keeps, held against its real code without a model.

requests    every field is documented, examples are valid, a request survives JSON
templates   all parse and render, for the least and the most of a request, in every variant
finish      takes whatever a model writes, keeps the slots, and changes nothing when it is applied again
checks      point at slots that are there and at places within their texts; shortening ends
formats     each writes the same twice, as UTF-8, and what its media type says it is
hooks       of a plugin: work on the documents of all domains
output      nothing is printed to stdout, where the finished text goes
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

from dalle_kit.config import Settings
from dalle_kit.domain import Domain
from dalle_kit.errors import UnknownNameError
from dalle_kit.plugin_manager.loading import LoadedPlugin, PluginInfo
from dalle_kit.plugin_manager.manager import Plugins, load_plugins, survey_plugins
from dalle_kit.templating.templates import Templates
from dalle_kit.testing.domain_rules import RULES, Subject
from dalle_kit.testing.faults import Fault, listening, place_of
from dalle_kit.testing.hook_rules import hook_faults
from dalle_kit.testing.samples import sample_requests


def check_domain(domain: Domain) -> None:
    """Raise AssertionError, naming every fault and its place, unless a domain keeps the contract.

    The plugin need not be installed.
    """
    __tracebackhide__ = True  # pytest shows the author's line, not this one
    _insist(f"the domain {domain.name!r}", domain_faults(domain))


def check_plugin(name: str) -> None:
    """Raise AssertionError, naming every fault and its place, unless an installed plugin keeps the contract.

    Raises UnknownNameError where none of that name is installed, PluginError where it cannot be loaded.
    """
    __tracebackhide__ = True
    _insist(f"the plugin {name!r}", plugin_faults(load_plugins(Settings(), strict=True), name))


def domain_faults(domain: Domain) -> list[Fault]:
    """Return what a domain breaks of the contract, beside the built-in plugins, whose templates it may extend."""
    info = PluginInfo(name=domain.name, distribution="", version="", module="", built_in=False)
    loaded = LoadedPlugin(info)
    loaded.add_domain(domain)
    everyone = survey_plugins(Settings())
    built_in = [plugin for info in everyone.infos if info.built_in and (plugin := everyone.loaded(info.name))]
    others = [plugin for plugin in built_in if domain.name not in plugin.domains]
    return _domain_faults(Plugins([*others, loaded], [plugin.info for plugin in (*others, loaded)]), domain)


def plugin_faults(plugins: Plugins, name: str) -> list[Fault]:
    """Return what a plugin's domains and hooks break of the contract, beside the other plugins.

    Raises UnknownNameError where none of that name is loaded.
    """
    loaded = plugins.loaded(name)
    if loaded is None:
        raise UnknownNameError("loaded plugin", name, [info.name for info in plugins.infos if info.status == "loaded"])
    faults = [fault for domain in loaded.domains.values() for fault in _domain_faults(plugins, domain)]
    with TemporaryDirectory() as empty, listening(faults):
        faults += hook_faults(plugins, Templates(plugins, user_folder=Path(empty)), loaded)
    return faults


def _domain_faults(plugins: Plugins, domain: Domain) -> list[Fault]:
    found: list[Fault] = []
    # An empty folder for the user's templates: those of whoever runs this are not the plugin's fault.
    with TemporaryDirectory() as empty, listening(found):
        requests, note = sample_requests(domain)
        subject = Subject(plugins, Templates(plugins, user_folder=Path(empty)), domain, requests)
        found += [fault for rule in RULES for fault in rule(subject)]
    if not requests:
        found.insert(0, Fault("requests", note, place_of(domain.request)))
    return list(dict.fromkeys(found))


def _insist(what: str, faults: Iterable[Fault]) -> None:
    __tracebackhide__ = True
    lines = [f"- {fault}" for fault in faults]
    if lines:
        raise AssertionError("\n".join([f"{what} breaks its contract:", *lines]))
