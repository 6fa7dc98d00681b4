"""Choosing between texts: side by side on a terminal, one taken by a key."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from dalle_kit.cli.common import console, harmless, is_terminal
from dalle_kit.errors import OutputError

if TYPE_CHECKING:
    from dalle_kit.records import Document

#: A text is read in no fewer columns than this; where there is no room for two, they stand below each other.
_NARROWEST = 36

_ENTER = ("\r", "\n")


def check_terminal(*, fix: str) -> None:
    """Raise OutputError where nobody can choose; ``fix`` says what to do instead."""
    if not (is_terminal(sys.stdin) and is_terminal(sys.stderr)):
        raise OutputError(f"--choose needs a terminal to show the texts on and to read a key from; {fix}")


def choose(documents: Sequence[Document]) -> Document:
    """Show texts beside each other on stderr and return the one that a key chooses; Enter takes the first.

    Ctrl-C raises KeyboardInterrupt, Ctrl-D and a terminal that has gone Abort. Of one text nothing is asked.
    """
    if len(documents) == 1:
        click.echo("There is only one text.", err=True)
        return documents[0]
    _show(documents)
    last = len(documents)
    click.echo(f"Which one? 1 to {last}, Enter for 1, Ctrl-C for none: ", nl=False, err=True)
    while True:
        try:
            pressed = click.getchar()
        except EOFError:
            pressed = ""
        except KeyboardInterrupt:
            click.echo(err=True)  # what is told next has a line of its own
            raise
        if not pressed:
            raise click.Abort
        # Of keys that were pressed quickly several come at once.
        for key in pressed:
            chosen = "1" if key in _ENTER else key
            if chosen in map(str, range(1, last + 1)):
                click.echo(chosen, err=True)
                return documents[int(chosen) - 1]


def _show(documents: Sequence[Document]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    screen = console()
    across = max(1, min(len(documents), screen.width // _NARROWEST))
    for start in range(0, len(documents), across):
        shown = documents[start : start + across]
        table = Table(box=SIMPLE_HEAD, expand=True, pad_edge=False)
        for number, document in enumerate(shown, start + 1):
            table.add_column(f"{number}  {_score(document)}", ratio=1, header_style="bold", overflow="fold")
        table.add_row(*map(_cell, shown))
        screen.print(table)


def _score(document: Document) -> str:
    """Return how much the checks have found in a text, and how long it is."""
    counts = {kind: sum(each.severity == kind for each in document.findings) for kind in ("error", "warning")}
    found = [f"{count} {kind}{'s' if count > 1 else ''}" for kind, count in counts.items() if count]
    return f"{', '.join(found) or 'nothing found'}, {len(document.text.split())} words"


def _cell(document: Document) -> Any:
    from rich.text import Text

    shown = Text(harmless(document.text.rstrip()))
    for finding in document.findings:
        if finding.severity != "note":
            style = "red" if finding.severity == "error" else "yellow"
            shown.append(harmless(f"\n{finding.severity}: {' '.join(finding.message.split())}"), style=style)
    return shown
