"""Choosing the greeting and the sign-off, which are never left to the model."""

from __future__ import annotations

import re
from collections.abc import Sequence

from dalle_kit_email.languages import LANGUAGES

#: What stands for the recipients' names in a greeting of the user's own.
NAME = "{name}"

_LISTED = 3
_TITLE = re.compile(
    r"(?:dr|prof|mr|mrs|ms|mx|sir|dame|rev|herr|frau|madame|monsieur|m|mme|sr|sra|ing|dott|dhr|mevr)\.?", re.I
)
_FORMAL_TITLE = re.compile(r"(?:dr|prof|mr|mrs|ms|mx|rev)\.?", re.I)
_COLLECTIVE = re.compile(
    r"\b(?:team|support|sales|office|department|service|services|group|desk|hr|committee|board|staff|list|"
    r"colleagues|customer|info|club|school|hotel|restaurant|library|museum|clinic|hospital|university|company|agency|"
    r"insurance|practice|surgery|property|council|volunteers|members|parents|residents|neighbou?rs|reception|helpdesk|"
    r"shop|store|caf[eé]|bakery|garage|salon|studio|pharmacy|brewery|nursery|centre|center|orders|bookings|"
    r"resources|recruitment|recruiting|payroll|accounts|accounting|billing|complaints|admissions|lettings|rentals|"
    r"repairs|membership|classe?s?|courses?|tours|events|tickets|security|maintenance|housing|planning|facilities|"
    r"enquiries|inquiries|editorial|marketing|finance|operations|customers|crew|choir|orchestra|united|rovers|scouts|"
    r"plumbing|heating|roofing|builders|catering|cleaning|removals|dental|medical|veterinary|vets|stables|shelter|"
    r"society|association|union|foundation|college|academy|limited|plc|gmbh|ltd|inc|llc|ag)\b|\Athe\s+\S",
    re.I,
)
_REGISTERS = {"formal": "formal", "friendly": "friendly"}


#: What courtesy adds before and after the points, by tone; it states no facts. English, as the model's own words are.
_OPENINGS = {
    "friendly": "I hope you are well.",
    "apologetic": "I am sorry for the trouble.",
    "thankful": "Thank you very much.",
}
_CLOSINGS = {
    "neutral": "Please let me know if you have any questions.",
    "formal": "Please do not hesitate to contact me if you have any questions.",
    "friendly": "Let me know if anything is unclear.",
    "apologetic": "Thank you for your understanding.",
    "persuasive": "I would be glad to hear from you.",
    "thankful": "Thank you again.",
    "firm": "I look forward to your prompt reply.",
}
#: Tones that are nothing without their opening, however short the letter.
_SAID_ALWAYS = ("apologetic", "thankful")


def opening_line(*, tone: str, length: str, language: str) -> str:
    """Return the courtesy that comes before the points, or ""."""
    wanted = language == "en" and (length == "long" or tone in _SAID_ALWAYS)
    return _OPENINGS.get(tone, "") if wanted else ""


def closing_line(*, tone: str, length: str, language: str) -> str:
    """Return the courtesy that comes after the points, or ""."""
    return _CLOSINGS[tone] if language == "en" and length != "short" else ""


def greeting_line(names: Sequence[str], *, tone: str, language: str) -> str:
    """Return the opening line for the recipients' display names ("" for one that is not known)."""
    words, register = LANGUAGES[language], _REGISTERS.get(tone, "neutral")
    if len(names) > _LISTED:
        return words.everyone[register]
    if not names or not all(names):
        return (words.everyone if len(names) > 1 else words.nobody)[register]
    listed = _called(names, tone=tone, language=language)
    return (words.one if len(names) == 1 else words.several)[register].replace("{names}", listed)


def named_greeting(pattern: str, names: Sequence[str], *, tone: str, language: str) -> str | None:
    """Return a greeting with the recipients' names in place of NAME; None where they are not known, or too many."""
    if not 0 < len(names) <= _LISTED or not all(names):
        return None
    return pattern.replace(NAME, _called(names, tone=tone, language=language))


def _called(names: Sequence[str], *, tone: str, language: str) -> str:
    register = _REGISTERS.get(tone, "neutral")
    called = [form_of_address(name, register=register, language=language) for name in names]
    return called[0] if len(called) == 1 else f"{', '.join(called[:-1])} {LANGUAGES[language].and_} {called[-1]}"


def form_of_address(name: str, *, register: str, language: str) -> str:
    """Return how to call someone: the full name formally, the first name otherwise, with care for titles and teams."""
    name = in_reading_order(name)
    parts = name.split()
    # Where first names are for friends, a neutral letter keeps the whole name.
    whole = register == "formal" or (register == "neutral" and language == "de")
    # Several people may share an address: "Mr and Mrs Hobbs".
    if whole or _COLLECTIVE.search(name) or re.search(rf"\s(?:&|\+|and|{LANGUAGES[language].and_})\s", name):
        return re.sub(r"\AAll(?= )", "all", re.sub(r"(?i)\Athe\s+(?=\S)", "", name)) if language == "en" else name
    if len(parts) > 1 and _TITLE.fullmatch(parts[0]):
        if register == "neutral":
            return f"{parts[0]} {parts[-1]}" if _FORMAL_TITLE.fullmatch(parts[0]) else name
        parts = [part for part in parts if not _TITLE.fullmatch(part)] or parts
    if re.fullmatch(r"\w\.?", parts[0]):
        return name
    return parts[0]


def is_collective(name: str) -> bool:
    """Say whether a name is that of a group, not of one person."""
    return bool(_COLLECTIVE.search(name))


def sign_off_line(*, tone: str, language: str) -> str:
    """Return the closing line that goes before the sender's name."""
    phrases = LANGUAGES[language].sign_offs
    return phrases.get(tone, phrases["neutral"])


def in_reading_order(name: str) -> str:
    """Turn "Raman, Priya" into "Priya Raman", and leave out what stands in brackets."""
    name = re.sub(r"(?<!\s)\s*\([^()]*\)", "", name).strip() or name
    last, comma, first = name.partition(",")
    if comma and first.strip() and "," not in first and not _COLLECTIVE.search(name):
        return f"{first.strip()} {last.strip()}"
    return name
