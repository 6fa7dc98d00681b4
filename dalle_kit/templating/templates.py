"""From a request to the prompt and the document's skeleton, through templates.

Each domain has ``document.j2`` and ``prompt.j2``. Both see ``request`` (the fields' values) and the variables of the
domain's ``context``; the prompt, rendered second, also sees ``outline`` (the document with ``...`` in its slots) and
``slots`` (their names). What a user writes is a value in these, and never becomes part of a template.

A named variant is ``DOMAIN/NAME/document.j2`` and ``DOMAIN/NAME/prompt.j2``; where it has only one of the two, the
domain's own takes the place of the other. A document without any slot is all certain; nothing is generated for it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import jinja2

from dalle_kit.errors import DalleKitError, PluginError, TemplateError, UnknownNameError
from dalle_kit.paths import find_paths
from dalle_kit.records import INFILLING_ROLES, Message, Prompt, Skeleton, Slot, turns_problem
from dalle_kit.templating.environment import TemplateEnvironment
from dalle_kit.templating.slots import Marked, Rendering, Turn, split, under_way
from dalle_kit.templating.sources import BUNDLED, SUFFIX, TemplateFile, TemplateSources, folder_of
from dalle_kit.templating.tracing import Trace, trace, traced
from dalle_kit.templating.values import freeze

if TYPE_CHECKING:
    from dalle_kit.domain import Domain, Request
    from dalle_kit.records import ExampleUse

DEFAULT = "default"
KINDS = ("document", "prompt")
_VARIANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\Z")
_OWN_VARIABLES = frozenset({"request", "outline", "slots", "slot", "turn"})


class TemplatePlugins(Protocol):
    """What templates need of the plugins."""

    @property
    def domains(self) -> Mapping[str, Domain]:
        """The domains by name."""

    @property
    def template_loaders(self) -> Mapping[str, jinja2.BaseLoader]:
        """The plugins' loaders by name."""


@dataclass(frozen=True, slots=True)
class Shaped:
    """A request in shape: what the model is told, the document with its slots, which template and files made them.

    ``domain`` is the name of the request's domain; ``hashes`` are the SHA-256 of the files, by their full names.
    ``examples`` are those that were chosen for the request; ``notes`` say what of them could not be looked at.
    """

    prompt: Prompt
    skeleton: Skeleton
    template: str
    sources: tuple[str, ...]
    domain: str = ""
    hashes: Mapping[str, str] = field(default_factory=dict)
    examples: tuple[ExampleUse, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pair:
    """The two full names behind one value of ``--template``."""

    label: str
    document: str
    prompt: str


class Templates:
    """The templates of all domains, compiled as needed and kept; safe to use from several threads."""

    def __init__(self, plugins: TemplatePlugins, *, user_folder: Path | None = None) -> None:
        self._plugins = plugins
        folder = find_paths().templates if user_folder is None else user_folder
        self.sources = TemplateSources(plugins.domains, plugins.template_loaders, folder)
        self.environment = TemplateEnvironment(self.sources)

    @property
    def domains(self) -> Mapping[str, Domain]:
        """The domains by name."""
        return self._plugins.domains

    def shape(self, domain: Domain, request: Request, *, template: str | None = None) -> Shaped:
        """Render a request's document, then its prompt.

        ``template`` names a variant, ``SOURCE:NAME`` one of a plugin's loader or a replaced one (``bundled:default``).
        Raises UnknownNameError for a template nobody has, TemplateError for one that cannot be rendered.
        """
        pair = self.pair(domain.name, template)
        variables = {"request": freeze(request), **self.context(domain, request)}
        skeleton, written = self._document(pair.document, variables)
        skeleton = _ground(skeleton, domain, request)
        variables |= {"outline": skeleton.outline(), "slots": tuple(slot.name for slot in skeleton.slots)}
        prompt, told = self._prompt(pair.prompt, variables)
        places, more = written.places, told.places
        if skeleton.slots and not prompt.messages:
            raise TemplateError("renders to nothing, so the model would be told nothing", template=more[0])
        prompt = _show_examples(prompt, skeleton.slots, template=more[0])
        files = tuple(dict.fromkeys([*places, *more]))
        return Shaped(prompt, skeleton, pair.label, files, domain.name, self.sources.hashes(files))

    def trace(self, domain: Domain, request: Request, *, template: str | None = None) -> tuple[Trace, Trace]:
        """Return where the texts of a request's document and of its prompt, as ``shape`` renders them, are from.

        Raises as ``shape`` does.
        """
        pair = self.pair(domain.name, template)
        frozen = {"request": freeze(request), **self.context(domain, request)}
        variables = {name: traced(value, name) for name, value in frozen.items()}
        skeleton, written = self._document(pair.document, variables)
        variables |= {"outline": skeleton.outline(), "slots": tuple(slot.name for slot in skeleton.slots)}
        _, told = self._prompt(pair.prompt, variables)
        own = self.environment.own_text
        return trace(written.pieces, written.slots, own=own), trace(told.pieces, told.turns, own=own)

    def names(self, domain: str) -> tuple[str, ...]:
        """Return what ``--template`` takes for a domain: "default" and its variants, then ``SOURCE:NAME``."""
        folder = folder_of(domain)
        own = set(self._variants(folder, "user")) | set(self._variants(folder, BUNDLED)) | {DEFAULT}
        found = [DEFAULT, *sorted(own - {DEFAULT})]
        shadowed = set(self._variants(folder, "user")) & set(self._variants(folder, BUNDLED))
        found += [f"{BUNDLED}:{name}" for name in sorted(shadowed)]
        for source in sorted(self._plugins.template_loaders):
            if source != BUNDLED:
                found += [f"{source}:{name}" for name in sorted(self._variants(folder, source))]
        return tuple(found)

    def context(self, domain: Domain, request: Request) -> dict[str, Any]:
        """Return the variables that a domain adds for its templates; raises PluginError if it fails to."""
        try:
            context = {name: freeze(value) for name, value in domain.context(request).items()}
        except DalleKitError:
            raise
        except Exception as error:
            message = f"the domain {domain.name!r} failed to prepare its templates: {type(error).__name__}: {error}"
            raise PluginError(message, plugin=domain.name) from error
        taken = sorted(_OWN_VARIABLES & set(context))
        if taken:
            message = f"the domain {domain.name!r} names a template variable {taken[0]!r}, which is taken; rename it"
            raise PluginError(message, plugin=domain.name)
        return context

    def pair(self, domain: str, template: str | None = None) -> Pair:
        """Return the document and the prompt that a template's name stands for."""
        source, _, variant = (template or DEFAULT).rpartition(":")
        folder = folder_of(domain)
        if not _VARIANT.match(variant) or source not in ("", BUNDLED, *self._plugins.template_loaders):
            raise UnknownNameError("template", str(template), self.names(domain))
        prefix = f"{source}:" if source else ""
        base = f"{prefix}{folder}" if variant == DEFAULT else f"{prefix}{folder}/{variant}"
        fallback = f"{prefix}{folder}" if source == BUNDLED else folder
        names = {kind: f"{base}/{kind}{SUFFIX}" for kind in KINDS}
        missing = [kind for kind in KINDS if self.sources.find(self.environment, names[kind]) is None]
        if len(missing) == len(KINDS) and base != fallback:
            raise UnknownNameError("template", str(template), self.names(domain))
        for kind in missing:
            names[kind] = f"{fallback}/{kind}{SUFFIX}"
        return Pair(f"{prefix}{domain}" if variant == DEFAULT else f"{prefix}{domain}/{variant}", **names)

    def find(self, name: str) -> TemplateFile:
        """Return a template by its full name; raises UnknownNameError with the nearest."""
        found = self.sources.find(self.environment, name)
        if found is None:
            raise UnknownNameError("template", name, [each.name for each in self.files()])
        return found

    def files(self, domain: str | None = None) -> tuple[TemplateFile, ...]:
        """Return every template, or a domain's, by full name; a replaced one appears as ``bundled:...`` as well."""
        found: list[TemplateFile] = []
        for each in sorted(self._plugins.domains) if domain is None else [domain]:
            folder = folder_of(each)
            own = set(self.sources.files(folder, "user"))
            bundled = set(self.sources.files(folder, BUNDLED))
            names = [f"{folder}/{path}" for path in sorted(own | bundled)]
            names += [f"{BUNDLED}:{folder}/{path}" for path in sorted(own & bundled)]
            for source in sorted(self._plugins.template_loaders):
                if source != BUNDLED:
                    names += [f"{source}:{folder}/{path}" for path in self.sources.files(folder, source)]
            found += [file for name in names if (file := self.sources.find(self.environment, name)) is not None]
        return tuple(found)

    def _variants(self, folder: str, source: str) -> list[str]:
        parts = [path.split("/") for path in self.sources.files(folder, source)]
        ends = tuple(f"{kind}{SUFFIX}" for kind in KINDS)
        found = {path[0] if len(path) == 2 else DEFAULT for path in parts if len(path) <= 2 and path[-1] in ends}
        return [name for name in found if _VARIANT.match(name)]

    def _document(self, name: str, variables: Mapping[str, Any]) -> tuple[Skeleton, Rendering]:
        rendering = Rendering("document", frozenset(variables))
        with under_way(rendering):
            text = self.environment.render(name, rendering, variables)
        parts = split(text, rendering.slots, what=lambda slot: f"slot {slot.name!r}", template=rendering.places[0])
        opened: list[str | Slot] = [part.thing if isinstance(part, Marked) else part for part in parts]
        skeleton = Skeleton(tuple(opened))
        _check_order(skeleton.slots, rendering.places[0])
        return skeleton, rendering

    def _prompt(self, name: str, variables: Mapping[str, Any]) -> tuple[Prompt, Rendering]:
        rendering = Rendering("prompt", frozenset(variables))
        with under_way(rendering):
            text = self.environment.render(name, rendering, variables)

        def turns(text: str, marks: dict[str, Turn]) -> tuple[Message, ...]:
            return _messages(split(text, marks, what=lambda turn: f"turn {turn.role!r}", template=rendering.places[0]))

        messages = turns(text, rendering.turns)
        if problem := turns_problem(messages):
            raise TemplateError(problem, template=rendering.places[0])
        begun = {mark: turn for mark, turn in rendering.turns.items() if mark in rendering.beginning}
        return Prompt(messages, turns(rendering.beginning, begun)), rendering


def _messages(parts: Sequence[str | Marked[Turn]]) -> tuple[Message, ...]:
    """Return the turns; those of a text with a gap have their text exactly as it is, the others without blank lines."""
    turn = Turn("user")
    messages: list[Message] = []
    for number, part in enumerate(parts):
        if isinstance(part, Marked):
            turn = part.thing
            following = parts[number + 1] if number + 1 < len(parts) else ""
            if turn.role in INFILLING_ROLES:
                messages.append(Message(turn.role, following if isinstance(following, str) else "", turn.name))
        elif turn.role not in INFILLING_ROLES and (content := _without_outer_blank_lines(part)):
            messages.append(Message(turn.role, content))
    return tuple(messages)


def _check_order(slots: tuple[Slot, ...], template: str) -> None:
    """Raise TemplateError for a slot that depends on one that does not stand before it."""
    for count, slot in enumerate(slots):
        earlier = [each.name for each in slots[:count]]
        if slot.when is not None and slot.when[0] not in earlier:
            problem = UnknownNameError("slot", slot.when[0], earlier)
            raise TemplateError(f"slot {slot.name!r}: when: before it there is {problem}", template=template)


def _ground(skeleton: Skeleton, domain: Domain, request: Request) -> Skeleton:
    """Give the grounded slots what they may take names and numbers from: the request and the document's own texts."""
    if all(slot.known != () for slot in skeleton.slots):
        return skeleton
    try:
        sources = tuple(domain.sources(request))
    except Exception as error:
        message = f"the domain {domain.name!r} failed to name its sources: {type(error).__name__}: {error}"
        raise PluginError(message, plugin=domain.name) from error
    literals = tuple(part for part in skeleton.parts if isinstance(part, str) and part.strip())
    known = tuple(dict.fromkeys((*sources, *literals)))
    return Skeleton(
        tuple(
            replace(part, known=known) if isinstance(part, Slot) and part.known == () else part
            for part in skeleton.parts
        )
    )


def _show_examples(prompt: Prompt, slots: tuple[Slot, ...], *, template: str) -> Prompt:
    """Append the slots' examples to the last of the user's turns, the same ones once."""
    owners: dict[tuple[str, ...], list[str]] = {}
    for slot in slots:
        if slot.examples:
            owners.setdefault(slot.examples, []).append(slot.name)
    shown = [f"Examples of {', '.join(names)}:\n\n" + "\n\n".join(texts) for texts, names in owners.items()]
    if not shown:
        return prompt
    if prompt.infills:
        raise TemplateError(
            f"slot {next(iter(owners.values()))[0]!r}: examples are for a conversation, not for a text with a gap; "
            "show them in turn('context')",
            template=template,
        )
    turns = list(prompt.messages)
    last = max((place for place, turn in enumerate(turns) if turn.role == "user"), default=None)
    if last is None:
        return replace(prompt, messages=(*turns, Message("user", "\n\n".join(shown))))
    turns[last] = Message("user", "\n\n".join([turns[last].content, *shown]))
    return replace(prompt, messages=tuple(turns))


def _without_outer_blank_lines(text: str) -> str:
    lines = text.split("\n")
    filled = [number for number, line in enumerate(lines) if line.strip()]
    return "\n".join(lines[filled[0] : filled[-1] + 1]) if filled else ""
