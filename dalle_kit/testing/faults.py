"""What is wrong with a plugin, and where in its code."""

from __future__ import annotations

import functools
import inspect
import io
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dalle_kit.plugin_manager.faults import FAILURES, one_line


@dataclass(frozen=True, slots=True)
class Fault:
    """A rule of the contract that a plugin breaks; ``where`` is ``file:line``, empty where that is not known."""

    rule: str
    message: str
    where: str = ""

    def __str__(self) -> str:
        return f"{self.rule}: {self.message}" + (f" [{self.where}]" if self.where else "")


@contextmanager
def noted(faults: list[Fault], rule: str, doing: str, subject: object) -> Iterator[None]:
    """Turn whatever the block raises into a fault: in the code beside ``subject`` that it came from, or there."""
    try:
        yield
    except FAILURES as error:
        faults.append(Fault(rule, f"{doing}: {one_line(error)}", _place_in(error, subject) or place_of(subject)))


@contextmanager
def listening(faults: list[Fault]) -> Iterator[None]:
    """Keep what the block prints from stdout, and turn it into a fault, at the place that printed first."""
    heard = _Heard()
    with redirect_stdout(heard):
        yield
    if heard.getvalue():
        said = f"it prints {shown(heard.getvalue().splitlines()[0])} to stdout, where the finished text goes"
        faults.append(Fault("output", f"{said}; print to stderr", heard.place))


class _Heard(io.StringIO):
    """Takes the place of stdout, and notes which code wrote to it first."""

    place = ""

    def write(self, text: str) -> int:
        caller = sys._getframe(1)  # ``print`` has no frame of its own
        self.place = self.place or f"{caller.f_code.co_filename}:{caller.f_lineno}"
        return super().write(text)


def place_of(subject: Any, field: str = "") -> str:
    """Return ``file:line`` of a function or class, of its field of that name if it has one; empty where there is none.

    A partial or wrapped function is where the function in it is.
    """
    subject = _bare(subject)
    try:
        file = inspect.getsourcefile(subject)
        lines, start = inspect.getsourcelines(subject)
    except (TypeError, OSError):
        return ""
    found = (number for number, line in enumerate(lines) if field and line.lstrip().startswith(f"{field}:"))
    return f"{file}:{start + next(found, 0)}"


def shown(value: Any, size: int = 60) -> str:
    """Return a value in quotes, on one line, no longer than it can be read."""
    text = repr(value)
    return text if len(text) <= size else f"{text[: size - 3]}..."


def _bare(subject: Any) -> Any:
    while isinstance(subject, functools.partial):
        subject = subject.func
    return inspect.unwrap(subject) if callable(subject) else subject


def _place_in(error: BaseException, subject: object) -> str:
    """Return the innermost place in a traceback that is in the folder of ``subject``."""
    try:
        folder = Path(inspect.getsourcefile(_bare(subject)) or "").parent
    except TypeError:
        return ""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if Path(frame.filename).is_relative_to(folder):
            return f"{frame.filename}:{frame.lineno}"
    return ""
