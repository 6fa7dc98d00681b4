"""From what a Kit is asked for to work for the pipeline: the request made, its examples found, its prompt shaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from dalle_kit import pipeline
from dalle_kit.choosing import Work
from dalle_kit.domain import Domain, Request, option_of
from dalle_kit.errors import OptionError, RequestError, nearest
from dalle_kit.guarding import Guard
from dalle_kit.likeness import Likeness, check_steer, resolve_steer
from dalle_kit.records import Finding, GenerationOptions, Privacy

if TYPE_CHECKING:
    from dalle_kit.engine.engine import Engine
    from dalle_kit.kit import Kit
    from dalle_kit.likeness.finding import Like

Fields = Mapping[str, object]

#: What a Kit is made with, and a call does not take.
_OF_THE_KIT = {"model", "device", "dtype", "quant"}

#: What a call takes beside the fields of a request and the generation options.
_OF_THE_CALL = ("template", "like", "steer", "repair", "budget", "privacy", "name_blind", "stopped")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shaping:
    """How the prompt of a request is made, as ``Kit.generate`` takes it; ``privacy`` None is the setting."""

    template: str | None = None
    like: Like = ()
    steer: str = "auto"
    privacy: Privacy | None = None
    name_blind: bool = False


def work_of(kit: Kit, domain: str, request: Fields | Request | None, fields: Fields, shaping: Shaping) -> Work:
    """Return the work of a request, or of its ``fields``; both together are an error.

    Raises UnknownNameError for a domain, a template or a set of examples there is none of, RequestError, OptionError.
    """
    described = kit.plugins.domain(domain)
    guard = Guard(kit.settings.privacy if shaping.privacy is None else shaping.privacy)
    check_steer(shaping.steer)
    if isinstance(request, Request):
        if fields:
            raise RequestError(f"{next(iter(fields))}: give a request or its fields, not both")
        if not isinstance(request, described.request):
            raise RequestError(f"{domain} takes a {described.request.__name__}, got a {type(request).__name__}")
    else:
        if not (request is None or (isinstance(request, Mapping) and all(isinstance(name, str) for name in request))):
            raise RequestError(f"a request is its fields by their names, got {request!r:.80}")
        given = {**(request or {}), **fields}
        strays = _OF_THE_KIT & given.keys() - described.request.model_fields.keys()
        if strays:
            name = min(strays)
            raise RequestError(f"{name}: is chosen for a whole Kit; make one with Kit({name}=...)", field=name)
        for name in fields.keys() - described.request.model_fields.keys():
            meant = nearest(name, (*described.request.model_fields, *GenerationOptions.names(), *_OF_THE_CALL))
            if meant in _OF_THE_CALL:
                raise RequestError(f"no argument named {name!r}: did you mean {meant!r}?", field=name)
        request = make_request(kit, domain, given, like=shaping.like)
    find = partial(_likeness, kit, described, shaping)
    how: dict[str, Any] = {"template": shaping.template, "guard": guard}
    if shaping.name_blind:
        if not described.prose:
            raise OptionError("name_blind", True, f"False for {domain}: names are hidden in prose only")
        return pipeline.shape_blind(kit.plugins, kit.templates, described, request, find=find, **how)
    return pipeline.shape(kit.plugins, kit.templates, described, request, likeness=find(request), **how)


def make_request(kit: Kit, domain: str, fields: Fields, *, like: Like = ()) -> Request:
    """Make a request as ``Kit.request`` does."""
    described = kit.plugins.domain(domain)
    given = {name: value for name, value in fields.items() if value is not None}
    if is_wanted(like):
        given = {**_habits(kit, described, given, like), **given}
    identity = kit.settings.identity
    filled = {
        name
        for name, info in described.request.model_fields.items()
        if option_of(info).get("identity") and name in identity and name not in given
    }
    try:
        return described.parse({**given, **{name: identity[name] for name in filled}})
    except RequestError as error:
        if error.field not in filled:
            raise
        message = f"{error}; it is the setting identity.{error.field}: see 'dalle-kit config'"
        raise RequestError(message, field=error.field) from error


def is_wanted(like: Like) -> bool:
    """Say whether there are to be examples; an empty set is one that is wanted, and an error."""
    return not isinstance(like, Sequence) or len(like) > 0


def steered(kit: Kit, work: Work, engine: Engine) -> Work:
    """Return the work with what steers it, where it is steered by vectors or by memory."""
    if work.likeness is None or work.likeness.steer == "prompt":
        return work
    by_memory = work.likeness.steer == "memory"
    find = kit.examples.remembered if by_memory else kit.examples.steered
    likeness = find(work.likeness, work.domain, engine)
    shaped = replace(work.shaped, prompt=likeness.shown_in(work.shaped.prompt))
    found = replace(work, shaped=shaped, likeness=likeness)
    if by_memory or likeness.strength:
        return found
    note = "no strength of vectors made the examples that were held out likelier: it is written as without vectors"
    return replace(found, findings=(*found.findings, Finding("examples", "note", note)))


def _habits(kit: Kit, domain: Domain, given: Fields, like: Like) -> dict[str, object]:
    """Return what the author of examples would say, in the language asked for, in the fields that ask for it."""
    voice = kit.examples.voice(kit.examples.open(like))
    field = domain.request.model_fields.get("language")
    language = given.get("language", field.default) if field else None
    if isinstance(language, str):
        voice = voice.in_language(language)
    habits = {"greeting": voice.greeting("{name}"), "sign_off": voice.sign_off}
    asked = {name: option_of(info).get("habit") for name, info in domain.request.model_fields.items()}
    return {name: habits[habit] for name, habit in asked.items() if habit and habits.get(habit)}


def _likeness(kit: Kit, domain: Domain, shaping: Shaping, request: Request) -> Likeness | None:
    """Return what a text is to be like, None where nothing is asked for."""
    if not is_wanted(shaping.like):
        return None
    model = kit.model_for(domain.name)
    way = resolve_steer(shaping.steer, has_encoder=lambda: kit.registry.reads_examples(model), model=model)
    return kit.examples.find(kit.examples.open(shaping.like), domain, request, steer=way)
