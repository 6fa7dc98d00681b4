"""``dalle-kit explain DOMAIN``, and where an explanation goes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dalle_kit.cli.common import harmless, is_shown, json_text, progress_bar
from dalle_kit.cli.domain_group import DomainGroup

if TYPE_CHECKING:
    from dalle_kit.command_table import DomainEntry
    from dalle_kit.document_stream import DocumentStream
    from dalle_kit.explain import Explanation

#: What ``--explain`` without a file stands for.
STDERR = "-"

#: The kinds of file an explanation is written as: text where there is no suffix.
KINDS = ("", ".txt", ".md", ".json", ".html", ".htm")


class ExplainGroup(DomainGroup):
    """The commands of all domains, each of which explains what it writes."""

    def make(self, entry: DomainEntry) -> click.Command:
        """Return the command of a domain."""
        from dalle_kit.cli.domain_command import domain_command

        return domain_command(entry, explains=True)


@click.group(cls=ExplainGroup)
def explain() -> None:
    """Write a text, and say of each sentence which field, example and template line it rests on.

    Takes what the domain's own command takes: dalle-kit explain email --to ... --point ...
    """


def explained(stream: DocumentStream, *, orders: int | None = None, quiet: bool) -> Explanation:
    """Return the explanation of a finished document, with a bar while it is made."""
    with progress_bar(wanted=not quiet) as progress:
        return stream.explain(orders=orders, progress=progress)


def rendered(explanation: Explanation, path: Path | None, *, as_json: bool = False) -> str:
    """Return an explanation as JSON, as a page, or as text: by the suffix of the file it is for."""
    suffix = path.suffix.casefold() if path else ""
    if as_json or suffix == ".json":
        return json_text(explanation.as_dict()) + "\n"
    return explanation.as_page() if suffix in (".html", ".htm") else explanation.as_text()


def explain_beside(stream: DocumentStream, place: str, *, force: bool, quiet: bool) -> None:
    """Explain a document that was written, into the file that ``--explain`` names, else on stderr."""
    from dalle_kit.cli.output import deliver

    explanation = explained(stream, quiet=quiet)
    if place == STDERR:
        text = rendered(explanation, None)
        click.echo(harmless(text) if is_shown(sys.stderr) else text, nl=False, err=True, color=True)
    else:
        deliver(rendered(explanation, Path(place)), Path(place), force=force, quiet=quiet)
