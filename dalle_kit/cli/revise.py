"""``dalle-kit revise``: change what is asked for in a finished document, and show what has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

import click

from dalle_kit.cli.choose import check_terminal, choose
from dalle_kit.cli.common import OutputFile, progress_bar, record_bytes
from dalle_kit.cli.differences import show_changes
from dalle_kit.cli.domain_command import read_like
from dalle_kit.cli.findings import exit_if_doubtful, report
from dalle_kit.cli.interruption import stop_if_interrupted
from dalle_kit.cli.keeping import kept
from dalle_kit.cli.output import check_output, choose_format, deliver, render
from dalle_kit.cli.request_options import NearestChoice
from dalle_kit.records import Privacy

if TYPE_CHECKING:
    from dalle_kit.kit import Kit
    from dalle_kit.recorded import Record
    from dalle_kit.records import Document

#: How many texts there are to choose from.
_OFFERED = 4

_EPILOG = (
    "An INSTRUCTION is a word of the document's domain, such as shorter, longer, formal or 'more friendly'; one that "
    "it does not know is answered with those that it does. FILE is what a domain's command wrote with --json, - for "
    "stdin, or a text that the history keeps. The exit code is 3 where --strict finds a warning or an error."
)


@click.command(epilog=_EPILOG)
@click.argument("words", nargs=-1, metavar="[FILE] [INSTRUCTION]...")
@click.option("--last", is_flag=True, help="The document that was written last, from the history, instead of FILE.")
@click.option("--redo", multiple=True, metavar="SENTENCE", help="Write it anew: a number, or words of it  [repeatable]")
@click.option("--add", multiple=True, metavar="POINT", help="Say this as well  [repeatable]")
@click.option("--drop", multiple=True, metavar="POINT", help="Say it no more: a number, or words of it  [repeatable]")
@click.option("--choose", "chooses", is_flag=True, help="Choose between several texts of --redo, on a terminal.")
@click.option("--like", multiple=True, metavar="NAME", help="Where examples are that were given as files  [repeatable]")
@click.option("--seed", type=click.INT, default=0, help="Another seed gives other sentences to --redo.")
@click.option("--budget", type=click.FLOAT, metavar="SECONDS", help="Time to write in; what is left stays as it is.")
@click.option(
    "--privacy",
    type=NearestChoice("policy", get_args(Privacy)),
    metavar="POLICY",
    help="Personal data that is not in the request: off, report, redact or refuse.  [default: as it was written]",
)
@click.option("--format", metavar="NAME", help="How it is written  [default: by the suffix of --output]")
@click.option("--output", "-o", type=OutputFile(), metavar="FILE", help="Write to a file, not stdout.")
@click.option("--force", is_flag=True, help="Overwrite the file.")
@click.option("--json", "as_json", is_flag=True, help="The new document's record, which can be revised again.")
@click.option("--strict", is_flag=True, help="Exit with code 3 if a warning or an error remains.")
@click.option("--quiet", "-q", is_flag=True, help="No differences, progress or findings on stderr.")
def revise(**values: Any) -> None:
    """Change a finished document, and leave the rest of it to the letter as it was."""
    quiet, path = values["quiet"], values["output"]
    if values["chooses"]:
        check_terminal(fix="leave it out, or give another --seed")
    check_output(path, force=values["force"])
    with progress_bar(wanted=not quiet) as progress:
        from dalle_kit.kit import Kit

        kit = Kit(progress=progress)
        record, instructions = _record(values, kit)
        formats = [{"name": each.name, "suffix": each.suffix} for each in kit.plugins.formats(record.domain).values()]
        format = choose_format(formats, named=values["format"], path=path, as_json=values["as_json"])
        documents = _revised(kit, record, instructions, values)
    document = choose(documents) if values["chooses"] else documents[0]
    with kept(document, format=format):
        deliver(render(document, format), path, force=values["force"], quiet=quiet)
    stop_if_interrupted()
    if not quiet:
        show_changes(record.text, document.text)
        report(document)
    if values["strict"]:
        exit_if_doubtful(document)


def _record(values: dict[str, Any], kit: Kit) -> tuple[Record, tuple[str, ...]]:
    """Return the record of the document, and the instructions beside it."""
    from dalle_kit.errors import ConfigError
    from dalle_kit.recorded import read_record
    from dalle_kit.revising import record_of

    words: tuple[str, ...] = values["words"]
    if values["last"]:
        from dalle_kit.history import History

        return read_record(History().last()), words
    if not words:
        raise ConfigError("there is no document; give the file of one that was written with --json, or --last")
    name, *instructions = words
    content = record_bytes(name, fix="give first a document that was written with --json, or --last")
    return record_of(content, kit, name="stdin" if name == "-" else name), tuple(instructions)


def _revised(kit: Kit, record: Record, instructions: tuple[str, ...], values: dict[str, Any]) -> list[Document]:
    """Return the document revised, with other seeds as well where there is something to choose."""
    how = {name: values[name] for name in ("redo", "add", "drop", "budget", "privacy")}
    how["like"] = read_like(values["like"], quiet=values["quiet"])
    found: dict[str, Document] = {}
    for number in range(_OFFERED if values["chooses"] else 1):
        document = kit.revise(record, *instructions, **how, seed=values["seed"] + 1009 * number)
        found.setdefault(document.text, document)
    return list(found.values())
