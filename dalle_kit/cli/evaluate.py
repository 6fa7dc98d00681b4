"""``dalle-kit eval``: measure how well a domain is written, compare settings, and guard a baseline."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dalle_kit.cli.common import progress_bar, say

if TYPE_CHECKING:
    from dalle_kit.evaluation.measuring import Readers
    from dalle_kit.evaluation.report import Report
    from dalle_kit.models.spec import Progress

#: The exit code where a baseline is kept and something has become significantly worse.
FALLEN = 3


@click.command(
    name="eval",
    epilog="Means come with 95 % bootstrap intervals. --limit draws so many cases of each kind, by --seed.",
)
@click.argument("domain", nargs=-1, required=True)
@click.option(
    "--cases",
    metavar="hand|real|all|FILE",
    default="all",
    show_default=True,
    help="Which requests; a FILE has one on each line, as JSON.",
)
@click.option("--limit", type=click.IntRange(1), metavar="N", help="At most so many cases of each kind.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the texts and of the draws.")
@click.option("--model", metavar="NAME", help="The model that writes.")
@click.option("--template", metavar="NAME", help="A template other than the domain's own.")
@click.option("--candidates", type=click.IntRange(1, 64), help="Write so many drafts and keep the best.")
@click.option("--repair/--no-repair", default=None, help="Mend what the checks find, or leave it.")
@click.option(
    "--against",
    multiple=True,
    metavar="NAME=VALUE,...",
    help="Compare with model, template, candidates, repair or name_blind changed  [repeatable]",
)
@click.option("--baseline", type=click.Path(path_type=Path), metavar="FILE", help="Compare with an earlier report.")
@click.option(
    "--fail-below", type=click.Path(path_type=Path), metavar="FILE", help="The same; exit code 3 on a significant fall."
)
@click.option(
    "--timed", type=click.IntRange(0), default=5, show_default=True, metavar="N", help="Time so many documents singly."
)
@click.option(
    "--verbs",
    type=click.Choice(["lists", "spacy"]),
    default="lists",
    show_default=True,
    help="How finite verbs are found; spacy needs the extra nlp.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option("--output", "-o", type=click.Path(path_type=Path), metavar="FILE", help="Write the report as JSON.")
@click.option("--html", type=click.Path(path_type=Path), metavar="FILE", help="Write the report as a page.")
@click.option("--without-texts", is_flag=True, help="Leave requests and texts out of the report.")
@click.option("--force", is_flag=True, help="Overwrite the files.")
@click.pass_context
def evaluate(context: click.Context, /, **values: Any) -> None:
    """Measure how well a DOMAIN is written: is all said that was asked, is anything made up, is it good English."""
    from dalle_kit.cli.output import check_output
    from dalle_kit.evaluation.report import falls, read_report

    for file in (values["output"], values["html"]):
        check_output(file, force=values["force"])
    earlier = {file: read_report(file) for file in (values["baseline"], values["fail_below"]) if file is not None}
    with progress_bar() as progress:
        report = _evaluate(values, progress)
    report = _with_comparisons(report, earlier)
    _deliver(report.without_texts() if values["without_texts"] else report, values)
    guarded = [each for each in report.comparisons if each.against.startswith(f"{values['fail_below']}: ")]
    fallen = [name for comparison in guarded for name in falls(comparison)]
    if fallen:
        say(f"significantly worse than {values['fail_below']}: {', '.join(fallen)}", err=True)
        context.exit(FALLEN)


#: The root finds a command under its own name.
eval = evaluate


def _evaluate(values: dict[str, Any], progress: Progress) -> Report:
    from dalle_kit.config import load_settings
    from dalle_kit.evaluation.cases import chosen_cases
    from dalle_kit.evaluation.running import Plan
    from dalle_kit.evaluation.running import evaluate as run
    from dalle_kit.evaluation.settings import Setting
    from dalle_kit.kit import Kit

    first = Setting(values["model"], values["template"], values["candidates"], values["repair"])
    wanted = [first, *(first.changed(text) for text in values["against"])]
    settings, name = load_settings(), " ".join(values["domain"])

    def make_kit(model: str | None) -> Kit:
        return Kit(model=model, settings=settings, progress=progress)

    domain = make_kit(None).plugins.domain(name)
    cases = chosen_cases(domain, values["cases"], limit=values["limit"], seed=values["seed"])
    readers = _readers(values["verbs"], progress)
    return run(Plan(name, cases, wanted, values["seed"], values["timed"], readers), make_kit, progress=progress)


def _readers(verbs: str, progress: Progress) -> Readers:
    from dalle_kit.evaluation.grammar import load_tagger
    from dalle_kit.evaluation.measuring import Readers
    from dalle_kit.evaluation.verbs import verb_finder

    finder, tagger = verb_finder(verbs), load_tagger(progress=progress)
    if tagger is None:
        click.echo("note: grammar errors and chrF are counted with: pip install 'dalle-kit[eval]'", err=True)
        return Readers(finder)
    return Readers(finder, tagger.errors, tagger.name)


def _with_comparisons(report: Report, earlier: dict[Path, Report]) -> Report:
    from dataclasses import replace

    from dalle_kit.evaluation.running import compare_with

    found = [compare_with(report, baseline, name=str(file)) for file, baseline in earlier.items()]
    return replace(report, comparisons=(*report.comparisons, *found))


def _deliver(report: Report, values: dict[str, Any]) -> None:
    """Write the report's files and print it, as JSON or as tables."""
    from dalle_kit.evaluation.page import render_page
    from dalle_kit.evaluation.table import render_table
    from dalle_kit.files import write_atomically

    if values["output"] is not None:
        write_atomically(values["output"], report.to_json().encode("utf-8"), force=values["force"])
    if values["html"] is not None:
        write_atomically(values["html"], render_page(report).encode("utf-8"), force=values["force"])
    click.echo(report.to_json() if values["as_json"] else render_table(report), nl=not values["as_json"])
