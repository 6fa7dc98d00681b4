"""Redaction that reads well: neutral words in the place of personal data, no brackets."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from dalle_kit.checks.words import is_stop_word
from dalle_kit.privacy.kinds import PersonalData, is_title

_NOUNS = {
    "person": "person",
    "e-mail address": "e-mail address",
    "postal address": "address",
    "phone number": "phone number",
    "card number": "card number",
    "bank account": "bank account",
    "id number": "ID number",
    "IP address": "IP address",
    "user name": "user name",
}
#: What may stand before each that says already what it is: "my card number 4111 ...", "Tel: 020 ...".
_SAID = {
    "person": r"name",
    "e-mail address": r"e-?mail(?: address)?|address",
    "postal address": r"address",
    "phone number": r"(?:phone|telephone|mobile|cell|fax|office)(?: number)?|tel\.?|number|no\.",
    "card number": r"card(?: number| no\.?)?|number|cc",
    "bank account": r"(?:account|routing|bank)(?: number| no\.?)?|iban|sort code|number",
    "id number": r"(?:id|passport|security|insurance|licen[cs]e|nhs|tax)(?: number| no\.?)?|ssn|nino|itin|number",
    "IP address": r"ip(?: address)?|address",
    "user name": r"user ?name|user(?: id)?|login|handle|nick(?:name)?",
}
_RELATION = (
    "friend|colleague|wife|husband|brother|sister|son|daughter|kid|child|mother|father|cousin|aunt|uncle|nephew|niece|"
    "partner|neighbou?r|manager|boss|assistant|director|doctor|teacher|customer|client|guest|secretary|president|chair"
)
_POSSESSIVE = r"(?:my|your|his|her|its|our|their|the|\w+['\u2019]s)"
_BESIDE_RELATION = re.compile(rf"\b{_POSSESSIVE}(?: \w+)? (?:{_RELATION}) \Z", re.IGNORECASE)
_DETERMINER = re.compile(
    rf"\b(?:{_POSSESSIVE}|this|that|any|each|every|no|some|another)(?: (?:new|old|same|other|own|usual))? \Z",
    re.IGNORECASE,
)
_ARTICLE = re.compile(r"\b(?P<article>an?) \Z", re.IGNORECASE)
_SENTENCE_START = re.compile(r"(?:\A|[.!?\u2026][\"')\]\u2019\u201d]*\s+|\n[ \t]*)[\"'(\u201c\u2018>*\u2022 -]*\Z")
_GREETING = re.compile(r"(?:^|\n)[> \t]*(?P<word>Dear|Hi|Hello|Hey|Good (?:morning|afternoon|evening))[ ,]+\Z")
_SIGN_OFF = re.compile(
    r"(?:regards|wishes|thanks|sincerely|faithfully|truly|cheers|best|love|yours),?[^\S\n]*\n\s*\Z", re.I
)
_TITLE_BEFORE = re.compile(r"\b(?P<title>[^\W\d_]{2,10})\.? \Z")
#: "Mr and" of "Mr and Mrs Smith".
_COUPLE_BEFORE = re.compile(r"\b(?P<title>[^\W\d_]{2,10})\.? (?:and|&) \Z")
#: How far back it is looked what stands before a thing.
_WITHIN = 80
_SHORTEST_NUMBER = 7
#: With more than so many of a kind, nobody can tell which is "that" one.
_COMPARED = 50


@dataclass(slots=True)
class _Seen:
    """What of a kind has been met in a text: the same one is "that" one, a further one "another"."""

    known: list[tuple[str, frozenset[str]]] = field(default_factory=list)

    def place(self, text: str) -> tuple[int, bool]:
        """Return the number of a thing among those of its kind, and whether it is met for the first time."""
        digits = re.sub(r"\D", "", text).lstrip("0")
        words = frozenset(word for word in re.findall(r"[^\W_]+", text.casefold()) if not is_title(word))
        for place, (number, others) in enumerate(self.known[:_COMPARED]):
            shorter, longer = sorted((digits, number), key=len)
            same_number = len(shorter) >= _SHORTEST_NUMBER and longer.endswith(shorter)
            if same_number or words <= others or others <= words:
                return place, False
        self.known.append((digits, words))
        return len(self.known) - 1, True


def redacted(text: str, found: Sequence[PersonalData]) -> str:
    """Return a text with neutral words in the place of what was found: "Call someone on a phone number"."""
    seen = {kind: _Seen() for kind in _NOUNS}
    pieces: list[str] = []
    written = ""  # the end of what is written: no more is looked at or changed
    place = 0
    for each in sorted(found, key=lambda each: (each.start, -each.end)):
        if each.start < place:
            continue
        before, after = written + text[place : each.start], text[each.end : each.end + _WITHIN]
        pieces.append(before[: -2 * _WITHIN])
        before = before[-2 * _WITHIN :]
        place = each.end
        is_person = each.kind == "person" or each.text.startswith("@")
        number, is_new = seen["person" if is_person else each.kind].place(each.text)
        if is_person:
            written = _with_person(before, after, number, is_new)
            if each.text.endswith("s") and re.match(r"['\u2019](?!\w)", after):
                written, place = f"{written}{after[0]}s", place + 1  # "James' car"
        else:
            written = _with_thing(before, each.kind, number, is_new)
    return "".join([*pieces, written, text[place:]])


def _with_person(before: str, after: str, number: int, is_new: bool) -> str:
    """Return what stands before a person with neutral words for the person behind."""
    couple = _COUPLE_BEFORE.search(before[-_WITHIN:])
    if couple and is_title(couple["title"]):
        before = before[: len(before) - len(couple.group())]
        return before + _begun("some people", before[-_WITHIN:])
    title = _TITLE_BEFORE.search(before[-_WITHIN:])
    if title and is_title(title["title"]):
        before = before[: len(before) - len(title.group())]
    near = before[-_WITHIN:]
    greeting = _GREETING.search(near)
    if greeting and re.match(r"\s*(?:[,!:.\n]|\Z)", after):
        kept = before[: len(before) - len(near) + greeting.start("word")]
        return kept + ("Hello" if greeting["word"] == "Dear" else greeting["word"])
    if _SIGN_OFF.search(near) and re.match(r"[ \t]*(?:\n|\Z)", after):
        return before + "The sender"
    if _BESIDE_RELATION.search(near):
        return before.rstrip()
    if _is_said("person", near):
        return before + "withheld"
    article = _ARTICLE.search(near)
    if article or _DETERMINER.search(near):
        follows = re.match(r"[ ](\w+)", after)
        noun = follows[1] if follows and not is_stop_word(follows[1]) else "person"
        before = _with_article(before, article, noun) if article else before
        return before.rstrip() if follows and noun == follows[1] else before + noun
    if is_new:
        words = ("someone", "someone else")[number] if number < 2 else "another person"
    else:
        words = "the other person" if number else "that person"
    return before + _begun(words, near)


def _with_thing(before: str, kind: str, number: int, is_new: bool) -> str:
    """Return what stands before an address, number or name of a user with neutral words for it behind."""
    noun, near = _NOUNS[kind], before[-_WITHIN:]
    if near and not near[-1].isspace() and near[-1] in "/=@":
        return before + noun.split()[0]  # within a link
    said = re.search(rf"\b(?P<whose>{_POSSESSIVE}(?: \w+)? )?(?P<noun>{_SAID[kind]}) \Z", near, re.IGNORECASE)
    if said and said["whose"]:
        return before.rstrip()  # "my card number 4111 ..."
    if said and not re.fullmatch("phone|telephone|fax", said["noun"], re.IGNORECASE):
        before = before[: len(before) - len(said.group("noun")) - 1]  # "to account 1234 ..."
        near = before[-_WITHIN:]
    if _is_said(kind, near):
        return before + "withheld"
    if _DETERMINER.search(near):
        return before + noun
    article = _ARTICLE.search(near)
    if article:
        return _with_article(before, article, noun) + noun
    if is_new:
        words = f"another {noun}" if number else f"{_article(noun)} {noun}"
    else:
        words = f"the other {noun}" if number else f"that {noun}"
    return before + _begun(words, near)


def _with_article(before: str, article: re.Match[str], noun: str) -> str:
    """Return what stands before a noun with the article at its end that the noun takes."""
    right = _article(noun)
    right = right.capitalize() if article["article"][0] == "A" else right
    return f"{before[: len(before) - len(article.group())]}{right} "


def _is_said(kind: str, near: str) -> bool:
    """Say whether the words before a thing are about it: "my name is", "Tel:"."""
    return re.search(rf"\b(?:{_SAID[kind]})(?:[ ](?:is|was)[ ]|[ ]?[:=#][ \t]*)\Z", near, re.IGNORECASE) is not None


def _begun(words: str, before: str) -> str:
    """Return words with a capital letter where they begin a sentence or a line."""
    return words[0].upper() + words[1:] if _SENTENCE_START.search(before) else words


def _article(noun: str) -> str:
    return "an" if noun[0] in "aeiIE" else "a"
