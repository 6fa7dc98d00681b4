"""Real code with something taken out, for training and evaluation.

Training texts are the functions of Python's standard library, as it is installed; development texts are those of the
modules of ``algorithms`` (MIT) that are not reserved.
"""

from __future__ import annotations

import ast
import hashlib
import random
import re
import sysconfig
import zipfile
from collections.abc import Iterator
from pathlib import Path

from dalle_kit import Example, RequestError
from dalle_kit.corpora import DataPackage, fetch
from dalle_kit_code.request import CompleteRequest

_ALGORITHMS = DataPackage("algorithms", "1.0.1", "f45568f40011b264195e7879ef42b043ea1be744479e7b3292a895edef167f64")
_RESERVED = tuple("abcdef")
#: Parts of the library that hold tests, tables or what a build made.
_LEFT_OUT = frozenset("test tests idlelib lib2to3 site-packages __pycache__ encodings pydoc_data ensurepip".split())
#: A function's lines and characters: a whole one has to fit into what is learned at a time.
_SHORTEST, _LONGEST, _CHARACTERS = 4, 24, 1100
#: Lines before and after the function that are shown with it, at most.
_AROUND = 8
#: The most lines that are taken out at once.
_GAP = 8


def corpus(split: str) -> Iterator[Example]:
    """Yield a gap in each function of "train" or "dev", with what was there; the same ones each time."""
    for path, text in _library() if split == "train" else _algorithms():
        try:
            functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)]
        except (SyntaxError, ValueError):
            continue
        for node in functions:
            example = _example(path, text.split("\n"), node)
            if example is not None:
                yield example


def _library() -> Iterator[tuple[str, str]]:
    root = Path(sysconfig.get_paths()["stdlib"])
    for file in sorted(root.rglob("*.py")):
        path = file.relative_to(root)
        if _LEFT_OUT.isdisjoint(path.parts):
            try:
                yield path.as_posix(), file.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError):
                continue


def _algorithms() -> Iterator[tuple[str, str]]:
    with zipfile.ZipFile(fetch(_ALGORITHMS)) as wheel:
        for path in sorted(wheel.namelist()):
            is_reserved = hashlib.sha256(path.encode("utf-8")).hexdigest().startswith(_RESERVED)
            if path.startswith("algorithms/") and path.endswith(".py") and not is_reserved:
                yield path, wheel.read(path).decode("utf-8")


def _example(path: str, lines: list[str], node: ast.FunctionDef) -> Example | None:
    """Return a gap in a function: a line, some lines, the end of a line, or the body; None where none is to be had."""
    assert node.end_lineno is not None
    start, end = min([node.lineno, *(each.lineno for each in node.decorator_list)]) - 1, node.end_lineno
    documented = ast.get_docstring(node) is not None and len(node.body) > 1
    first = (node.body[0].end_lineno or 0) if documented else node.body[0].lineno - 1
    fits = sum(map(len, lines[start:end])) <= _CHARACTERS
    if not (fits and _SHORTEST <= end - start <= _LONGEST and start < first < end and lines[first].strip()):
        return None
    source = random.Random(f"{path}:{node.name}:{node.lineno}")
    kind = source.choices(("line", "rest", "lines", "body"), (6, 2, 2, 2))[0]
    top, bottom = max(0, start - source.randint(0, _AROUND)), min(len(lines), end + source.randint(0, _AROUND))
    gap = _gap(kind, lines, first, end, source)
    if gap is None:
        return None
    number, column, last = gap
    before = "\n".join([*lines[top:number], lines[number][:column]])
    after = "\n".join(["", *lines[last:bottom]])
    place = {"text": before + after, "path": path, "line": number - top + 1, "column": column + 1}
    taken = "\n".join([lines[number][column:], *lines[number + 1 : last]])
    extent = "line" if kind in ("line", "rest") else "block" if kind == "body" else "auto"
    fields = {"place": place, "extent": extent}
    try:
        spot = CompleteRequest.model_validate(fields).spot
    except ValueError as error:
        raise RequestError(f"{path}:{number + 1} is no place to write at: {error}") from error
    text = taken.removeprefix(spot.lead)
    # What the command could not write, for its place or for what it has to begin with, is not learned.
    if not taken.startswith(spot.lead) or not re.fullmatch(spot.pattern, text):
        return None
    return Example(f"{path}:{node.name}:{node.lineno}", fields, text, author=path)


def _gap(kind: str, lines: list[str], first: int, end: int, source: random.Random) -> tuple[int, int, int] | None:
    """Return where a gap begins, as line and column from 0, and the line after it."""
    if kind == "body":
        return first, 0, end
    filled = [number for number in range(first, end) if lines[number].strip()]
    number = source.choice(filled)
    if kind == "rest":
        text = lines[number]
        spaces = [place + 1 for place, letter in enumerate(text) if letter == " " and text[:place].strip()]
        return (number, source.choice(spaces), number + 1) if spaces else None
    last = number + 1 if kind == "line" else min(end, number + source.randint(2, _GAP))
    while not lines[last - 1].strip():
        last -= 1
    return number, 0, last
