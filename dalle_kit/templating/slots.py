"""The two functions of templates, ``slot()`` and ``turn()``: marks in the rendered text, and the splitting on them.

A mark is a random text that is new in each rendering, so nothing a user writes can be taken for one. The marks of the
rendering under way are kept in a context variable: macros find it wherever they are called from, and renderings in
different threads do not see each other's.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar, get_args

import jinja2

from dalle_kit.errors import OptionError, TemplateError, UnknownNameError
from dalle_kit.records import GenerationOptions, Role, Slot

_PREFIX = f"slot{secrets.token_hex(8)}"
_MARK = re.compile(f"({_PREFIX}[0-9a-f]{{32}})")
_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn that a template has begun: its role, and the name of the file its text is from."""

    role: Role
    name: str = ""


T = TypeVar("T", Slot, Turn)


class Misuse(Exception):
    """A template calls ``slot`` or ``turn`` in a way that cannot be meant."""


@dataclass(slots=True)
class Rendering:
    """One rendering under way: which file, the variables' names, the marks given out and the files used.

    ``beginning`` is what of its text, from the start, no request has had a part in but by choosing it; ``pieces`` are
    all of its text as it was printed.
    """

    kind: Literal["document", "prompt"]
    variables: frozenset[str]
    slots: dict[str, Slot] = field(default_factory=dict)
    turns: dict[str, Turn] = field(default_factory=dict)
    places: list[str] = field(default_factory=list)
    importing: int = 0
    beginning: str = ""
    pieces: list[str] = field(default_factory=list)


_under_way: ContextVar[Rendering | None] = ContextVar("dalle_kit_rendering", default=None)


def rendering_under_way() -> Rendering | None:
    """Return the rendering that the calling code is part of."""
    return _under_way.get()


@contextmanager
def under_way(rendering: Rendering) -> Iterator[None]:
    """Make ``rendering`` the one that ``slot()`` and ``turn()`` belong to."""
    token = _under_way.set(rendering)
    try:
        yield
    finally:
        _under_way.reset(token)


def slot(
    name: str,
    *,
    stop: Sequence[str] = (),
    regex: str | None = None,
    grammar: str | None = None,
    schema: Any = None,
    choices: Sequence[str] = (),
    sentences: int | Sequence[int] | None = None,
    words: int | Sequence[int] | None = None,
    forbid: Sequence[str] = (),
    starts_with: str = "",
    grounded: bool | Sequence[str] = False,
    mentions: Sequence[str] = (),
    examples: Sequence[str] = (),
    when: Sequence[Any] | None = None,
    about: str | Sequence[str] = (),
    otherwise: str | Sequence[str] = (),
    beams: int = 1,
    verbatim: bool = False,
    **options: Any,
) -> str:
    """Open a place that the model fills; the arguments are those of ``Slot``, as a template writes them.

    One number is a range that is no wider, one text in ``about`` and ``otherwise`` a list of it; ``schema`` may be a
    pydantic model; ``grounded`` stands for ``known``: true is the request and the document's
    own texts, or it is a list of texts.
    """
    given = dict(locals())
    del given["name"], given["options"], given["grounded"]
    rendering = _rendering("slot", "document")
    _refuse_undefined([name, grounded, *given.values(), *options.values()])
    if not isinstance(name, str) or not _NAME.match(name):
        raise Misuse(f"slot name {name!r}: use lower-case letters, digits and '_', e.g. slot(\"body\")")
    if any(other.name == name for other in rendering.slots.values()):
        raise Misuse(f"slot {name!r} is there twice; give each slot a name of its own")
    for whole in ("candidates", "seed"):
        if whole in options:
            raise Misuse(f"slot {name!r}: {whole} is for the whole document; give it with the command")
    if not isinstance(grounded, (bool, list, tuple)):
        raise Misuse(f"slot {name!r}: grounded: {grounded!r:.80} is not allowed; give true, false or a list of texts")
    known = tuple(grounded) or None if not isinstance(grounded, bool) else () if grounded else None
    overrides = GenerationOptions.names()
    try:
        for unknown in set(options) - set(overrides):
            raise UnknownNameError("argument", unknown, (*given, "grounded", *overrides))
        GenerationOptions().merge({**options, "stop": _tuple(stop)})
        fields = {field: _FORMS.get(field, _tuple)(value) for field, value in given.items()}
        opened = Slot(name, known=known, options=options, **fields)
    except (OptionError, UnknownNameError) as error:
        raise Misuse(f"slot {name!r}: {error}") from error
    mark = _PREFIX + secrets.token_hex(16)
    rendering.slots[mark] = opened
    return mark


def _refuse_undefined(values: list[Any]) -> None:
    """Raise the error that names the variable for a value that is not defined."""
    for value in values:
        if isinstance(value, jinja2.Undefined):
            str(value)
        elif isinstance(value, (list, tuple)):
            _refuse_undefined(list(value))


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _range(value: Any) -> Any:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return (value, value) if whole else _tuple(value)


def _texts(value: Any) -> Any:
    return (value,) if isinstance(value, str) else _tuple(value)


def _condition(value: Any) -> Any:
    value = _tuple(value)
    return (value[0], _texts(value[1])) if isinstance(value, tuple) and len(value) == 2 else value


def _schema(value: Any) -> Any:
    """Return a pydantic model's JSON Schema, and any other with the lists that JSON has for tuples."""
    if isinstance(value, type) and hasattr(value, "model_json_schema"):
        return value.model_json_schema()
    return _with_lists(value)


def _with_lists(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _with_lists(item) for key, item in value.items()}
    return [_with_lists(item) for item in value] if isinstance(value, (tuple, list)) else value


def _same(value: Any) -> Any:
    return value


#: How a template may write an argument, where that is not a list for a tuple.
_FORMS: Mapping[str, Callable[[Any], Any]] = {
    "regex": _same,
    "grammar": _same,
    "schema": _schema,
    "sentences": _range,
    "words": _range,
    "starts_with": _same,
    "when": _condition,
    "about": _texts,
    "otherwise": _texts,
    "beams": _same,
    "verbatim": _same,
}


def turn(role: Role, *, name: str = "") -> str:
    """Begin a turn of the prompt.

    Roles are system, user and assistant in a conversation; context, prefix and suffix in a text with a gap to fill in,
    with ``name`` the path of the file that a context or the prefix is from.
    """
    rendering = _rendering("turn", "prompt")
    _refuse_undefined([role, name])
    if role not in get_args(Role):
        raise Misuse(str(UnknownNameError("role", str(role), get_args(Role))))
    if name and (role not in ("context", "prefix") or not isinstance(name, str)):
        raise Misuse(f"turn {role!r}: name: {name!r:.80} is not allowed; give the path of a context or prefix, a text")
    mark = _PREFIX + secrets.token_hex(16)
    rendering.turns[mark] = Turn(role, name or "")
    return mark


def split(text: str, marks: dict[str, T], *, what: Callable[[T], str], template: str) -> list[str | Marked[T]]:
    """Return the literal texts and the marked things in order; TemplateError if a mark is lost, damaged or repeated."""
    pieces = _MARK.split(text)
    found = pieces[1::2]
    for mark, thing in marks.items():
        if mark not in found:
            raise TemplateError(
                f"{what(thing)} was changed by a filter or never printed; print it once, as it is", template=template
            )
    seen: set[str] = set()
    for mark in found:
        if mark not in marks or mark in seen:
            name = what(marks[mark]) if mark in marks else "a slot of another rendering"
            raise TemplateError(f"{name} is printed more than once; print it once, as it is", template=template)
        seen.add(mark)
    parts: list[str | Marked[T]] = []
    for number, piece in enumerate(pieces):
        if number % 2:
            parts.append(Marked(marks[piece]))
        elif piece:
            parts.append(piece)
    return parts


@dataclass(frozen=True, slots=True)
class Marked(Generic[T]):
    """What stood at a mark; keeps a role apart from a literal text."""

    thing: T


def _rendering(function: str, kind: str) -> Rendering:
    rendering = _under_way.get()
    if rendering is None or rendering.kind != kind:
        raise Misuse(f"{function}() belongs in {kind}.j2")
    if rendering.importing:
        raise Misuse(f"{function}() is called while its file is imported; call it in a macro, or include the file")
    return rendering
