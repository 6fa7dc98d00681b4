"""Invitations for dalle-kit: a domain, a calendar format, a check, and straight quotation marks in every text."""

from collections.abc import Callable, Iterable
from typing import Any

from dalle_kit import Domain, Draft, Finding, Format, hookimpl
from dalle_kit_invitation.calendar import write_event
from dalle_kit_invitation.domain import INVITATION, Invitation

dalle_kit_api = ">=1,<2"

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@hookimpl
def dalle_kit_register_domains(register: Callable[[Domain], None]) -> None:
    """Register the domain ``invitation``."""
    register(INVITATION)


@hookimpl
def dalle_kit_register_formats(register: Callable[[str, Format], None]) -> None:
    """Add the calendar format to invitations."""
    register("invitation", Format("ics", write_event, "a calendar entry", ".ics", "text/calendar; charset=utf-8"))


@hookimpl
def dalle_kit_register_checks(register: Callable[[str, Callable[[Any, Draft], Iterable[Finding]]], None]) -> None:
    """Add the check of weekdays to invitations."""
    register("invitation", check_weekday)


@hookimpl
def dalle_kit_postprocess(draft: Draft) -> Draft:
    """Make curly quotation marks straight, in the texts of any domain."""
    straight = str.maketrans({"\u201c": '"', "\u201d": '"', "\u2018": "'", "\u2019": "'"})
    for name, text in draft.texts.items():
        draft = draft.replace(name, text.translate(straight))
    return draft


def check_weekday(request: Invitation, draft: Draft) -> Iterable[Finding]:
    """Find weekdays in the body other than that of the event."""
    right = WEEKDAYS[request.when.weekday()]
    for day in WEEKDAYS:
        if day != right and day in draft.texts["body"]:
            yield Finding("weekday", "error", f"the body says {day}, the event is on a {right}", slot="body")
