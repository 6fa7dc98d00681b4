"""What is wrong with an e-mail as an e-mail; what is wrong with any text, the core's own checks say."""

from __future__ import annotations

import re
from collections.abc import Iterable

from dalle_kit import Draft, Finding, Slot
from dalle_kit_email.languages import LANGUAGES
from dalle_kit_email.phrases import Phrases
from dalle_kit_email.request import EmailRequest


def check(request: EmailRequest, draft: Draft) -> Iterable[Finding]:
    """Yield the findings about a draft: a second greeting or sign-off, a text that no point can be held against."""
    phrases = Phrases(request)
    if draft.texts and not any(text.strip() for text in draft.texts.values()):
        yield Finding("empty body", "error", "the model wrote nothing usable; try another --seed or add points")
        return
    for part in draft.skeleton.parts:
        if isinstance(part, Slot) and part.regex is None:
            text = draft.texts[part.name]
            yield from _own_words(request, part.name, text)
            yield from _letter(part, text, phrases)


def _own_words(request: EmailRequest, slot: str, text: str) -> Iterable[Finding]:
    """Ask to read a text that no point could be held against: the other checks do not understand it."""
    if text.strip() and not request.points:
        message = "the request has no point, so the model chose what to say: read it with care, or give points"
        yield Finding("no point", "warning", message, slot, (0, len(text)))
    if text.strip() and request.language != "en":
        name = LANGUAGES[request.language].name
        message = f"the default model writes English: read what it wrote, or say it in points in {name}"
        yield Finding("language", "warning", message, slot, (0, len(text)))


def _letter(slot: Slot, text: str, phrases: Phrases) -> Iterable[Finding]:
    if phrases.without_greeting(text) != text or any(phrases.is_greeting(line) for line in text.split("\n")):
        yield Finding("second greeting", "warning", "the body greets again", slot.name)
    for line in re.finditer(r"[^\n]+", text):
        if phrases.is_sign_off(line.group()):
            yield Finding(
                "second sign-off", "warning", f"the body signs off: {line.group()!r:.60}", slot.name, line.span()
            )
