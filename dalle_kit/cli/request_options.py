"""A request model's JSON Schema as click options, and the options' values as the request's fields.

The schema is all that is needed, so that help and completion never import the plugin or pydantic. Only this module
opens files and reads stdin for a request: the request itself carries contents.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import click
from click.shell_completion import CompletionItem

from dalle_kit.cli.lists import listed, unnumbered
from dalle_kit.errors import PluginError, RequestError, UnknownNameError
from dalle_kit.schemas import Schema, is_list, resolve

#: Larger files are no contents of a request; an e-mail with attachments still is one.
LARGEST = 64 * 2**20

#: How the names of lists end, and of one of their items; the first that fits counts.
SINGULAR = {"ies": "y", "sses": "ss", "xes": "x", "ches": "ch", "shes": "sh", "ss": "ss", "s": ""}


class NearestChoice(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.5 on
    """One of a few values; a wrong one is answered with the nearest."""

    name = "choice"

    def __init__(self, kind: str, choices: Sequence[Any]) -> None:
        self.kind = kind
        self.choices = {str(choice): choice for choice in choices}

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """Return the choices as ``[one|two]``."""
        return f"[{'|'.join(self.choices)}]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the choice a text names; the case of its letters does not matter."""
        folded = {text.casefold(): choice for text, choice in self.choices.items()}
        if str(value).casefold() not in folded:
            raise UnknownNameError(self.kind, str(value), self.choices)
        return folded[str(value).casefold()]

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Return the choices that begin like ``incomplete``."""
        return [CompletionItem(text) for text in self.choices if text.startswith(incomplete)]


class SectionOption(click.Option):
    """An option that says in which section of the help it stands."""

    def __init__(self, *args: Any, section: str, **kwargs: Any) -> None:
        self.section = section
        super().__init__(*args, **kwargs)


class FieldOption(SectionOption):
    """An option made from a request's field; ``read`` turns what was typed into the field's value."""

    def __init__(self, *args: Any, field: str, read: Callable[[Any, Source], Any], **kwargs: Any) -> None:
        self.field, self.read = field, read
        super().__init__(*args, **kwargs)


class Source:
    """Where contents come from: files named by the user, and stdin, which can be read once."""

    def __init__(self) -> None:
        self._stdin_option: str | None = None

    def stdin(self, option: str) -> BinaryIO:
        """Return stdin, to be read for an option; raises RequestError where another has read it."""
        if self._stdin_option is not None:
            raise RequestError(f"{option}: stdin was already read for {self._stdin_option}; name a file instead")
        if sys.stdin is None:
            raise RequestError(f"{option}: there is no stdin here; name a file instead")
        self._stdin_option = option
        return sys.stdin.buffer

    def read_bytes(self, name: str, option: str) -> bytes:
        """Return a file's bytes, stdin's for ``-``; raises RequestError naming the option, also for a huge file."""
        try:
            if name == "-":
                data = self.stdin(option).read(LARGEST + 1)
            else:
                with Path(name).expanduser().open("rb") as file:
                    data = file.read(LARGEST + 1)
        except (OSError, RuntimeError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise RequestError(f"{option}: cannot read {name!r}: {reason}; give the path of a file") from error
        if len(data) > LARGEST:
            place = "stdin" if name == "-" else repr(name)
            raise RequestError(f"{option}: {place} is over {LARGEST // 2**20} MiB; give a smaller file")
        return data

    def read_text(self, name: str, option: str) -> str:
        """Return a file's text with line ends as line feeds; raises RequestError if it is not UTF-8 text."""
        data = self.read_bytes(name, option)
        place = "stdin" if name == "-" else repr(name)
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise RequestError(f"{option}: {place} is not UTF-8 text; convert it, or give another file") from error
        if "\0" in text:
            raise RequestError(f"{option}: {place} is a binary file; give a text file")
        return text.replace("\r\n", "\n").replace("\r", "\n")


def request_options(domain: str, schema: Schema) -> list[FieldOption]:
    """Return one option for each field of a request's JSON Schema, in the model's order, but for the source.

    Raises PluginError where two fields claim one flag.
    """
    required = schema.get("required", ())
    options: list[FieldOption] = []
    owner: dict[str, str] = {}
    for name, field in schema.get("properties", {}).items():
        if (field.get("option") or {}).get("source"):
            continue
        option = _option(name, field, schema, required=name in required)
        for flag in (*option.opts, *option.secondary_opts):
            if flag in owner:
                raise PluginError(
                    f"domain {domain!r}: the fields {owner[flag]!r} and {name!r} both make the flag {flag}; "
                    "give one of them another with option(flag=...)",
                    plugin=domain,
                )
            owner[flag] = name
        options.append(option)
    return options


def collect_fields(
    options: Sequence[FieldOption], values: Mapping[str, Any], source: Source | None = None
) -> dict[str, Any]:
    """Return the request's fields from the values of a command; an option that was not given makes no field."""
    source = source or Source()
    fields: dict[str, Any] = {}
    for option in options:
        value = values.get(option.name or "")
        if value is not None and value != ():
            fields[option.field] = option.read(value, source)
    return fields


def named_by_option(error: RequestError, options: Sequence[FieldOption], *, source: str | None) -> RequestError:
    """Return an error about a field as one about the option that gives it, as the other errors of a command are.

    ``source`` is the field that an argument gives: what is said about it names the file itself.
    """
    place, colon, said = str(error).partition(": ")
    field, _, inner = place.partition(".")
    if not colon or field != error.field:
        return error
    if field == source:
        return RequestError(said, field=field)
    flag = next((option.opts[0] for option in options if option.field == field), field)
    return RequestError(": ".join(filter(None, (flag, inner, said))), field=field)


def _option(name: str, field: Schema, schema: Schema, *, required: bool) -> FieldOption:
    extra = field.get("option") or {}
    kind = resolve(field, schema)
    repeats = is_list(kind)
    item = resolve(kind.get("items", {}), schema) if repeats else kind
    flag = _flag(name, extra.get("flag"), repeats=repeats)
    settings: dict[str, Any] = {
        "section": "Request",
        "field": name,
        "help": _help(field, required=required, repeats=repeats, identity=bool(extra.get("identity"))),
        "default": None,
        "metavar": extra.get("metavar"),
        "multiple": repeats,
    }
    if item.get("type") == "boolean" and not repeats:
        return FieldOption([f"{flag}/--no-{flag[2:]}", f"field_{name}"], read=_as_typed, **settings)
    type_, read, metavar = _value_kind(name, item, flag, repeats=repeats)
    settings["metavar"] = settings["metavar"] or metavar
    return FieldOption([flag, f"field_{name}"], type=type_, read=read, **settings)


def _value_kind(
    name: str, item: Schema, flag: str, *, repeats: bool
) -> tuple[click.ParamType[Any], Callable[[Any, Source], Any], str | None]:
    """Return the click type of a field's values, how they are read, and the word that stands for one."""
    if "enum" in item:
        return NearestChoice(name, item["enum"]), _as_typed, None
    match item.get("type"):
        case "integer":
            return click.INT, _as_typed, None
        case "number":
            return click.FLOAT, _as_typed, None
        case "string" if item.get("format") == "binary":
            return click.Path(), _reader(flag, repeats, _bytes), "FILE"
        case "string" | None:
            return click.STRING, _items(flag) if repeats else _reader(flag, repeats, _text), "TEXT"
        case "object" if "properties" in item:
            return click.STRING, _models(flag) if repeats else _reader(flag, repeats, _model), "TEXT"
        case _:
            return click.STRING, _reader(flag, repeats, _json), "JSON"


def _flag(name: str, own: str | None, *, repeats: bool) -> str:
    if own:
        return f"--{own.lstrip('-')}"
    if repeats:
        ending = next((ending for ending in SINGULAR if name.endswith(ending)), "")
        name = name.removesuffix(ending) + SINGULAR.get(ending, "")
    return f"--{name.replace('_', '-')}"


def _help(field: Schema, *, required: bool, repeats: bool, identity: bool) -> str:
    """Return a field's description with what is true of its option: repeatable, required, its default."""
    facts = ["repeatable"] if repeats else []
    default = field.get("default")
    if default is not None and default != [] and default != "":
        shown = ", ".join(map(str, default)) if isinstance(default, list) else str(default)
        facts.append(f"default: {'yes' if default is True else 'no' if default is False else shown}")
    if identity:
        facts.append("saved identity fills it")
    elif required:
        facts.append("required")
    description = str(field.get("description", ""))
    return f"{description}  [{'; '.join(facts)}]" if facts else description


def _as_typed(value: Any, source: Source) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _reader(flag: str, repeats: bool, read: Callable[[str, str, Source], Any]) -> Callable[[Any, Source], Any]:
    if repeats:
        return lambda values, source: [read(value, flag, source) for value in values]
    return lambda value, source: read(value, flag, source)


def _items(flag: str) -> Callable[[Any, Source], Any]:
    """Return the reader of a list of texts: ``@FILE`` and ``-`` give one item a line."""

    def read(values: Sequence[str], source: Source) -> list[str]:
        items: list[str] = []
        for value in values:
            text = _text(value, flag, source)
            from_file = value == "-" or (value.startswith("@") and not value.startswith("@@"))
            if from_file and not text.strip():
                place = "stdin" if value == "-" else repr(value[1:])
                raise RequestError(f"{flag}: {place} is empty; give at least one line")
            items += listed(text) if from_file else [text]
        return unnumbered(items)

    return read


def _text(value: str, flag: str, source: Source) -> str:
    if value == "-":
        return source.read_text("-", flag)
    if value.startswith("@@"):
        return value[1:]
    if value.startswith("@"):
        if value == "@":
            raise RequestError(f"{flag}: '@' names no file; give @FILE, or @@ for a text that begins with @")
        return source.read_text(value[1:], flag)
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise RequestError(f"{flag}: {value!a:.80} is not UTF-8 text; set the terminal to UTF-8") from error
    return value


def _models(flag: str) -> Callable[[Any, Source], Any]:
    """Return the reader of a list of models, each given as a text; ``@FILE`` and ``-`` give one a line."""
    items = _items(flag)
    return lambda values, source: [_object_or_text(text) for text in items(values, source)]


def _model(value: str, flag: str, source: Source) -> Any:
    return _object_or_text(_text(value, flag, source))


def _object_or_text(text: str) -> Any:
    """Return a JSON object, or the text as it is, which the field's own validator reads."""
    if text.lstrip().startswith("{"):
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text


def _bytes(value: str, flag: str, source: Source) -> bytes:
    return source.read_bytes(value, flag)


def _json(value: str, flag: str, source: Source) -> Any:
    text = _text(value, flag, source)
    try:
        return json.loads(text)
    except ValueError as error:
        raise RequestError(f"{flag}: not valid JSON: {error}; got {text!r:.80}") from error
