"""The template variables made from a request."""

from __future__ import annotations

from dataclasses import replace

from dalle_kit.checks import has_picture, plain_sentence, split_sentences
from dalle_kit_email.flowed import quoted_lines
from dalle_kit_email.greetings import (
    NAME,
    closing_line,
    greeting_line,
    in_reading_order,
    is_collective,
    named_greeting,
    opening_line,
    sign_off_line,
)
from dalle_kit_email.languages import LANGUAGES
from dalle_kit_email.phrasing import phrasing
from dalle_kit_email.request import EmailRequest, mailboxes
from dalle_kit_email.stating import stated
from dalle_kit_email.thread import Parent

#: So many points make a paragraph.
_PARAGRAPH = 4
#: Languages in which a letter goes on with a small letter after the comma of its greeting.
_GOES_ON = ("de", "pl")
#: A point of more words is a text of its own: nothing is gained by putting it in others.
_LONGEST = 40


def template_context(request: EmailRequest) -> dict[str, object]:
    """Return what the templates show: lines ready to print, and the answered message as far as the model reads it."""
    shown = request.shown_parent
    statements = _statements(request)
    spoken = sum(int(str(statement["sentences"])) for statement in statements)
    return {
        "greeting": greeting(request),
        "sign_off": sign_off(request),
        "sender_name": request.sender_name,
        "signature": request.signature or "",
        "recipient_names": [mailbox.name for mailbox in request.recipients if mailbox.name],
        "subject": request.subject_line,
        "language_name": LANGUAGES[request.language].name,
        "points": list(request.points),
        "statements": statements,
        "sentences": [(spoken + 1) // 2, spoken],
        "nothing_to_say": _nothing_to_say(request),
        "opening": opening_line(tone=request.tone, length=request.length, language=request.language),
        "closing": closing(request),
        "instruction": request.instruction or "",
        "parent": _parent_view(shown) if shown else None,
        "quoted": quoted_parent(request),
    }


def greeting(request: EmailRequest) -> str:
    """Return the opening line."""
    if request.greeting is not None and NAME not in request.greeting:
        return request.greeting
    names = [mailbox.name for mailbox in request.recipients]
    if request.parent is not None and not (request.to or request.answers_own or any(names)):
        # Replies may be wanted at a bare address; they still speak to whoever wrote.
        names = [request.parent.sender.name] if request.parent.sender else names
    if request.greeting is not None:
        line = named_greeting(request.greeting, names, tone=request.tone, language=request.language)
        if line is not None:
            return line
    return greeting_line(names, tone=request.tone, language=request.language)


def closing(request: EmailRequest) -> str:
    """Return the sentence after the points, or "": where nothing is said, none is needed."""
    if request.closing is not None or not request.points:
        return request.closing or ""
    return closing_line(tone=request.tone, length=request.length, language=request.language)


def people(request: EmailRequest) -> list[str]:
    """Return the names of those who write and those who are written to; a team is nobody."""
    boxes = [*request.recipients, *mailboxes(request.cc), *mailboxes(request.bcc)]
    names = [request.sender_name, *(box.name for box in boxes)]
    if request.parent is not None and "@" not in request.parent.sender_name:
        names.append(request.parent.sender_name)
    return [name for name in names if name and not is_collective(name)]


def sign_off(request: EmailRequest) -> str:
    """Return the closing line; without a name below it, it does not end in a comma."""
    if request.sign_off is not None:
        return request.sign_off
    line = sign_off_line(tone=request.tone, language=request.language)
    return line if request.sender_name else line.removesuffix(",")


def _statements(request: EmailRequest) -> list[dict[str, object]]:
    """Return how each point may be put, and what separates it from the one before.

    The model puts it in words of its own, in so many ``sentences`` at most; where that is 0 the point is said as
    ``text``, as it stands: a long text, lines, what has an emoji. ``regex`` holds the model to the point's own words,
    where a pattern can (``limit`` is more tokens than any text that matches has).
    """
    subject = "We" if is_collective(request.sender_name) else "I"
    english = request.language == "en"
    goes_on = request.language in _GOES_ON and greeting(request).endswith(",")
    statements: list[dict[str, object]] = []
    for count, point in enumerate(request.points):
        apart = count % _PARAGRAPH == 0 or "\n" in point or "\n" in request.points[count - 1]
        sentences = len(split_sentences(point))
        own_text = "\n" in point or len(point.split()) > _LONGEST or has_picture(point)
        statements.append(
            {
                "point": point,
                "text": (
                    stated(point, subject=subject)
                    if english and not own_text
                    else _as_it_stands(point, goes_on=goes_on and count == 0)
                ),
                "sentences": sentences if english and not own_text else 0,
                "regex": phrasing(point, subject=subject) if english else None,
                "limit": len(point.encode("utf-8")) + 80,
                "separator": "" if count == 0 else "\n\n" if apart else " ",
            }
        )
    return statements


def _as_it_stands(point: str, *, goes_on: bool) -> str:
    sentence = plain_sentence(point)
    if goes_on:
        return point[:1] + sentence[1:]
    return (
        sentence[:1] + sentence[1:2].upper() + sentence[2:] if sentence.startswith(("\u00bf", "\u00a1")) else sentence
    )


def _nothing_to_say(request: EmailRequest) -> str:
    """Return the one sentence of an e-mail without points: it may state no fact."""
    return "Thank you for your message." if request.parent else f'I am writing about "{request.subject_line}".'


def quoted_parent(request: EmailRequest) -> str:
    """Return the attribution line and the quoted text of the answered message, or ""."""
    parent = request.parent
    if parent is None or not request.quote or not parent.lines:
        return ""
    deeper = quoted_lines((depth + 1, line) for depth, line in parent.lines)
    return "\n".join([_attribution(parent, request.language), *deeper])


def _attribution(parent: Parent, language: str) -> str:
    words = LANGUAGES[language]
    name = in_reading_order(parent.sender_name) or "?"
    if parent.date is None:
        return words.attribution_undated.replace("{name}", name)
    date = parent.date.strftime("%Y-%m-%d %H:%M")
    return words.attribution.replace("{date}", date).replace("{name}", name)


def _parent_view(parent: Parent) -> dict[str, object]:
    history = [(depth - 1, line) for depth, line in parent.lines if depth]
    return {
        "from_name": parent.sender_name,
        "date": parent.date.strftime("%Y-%m-%d") if parent.date else "",
        "subject": parent.subject,
        "text": parent.own_text,
        "lines": parent.own_text.split("\n") if parent.own_text else [],
        "history": "\n".join(quoted_lines(history)),
    }


def shorten(request: EmailRequest) -> tuple[EmailRequest, str] | None:
    """Show the model less of the answered message: its oldest quotes first, then its own text from the end.

    The points and everything else the user wrote stay, and so does the quotation below the reply.
    """
    parent = request.shown_parent
    if parent is None or not parent.lines:
        return None
    deepest = max(depth for depth, _ in parent.lines)
    if deepest:
        what = f"the quoted text of level {deepest} in the message to answer"
        return request.showing(parent.without_quotes(deepest)), what
    # A third at a time, so that a long message fits after a few attempts.
    kept = parent.lines[: len(parent.lines) * 2 // 3] or _first_words(parent)
    return request.showing(replace(parent, lines=kept)), "the end of the message to answer"


def _first_words(parent: Parent) -> tuple[tuple[int, str], ...]:
    words = parent.lines[0][1].split()
    half = " ".join(words[: len(words) // 2])
    return ((0, half),) if half else ()
