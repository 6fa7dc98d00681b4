"""The entry point: run a command, and turn whatever goes wrong into one line and an exit code.

Exit codes: 0 done, 1 an error of ours, 2 bad input or something the user can mend, 3 findings under
``--strict``, 130 interrupted, 141 the reader of stdout went away.
"""

from __future__ import annotations

import errno
import io
import os
import sys
import traceback
from collections.abc import Sequence

import click
from click.exceptions import NoArgsIsHelpError

from dalle_kit.cli.interruption import interruptions, was_interrupted
from dalle_kit.cli.root import cli
from dalle_kit.cli.usage import usage_message
from dalle_kit.errors import DalleKitError, printable_line

PROGRAM = "dalle-kit"
COMPLETION_VARIABLE = "_DALLE_KIT_COMPLETE"

BAD_INPUT = 2
INTERNAL_ERROR = 1
INTERRUPTED = 130
BROKEN_PIPE = 141


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    _speak_utf8()
    given, debug = _take_debug(sys.argv[1:] if arguments is None else arguments)
    with interruptions():
        try:
            code = _run(given)
            if sys.stdout is not None:
                sys.stdout.flush()
            return code
        except BaseException as error:
            if was_interrupted() or isinstance(error, (KeyboardInterrupt, click.Abort)):
                # Libraries turn an interruption into errors of their own; it stays one.
                return _say("Interrupted.", INTERRUPTED)
            if isinstance(error, OSError):
                _abandon_stdout()
            if isinstance(error, BrokenPipeError):
                return BROKEN_PIPE
            if debug:
                traceback.print_exception(error)
            return _explain(error)


def _run(arguments: list[str]) -> int:
    instruction = os.environ.get(COMPLETION_VARIABLE)
    if instruction:
        from click.shell_completion import shell_complete

        from dalle_kit.cli.completion import know_options_with_values

        know_options_with_values()
        return shell_complete(cli, {}, PROGRAM, COMPLETION_VARIABLE, instruction)
    try:
        with cli.make_context(PROGRAM, arguments) as context:
            cli.invoke(context)
    except click.exceptions.Exit as done:
        return done.exit_code
    return 0


def _explain(error: BaseException) -> int:
    """Say in one line what went wrong and return the exit code; exceptions that end the program pass."""
    if isinstance(error, NoArgsIsHelpError):
        error.show()
        return BAD_INPUT
    if isinstance(error, click.ClickException):
        return _say(f"Error: {usage_message(error)}", BAD_INPUT)
    if isinstance(error, DalleKitError):
        return _say(f"Error: {error}", BAD_INPUT)
    if isinstance(error, OSError):
        place = f"{error.filename}: " if error.filename else ""
        if error.errno == errno.ENOSPC:
            return _say(f"Error: {place}the disk is full; free some space, or write to another place", BAD_INPUT)
        return _say(f"Error: {place}{error.strerror or error}; run again with --debug to see where", BAD_INPUT)
    if isinstance(error, Exception):
        detail = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        return _say(f"internal error: {detail}; run again with --debug to see where", INTERNAL_ERROR)
    raise error


def _say(message: str, code: int) -> int:
    """Print a message on stderr as one line without control characters, and return the exit code."""
    try:
        click.echo(printable_line(message), err=True)
    except OSError:
        pass  # Nobody reads stderr; the exit code still tells.
    return code


def _take_debug(arguments: Sequence[str]) -> tuple[list[str], bool]:
    """Take ``--debug`` out of the arguments, wherever it stands before ``--``."""
    given = list(arguments)
    end = given.index("--") if "--" in given else len(given)
    kept = [argument for argument in given[:end] if argument != "--debug"]
    return kept + given[end:], len(kept) < end


def _speak_utf8() -> None:
    """Make stdout and stderr UTF-8 whatever the locale or the console says, and unable to fail on a character."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def _abandon_stdout() -> None:
    """Send what is left of stdout nowhere, if it can no longer be written: the interpreter's last flush would fail."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
