"""Cutting source code into pieces worth imitating: functions, classes, blocks."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator

#: Longer pieces are cut, shorter ones passed over (in lines).
LONGEST_PIECE, SHORTEST_PIECE = 60, 2

#: The suffixes of source files, and the languages they are in.
LANGUAGES = {
    ".c": "C", ".cc": "C++", ".cpp": "C++", ".cs": "C#", ".css": "CSS", ".dart": "Dart", ".ex": "Elixir",
    ".exs": "Elixir", ".go": "Go", ".h": "C", ".hpp": "C++", ".hs": "Haskell", ".java": "Java", ".jl": "Julia",
    ".js": "JavaScript", ".jsx": "JavaScript", ".kt": "Kotlin", ".lua": "Lua", ".m": "Objective-C",
    ".mjs": "JavaScript", ".ml": "OCaml", ".php": "PHP", ".pl": "Perl", ".py": "Python", ".pyi": "Python", ".r": "R",
    ".rb": "Ruby", ".rs": "Rust", ".scala": "Scala", ".sh": "shell", ".sql": "SQL", ".swift": "Swift",
    ".ts": "TypeScript", ".tsx": "TypeScript", ".zig": "Zig",
}  # fmt: skip

#: The first line of a piece, counted from one, and its text.
Piece = tuple[int, str]


def pieces(text: str, language: str) -> Iterator[Piece]:
    """Yield the pieces of a source file: Python's functions and classes, blocks of lines of other languages."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    found = _python(lines) if language == "Python" else None
    for start, end in _blocks(lines, 0, len(lines)) if found is None else found:
        piece = "\n".join(lines[start:end]).strip("\n")
        if sum(bool(line.strip()) for line in piece.split("\n")) >= SHORTEST_PIECE:
            yield start + 1, piece


def _python(lines: list[str]) -> list[tuple[int, int]] | None:
    """Return where functions and classes begin and end; None where there are none, or where it is no Python."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of another's code
            tree = ast.parse("\n".join(lines))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    spans: list[tuple[int, int]] = []
    for node in tree.body:
        spans += _spans(node, lines)
    return spans or None


def _spans(node: ast.stmt, lines: list[str]) -> list[tuple[int, int]]:
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return []
    start = min([node.lineno, *(each.lineno for each in node.decorator_list)]) - 1
    end = node.end_lineno or node.lineno
    while start and lines[start - 1].lstrip().startswith("#") and not lines[start - 1].startswith("#!"):
        start -= 1
    if end - start <= LONGEST_PIECE:
        return [(start, end)]
    if isinstance(node, ast.ClassDef):
        methods = [span for inner in node.body for span in _spans(inner, lines)]
        if methods:
            return methods
    return list(_blocks(lines, start, end))


def _blocks(lines: list[str], start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield blocks of at most LONGEST_PIECE lines that end, where they can, before a line that is not indented."""
    while start < end:
        if not lines[start].strip():
            start += 1
            continue
        limit = min(start + LONGEST_PIECE, end)
        cut = limit
        if limit < end:
            blank = [place for place in range(start + 1, limit + 1) if not lines[place - 1].strip()]
            outer = [place for place in blank if lines[place][:1].strip()]
            cut = (outer or blank or [limit])[-1]
        yield start, cut
        start = cut
