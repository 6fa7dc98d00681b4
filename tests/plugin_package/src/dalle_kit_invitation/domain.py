"""The domain: what an invitation asks for, and how its text is finished."""

import datetime
import re
from collections.abc import Mapping

from pydantic import Field

from dalle_kit import Domain, Draft, GenerationOptions, Request, option


class Invitation(Request):
    """An invitation to an event."""

    guests: list[str] = Field(description="Who is invited.", min_length=1)
    occasion: str = Field(description="What it is, e.g. 'a garden party'.", min_length=1)
    when: datetime.datetime = Field(description="Date and time, e.g. 2031-05-04T19:30.")
    where: str = Field(description="The place.", min_length=1)
    host: str = Field(description="Who invites.", json_schema_extra=option(metavar="NAME"))


def context(request: Invitation) -> Mapping[str, object]:
    """Return the guests, the day and the time in words."""
    *others, last = request.guests
    return {
        "guests": f"{', '.join(others)} and {last}" if others else last,
        "day": f"{request.when:%A}, {request.when.day} {request.when:%B %Y}",
        "time": f"{request.when:%H:%M}",
    }


def finish(request: Invitation, draft: Draft) -> Draft:
    """Keep whole sentences only, the first two of them, on one line."""
    sentences = re.findall(r"[^.!?]+[.!?]+", " ".join(draft.texts["body"].split()))
    return draft.replace("body", "".join(sentences[:2]).strip() or draft.texts["body"].strip())


INVITATION = Domain(
    name="invitation",
    summary="Write an invitation.",
    request=Invitation,
    templates="dalle_kit_invitation.templates",
    context=context,
    finish=finish,
    options=GenerationOptions(max_tokens=60),
)
