"""What the model is shown: the code round the cursor, and from elsewhere what that code is about."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dalle_kit import NearbyFile
from dalle_kit_code.languages import Language, language_of
from dalle_kit_code.parsing import definitions, imports
from dalle_kit_code.request import Shown

#: The code whose words say what is relevant, in characters before the cursor.
_NEAR = 1500

#: Between what is from different places.
_GAP = "\n\n\n"

_WORD = re.compile(r"[^\W\d]\w+")


@dataclass(frozen=True, slots=True)
class Snippet:
    """Code from elsewhere: the file it is from and the text shown."""

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class View:
    """What the model is shown, all of it exactly: code from elsewhere, and the code before and after the cursor."""

    snippets: tuple[Snippet, ...]
    before: str
    after: str


def view_of(
    before: str, after: str, language: Language, *, about: str, path: str, nearby: Sequence[NearbyFile], shown: Shown
) -> View:
    """Choose what is shown, in so many characters; the code round the cursor begins and ends with whole lines.

    ``about`` is further code that is not shown here but says what is relevant.
    """
    whole_before, whole_after = before, after
    before, after = _last_lines(before, shown.before), first_lines(after, shown.after)
    cut_off = whole_before[: len(whole_before) - len(before)]
    line_after = after.partition("\n")[0]
    wanted = _words(f"{before[-_NEAR:]} {about} {line_after}")
    chosen: list[tuple[str, list[str]]] = []
    room = shown.elsewhere
    if cut_off and room:
        heads = imports(cut_off, language)
        chosen.append((path, _within(heads, room)))
        room -= sum(map(len, chosen[-1][1]))
    # What stands after the cursor is told again: not every model is shown that side.
    own = [(path, cut_off), (path, whole_after)]
    others = [(file.path, file.text) for file in nearby if language_of(file.path) == language]
    for name, text in [*own, *others]:
        ranked = _ranked(text, language, wanted, known=_words(before))
        heads = _within(ranked, room)
        room -= sum(map(len, heads))
        chosen.append((name, heads))
    return View(tuple(_snippets(chosen, language)), before, after)


def _snippets(chosen: Sequence[tuple[str, list[str]]], language: Language) -> list[Snippet]:
    """Return one snippet for each file; those of the most importance come last, nearest to the cursor."""
    by_path: dict[str, list[str]] = {}
    for path, heads in chosen:
        by_path.setdefault(path, []).extend(heads)
    found = []
    for path, heads in reversed(by_path.items()):
        if heads:
            title = f"{language.comment} {path}\n" if path and language.comment else ""
            found.append(Snippet(path, title + "\n\n".join(heads) + _GAP))
    return found


def _ranked(text: str, language: Language, wanted: Mapping[str, int], *, known: Mapping[str, int]) -> list[str]:
    """Return the heads of a text's definitions that are spoken of, the most relevant first.

    Those are spoken of that stand near the cursor, then those that stand anywhere in the code shown.
    """
    if not text.strip():
        return []
    found = {each.name: each for each in definitions(text, language)}
    spoken = [each for each in found.values() if each.name in wanted or each.name in known]
    spoken.sort(key=lambda each: (-(wanted.get(each.name, 0)), -known.get(each.name, 0)))
    return [each.head for each in spoken]


def _words(text: str) -> dict[str, int]:
    counts: dict[str, int] = {}
    for word in _WORD.findall(text):
        counts[word] = counts.get(word, 0) + 1
    return counts


def _within(texts: Sequence[str], room: int) -> list[str]:
    """Return the texts that fit into so many characters, in their order."""
    kept = []
    for text in texts:
        if len(text) <= room:
            kept.append(text)
            room -= len(text)
    return kept


def _last_lines(text: str, limit: int) -> str:
    """Return the end of a text from a line's start on, at most so many characters (one line may be longer).

    It begins at the same line until a quarter of it is new: what a model has read of it is not read again.
    """
    if len(text) <= limit:
        return text
    step = max(limit // 4, 1)
    first = -(-(len(text) - limit) // step) * step
    start = text.find("\n", first - 1)
    return text[start + 1 :] if start >= 0 else text[-limit:]


def first_lines(text: str, limit: int) -> str:
    """Return the beginning of a text, at most so many characters: whole lines, if they hold more than blanks."""
    if len(text) <= limit:
        return text
    whole = text[: text.rfind("\n", 0, limit) + 1]
    return whole if whole.strip() else text[:limit]
