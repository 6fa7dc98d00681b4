"""The figures of one completion; each lies from 0 to 1, and more is better in all but ``silent``."""

from __future__ import annotations

import ast
import warnings
from dataclasses import dataclass
from typing import Literal

import numpy as np

from code_completion.tasks import Task, passes


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure's name and what it is called in tables; ``share`` where it is 0 or 1 of each task."""

    name: str
    label: str
    share: bool = True
    better: Literal["more", "less"] = "more"


MEASURES = (
    Measure("passed", "tests passed"),
    Measure("parses", "the file parses"),
    Measure("exact", "exact match"),
    Measure("similarity", "edit similarity", share=False),
    Measure("silent", "does not parse, and no finding says so", better="less"),
)


def measure(task: Task, completion: str) -> dict[str, float]:
    """Return the figures of a completion: does the file parse and pass, how near is the text to what was there."""
    whole = parses(task.filled(completion))
    return {
        "passed": float(whole and passes(task, completion)),
        "parses": float(whole),
        "exact": float(plain(completion) == plain(task.reference)),
        "similarity": similarity(plain(completion), plain(task.reference)),
    }


def parses(program: str) -> bool:
    """Whether Python takes a file's text."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of an escape in a string, for example
        try:
            ast.parse(program)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False
    return True


def plain(code: str) -> str:
    """Return code without blanks at the ends of its lines and without blank lines around it."""
    return "\n".join(line.rstrip() for line in code.splitlines()).strip("\n")


def similarity(one: str, other: str) -> float:
    """Return 1 less the Levenshtein distance over the longer text's length, in characters."""
    if not one or not other:
        return float(one == other)
    letters = np.array([ord(letter) for letter in other])
    places = np.arange(len(other) + 1)
    row = places
    for count, letter in enumerate(one, start=1):
        changed = np.minimum(row[1:] + 1, row[:-1] + (letters != ord(letter)))
        changed = np.concatenate(([count], changed))
        # Insertions run along the row: the least of what each place before it would cost.
        row = np.minimum.accumulate(changed - places) + places
    return 1.0 - float(row[-1]) / max(len(one), len(other))
