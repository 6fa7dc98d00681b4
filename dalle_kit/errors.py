"""Every error the toolkit raises on purpose.

    DalleKitError
    ├── RequestError            a request's field is missing, malformed or unknown
    ├── OptionError             a generation option is out of its range
    ├── UnknownNameError        a domain, model, template, format ... nobody has registered
    ├── ContextOverflowError    a request does not fit into the model's context
    ├── TemplateError           a template has a syntax error, an undefined variable, a damaged slot
    ├── ModelError              a model cannot be found, read or used
    │   ├── DownloadError       fetching failed: no network, no such package, no such repository
    │   ├── IntegrityError      what was fetched is not what was promised
    │   ├── DiskSpaceError      the disk has no room for it
    │   ├── DeviceError         a device or dtype this machine cannot give
    │   └── ServerError         a server with a model cannot be reached, refuses, or answers with what is no text
    ├── ExampleError            example texts cannot be read, kept or searched
    ├── RevisionError           a document cannot be revised in that way
    ├── HistoryError            the history cannot be read or written, or lacks what was asked for
    ├── PluginError             a plugin cannot be loaded, or a required one failed
    ├── ConfigError             the settings cannot be read, or hold a wrong value
    ├── PrivacyError            a text has personal data that its request has not, and that is refused
    └── OutputError             a result cannot be written where it was asked to go

Each carries its facts as attributes, and a message that says what failed, with which value, what is allowed, and
what to do. Errors of libraries are translated where they enter, with ``raise ... from exc``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dalle_kit.records import Document


def _as_it_was(kind: type[BaseException], arguments: tuple[Any, ...], facts: Mapping[str, Any]) -> BaseException:
    """Return an error that comes from another process, whatever its class is made with."""
    error = kind.__new__(kind, *arguments)
    vars(error).update(facts)
    return error


class DalleKitError(Exception):
    """The base of all errors raised on purpose; its message is one line, fit to be shown to a user.

    ``documents`` are those that ``Kit.batch`` had written when it failed, by the numbers of their requests.
    """

    documents: Mapping[int, Document] = MappingProxyType({})

    def __reduce__(self) -> tuple[Any, ...]:
        # Documents cannot be sent to another process.
        facts = {name: value for name, value in vars(self).items() if name != "documents"}
        return _as_it_was, (type(self), self.args, facts)


class RequestError(DalleKitError):
    """A field of a request is missing, malformed or unknown.

    ``field`` is the field's name, or None where the request as a whole is at fault.
    """

    def __init__(self, message: str, *, field: str | None = None) -> None:
        self.field = field
        super().__init__(message)


class OptionError(DalleKitError):
    """A generation option has a value outside its range."""

    def __init__(self, name: str, value: object, allowed: str) -> None:
        self.name, self.value, self.allowed = name, value, allowed
        super().__init__(f"{name}: {value!r} is not allowed; give {allowed}")


class UnknownNameError(DalleKitError):
    """Nothing of that kind is registered under that name; the message names the nearest that is."""

    def __init__(self, kind: str, name: str, choices: Iterable[str], *, hint: str = "") -> None:
        self.kind, self.name, self.choices = kind, name, tuple(sorted(choices))
        self.nearest = nearest(name, self.choices)
        if self.nearest is not None:
            fix = f"did you mean {self.nearest!r}?"
        else:
            fix = f"choose from {', '.join(self.choices)}" if self.choices else f"no {kind} is registered"
        super().__init__(f"no {kind} named {name!r}: {fix}{' ' + hint if hint else ''}")


class ContextOverflowError(DalleKitError):
    """A request is longer than the model's context, by ``excess`` tokens, and nothing in it may be dropped.

    ``text`` of the tokens ``needed`` are those that the text may grow to.
    """

    def __init__(self, *, needed: int, text: int, available: int, model: str) -> None:
        self.needed, self.text, self.available, self.model = needed, text, available, model
        self.excess = needed - available
        super().__init__(
            f"the request needs {needed} tokens, {text} of them for the text, and {model} reads {available}: shorten "
            f"it by about {self.excess} tokens ({max(1, self.excess * 3 // 4)} words), lower --max-tokens, which each "
            "part of the text may have, or choose a model that reads more"
        )


class TemplateError(DalleKitError):
    """A template cannot be loaded or rendered; ``template`` and ``line`` say where."""

    def __init__(self, message: str, *, template: str | None = None, line: int | None = None) -> None:
        self.template, self.line = template, line
        place = f"{template}:{line}: " if template and line else f"{template}: " if template else ""
        super().__init__(f"template {place}{message}" if place else f"template: {message}")


class ModelError(DalleKitError):
    """A model cannot be found, read or used."""


class DownloadError(ModelError):
    """Fetching a model failed; nothing of it was kept."""


class IntegrityError(ModelError):
    """What was fetched has another hash or size than was promised; nothing of it was kept."""


class DiskSpaceError(ModelError):
    """The disk has less free than a model needs (both in bytes)."""

    def __init__(self, message: str, *, needed: int, free: int) -> None:
        self.needed, self.free = needed, free
        super().__init__(message)


class DeviceError(ModelError):
    """A device or dtype was asked for that this machine cannot give."""


class ServerError(ModelError):
    """A server with a model cannot be reached, refuses, or answers with what is no text.

    ``status`` is that of its answer, None where there was none.
    """

    def __init__(self, message: str, *, status: int | None = None) -> None:
        self.status = status
        super().__init__(message)


class ExampleError(DalleKitError):
    """Example texts cannot be read, kept or searched."""


class RevisionError(DalleKitError):
    """A document cannot be revised in that way."""


class HistoryError(DalleKitError):
    """The history of what was written cannot be read or written, or lacks what was asked for."""


class PluginError(DalleKitError):
    """A plugin cannot be loaded, or one that is required has failed."""

    def __init__(self, message: str, *, plugin: str) -> None:
        self.plugin = plugin
        super().__init__(message)


class ConfigError(DalleKitError):
    """The settings cannot be read, or a setting has a value it may not have."""


class PrivacyError(DalleKitError):
    """A text has personal data that its request has not, which the setting ``privacy`` refuses; it was not kept.

    ``kind`` says what it is; the data itself is nowhere in the error.
    """

    def __init__(self, kind: str, *, slot: str) -> None:
        self.kind, self.slot = kind, slot
        some = f"an {kind}" if kind[0] in "aeiI" else f"a {kind}"
        super().__init__(
            f"the text (in {slot}) has personal data that is not in the request, {some}; nothing was written: put it "
            "into the request if it belongs there, try another --seed with a --temperature, or choose --privacy redact"
        )


class OutputError(DalleKitError):
    """A result cannot be written where it was asked to go."""


def printable_line(text: str) -> str:
    """Return a text as one line of characters that can be printed."""
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())


def nearest(name: str, choices: Iterable[str]) -> str | None:
    """Return the choice that ``name`` was most likely meant to be, or None if none is near."""
    import difflib  # costs start-up time, and is needed for errors only

    folded = {choice.casefold(): choice for choice in choices}
    found = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.6)
    return folded[found[0]] if found else None


def in_plain_words(problem: Mapping[str, Any]) -> str:
    """Return what pydantic says is wrong with a value, without words that only its users know: no "valid tuple"."""
    match problem["type"]:
        case "missing":
            return "is required"
        case "extra_forbidden":
            return "there is no such field; leave it out"
        case "string_type":
            return "give a text"
        case "string_unicode":
            return "give a text without halves of characters"
        case "list_type" | "tuple_type":
            return "give a list"
        case "bool_type" | "bool_parsing":
            return "give true or false"
        case "too_short":
            return f"give at least {problem['ctx']['min_length']}"
        case "too_long":
            return f"give at most {problem['ctx']['max_length']}"
    message = str(problem["msg"]).removeprefix("Value error, ").removeprefix("Assertion failed, ")
    return message if problem["type"] in ("value_error", "assertion_error") else f"{message[:1].lower()}{message[1:]}"
