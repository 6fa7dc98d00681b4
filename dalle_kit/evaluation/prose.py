"""A document as sentences: what was written in running text, without greeting, title, sign-off and quotations."""

# ruff: noqa: RUF001 - typographic quotes and dashes are what it looks for

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from dalle_kit.checks import split_sentences

_GREETING = re.compile(
    r"\s*(?:dear|hi|hello|hey|greetings|to whom it may concern|good (?:morning|afternoon|evening|day)"
    r"|hallo|liebe[rs]?|guten (?:tag|morgen)|sehr geehrte[rs]?|bonjour|ch[eè]re?s?|salut|hola|estimad[oa]s?"
    r"|querid[oa]s?|buenos d[ií]as|ciao|gentil[ei]|cari?|cara|buongiorno|olá|prezad[oa]s?|car[oa]s?|beste|geachte|hej"
    r"|kære|cześć|szanown[iay]|drogi|droga)\b(?!\s+(?:is|was|of|to)\b)",
    re.IGNORECASE,
)
_LONGEST_GREETING = 8  # words

_SIGN_OFF = re.compile(
    r"(?:(?:with |my )?(?:(?:best|kind|kindest|warm|warmest|many|all) )*(?:regards|wishes|thanks)|best|all the best"
    r"|(?:yours |very )?(?:sincerely|truly|faithfully|respectfully)(?: yours)?|cheers|thanks (?:again|in advance)"
    r"|thank you|take care|mit (?:freundlichen|besten|herzlichen) grüßen|(?:viele|beste|liebe) grüße"
    r"|cordialement|bien à vous|saludos(?: cordiales)?|un saludo|atentamente|(?:cordiali |distinti )?saluti"
    r"|atenciosamente|met vriendelijke groet(?:en)?|groeten|hälsningar|(?:med )?venlige? hilsen(?:er)?"
    r"|vänliga hälsningar|z poważaniem|pozdrawiam) ?[,!.]?",
    re.IGNORECASE,
)
_ITEM = re.compile(r"[ \t]*(?:[-*•–]|\(?\d{1,2}[.)]|[a-z]\))[ \t]+(?=\S)")
_QUOTED = re.compile(r"[ \t]*>")
_END = re.compile(r"[.!?…][\"'”’»)\]]*\Z|[.!?…][\"'”’»)\]]*\s*[:;][-']?[)(D]\Z|:[-']?[)(D]\Z|[\U0001F300-\U0001FAFF]\Z")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence and where it stands; ``closes`` if it ends a paragraph, ``item`` if it is an item of a list."""

    text: str
    start: int
    end: int
    closes: bool
    item: bool
    before_item: bool = False

    @property
    def words(self) -> tuple[str, ...]:
        """Its words in small letters, without marks."""
        return plain_words(self.text)

    @property
    def finished(self) -> bool:
        """Whether it ends as sentences do; an item of a list, and what announces a list, may end otherwise."""
        if self.item:
            return True
        return bool(_END.search(self.text)) or (self.before_item and self.text.endswith(":"))


def plain_words(text: str) -> tuple[str, ...]:
    """Return a text's words in small letters, without marks."""
    return tuple(re.findall(r"\w+(?:['’]\w+)*", text.casefold()))


def is_greeting(line: str) -> bool:
    """Say whether a line only greets: "Dear Ana," but not "Hello is what he said."."""
    line = line.strip()
    return (
        bool(_GREETING.match(line))
        and len(line.split()) <= _LONGEST_GREETING
        and not line.endswith((".", "?"))
        and (line.endswith((",", "!", ":", ";")) or len(line.split()) <= 3)
    )


def is_sign_off(line: str) -> bool:
    """Say whether a line only takes leave: "Best regards,"."""
    return bool(_SIGN_OFF.fullmatch(" ".join(line.split())))


def opens_with_greeting(line: str) -> bool:
    """Say whether a line greets, maybe before it goes on: "Hi Ana, the room is booked."."""
    first = re.match(r"[^,!:.?]*[,!:]", line)
    return is_greeting(line) or bool(first and is_greeting(first.group()))


def own_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield the writer's own lines with where they start; quoted ones, and who is quoted, are left out."""
    lines = list(re.finditer(r"[^\n]*\n?", text))
    quoted = [bool(_QUOTED.match(line.group())) for line in lines]
    for index, line in enumerate(lines):
        announces = line.group().rstrip().endswith(":") and any(quoted[index + 1 : index + 2])
        if line.group() and not quoted[index] and not announces:
            yield line.start(), line.group().rstrip("\n")


def sentences(text: str, *, titles: tuple[str, ...] = ()) -> list[Sentence]:
    """Return the sentences of the running text, with their places in ``text``.

    Left out are greetings, all from the last sign-off on, quotations, and lines that are one of ``titles``.
    """
    lines = list(own_lines(text))
    known = {plain_words(title) for title in titles}
    leave = next((i for i in reversed(range(len(lines))) if is_sign_off(lines[i][1])), None)
    if leave is not None and sum(len(line.split()) for _, line in lines[leave:]) > _LONGEST_CLOSING:
        leave = None  # a sign-off in the middle of a text: what follows is text all the same
    kept: list[tuple[int, str]] = []
    for start, line in lines[:leave]:
        if is_greeting(line) or is_sign_off(line) or (plain_words(line) in known and not _END.search(line.strip())):
            line = ""
        kept.append((start, line))
    return [sentence for paragraph in _paragraphs(kept) for sentence in _split(text, paragraph)]


#: Words from the sign-off to the end: name, position, company, telephone.
_LONGEST_CLOSING = 40


def _paragraphs(lines: list[tuple[int, str]]) -> Iterator[list[tuple[int, int, bool]]]:
    """Yield paragraphs as stretches (start, end, is an item); lines broken in mid-sentence are one stretch."""
    stretches: list[tuple[int, int, bool]] = []
    for start, line in [*lines, (0, "")]:
        end = start + len(line.rstrip())
        mark = _ITEM.match(line)
        if not line.strip():
            if stretches:
                yield stretches
            stretches = []
        elif mark:
            stretches.append((start + mark.end(), end, True))
        elif stretches:
            first, _, item = stretches[-1]
            stretches[-1] = (first, end, item)
        else:
            stretches.append((start, end, False))


def _split(text: str, stretches: list[tuple[int, int, bool]]) -> Iterator[Sentence]:
    for index, (start, end, item) in enumerate(stretches):
        followed = any(each[2] for each in stretches[index + 1 : index + 2])
        parts = [part for part in split_sentences(" ".join(text[start:end].split())) if part]
        at = start
        for number, part in enumerate(parts, start=1):
            # The sentence may have been broken over lines: look for its words with any space between.
            found = re.compile(r"\s+".join(map(re.escape, part.split()))).search(text, at, end)
            begin, at = found.span() if found else (at, end)
            closes = number == len(parts)
            yield Sentence(part, begin, at, closes, item, closes and followed)
