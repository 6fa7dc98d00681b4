"""What a plugin's failure looks like from outside: one line, the place in the plugin's code, the plugin's name."""

from __future__ import annotations

import functools
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pluggy

import dalle_kit
from dalle_kit.errors import DalleKitError, PluginError, printable_line
from dalle_kit.records import Draft

#: What a plugin can do to us while its code runs. Ctrl-C is the user's, and passes.
FAILURES = (Exception, SystemExit)

#: Frames of these are never the place to look at: the import system, and libraries a plugin's code is run through.
_LIBRARIES = {"importlib", "pluggy", "pydantic"}


def one_line(error: BaseException) -> str:
    """Return an error as one printable line, with its type where the message alone would not say what it is."""
    text = printable_line(str(error))
    if isinstance(error, SystemExit):
        text = f"it called sys.exit({text})"
    elif not isinstance(error, (DalleKitError, pluggy.PluginValidationError)):
        text = f"{type(error).__name__}: {text}" if text else type(error).__name__
    return text if len(text) <= 300 else f"{text[:297]}..."


def place(error: BaseException) -> str | None:
    """Return ``file:line`` of the plugin's code an error came from, None if it arose outside of it."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}"
    core = Path(dalle_kit.__file__).parent
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        file = Path(frame.filename)
        if file.is_file() and not (_LIBRARIES & set(file.parts)) and not file.is_relative_to(core):
            return f"{file}:{frame.lineno}"
    return None


def described(error: BaseException) -> str:
    """Return an error as one line that ends in its place."""
    where = place(error)
    return f"{one_line(error)} [{where}]" if where else one_line(error)


def guard(function: Callable[..., Any], *, plugin: str, doing: str, expect: Any = object) -> Callable[..., Any]:
    """Return ``function`` such that what it raises, or a result that is no ``expect``, becomes a PluginError.

    The toolkit's own errors pass: they are how a plugin refuses a request. ``doing`` says what failed.
    """

    @functools.wraps(function)
    def guarded(*arguments: Any) -> Any:
        try:
            result = function(*arguments)
            if not isinstance(result, expect):
                raise TypeError(f"it returned {result!r:.80}")
            return result
        except DalleKitError:
            raise
        except FAILURES as error:
            raise PluginError(f"plugin {plugin!r} failed {doing}: {described(error)}", plugin=plugin) from error

    return guarded


def called(function: Callable[..., Any], *arguments: Any) -> Any:
    """Return what a plugin's function does; raises TypeError where it changed a draft's texts in the draft itself.

    What it changed is a copy: else it would change what the toolkit has reviewed, and what it goes back to.
    """
    given = [replace(each, texts=dict(each.texts)) if isinstance(each, Draft) else each for each in arguments]
    result = function(*given)
    if any(isinstance(before, Draft) and after != before for before, after in zip(arguments, given, strict=True)):
        raise TypeError("it changed the draft that it was given; return draft.replace(SLOT, TEXT) instead")
    return result
