"""A request with stand-ins in the place of people's names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from dalle_kit.blinding.people import named_people
from dalle_kit.blinding.stand_ins import StandIns
from dalle_kit.domain import Domain, Request
from dalle_kit.errors import RequestError
from dalle_kit.records import Skeleton, Slot

if TYPE_CHECKING:
    from dalle_kit.privacy import PersonalFinder
    from dalle_kit.templating.templates import Shaped


def find_stand_ins(
    domain: Domain, request: Request, shaped: Shaped, *, finder: PersonalFinder, seen: Iterable[str] = ()
) -> StandIns:
    """Return stand-ins for the people of a request: those that its domain names, and those that its texts do.

    ``shaped`` is the request in shape: no stand-in is a word of it, or of the texts ``seen`` beside it.
    """
    texts: list[str] = []

    def note(text: str) -> str:
        texts.append(text)
        return text

    request.with_texts(note)
    people = [*domain.people(request), *named_people(texts, finder)]
    return StandIns(people, seen=[*texts, shaped.prompt.text, *_texts_of(shaped.skeleton), *seen])


def blinded(domain: Domain, request: Request, stand_ins: StandIns) -> Request:
    """Return a request with stand-ins in it; raises RequestError where it does not hold with them."""
    try:
        return domain.parse(request.with_texts(stand_ins.blind))
    except RequestError as error:
        message = f"{error}: so it is with stand-ins for names; shorten it, or write without name_blind"
        raise RequestError(message, field=error.field) from error


def unblinded(skeleton: Skeleton, stand_ins: StandIns) -> Skeleton:
    """Return a skeleton of a blinded request with the names put back into what is checked and printed."""

    def names(texts: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(stand_ins.reveal, texts))

    def part(each: str | Slot) -> str | Slot:
        if isinstance(each, str):
            return stand_ins.reveal(each)
        known = None if each.known is None else names(each.known)
        about, otherwise, choices = names(each.about), names(each.otherwise), names(each.choices)
        return replace(each, known=known, about=about, otherwise=otherwise, choices=choices)

    return Skeleton(tuple(map(part, skeleton.parts)))


def _texts_of(skeleton: Skeleton) -> Iterator[str]:
    for part in skeleton.parts:
        yield from [part] if isinstance(part, str) else part.choices
