"""What the texts of a batch depend on beside its requests and options: it has to stay as it was, on every machine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dalle_kit import __version__
from dalle_kit.batching.writer import Plan, sha256_of
from dalle_kit.domain import Request
from dalle_kit.errors import RequestError, TemplateError
from dalle_kit.examples.memory_set import MemorySet
from dalle_kit.models.packed_copies import identify
from dalle_kit.recording import plugin_versions

if TYPE_CHECKING:
    from dalle_kit.kit import Kit

#: Requests whose templates are looked at: the first may be one that no template takes.
SAMPLE = 3

#: What is said of a fact that has changed.
CHANGED = {
    "version": "this is another version of dalle-kit",
    "plugins": "the plugins, or their versions, have changed",
    "templates": "the templates have changed",
    "examples": "the examples have changed",
    "model_files": "the model's files have changed",
}


def facts_of(kit: Kit, plan: Plan, requests: Sequence[Request]) -> dict[str, Any]:
    """Return the versions, and the hashes of templates, examples and the model; None for a model that is not here.

    Raises what is wrong with the plan: a template, a set of examples.
    """
    return {
        "version": __version__,
        "plugins": plugin_versions(kit.plugins),
        "templates": _templates(kit, plan, requests[:SAMPLE]),
        "examples": _examples(kit, plan),
        "model_files": _model_files(kit, plan),
    }


def _templates(kit: Kit, plan: Plan, requests: Sequence[Request]) -> dict[str, str]:
    """Return the hashes of the templates, of the first request that can be shaped; raises what is wrong with all."""
    names = ("template", "like", "steer", "name_blind")
    arguments = {name: plan.arguments[name] for name in names if name in plan.arguments}
    for request in requests:
        try:
            return dict(kit.shape(plan.domain, request, **arguments).hashes)
        except (RequestError, TemplateError):  # it may be this request's
            continue
    return {}


def _examples(kit: Kit, plan: Plan) -> list[str | None]:
    like = plan.arguments.get("like", ())
    if isinstance(like, Sequence) and not like:
        return []
    return [
        sha256_of([found.id for found in pool]) if isinstance(pool, MemorySet) else pool.info().sha256
        for pool in kit.examples.open(like)
    ]


def _model_files(kit: Kit, plan: Plan) -> Any:
    """Return the hash of the model's source; of one that has none, its files' names, sizes and times of change."""
    stored = kit.registry.find(kit.model_for(plan.domain))
    return None if stored is None else stored.sha256 or identify(Path(stored.path))
