"""What a text is measured against: all that the request and the template said."""

from __future__ import annotations

from dataclasses import dataclass

from dalle_kit.domain import Domain
from dalle_kit.evaluation.cases import Case
from dalle_kit.templating.templates import Shaped


@dataclass(frozen=True, slots=True)
class Told:
    """What was known before anything was generated.

    ``known`` are the texts that facts may come from: the request's and the template's own; ``titles`` the template's
    lines before the first slot, ``prompt`` the turns that the model read, ``length`` the length asked for, in the
    request's word for it, or None; ``language`` the text's, as a code.
    """

    points: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
    prompt: tuple[str, ...] = ()
    length: str | None = None
    language: str = "en"


def told_by(domain: Domain, case: Case, shaped: Shaped) -> Told:
    """Return what a case and the template that shaped it say."""
    parts = shaped.skeleton.parts
    first = next((index for index, part in enumerate(parts) if not isinstance(part, str)), len(parts))
    before = "".join(part for part in parts[:first] if isinstance(part, str))
    # A length that nobody chose is no promise.
    chosen = "length" in case.request.model_fields_set
    return Told(
        points=case.points,
        known=(*domain.sources(case.request), *(part for part in parts if isinstance(part, str))),
        titles=tuple(line for line in before.split("\n") if line.strip()),
        prompt=tuple(message.content for message in shaped.prompt.messages),
        length=str(getattr(case.request, "length", "")) or None if chosen else None,
        language=language_of(case),
    )


def language_of(case: Case) -> str:
    """Return the language a case is written in, as a code: English unless its request says otherwise."""
    return str(getattr(case.request, "language", "en"))
