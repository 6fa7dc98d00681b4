"""The rules that take from a model's text what does not belong at its place; each takes a text and returns one.

None of them knows a language but by its data, and each leaves alone what it was applied to before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dalle_kit_code.indentation import blanks_of, width
from dalle_kit_code.lexing import CLOSING, OPENING, Piece, open_brackets, pieces
from dalle_kit_code.spot import Spot

_FENCE = re.compile(r"\s*```[\w+#-]*[ \t]*(?:\n|\Z)")

#: A line that has fewer letters and digits may well be there twice.
_TELLING = 3

#: The beginning of a line that has no more characters may well be there twice.
_SHORT = 5

#: So many equal lines in a row, or rounds of the same few lines, are a model that goes round in circles.
_ROUNDS = 3
_LONGEST_ROUND = 6

#: The same, within a line that breaks off.
_STUTTER = re.compile(r"(?s)([^\s][^\n]{1,79}?)\1{5,}[^\n]{0,80}\Z")


def without_fences(text: str, spot: Spot) -> str:
    """Drop the fence of Markdown that a text begins with, and end the text at the next one."""
    if spot.language.name == "markdown":
        return text
    while (opened := _FENCE.match(text)) is not None:
        text = text[opened.end() :]
    closed = re.search(r"(?m)^[ \t]*```", text)
    return text[: closed.start()].rstrip("\n") if closed else text


def without_blank_start(text: str, spot: Spot) -> str:
    """Begin a text that is a line of its own where that line has to begin."""
    if not spot.is_line_start or not text.strip():
        return text
    if not spot.indents_itself:
        return spot.lead + text.lstrip()
    first = next(line for line in text.split("\n") if line.strip())
    # Deeper than the line above it could only be inside of brackets.
    deepest = blanks_of(first) if open_brackets(spot.before, spot.language) else blanks_of(spot.above)
    return min(blanks_of(first), deepest, key=width) + text.lstrip()


def without_doubled_space(text: str, spot: Spot) -> str:
    """Drop the blanks that a text begins with where a blank stands before it already."""
    follows_blank = spot.line_before[-1:].isspace() and not spot.is_line_start
    return text.lstrip(" \t") if follows_blank else text


def without_echo_above(text: str, spot: Spot) -> str:
    """Drop a first line that repeats the line above, or a beginning that repeats that of the line itself."""
    if not spot.is_line_start:
        own = spot.line_before.strip()
        stripped = text.lstrip(" \t")
        return stripped[len(own) :] if len(own) > _SHORT and stripped.startswith(own) else text
    first, newline, rest = text.partition("\n")
    if _tells(first) and first.strip() == spot.above.strip():
        return spot.lead + rest.lstrip("\n").removeprefix(spot.indentation) if newline else ""
    return text


def until_end(text: str, spot: Spot) -> str:
    """End a text where what was asked for ends: the line, the statement, or the block that the cursor is in."""
    if spot.reach == "line":
        return text.partition("\n")[0]
    states = line_states(text, spot)
    start, was_blank = 0, False
    for number, line in enumerate(text.split("\n")):
        inside, depth = states[number]
        if number and line.strip() and not inside:
            ends = width(blanks_of(line)) < spot.limit if spot.limit else was_blank and not blanks_of(line)
            belongs = (depth > 0 and line.strip()[0] in CLOSING) or _goes_on(line, spot)
            if ends and not belongs and (depth == 0 or spot.limit):
                return text[:start].rstrip()
        was_blank = not line.strip()
        start += len(line) + 1
    return text


def until_unmatched(text: str, spot: Spot) -> str:
    """End a text at a closing bracket that it did not open, if what comes after the cursor has that bracket."""
    spare = spot.missing_closers
    stack: list[str] = []
    for piece in _own_pieces(text, spot):
        if piece.kind in OPENING:
            stack.append(piece.kind)
        elif piece.kind in CLOSING:
            if stack and stack[-1] == CLOSING[piece.kind]:
                stack.pop()
            elif not stack and spare:
                spare -= 1
            else:
                return text[: piece.start - len(spot.before)].rstrip()
    return text


def until_suffix(text: str, spot: Spot) -> str:
    """End a text where it begins to repeat what stands after the cursor."""
    rest = spot.line_after.strip()
    if rest and not spot.is_line_start:
        for size in range(min(len(rest), len(text)), 0, -1):
            # Brackets are matched by another rule: they may well belong to the text.
            is_all = size == len(rest) and not set(rest) & {*OPENING, *CLOSING}
            if text.endswith(rest[:size]) and (is_all or _tells(rest[:size])):
                return text[: len(text) - size]
        return text
    following = spot.line_after if rest else spot.below
    if not _tells(following):
        return text
    # Where the rest of the line stands behind the cursor, its blanks may stand before it.
    blanks = blanks_of(spot.line_before + following) if rest else blanks_of(following)
    start = 0
    for number, line in enumerate(text.split("\n")):
        shown = spot.line_before + line if number == 0 else line
        is_whole = number > 0 or spot.is_line_start
        if is_whole and line.strip() == following.strip() and blanks_of(shown) == blanks:
            return text[:start].rstrip()
        start += len(line) + 1
    return text


def until_repetition(text: str, spot: Spot) -> str:
    """End a text where it goes round in circles, after the first round."""
    text = re.split(r"\n(?:[ \t]*\n){3,}", text, maxsplit=1)[0]
    lines = text.split("\n")
    shown = [spot.line_before + lines[0], *lines[1:]]
    for start in range(len(lines)):
        for size in range(1, _LONGEST_ROUND + 1):
            rounds = [shown[start + size * number : start + size * (number + 1)] for number in range(_ROUNDS)]
            if rounds[0] == rounds[1] == rounds[2] and re.search(r"\w", "".join(rounds[0])):
                return "\n".join(lines[: start + size])
    stutter = _STUTTER.search(text)
    return text[: stutter.end(1)] if stutter else text


def without_dangling_comment(text: str, spot: Spot) -> str:
    """Drop comments at the end of a block, which announce code that does not come."""
    lines = text.split("\n")
    mark = spot.language.comment
    while mark and len(lines) > 1 and (not lines[-1].strip() or lines[-1].lstrip().startswith(mark)):
        lines.pop()
    return "\n".join(lines)


def _tells(text: str) -> bool:
    """Say whether a text has enough letters and digits to be recognised by."""
    return len(re.findall(r"\w", text)) >= _TELLING


def _goes_on(line: str, spot: Spot) -> bool:
    word = re.match(r"\s*(\w+)", line)
    return word is not None and word[1] in spot.language.goes_on


def _own_pieces(text: str, spot: Spot) -> Iterator[Piece]:
    """Yield the brackets, strings and comments that begin in the inserted text."""
    return (piece for piece in pieces(spot.before + text, spot.language) if piece.start >= len(spot.before))


def line_states(text: str, spot: Spot) -> list[tuple[bool, int]]:
    """Return for each line whether it begins in a string or comment, and in how many brackets that the text opened."""
    found = list(_own_pieces(text, spot))
    depths, start, depth, index = [], len(spot.before), 0, 0
    for line in text.split("\n"):
        while index < len(found) and found[index].end <= start:
            kind = found[index].kind
            depth += (kind in OPENING) - (kind in CLOSING and depth > 0)
            index += 1
        depths.append((index < len(found) and found[index].start < start, depth))
        start += len(line) + 1
    return depths
