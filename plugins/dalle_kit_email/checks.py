"""What is still wrong with a finished e-mail."""

from __future__ import annotations

import re
from collections.abc import Iterable

from dalle_kit import Draft, Finding, Slot
from dalle_kit_email.facts import content_words, is_mentioned, is_supported, numbers, supported_forms
from dalle_kit_email.finish import ends_well, place_of
from dalle_kit_email.languages import LANGUAGES
from dalle_kit_email.phrases import Phrases, known_text, placeholders
from dalle_kit_email.request import EmailRequest
from dalle_kit_email.sentences import same_words, split_text


def check(request: EmailRequest, draft: Draft) -> Iterable[Finding]:
    """Yield the findings about a draft: its form, and whether it says what was asked and nothing it cannot know."""
    phrases, known = Phrases(request), known_text(request)
    if draft.texts and not any(text.strip() for text in draft.texts.values()):
        yield Finding("empty body", "error", "the model wrote nothing usable; try another --seed or add points")
        return
    seen: set[str] = set()
    for index, part in enumerate(draft.skeleton.parts):
        if isinstance(part, Slot):
            text = draft.texts[part.name]
            if part.regex is None:
                yield from _own_words(request, part.name, text)
                yield from _form(part.name, text, phrases, known)
            if place_of(draft, index).ends_line:
                yield from _ending(part.name, text, known, before_list=place_of(draft, index).before_list)
            yield from _repetition(part.name, text, seen)
            yield from _unsupported_numbers(part.name, text, known)
    yield from _missing_points(request, draft)


def _own_words(request: EmailRequest, slot: str, text: str) -> Iterable[Finding]:
    """Ask to read a text that no point could be held against: the other checks do not understand it."""
    if text.strip() and not request.points:
        message = "the request has no point, so the model chose what to say: read it with care, or give points"
        yield Finding("no point", "warning", message, slot, (0, len(text)))
    if text.strip() and request.language != "en":
        name = LANGUAGES[request.language].name
        message = f"the default model writes English: read what it wrote, or say it in points in {name}"
        yield Finding("language", "warning", message, slot, (0, len(text)))


def _form(slot: str, text: str, phrases: Phrases, known: str) -> Iterable[Finding]:
    if not text.strip():
        yield Finding("empty slot", "warning", f"nothing usable was written for {slot!r}", slot)
    for match in placeholders(text, known=known):
        yield Finding("placeholder", "error", f"{match.group()!r} is left to be filled in", slot, match.span())
    if phrases.without_greeting(text) != text or any(phrases.is_greeting(line) for line in text.split("\n")):
        yield Finding("second greeting", "warning", "the body greets again", slot)
    for line in re.finditer(r"[^\n]+", text):
        if phrases.is_sign_off(line.group()):
            yield Finding("second sign-off", "warning", f"the body signs off: {line.group()!r:.60}", slot, line.span())


def _ending(slot: str, text: str, known: str, *, before_list: bool) -> Iterable[Finding]:
    paragraphs = split_text(text)
    if paragraphs and not ends_well(paragraphs, known=known, before_list=before_list):
        last = paragraphs[-1][-1].sentences[-1]
        start = text.rfind(last)
        span = (start, start + len(last)) if start >= 0 else None
        yield Finding("unfinished sentence", "warning", f"the text breaks off: {last[-60:]!r}", slot, span)


def _repetition(slot: str, text: str, seen: set[str]) -> Iterable[Finding]:
    for lines in split_text(text):
        for sentence in (each for line in lines for each in line.sentences):
            words = same_words(sentence)
            if words and words in seen:
                yield Finding("repeated sentence", "warning", f"said before: {sentence[:80]!r}", slot)
            seen.add(words)


def _unsupported_numbers(slot: str, text: str, known: str) -> Iterable[Finding]:
    supported = supported_forms(known)
    for match in numbers(text, spelled=False):
        if not is_supported(match, supported):
            message = f"{match.group()!r} is nowhere in the request"
            yield Finding("unsupported number", "warning", message, slot, match.span())


def _missing_points(request: EmailRequest, draft: Draft) -> Iterable[Finding]:
    text = "\n".join(line for line in draft.text.split("\n") if not line.startswith(">"))
    said = set(re.findall(r"\w+", text.casefold()))
    forms = supported_forms(text)
    for point in request.points:
        point_numbers = numbers(point, spelled=False)
        missing = [match.group() for match in point_numbers if not is_supported(match, forms)]
        words = content_words(point)
        if not any(is_mentioned(word, said) for word in words) and len(missing) == len(point_numbers):
            if words or point_numbers:
                yield Finding("missing point", "warning", f"the text does not mention {point[:80]!r}")
        elif missing:
            yield Finding(
                "missing number", "warning", f"the text leaves out {missing[0]!r} of the point {point[:80]!r}"
            )
