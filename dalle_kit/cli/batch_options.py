"""What ``dalle-kit batch DOMAIN`` takes beside what the domain's own command does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from dalle_kit.cli.request_options import NearestChoice, SectionOption

if TYPE_CHECKING:
    from dalle_kit.command_table import DomainEntry

#: What the processes that write run on.
_ENGINES = ("local", "ray")


class _InputArgument(click.Argument):
    """What the rows are read from, and the fields that they may have."""

    section = "Request"

    def __init__(self, fields: Iterable[str]) -> None:
        self.fields = frozenset(fields)
        super().__init__(["input"], metavar="INPUT")

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return that files are offered."""
        return [CompletionItem(incomplete, type="file")]

    def get_help_record(self, ctx: click.Context) -> tuple[str, str]:
        """Return the argument as it is written, and what it is."""
        return str(self.metavar), "A table (.csv) or an object on each line (.jsonl), or - for stdin."


def batch_options(entry: DomainEntry) -> list[click.Parameter]:
    """Return the argument and the options for a domain: the input, what writes it and how, the output."""
    formats = [each["name"] for each in entry.formats]
    source = _InputArgument(entry.schema["properties"])
    return [source, *_reading_options(), *_writing_options(), *_output_options(formats)]


def _option(*flags: str, section: str = "Output", **settings: Any) -> SectionOption:
    return SectionOption(flags, section=section, **settings)


def _reading_options() -> list[SectionOption]:
    return [
        _option(
            "--map",
            "mapped",
            section="Request",
            multiple=True,
            metavar="FIELD=COLUMN",
            help="The column that has a field; a list can have several  [repeatable]",
        ),
        _option(
            "--ignore",
            "ignored",
            section="Request",
            multiple=True,
            metavar="COLUMN",
            help="A column that is no field  [repeatable]",
        ),
        _option(
            "--set",
            "shared",
            section="Request",
            multiple=True,
            metavar="FIELD=VALUE",
            help="What a field is in each row that has none of its own; {COLUMN} in it is the row's cell  [repeatable]",
        ),
        _option(
            "--name-column",
            section="Request",
            metavar="COLUMN",
            help="The column that names each row, and its file  [default: the row's number]",
        ),
    ]


def _writing_options() -> list[SectionOption]:
    return [
        _option(
            "--seed",
            section="Generation",
            type=click.INT,
            help="The same seed gives the same texts; with a temperature each row's is made of it and the row.",
        ),
        _option(
            "--budget",
            section="Generation",
            type=click.FLOAT,
            metavar="SECONDS",
            help="Time to write each in, beside the others; what is left is said in plain words.",
        ),
        _option(
            "--together",
            section="Generation",
            type=click.IntRange(1, 256),
            metavar="N",
            help="Rows that each process computes at once; fewer take less memory.  [default: 16]",
        ),
        _option(
            "--workers",
            section="Generation",
            type=click.IntRange(1, 4096),
            metavar="N",
            help="Processes that write.  [default: one a core, if there is enough to write]",
        ),
        _option(
            "--engine",
            section="Generation",
            type=NearestChoice("engine", _ENGINES),
            help="What they run on: this machine, or Ray, which can have many.  [default: local]",
        ),
        _option(
            "--ray-address",
            section="Generation",
            metavar="HOST:PORT",
            envvar="RAY_ADDRESS",
            help="The Ray cluster to join.  [default: RAY_ADDRESS, else one is started here]",
        ),
    ]


def _output_options(names: Sequence[str]) -> list[SectionOption]:
    return [
        _option(
            "--output",
            "-o",
            metavar="DIR|FILE",
            help="A folder with a file for each row, or a .jsonl file with a line for each; - or none is stdout.",
        ),
        _option("--format", type=NearestChoice("format", names), help=f"How each is written  [default: {names[0]}]"),
        _option("--force", is_flag=True, help="Overwrite what is there; start anew where another batch was begun."),
        _option("--json", "as_json", is_flag=True, help="Each with request, slots, findings and provenance."),
        _option("--strict", is_flag=True, help="Exit with code 3 if a warning or an error remains in any."),
        _option("--quiet", "-q", is_flag=True, help="No progress and no report on stderr."),
    ]
