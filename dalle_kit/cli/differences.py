"""What has changed in a text, on stderr: its changed lines, word by word."""

from __future__ import annotations

import sys
from collections.abc import Iterable

import click

from dalle_kit.cli.common import console, harmless, is_terminal

#: How stretches of a line are shown: on a terminal in colours, elsewhere in the marks of ``git diff --word-diff``.
_STYLES = {"same": "", "was": "red strike", "now": "green"}
_MARKS = {"same": "{}", "was": "[-{}-]", "now": "{{+{}+}}"}

Stretch = tuple[str, str]


def show_changes(was: str, now: str) -> None:
    """Show the lines of a text that have changed, with the words that went and those that came."""
    from dalle_kit.revising import word_changes

    for line in _lines(word_changes(was, now)):
        if any(kind != "same" and text.strip() for kind, text in line):
            _show(line)


def _lines(stretches: Iterable[Stretch]) -> list[list[Stretch]]:
    lines: list[list[Stretch]] = [[]]
    for kind, text in stretches:
        first, *others = text.split("\n")
        lines[-1].append((kind, first))
        lines += [[(kind, other)] for other in others]
    return lines


def _show(line: list[Stretch]) -> None:
    if is_terminal(sys.stderr):
        from rich.text import Text

        shown = Text()
        for kind, text in line:
            shown.append(harmless(text), style=_STYLES[kind])
        console().print(shown)
    else:
        click.echo("".join(_MARKS[kind].format(harmless(text)) if text else "" for kind, text in line), err=True)
