"""The rules that a plugin's cross-cutting hooks keep, on the documents of all domains."""

from __future__ import annotations

from collections.abc import Iterator

from dalle_kit.domain import Domain, Request
from dalle_kit.errors import DalleKitError
from dalle_kit.plugin_manager.loading import LoadedPlugin
from dalle_kit.plugin_manager.manager import Plugins
from dalle_kit.records import Draft, Finding
from dalle_kit.templating.checks import example_requests
from dalle_kit.templating.templates import Shaped, Templates
from dalle_kit.testing.faults import Fault, place_of, shown
from dalle_kit.testing.samples import sample_drafts

CROSS_CUTTING = ("dalle_kit_shape_prompt", "dalle_kit_postprocess", "dalle_kit_check")


def hook_faults(plugins: Plugins, templates: Templates, loaded: LoadedPlugin) -> list[Fault]:
    """Return what is wrong with a plugin's cross-cutting hooks: one fault of each hook."""
    if not set(CROSS_CUTTING) & set(loaded.hooks):
        return []
    alone = Plugins([loaded], [loaded.info])
    found: dict[str, Fault] = {}
    for domain in plugins.domains.values():
        for request, shaped in _shapes(templates, domain):
            for hook, message in _complaints(alone, domain.name, request, shaped):
                place = place_of(loaded.hooks[hook].function)
                found.setdefault(hook, Fault("hooks", f"{hook}, for the domain {domain.name!r}: {message}", place))
    return list(found.values())


def _shapes(templates: Templates, domain: Domain) -> Iterator[tuple[Request, Shaped]]:
    """Yield a domain's examples in shape; what cannot be shaped is no fault of the hooks."""
    for request in example_requests(domain)[0]:
        try:
            yield request, templates.shape(domain, request)
        except DalleKitError:
            continue


def _complaints(alone: Plugins, domain: str, request: Request, shaped: Shaped) -> Iterator[tuple[str, str]]:
    """Yield a hook's name and what is wrong with it."""
    for problem in _failures(alone.shape_prompt(domain, request, shaped.prompt)[1]):
        yield "dalle_kit_shape_prompt", problem
    for kind, draft in sample_drafts(shaped.skeleton):
        once, failures = alone.postprocess(domain, request, draft)
        for problem in _failures(failures):
            yield "dalle_kit_postprocess", f"given {kind}, it fails: {problem}"
        for change in _changes(once, alone.postprocess(domain, request, once)[0]):
            yield "dalle_kit_postprocess", f"given {kind}, {change}"
        for finding in alone.check(domain, request, once):
            if finding.check.startswith("plugin:"):
                yield "dalle_kit_check", f"given {kind}, it fails: {_failure(finding)}"
            elif finding.slot is not None and finding.slot not in once.texts:
                yield "dalle_kit_check", f"{finding.check!r} points at the slot {finding.slot!r}, which is not there"
            elif finding.slot is not None and finding.span is not None:
                if not 0 <= finding.span[0] <= finding.span[1] <= len(once.texts[finding.slot]):
                    yield "dalle_kit_check", f"{finding.check!r} points at {finding.span}, outside of the text"


def _failures(findings: list[Finding]) -> Iterator[str]:
    return (_failure(finding) for finding in findings if finding.check.startswith("plugin:"))


def _failure(finding: Finding) -> str:
    return finding.message.removeprefix(f"plugin {finding.check.removeprefix('plugin:')!r} failed: ")


def _changes(once: Draft, twice: Draft) -> Iterator[str]:
    for name, text in once.texts.items():
        if twice.texts[name] != text:
            yield f"it is not idempotent: {shown(text)} becomes {shown(twice.texts[name])} the second time"
