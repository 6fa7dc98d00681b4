"""What the checks found, on stderr: a line for each, and the sentence with the place marked in it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from dalle_kit.cli.common import console, is_terminal

if TYPE_CHECKING:
    from dalle_kit.records import Document

#: The exit code where something doubtful is found, and that is asked to be one.
FINDINGS = 3

#: Sentences longer than this are shown in part.
_WIDTH = 100


def report(document: Document) -> None:
    """Say what the checks warn of; notes are only for ``--json``."""
    for finding in document.findings:
        if finding.severity == "note":
            continue
        place = f" (in {finding.slot})" if finding.slot else ""
        click.echo(f"{finding.severity}: {_one_line(finding.message)}{place}", err=True)
        if finding.place is not None and finding.place[0] < finding.place[1]:
            _mark(document.text, *finding.place)


def exit_if_doubtful(document: Document) -> None:
    """Exit with a code of its own if a warning or an error remains."""
    if any(finding.severity != "note" for finding in document.findings):
        click.get_current_context().exit(FINDINGS)


def _mark(text: str, start: int, end: int) -> None:
    """Show the line that holds a place, or what is near it, with the place underlined."""
    before, marked, after = _surroundings(text, start, end)
    if is_terminal(sys.stderr):
        from rich.text import Text

        shown = Text("  ").append(before).append(marked, style="bold red underline").append(after)
        console().print(shown)
    else:
        click.echo(f"  {before}{marked}{after}\n  {' ' * len(before)}{'^' * len(marked)}", err=True)


def _surroundings(text: str, start: int, end: int) -> tuple[str, str, str]:
    """Return the words before, at and after a place, all of one line and not too long."""
    first, last = text.rfind("\n", 0, start) + 1, text.find("\n", start)
    last = len(text) if last < 0 else last
    end = min(end, last)
    room = max(0, _WIDTH - (end - start)) // 2
    before, after = text[first:start], text[end:last]
    if len(before) > room:
        before = "..." + before[len(before) - room :]
    if len(after) > room:
        after = after[:room] + "..."
    return _printable(before), _printable(text[start:end]), _printable(after)


def _printable(text: str) -> str:
    """Return a text without characters that would change the terminal, as long as it was."""
    return "".join(character if character.isprintable() else " " for character in text)


def _one_line(message: str) -> str:
    return _printable(" ".join(message.split()))
