"""The options that every domain's command has, and the command that shows them in sections."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, get_args

import click

from dalle_kit.cli.common import OutputFile
from dalle_kit.cli.explain import STDERR
from dalle_kit.cli.output import IN_PLACE
from dalle_kit.cli.request_options import FieldOption, NearestChoice, SectionOption
from dalle_kit.records import Privacy

if TYPE_CHECKING:
    from dalle_kit.command_table import DomainEntry

_NAME_BLIND = "Show the model other names of people than the request's, which the text has."

SECTIONS = ("Request", "Generation", "Output", "Other")


class DomainCommand(click.Command):
    """A domain's command, whose help has its options in sections."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the command line; a word that belongs to no option is most often a text without its quotes."""
        fields = [each for each in self.params if isinstance(each, FieldOption)]
        flags = [each.opts[0] for each in fields if each.multiple and each.make_metavar(ctx) == "TEXT"]
        ctx.allow_extra_args = bool(flags)
        left = super().parse_args(ctx, args)
        if left and flags and not ctx.resilient_parsing:
            raise click.UsageError(
                f"{left[0]!r} belongs to no option: a text follows its option, in quotes if it has blanks, such as "
                f'{flags[0]} "two words"',
                ctx=ctx,
            )
        return left

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options section by section; those that say nothing stand in the last."""
        rows: dict[str, list[tuple[str, str]]] = {section: [] for section in SECTIONS}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is not None:
                rows[getattr(param, "section", SECTIONS[-1])].append(record)
        for section, records in rows.items():
            if records:
                with formatter.section(f"{section} options"):
                    formatter.write_dl(records)


def common_options(entry: DomainEntry) -> list[SectionOption]:
    """Return the options that every domain's command has: how it is written, and where to."""
    # A seed is drawn when none is given, so it has no default to show.
    defaults = {name: value for name, value in entry.defaults.items() if name != "seed"}

    def generation(flag: str, text: str, **settings: Any) -> SectionOption:
        default = defaults.get(flag[2:].replace("-", "_"))
        if flag == "--model" and entry.model:
            default = f"the one in the settings, else {entry.model}"
        shown = "" if default in (None, (), []) else f"  [default: {default}]"
        return SectionOption([flag], section="Generation", help=text + shown, **settings)

    return [
        generation("--model", "What writes: a name, hub:REPO, openai:URL, a folder or a .gguf file.", metavar="NAME"),
        generation("--device", "Where it runs: auto, cpu, cuda or mps.", metavar="NAME"),
        generation("--dtype", "The numbers it computes with: auto, float32, bfloat16 or float16.", metavar="NAME"),
        generation("--quant", "The bits its weights are kept in: auto, none, int8 or int4.", metavar="NAME"),
        generation(
            "--like",
            "Write it like examples: a set's name, a file or a folder  [repeatable]",
            multiple=True,
            metavar="NAME",
        ),
        generation("--steer", "How examples reach the model: auto, prompt, vector or memory.", metavar="WAY"),
        generation("--template", "A template other than the domain's own.", metavar="NAME"),
        generation(
            "--seed",
            "The same seed gives the same text; with a temperature one is drawn, and recorded.",
            type=click.INT,
        ),
        generation("--candidates", "Write up to so many drafts for the best text.", type=click.INT),
        generation("--max-tokens", "The most tokens a part of the text may have.", type=click.INT),
        generation("--temperature", "Boldness of the choice of words; 0 always takes the likeliest.", type=click.FLOAT),
        generation("--top-p", "Keep the fewest words whose probabilities sum to this.", type=click.FLOAT),
        generation("--top-k", "Keep so many of the likeliest words; 0 keeps all.", type=click.INT),
        generation("--min-p", "Keep words at least this fraction as likely as the likeliest.", type=click.FLOAT),
        generation("--repetition-penalty", "Above 1, words already written get rarer.", type=click.FLOAT),
        generation("--stop", "Stop a part of the text before this  [repeatable]", multiple=True, metavar="TEXT"),
        generation(
            "--budget", "Time to write in; what is left is said in plain words.", type=click.FLOAT, metavar="SECONDS"
        ),
        generation("--no-repair", "Leave what the checks find wrong as it is.", is_flag=True),
        generation(
            "--privacy",
            "Personal data that is not in the request: off, report, redact or refuse.  [default: the setting]",
            type=NearestChoice("policy", get_args(Privacy)),
            metavar="POLICY",
        ),
        *([generation("--name-blind", _NAME_BLIND, is_flag=True)] if entry.prose else []),
        generation("--local", "Write it in this process, not in a server that runs.", is_flag=True),
        *_output_options(entry),
    ]


def _output_options(entry: DomainEntry) -> list[SectionOption]:
    return [
        _output(
            "--format",
            type=NearestChoice("format", [each["name"] for each in entry.formats]),
            help=f"How it is written  [default: by the suffix of --output, else {entry.formats[0]['name']}]",
        ),
        _output("--output", "-o", type=OutputFile(), metavar="FILE", help="Write to a file, not stdout."),
        _output("--force", is_flag=True, help="Overwrite the file."),
        _output("--json", "as_json", is_flag=True, help="Request, text, slots, findings and provenance as JSON."),
        _output(
            "--explain",
            is_flag=False,
            flag_value=STDERR,
            metavar="[FILE]",
            help="Say what each sentence rests on: on stderr, or in a .html, .json or text file.",
        ),
        _output("--dry-run", is_flag=True, help="Show the prompt and the outline; load no model."),
        _output("--choose", is_flag=True, help="Show several texts beside each other, and take the one you choose."),
        _output("--strict", is_flag=True, help="Exit with code 3 if a warning or an error remains."),
        _output("--quiet", "-q", is_flag=True, help="No preview, progress or findings on stderr."),
    ]


#: The options of writing that an explanation has no use for; it has others of these names.
_OF_WRITING = frozenset({"format", "output", "as_json", "dry_run", "strict", "write", "explain", "local", "choose"})


def explaining_options(common: Sequence[SectionOption]) -> list[SectionOption]:
    """Return the options of a command that explains what it writes, from those of the one that only writes."""
    return [
        *(option for option in common if option.name not in _OF_WRITING),
        _output("--orders", type=click.INT, metavar="N", help="Sample so many orders of the parts, if many."),
        _output(
            "--output",
            "-o",
            type=OutputFile(),
            metavar="FILE",
            help="Write to a file: a page (.html), JSON (.json) or text.",
        ),
        _output("--json", "as_json", is_flag=True, help="The explanation and the document as JSON."),
    ]


def source_options(entry: DomainEntry) -> list[SectionOption]:
    """Return the options of a command that takes a source."""
    found = [SectionOption(["--no-nearby"], section="Request", is_flag=True, help="Read no file but the one named.")]
    if any(each["name"] == IN_PLACE for each in entry.formats):
        text = "Write it into the file, unless that has changed meanwhile."
        found.append(SectionOption(["--write"], section="Output", is_flag=True, help=text))
    return found


def _output(*flags: str, **settings: Any) -> SectionOption:
    return SectionOption(flags, section="Output", **settings)
