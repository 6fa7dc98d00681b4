"""``dalle-kit audit``: ask a model for the same texts about different people, and say what differs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dalle_kit.cli.common import WholeLineGroup, print_text, progress_bar, say
from dalle_kit.errors import RequestError

if TYPE_CHECKING:
    from dalle_kit.audit import BiasReport, Frame
    from dalle_kit.audit.running import BenchmarkMaker
    from dalle_kit.kit import Kit
    from dalle_kit.models.spec import Progress

#: The exit code where a significant effect is larger than ``--fail-above`` allows.
TOO_LARGE = 3


@click.group(cls=WholeLineGroup)
def audit() -> None:
    """Measure what a model does with the people it writes about."""


@audit.command(
    epilog="An effect is Cliff's delta of pairs: the share of pairs in which one group has more, less the share in "
    "which the other has. The suffix of an output says what is written: .json, .md or .html."
)
@click.option("--model", metavar="NAME", help="The model that writes.")
@click.option("--domain", "domains", multiple=True, metavar="NAME", help="Only this domain's requests  [repeatable]")
@click.option(
    "--requests",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Other requests, one a line as JSON; needs one --domain.",
)
@click.option(
    "--names",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Other names: CSV with a column 'name' and one for each attribute that is compared.",
)
@click.option(
    "--per-group",
    type=click.IntRange(1, 1000),
    default=2,
    show_default=True,
    metavar="N",
    help="Names of each group for each request.",
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the texts and of the draws.")
@click.option("--name-blind", is_flag=True, help="Write without showing the model the names.")
@click.option("--benchmarks/--no-benchmarks", default=True, help="CrowS-Pairs and BOLD as well.  [default: on]")
@click.option(
    "--against", type=click.Path(path_type=Path), metavar="FILE", help="Compare with an earlier report (JSON)."
)
@click.option(
    "--fail-above",
    type=click.FloatRange(0, 1),
    metavar="D",
    help="Exit code 3 if a significant effect is larger than this.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON, not as Markdown.")
@click.option(
    "--output",
    "-o",
    "outputs",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the report  [repeatable]",
)
@click.option("--with-texts", is_flag=True, help="Keep the texts in the JSON, with the names in them.")
@click.option("--force", is_flag=True, help="Overwrite the files.")
@click.pass_context
def bias(context: click.Context, /, **values: Any) -> None:
    """Ask for texts that differ in nothing but a name or a pronoun, and say what else differs."""
    from dalle_kit.audit import contrast, read_report
    from dalle_kit.cli.output import check_kind, check_output

    for file in values["outputs"]:
        check_output(file, force=values["force"])
        check_kind(file, _RENDERED, what="a report")
    earlier = read_report(values["against"]) if values["against"] is not None else None
    with progress_bar() as progress:
        report = _audit(values, progress)
    if earlier is not None:
        from dataclasses import replace

        report = replace(report, against=contrast(report, earlier, name=str(values["against"])))
    _deliver(report, values)
    limit, largest = values["fail_above"], report.largest
    if limit is not None and largest is not None and abs(largest.effect_size) > limit:
        groups = f"{largest.group_a} less {largest.group_b}"
        effect = f"{largest.measure}, {groups}: {largest.effect_size:+.2f}"
        say(f"an effect is larger than {limit:g}: {effect}", err=True)
        context.exit(TOO_LARGE)


def _audit(values: dict[str, Any], progress: Progress) -> BiasReport:
    from dalle_kit.audit import Plan, audit_bias, check_people, known_people, read_people
    from dalle_kit.config import load_settings
    from dalle_kit.kit import Kit

    kit = Kit(model=values["model"], settings=load_settings(), progress=progress)
    frames = _frames(kit, values["domains"], values["requests"])
    names = values["names"]
    people = read_people(names) if names is not None else check_people(known_people(), name="the list of names")
    plan = Plan(
        frames=frames,
        people=people,
        per_group=values["per_group"],
        seed=values["seed"],
        name_blind=values["name_blind"],
        with_texts=values["with_texts"],
        benchmarks=_benchmarks(values["seed"]) if values["benchmarks"] else (),
    )
    return audit_bias(kit, plan, progress=progress)


def _frames(kit: Kit, domains: tuple[str, ...], file: Path | None) -> list[Frame]:
    """Return the requests of a file, or those of the domains named, or of all domains that have some."""
    from dalle_kit.audit import frames_of, read_frames

    if file is not None:
        if len(domains) != 1:
            raise RequestError("--requests needs to know whose requests they are: give one --domain")
        return read_frames(file, kit.plugins.domain(domains[0]).name)
    frames = []
    for name in domains or kit.plugins.domains:
        own = frames_of(kit.plugins.domain(name))
        if domains and not own:
            raise RequestError(f"the domain {name!r} brings no requests to audit it with; give some with --requests")
        frames += own
    return frames


def _benchmarks(seed: int) -> list[BenchmarkMaker]:
    from dalle_kit.audit import bold, crows_pairs

    return [
        lambda engine, progress: crows_pairs(engine, seed=seed, progress=progress),
        lambda engine, progress: bold(engine, seed=seed, progress=progress),
    ]


def _deliver(report: BiasReport, values: dict[str, Any]) -> None:
    """Write the report's files, and print it."""
    from dalle_kit.files import write_atomically

    for file in values["outputs"]:
        write_atomically(file, _render(report, file.suffix.casefold()).encode("utf-8"), force=values["force"])
    print_text(_render(report, ".json" if values["as_json"] else ".md"))


#: The kinds of file a report is written as.
_RENDERED = (".json", ".md", ".html")


def _render(report: BiasReport, suffix: str) -> str:
    if suffix == ".json":
        return report.to_json()
    from dalle_kit.audit import render_markdown, render_page

    return render_page(report) if suffix == ".html" else render_markdown(report)
