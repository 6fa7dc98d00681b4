"""``dalle-kit reproduce``: make a recorded text again, and say what differs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from dalle_kit.cli.common import json_option, print_json, print_text, progress_bar, record_bytes

#: The exit code where the text is not the same, or cannot be made.
DIFFERENT = 3


@click.command(epilog="The exit code is 0 if the text is the same, 3 if it is not, 2 for a file that is no record.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--like", multiple=True, metavar="NAME", help="Where examples are that were given as files  [repeatable]")
@json_option
@click.pass_context
def reproduce(context: click.Context, /, file: Path, like: tuple[str, ...], as_json: bool) -> None:
    """Make the text of FILE, or - for stdin, again, a document written with --json, and say what differs."""
    content = record_bytes(str(file), fix="give a document that was written with --json")
    with progress_bar() as progress:
        from dalle_kit.cli.domain_command import read_like
        from dalle_kit.kit import Kit
        from dalle_kit.recorded import read_record

        record = read_record(content)
        found = Kit(progress=progress).reproduce(record, like=read_like(like, quiet=True))
    if as_json:
        print_json(found.as_dict())
    else:
        title = "The text is the same." if found.same else "The text is not the same."
        if found.document is None:
            title = "The text cannot be made again."
        print_text("\n".join([title, *_lines(found.differences)]) + "\n")
    if not found.same:
        context.exit(DIFFERENT)


def _lines(differences: tuple[Any, ...]) -> list[str]:
    return [f"  {' '.join(str(each).split())}" for each in differences]
