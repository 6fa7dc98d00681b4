"""What a domain plugin declares: its request, its templates, its finishing, checks and formats."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any, Literal, get_args, get_origin

import pydantic

from dalle_kit.errors import PluginError, RequestError, UnknownNameError, in_plain_words
from dalle_kit.records import Draft, Finding, Format, Gap, GenerationOptions
from dalle_kit.source_place import SourcePlace

_NAME = re.compile(r"[a-z][a-z0-9-]*( [a-z][a-z0-9-]*)*\Z")

#: The habits of whoever wrote examples that a field may ask for.
HABITS = ("greeting", "sign_off")


class Request(pydantic.BaseModel):
    """The base of every domain's request: typed, documented fields that hold contents, never paths.

    One model makes the command line's options, the JSON Schema and the keyword arguments of the Python API. A field
    that is a list repeats on the command line under its singular name (``points`` is ``--point``); ``option()`` in a
    field's ``json_schema_extra`` says otherwise.
    """

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    def with_texts(self, change: Callable[[str], str]) -> dict[str, object]:
        """Return the fields that were given, each text in them changed, for ``Domain.parse``.

        A field of choices stays as it is, and so do bytes that are no UTF-8. A request that holds texts in a form of
        its own, such as an encoded message, gives them here as plain text.
        """
        return _with_texts(self, change)


def _with_texts(model: pydantic.BaseModel, change: Callable[[str], str]) -> dict[str, Any]:
    kinds = {name: info.annotation for name, info in type(model).model_fields.items()}
    return {
        name: value if _has_choices(kinds[name]) else _changed(value, change)
        for name in kinds
        if name in model.model_fields_set
        for value in [getattr(model, name)]
    }


def _has_choices(kind: Any) -> bool:
    """Say whether a field has choices only, and no text of the user's own beside them."""
    args = get_args(kind)
    return get_origin(kind) is Literal or (str not in args and any(map(_has_choices, args)))


def _changed(value: Any, change: Callable[[str], str]) -> Any:
    """Return a value with every text in it changed."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, bytes):
        try:
            return change(value.decode("utf-8")).encode("utf-8")
        except UnicodeDecodeError:
            return value
    if isinstance(value, pydantic.BaseModel):
        return type(value).model_validate(_with_texts(value, change))
    if isinstance(value, Mapping):
        return {key: _changed(each, change) for key, each in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return type(value)(_changed(each, change) for each in value)
    return value


def option(
    *,
    flag: str | None = None,
    metavar: str | None = None,
    identity: bool = False,
    source: bool = False,
    habit: str | None = None,
    words: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Say how a request field appears on the command line, as ``Field(json_schema_extra=option(...))``.

    ``flag`` replaces the option's name, ``metavar`` the word shown for its value. ``identity`` lets the saved
    identity fill the field when the request leaves it out: the setting ``identity.NAME``, with the field's own name
    (what signs an e-mail is ``sender``). ``habit``, ``greeting`` or ``sign_off``, lets that habit of whoever wrote the
    examples do so. ``source`` makes a field of type ``SourcePlace`` the command's argument: a file to write into, and
    where. ``words`` are instructions that set the field when a document is revised (``{"in German": "de"}``), instead
    of those that its choices make.
    """
    hints: dict[str, Any] = {"flag": flag, "metavar": metavar, "identity": identity, "source": source, "habit": habit}
    if words:
        hints["words"] = dict(words)
    return {"option": hints}


def option_of(info: Any) -> Mapping[str, Any]:
    """Return what ``option()`` says of a field (pydantic's ``FieldInfo``), empty where it says nothing."""
    extra = info.json_schema_extra
    hints = extra.get("option") if isinstance(extra, dict) else None
    return hints if isinstance(hints, dict) else {}


@dataclass(frozen=True, slots=True)
class Example:
    """A real text and the request it could be the answer to; ``name`` says where it is from.

    ``author`` is who wrote it, or the outlet or module it is from: texts of one are examples for each other.
    """

    name: str
    fields: Mapping[str, object]
    text: str
    author: str = ""


def _nothing_to_add(request: Any) -> Mapping[str, object]:
    return {}


def _leave(request: Any, draft: Draft) -> Draft:
    return draft


def _no_gap(request: Any) -> Gap | None:
    return None


def _no_findings(request: Any, draft: Draft) -> Iterable[Finding]:
    return ()


def _no_cases() -> Iterable[Mapping[str, object]]:
    return ()


def _no_texts() -> Iterable[str]:
    return ()


def _no_people(request: Any) -> Iterable[str]:
    return ()


def _no_corpus(split: str) -> Iterable[Example]:
    return ()


@cache
def _anything() -> pydantic.TypeAdapter[Any]:
    return pydantic.TypeAdapter(Any, config=pydantic.ConfigDict(ser_json_inf_nan="constants"))


def as_json(value: object) -> Any:
    """Return a value as pydantic writes it into JSON; what it does not know becomes a text."""
    return _anything().dump_python(value, mode="json", fallback=str)


def told_texts(request: Request) -> Iterable[str]:
    """Return every text and number of a request, as texts: what a document may take its facts from."""
    pending: list[object] = [request.model_dump()]
    while pending:
        value = pending.pop(0)
        if isinstance(value, bytes):
            yield value.decode("utf-8", "replace")
            continue
        value = as_json(value) if not isinstance(value, (Mapping, list, tuple)) else value
        if isinstance(value, Mapping):
            pending.extend(value.values())
        elif isinstance(value, (list, tuple)):
            pending.extend(value)
        elif value is not None and not isinstance(value, bool):
            yield str(value)


def _cannot_shorten(request: Any) -> tuple[Any, str] | None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """A kind of text the toolkit can write.

    name        the command's name; words separated by a space nest it (``"code complete"``)
    summary     one line for the help
    request     the pydantic model of what a user asks for
    templates   the importable package that holds ``document.j2`` and ``prompt.j2``
    formats     how a document can be written; the first is the default, "text" and "json" are always there
    context     further template variables made from a request
    finish      post-processing: takes the request and the draft, returns the draft improved
    gap         what stands next to the gap that the one slot of a request is, where something follows it
    check       findings about a finished draft
    shorten     a smaller request and what was dropped from it, or None when nothing in it may be dropped; called
                when the prompt does not fit into the model's context
    options     generation options that suit the domain
    model       the model that suits the domain, used where the user has chosen none
    prose       whether what the model writes is sentences, which are held to the request and repaired where they fail
    sources     the texts of a request that a document may take names, numbers and other facts from
    people      the names of the people that fields of a request hold: who writes, to whom, who is quoted
    cases       hand-written requests, as fields, that the domain is evaluated on
    counterfactuals  requests with a place for a person, that an audit asks whether it matters whom they are about
    plain       plain texts of the kind, in nobody's voice, that the manner of examples is told from
    corpus      real texts with the requests made from them, for the split "train" or "dev"
    """

    name: str
    summary: str
    request: type[Request]
    templates: str
    formats: tuple[Format, ...] = ()
    context: Callable[[Any], Mapping[str, object]] = _nothing_to_add
    finish: Callable[[Any, Draft], Draft] = _leave
    gap: Callable[[Any], Gap | None] = _no_gap
    check: Callable[[Any, Draft], Iterable[Finding]] = _no_findings
    shorten: Callable[[Any], tuple[Any, str] | None] = _cannot_shorten
    options: GenerationOptions = field(default_factory=GenerationOptions)
    model: str | None = None
    prose: bool = True
    sources: Callable[[Any], Iterable[str]] = told_texts
    people: Callable[[Any], Iterable[str]] = _no_people
    cases: Callable[[], Iterable[Mapping[str, object]]] = _no_cases
    counterfactuals: Callable[[], Iterable[Mapping[str, object]]] = _no_cases
    plain: Callable[[], Iterable[str]] = _no_texts
    corpus: Callable[[str], Iterable[Example]] = _no_corpus

    def __post_init__(self) -> None:
        for part in fields(self):
            value, (kind, what) = getattr(self, part.name), _PARTS.get(part.name, (Callable, "a function"))
            if not isinstance(value, kind):
                raise TypeError(f"domain {self.name!r}: {part.name} is {value!r:.80}; give {what}")
        if not _NAME.match(self.name):
            raise ValueError(f"domain name {self.name!r}: use lower-case words, e.g. 'email' or 'code complete'")
        if not issubclass(self.request, Request):
            raise TypeError(
                f"domain {self.name!r}: the request is {self.request!r:.80}; derive it from dalle_kit.Request"
            )
        taken = sorted(set(self.request.model_fields) & RESERVED_FIELDS)
        if taken:
            raise ValueError(f"domain {self.name!r}: the field {taken[0]!r} has a reserved name; rename it")
        undocumented = sorted(name for name, info in self.request.model_fields.items() if not info.description)
        if undocumented:
            raise ValueError(f"domain {self.name!r}: the field {undocumented[0]!r} has no description; give it one")
        for name, info in self.request.model_fields.items():
            habit = option_of(info).get("habit")
            if habit is not None and habit not in HABITS:
                known = " and ".join(map(repr, HABITS))
                raise ValueError(f"domain {self.name!r}: the field {name!r} has the habit {habit!r}; there are {known}")
        sources = [name for name, info in self.request.model_fields.items() if option_of(info).get("source")]
        if len(sources) > 1:
            raise ValueError(f"domain {self.name!r}: {sources[0]!r} and {sources[1]!r} are both the source; keep one")
        for name in sources:
            kind = self.request.model_fields[name].annotation
            if SourcePlace not in (kind, *get_args(kind)):
                raise ValueError(f"domain {self.name!r}: the field {name!r} is the source; make it a SourcePlace")

    def parse(self, fields: Mapping[str, object]) -> Request:
        """Make the request from field values; raises RequestError naming the first wrong field and the fix."""
        known = self.request.model_fields
        for name in fields:
            if name not in known:
                choices = (*known, *GenerationOptions.names())
                raise RequestError(str(UnknownNameError(f"{self.name} field", name, choices)), field=name)
        try:
            return self.request.model_validate(dict(fields))
        except pydantic.ValidationError as error:
            raise _first_problem(error, known) from error
        except Exception as error:
            raise PluginError(
                f"the request of the domain {self.name!r} cannot be checked: {type(error).__name__}: {error}",
                plugin=self.name,
            ) from error


#: What the parts of a domain are that are no functions.
_PARTS: Mapping[str, tuple[Any, str]] = {
    "name": (str, "a text"),
    "summary": (str, "a text"),
    "request": (type, "a class derived from dalle_kit.Request"),
    "templates": (str, "the name of a package"),
    "formats": (tuple | list, "a tuple of formats"),
    "options": (GenerationOptions, "GenerationOptions"),
    "model": (str | None, "the name of a model, or None"),
    "prose": (bool, "True or False"),
}

#: Field names a request may not use: keyword arguments of ``Kit.generate``, and flags of every domain's command.
RESERVED_FIELDS = frozenset(
    {
        *GenerationOptions.names(),
        "domain",
        "request",
        "model",
        "template",
        "format",
        "device",
        "dtype",
        "quant",
        "output",
        "like",
        "steer",
    }
    | {"force", "json", "dry_run", "quiet", "debug", "help", "strict", "repair", "no_repair", "budget", "privacy"}
    | {"name_blind", "stopped", "local", "choose"}
    | {"write", "no_nearby", "explain", "orders"}
)


def _first_problem(error: pydantic.ValidationError, known: Iterable[str]) -> RequestError:
    """Return the first complaint of pydantic as one line that names the field, the value and what is allowed."""
    problem = error.errors(include_url=False)[0]
    field = str(problem["loc"][0]) if problem["loc"] else None
    inner = [part for part in problem["loc"][1:] if isinstance(part, str) and part.isidentifier()]
    place = ".".join([field, *inner]) if field else None
    message = in_plain_words(problem)
    told = problem["type"] in ("missing", "extra_forbidden", "value_error")
    if problem["type"] == "literal_error":
        allowed = re.findall(r"'([^']*)'", str(problem.get("ctx", {}).get("expected", "")))
        message = str(UnknownNameError(place or "value", str(problem["input"]), allowed))
        return RequestError(message, field=field)
    elif not told and not isinstance(problem["input"], Mapping):
        message += f", got {problem['input']!r:.80}"
    if field is None:
        # What is said about the request as a whole names the field to change where there is one.
        first = message.partition(":")[0]
        return RequestError(message, field=first if first in known else None)
    return RequestError(f"{place}: {message}", field=field)
