"""The rules that a domain keeps, each a function that returns the faults it found."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from dalle_kit.audit.counterfactuals import frames_of
from dalle_kit.domain import Domain, Request
from dalle_kit.errors import DalleKitError, PluginError, RequestError, TemplateError
from dalle_kit.likeness.likeness import plain_texts
from dalle_kit.plugin_manager.faults import called
from dalle_kit.plugin_manager.manager import Plugins
from dalle_kit.records import Draft, Finding
from dalle_kit.templating.checks import check_templates
from dalle_kit.templating.templates import Shaped, Templates
from dalle_kit.testing.faults import Fault, noted, place_of, shown
from dalle_kit.testing.format_rules import format_faults
from dalle_kit.testing.samples import sample_drafts

#: A request that still has something to drop after so many times will never end.
_MOST_SHORTENINGS = 1000


@dataclass(frozen=True)
class Subject:
    """A domain under examination, with the plugins it is among and the requests it is tried with."""

    plugins: Plugins
    templates: Templates
    domain: Domain
    requests: tuple[Request, ...]

    @cached_property
    def shapes(self) -> list[tuple[Request, Shaped]]:
        """The requests in shape, in every variant; what cannot be shaped is a fault of another rule."""
        found = []
        for name in self.templates.names(self.domain.name):
            for request in self.requests:
                try:
                    found.append((request, self.templates.shape(self.domain, request, template=name)))
                except DalleKitError:
                    continue
        return found

    @cached_property
    def finished(self) -> list[tuple[Request, str, Draft]]:
        """Drafts as the domain finishes them; those it cannot finish are a fault of another rule."""
        found = []
        for request, shaped in self.shapes:
            for kind, draft in sample_drafts(shaped.skeleton):
                try:
                    done = called(self.domain.finish, request, draft)
                    _ = done.text
                except Exception:
                    continue
                found.append((request, kind, done))
        return found


def documentation(subject: Subject) -> list[Fault]:
    """Look for a description of every field, nested ones as well, and of the domain."""
    domain, faults = subject.domain, []
    if not domain.summary.strip() or "\n" in domain.summary:
        message = f"the summary {shown(domain.summary)} is not one line"
        faults.append(Fault("requests", message, place_of(domain.request)))
    schema = domain.request.model_json_schema()
    models = {domain.request.__name__: schema, **schema.get("$defs", {})}
    for model, described in models.items():
        for name, field in described.get("properties", {}).items():
            text = str(field.get("description", "")).strip()
            if len(text.split()) < 2:
                message = f"the field {model}.{name} is described as {shown(text)}; say what it is in a few words"
                faults.append(Fault("requests", message, place_of(domain.request, name)))
    return faults


def requests(subject: Subject) -> list[Fault]:
    """Look whether the examples are valid, and a request written as JSON and read again is the same."""
    domain, faults = subject.domain, list[Fault]()
    examples = domain.request.model_json_schema().get("examples")
    for number, fields in enumerate(examples if isinstance(examples, list) else (), start=1):
        with noted(faults, "requests", f"example {number} of the request model is not valid", domain.request):
            domain.parse(fields)
    for request in subject.requests:
        with noted(faults, "requests", "a request cannot be written as JSON and read again", domain.request):
            plain = request.model_dump(mode="json", round_trip=True, exclude_unset=True)
            again = domain.parse(json.loads(json.dumps(plain)))
            differing = [name for name in type(request).model_fields if getattr(again, name) != getattr(request, name)]
            if differing:
                name = differing[0]
                values = f"{shown(getattr(request, name))} comes back as {shown(getattr(again, name))}"
                message = f"the field {name!r} does not survive JSON: {values}"
                faults.append(Fault("requests", message, place_of(domain.request, name)))
    return faults


def facts(subject: Subject) -> list[Fault]:
    """Look whether what a text may rely on, the people in a request and what stands next to a text can be told."""
    domain, faults = subject.domain, list[Fault]()
    guarded = subject.plugins.domain(domain.name)  # which says what is of another kind, too
    for name in ("sources", "people", "gap"):
        for request in subject.requests:
            with noted(faults, "requests", f"its {name} cannot be told", getattr(domain, name)):
                try:
                    getattr(guarded, name)(request)
                except RequestError:  # that is how a domain refuses a request
                    continue
                except PluginError as error:
                    raise error.__cause__ or error from None
    return _first_of_each(faults)


def templates(subject: Subject) -> list[Fault]:
    """Look whether every template parses, names only what there is, and renders for every request but those refused."""
    domain = subject.domain
    problems = {str(problem): (problem, "") for problem in check_templates(subject.templates, domain).problems}
    for name in subject.templates.names(domain.name):
        for request in subject.requests:
            try:
                subject.templates.shape(domain, request, template=name)
            except DalleKitError as error:
                tried = f"template {name!r}, given {shown(request.model_dump(exclude_defaults=True), 120)}: "
                problems.setdefault(str(error), (error, tried))
    faults: list[Fault] = []
    for problem, tried in problems.values():
        if isinstance(problem, TemplateError):
            faults.append(Fault("templates", f"{tried}{problem}"))
        elif not isinstance(problem, RequestError):  # that is how a domain refuses a request
            with noted(faults, "templates", f"{tried}they cannot be prepared", domain.context):
                raise problem.__cause__ or problem
    if subject.requests and not subject.shapes and not faults:
        message = f"every request is refused, the examples too: {next(iter(problems))}"
        faults.append(Fault("templates", message, place_of(domain.context)))
    return faults


def patterns(subject: Subject) -> list[Fault]:
    """Look whether the expressions, grammars and schemas of slots are well-formed, apart from any tokenizer."""
    import llguidance

    from dalle_kit.engine.constraints.grammars import grammar_of, reason

    faults: dict[str, Fault] = {}
    for _, shaped in subject.shapes:
        for slot in shaped.skeleton.slots:
            what = next((name for name in ("regex", "grammar", "schema") if getattr(slot, name) is not None), None)
            if what is None:
                continue
            doing = f"template {shaped.template!r}: slot {slot.name!r}: its {what} {shown(getattr(slot, what))}"
            try:
                problem = reason(llguidance.LLMatcher.validate_grammar(grammar_of(slot, lead="", alphabet=None).lark))
            except ValueError as error:
                problem = str(error)
            if problem:
                faults[doing] = Fault("templates", f"{doing} cannot be used: {problem}")
    return list(faults.values())


def finishing(subject: Subject) -> list[Fault]:
    """Look whether post-processing takes any text, keeps the slots, and has nothing to do the second time."""
    domain, faults = subject.domain, list[Fault]()
    for request, shaped in subject.shapes:
        for kind, draft in sample_drafts(shaped.skeleton):
            with noted(faults, "finish", f"given {kind}, it fails", domain.finish):
                once = called(domain.finish, request, draft)
                message = _unlike(once, draft) or _changes(once, called(domain.finish, request, once))
                if message:
                    faults.append(Fault("finish", f"given {kind}, {message}", place_of(domain.finish)))
    return _first_of_each(faults)


def _unlike(finished: Any, draft: Draft) -> str:
    """Say what makes a result no finished draft, nothing if it is one."""
    if not isinstance(finished, Draft):
        return f"it returns {shown(finished)}, which is no Draft"
    if finished.skeleton is not draft.skeleton and finished.skeleton != draft.skeleton:
        return "it changes the skeleton; change the texts of the slots only"
    if set(finished.texts) != set(draft.texts):
        return f"it returns the slots {sorted(finished.texts)} for {sorted(draft.texts)}"
    wrong = next((name for name, text in finished.texts.items() if not isinstance(text, str)), None)
    return f"the slot {wrong!r} holds {shown(finished.texts[wrong])}, which is no text" if wrong else ""


def _changes(once: Draft, twice: Draft) -> str:
    """Say what a second time changes, nothing if it is idempotent."""
    for name, text in once.texts.items():
        if twice.texts.get(name) != text:
            again = shown(twice.texts.get(name))
            return f"it is not idempotent: the slot {name!r} is {shown(text)}, and finished again {again}"
    return ""


def checks(subject: Subject) -> list[Fault]:
    """Look whether checks take any finished draft, and what they find is where they say it is."""
    domain, faults = subject.domain, list[Fault]()
    for request, kind, draft in subject.finished:
        with noted(faults, "check", f"given {kind}, it fails", domain.check):
            # None is no finding, as for the hook.
            for finding in called(lambda *given: tuple(domain.check(*given) or ()), request, draft):
                message = _misplaced(finding, draft)
                if message:
                    faults.append(Fault("check", f"given {kind}, {message}", place_of(domain.check)))
    return _first_of_each(faults)


def _misplaced(finding: Any, draft: Draft) -> str:
    """Say why a finding does not say where it is, nothing if it does."""
    if not isinstance(finding, Finding):
        return f"it yields {shown(finding)}, which is no Finding"
    if not finding.message.strip() or "\n" in finding.message:
        return f"the message of {finding.check!r}, {shown(finding.message)}, is not one line"
    if finding.slot is not None and finding.slot not in draft.texts:
        return f"{finding.check!r} points at the slot {finding.slot!r}; there are {', '.join(draft.texts) or 'none'}"
    if finding.span is not None:
        if finding.slot is None:
            return f"{finding.check!r} has a span and no slot that it is in"
        size = len(draft.texts[finding.slot])
        if not 0 <= finding.span[0] <= finding.span[1] <= size:
            return f"{finding.check!r} points at {finding.span} of a text of {size} characters"
    return ""


def shortening(subject: Subject) -> list[Fault]:
    """Look whether shortening a request again and again comes to an end."""
    domain, faults = subject.domain, list[Fault]()
    for request in subject.requests:
        with noted(faults, "shorten", "it fails", domain.shorten):
            shorter, tried = request, set[tuple[str, str]]()
            for _ in range(_MOST_SHORTENINGS):
                step = domain.shorten(shorter)
                if step is None or (step[0] == shorter and (str(step[0]), step[1]) in tried):
                    break
                shorter = step[0]
                tried.add((str(shorter), step[1]))
            else:
                message = f"it has more to drop after {_MOST_SHORTENINGS} times: {shown(shorter)}"
                faults.append(Fault("shorten", message, place_of(domain.shorten)))
    return _first_of_each(faults)


def cases(subject: Subject) -> list[Fault]:
    """Look whether cases are valid requests, each with an id of its own, and counterfactuals and plain texts such."""
    domain, faults, seen = subject.domain, list[Fault](), set[object]()
    with noted(faults, "cases", "they cannot be listed", domain.cases):
        for case in domain.cases():
            name = case.get("id") if isinstance(case, Mapping) else None
            with noted(faults, "cases", f"case {name!r}", domain.cases):
                domain.parse(case["fields"])  # type: ignore[arg-type]
            if name is None or name in seen:
                faults.append(Fault("cases", f"the id {name!r} is missing or there twice", place_of(domain.cases)))
            seen.add(name)
    with noted(faults, "cases", "counterfactuals cannot be used", domain.counterfactuals):
        frames_of(domain)
    with noted(faults, "cases", "plain texts cannot be used", domain.plain):
        plain_texts(domain)
    return faults


def formats(subject: Subject) -> list[Fault]:
    """Look whether each format writes whole documents, the same each time."""
    found = subject.plugins.formats(subject.domain.name)
    return _first_of_each(format_faults(subject.domain, found, subject.finished))


def _first_of_each(faults: list[Fault]) -> list[Fault]:
    """Return the first fault of each place and kind; the same is wrong with many samples."""
    first: dict[tuple[str, str, str], Fault] = {}
    for fault in faults:
        said = re.sub("^given [^,]*, ", "", fault.message)
        first.setdefault((fault.rule, fault.where, said.partition(",")[0].partition(":")[0][:12]), fault)
    return list(first.values())


Rule = Callable[[Subject], list[Fault]]

RULES: tuple[Rule, ...] = (
    documentation,
    requests,
    facts,
    templates,
    patterns,
    finishing,
    checks,
    shortening,
    cases,
    formats,
)
