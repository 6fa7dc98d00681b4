"""Lines indented as the file is that they are inserted into."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from dalle_kit_code.indentation import blanks, blanks_of, width
from dalle_kit_code.lexing import without_comment
from dalle_kit_code.spot import Spot
from dalle_kit_code.trimming import line_states


def aligned(text: str, spot: Spot) -> str:
    """Indent the lines of a text, the first one aside, by what the file indents by.

    Lines that are deeper than the first for no reason are moved to it. Lines inside of strings stay as they are.
    """
    lines = text.split("\n")
    states = line_states(text, spot)
    free = [number for number in range(1, len(lines)) if lines[number].strip() and not states[number][0]]
    if not free:
        return text
    first = spot.line_before + lines[0]
    base = width(spot.indentation if spot.is_line_start else blanks_of(first))
    columns = {0: base, **{number: width(blanks_of(lines[number])) for number in free}}
    second = free[0]
    if not _opens(first, spot) and states[second][1] == 0 and columns[second] > base:
        shift = columns[second] - base
        columns = {number: max(base, at - shift) if number else at for number, at in columns.items()}
    step = _step([first, *lines[1:]], columns, spot)
    unit = width(spot.unit)
    if step not in (0, unit) and all((at - base) % step == 0 for at in columns.values()):
        columns = {number: base + (at - base) // step * unit for number, at in columns.items()}
    for number in free:
        lines[number] = blanks(max(0, columns[number]), spot.unit) + lines[number].lstrip(" \t")
    return "\n".join(lines)


def _opens(line: str, spot: Spot) -> bool:
    return without_comment(line, spot.language).endswith((*spot.language.opens, "(", "[", "{"))


def _step(lines: Sequence[str], columns: dict[int, int], spot: Spot) -> int:
    """Return by how much a text's own blocks are indented, 0 where they are not all alike or there are none."""
    numbers = list(columns)
    steps = {columns[inner] - columns[outer] for outer, inner in pairwise(numbers) if _opens(lines[outer], spot)}
    (step,) = steps if len(steps) == 1 else (0,)
    return max(0, step)
