"""The instructions that a domain's documents can be revised by: words that its request's fields and choices make.

A field that goes from "short" to "long" has "shorter" and "longer", a step each; every choice of another field is a
word of its own ("formal", "more formal", "as a list"), a switch is one with "with" and "without". ``option(words=...)``
gives a field further ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from dalle_kit.domain import Domain, Request, option_of
from dalle_kit.errors import RevisionError, UnknownNameError, nearest

SHORTER, LONGER = "shorter", "longer"

#: What may stand before a choice and says nothing more.
_LEAD = re.compile(r"\A(?:please |make (?:it|this) |write it |say it |sound |be )+")
_FILLERS = re.compile(r"\A(?:a (?:bit|little) )?(?:much )?(?:more |as |an |a )*")


@dataclass(frozen=True, slots=True)
class Wish:
    """What an instruction asks of a request: a value of a field, or a step along its choices (-1 and 1)."""

    field: str | None
    value: Any = None
    step: int = 0


@dataclass(frozen=True, slots=True)
class Wishes:
    """What all instructions ask: the fields to set, whether by fewer or by more words, and what changes nothing."""

    fields: Mapping[str, Any]
    length: int = 0
    idle: tuple[str, ...] = ()


def vocabulary(domain: Domain) -> dict[str, Wish]:
    """Return the instructions that are offered for a domain, each once."""
    found: dict[str, Wish] = {SHORTER: Wish(None, step=-1)} if domain.prose else {}
    for name, info in domain.request.model_fields.items():
        choices = _choices(info.annotation)
        words = option_of(info).get("words") or {}
        if _is_scale(choices):
            found |= {SHORTER: Wish(name, step=-1), LONGER: Wish(name, step=1)}
        elif words:
            found |= {phrase: Wish(name, value) for phrase, value in words.items()}
        elif info.annotation is bool:
            spoken = name.replace("_", " ")
            found |= {f"with {spoken}": Wish(name, True), f"without {spoken}": Wish(name, False)}
        else:
            found |= {choice: Wish(name, choice) for choice in choices if choice not in found}
    return found


def understand(domain: Domain, request: Request, instructions: Sequence[str]) -> Wishes:
    """Return what instructions ask of a document's request.

    Raises UnknownNameError for one that the domain has no words for, RevisionError for two that exclude each other.
    """
    known = vocabulary(domain)
    spoken = _spoken(known)
    fields: dict[str, Any] = {}
    said: dict[str, str] = {}
    length = 0
    idle: list[str] = []
    for text in _grouped(spoken, instructions):
        wish = _wish(spoken, text)
        if wish is None:
            raise _unknown(domain, known, spoken, text)
        about = wish.field or "length"
        if about in said:
            raise RevisionError(f"{said[about]!r} and {text!r} are both about the {about}; give one of them")
        said[about] = text
        value = _value(domain, request, wish)
        length += wish.step
        if wish.field and value != getattr(request, wish.field):
            fields[wish.field] = value
        elif not wish.step:
            idle.append(f"{text!r}: it is so already")
    return Wishes(fields, length, tuple(idle))


def _spoken(known: Mapping[str, Wish]) -> dict[str, Wish]:
    """Return the instructions in all their forms."""
    spoken = {_plain(phrase): wish for phrase, wish in known.items()}
    for phrase, wish in known.items():
        for form in _comparatives(phrase) if not wish.step else ():
            spoken.setdefault(form, wish)
    return spoken


def _grouped(spoken: Mapping[str, Wish], words: Sequence[str]) -> Iterator[str]:
    """Yield the instructions that words make: several of a row may be one that was typed without quotes."""
    at = 0
    while at < len(words):
        ends = range(len(words), at, -1)
        end = next((end for end in ends if _wish(spoken, " ".join(words[at:end]))), at + 1)
        if not at or words[at].casefold() != "and":
            yield " ".join(words[at:end])
        at = end


def _wish(spoken: Mapping[str, Wish], text: str) -> Wish | None:
    plain = _LEAD.sub("", _plain(text))
    return spoken.get(plain) or spoken.get(_FILLERS.sub("", plain))


def _unknown(
    domain: Domain, known: Mapping[str, Wish], spoken: Mapping[str, Wish], text: str
) -> RevisionError | UnknownNameError:
    if not known:
        return RevisionError(f"{domain.name} knows no instructions, such as {text!r}; give --redo, or write it again")
    bare = _FILLERS.sub("", _LEAD.sub("", _plain(text)))
    choices = dict.fromkeys((*known, *filter(None, [nearest(bare, spoken)])))
    hint = f"({domain.name} knows {', '.join(known)})" if nearest(bare, choices) else ""
    return UnknownNameError("instruction", bare or text, choices, hint=hint)


def _value(domain: Domain, request: Request, wish: Wish) -> Any:
    """Return the value that a field is to have; at the end of a scale it stays."""
    if not wish.step or wish.field is None:
        return wish.value
    choices = _choices(domain.request.model_fields[wish.field].annotation)
    place = choices.index(getattr(request, wish.field)) + wish.step
    return choices[min(max(place, 0), len(choices) - 1)]


def _choices(annotation: Any) -> tuple[str, ...]:
    if get_origin(annotation) is not Literal:
        return ()
    values = get_args(annotation)
    return values if all(isinstance(value, str) for value in values) else ()


def _is_scale(choices: Sequence[str]) -> bool:
    return len(choices) > 1 and (choices[0], choices[-1]) == ("short", "long")


def _plain(text: str) -> str:
    return re.sub(r",? please\Z", "", " ".join(text.casefold().replace("-", " ").split()).strip(" .!"))


def _comparatives(phrase: str) -> tuple[str, ...]:
    """Return what may stand for "more" and a word, such as "friendlier"; nothing for several words."""
    if not phrase.isalpha():
        return ()
    if phrase.endswith("y"):
        return (f"{phrase[:-1]}ier",)
    return (f"{phrase}r" if phrase.endswith("e") else f"{phrase}er",)
