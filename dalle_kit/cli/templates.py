"""``dalle-kit templates``: which templates there are, what they make of a request, and starting ones of one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from dalle_kit.cli.common import ListingGroup, json_option, print_json, print_text, say

if TYPE_CHECKING:
    from dalle_kit.kit import Kit
    from dalle_kit.templating.checks import TemplateReport
    from dalle_kit.templating.sources import TemplateFile
    from dalle_kit.templating.templates import Templates


@click.group(cls=ListingGroup)
def templates() -> None:
    """List, show, check and make templates.

    A template's name is DOMAIN/FILE, such as email/prompt.j2. Your own folder comes first, then the domain's own
    templates, which stay within reach as bundled:DOMAIN/FILE.
    """


@templates.command("list")
@click.argument("domain", required=False)
@json_option
def list_templates(domain: str | None = None, as_json: bool = False) -> None:
    """List the templates and where each comes from (the default)."""
    kit = _kit()
    if domain is not None:
        kit.plugins.domain(domain)
    files = kit.templates.files(domain)
    if as_json:
        print_json([_facts(file) for file in files])
        return
    width = max((len(file.name) for file in files), default=0)
    for file in files:
        say(f"{file.name:<{width}}  {_origin(file)}")


@templates.command()
@click.argument("name")
@json_option
def show(name: str, as_json: bool) -> None:
    """Print a template, or both of a domain (email) or of a variant (email/brief)."""
    files = _named(_kit().templates, name)
    if as_json:
        print_json([{**_facts(file), "text": file.text} for file in files])
        return
    for number, file in enumerate(files):
        if len(files) > 1:
            say(f"{'' if number == 0 else chr(10)}{file.place}\n{'=' * len(file.place)}")
        print_text(file.text if file.text.endswith("\n") else f"{file.text}\n")


@templates.command()
@click.argument("name", required=False)
@json_option
def path(name: str | None, as_json: bool) -> None:
    """Print the folder of your own templates, or where one template is."""
    if name is None:
        from dalle_kit.paths import find_paths

        places = [str(find_paths().templates)]
    else:
        places = [file.place for file in _named(_kit().templates, name)]
    if as_json:
        print_json(places if name is not None else places[0])
        return
    for place in places:
        say(place)


@templates.command()
@click.argument("name")
@click.option("--template", metavar="NAME", help="A variant, or SOURCE:NAME.")
@click.option("--request", "request_file", type=click.File("rb"), metavar="FILE|-", help="The fields, as JSON.")
@json_option
def render(name: str, template: str | None, request_file: Any, as_json: bool) -> None:
    """Show the prompt and the outline that the templates make of a request; load no model.

    NAME is a domain (email) or one of its variants (email/free). Without --request an example takes its place.
    'dalle-kit DOMAIN ... --dry-run' does the same for a command's options.
    """
    from dalle_kit.cli.domain_command import show_plan

    domain, _, variant = name.partition("/")
    template = template or variant or None
    kit = _kit()
    request: Any
    if request_file is None:
        request = _example(kit, domain)
    else:
        request = kit.request(domain, _fields(request_file))
    show_plan(kit, kit.shape(domain, request, template=template), as_json)


@templates.command()
@click.argument("domain", required=False)
@json_option
@click.pass_context
def check(context: click.Context, domain: str | None, as_json: bool) -> None:
    """Parse and render all templates, or a domain's, with example requests; exit code 2 if one is wrong."""
    from dalle_kit.templating.checks import check_templates

    kit = _kit()
    domains = list(kit.plugins.domains.values()) if domain is None else [kit.plugins.domain(domain)]
    reports = [check_templates(kit.templates, each) for each in domains]
    if as_json:
        print_json([_report_facts(report) for report in reports])
    else:
        for report in reports:
            count = f"{len(report.files)} files, {len(report.rendered)} rendered"
            say(f"{report.domain}: {count}, {len(report.problems) or 'no'} problem{'s'[: len(report.problems) != 1]}")
            if report.note:
                say(f"Warning: {report.domain}: {report.note}", err=True)
            for problem in report.problems:
                say(f"Error: {problem}", err=True)
    if any(report.problems for report in reports):
        context.exit(2)


@templates.command()
@click.argument("name")
@click.option("--from", "start", metavar="TEMPLATE", help="What to begin from  [default: what is replaced]")
@click.option("--force", is_flag=True, help="Overwrite files of yours.")
@json_option
def new(name: str, start: str | None, force: bool, as_json: bool) -> None:
    """Begin a template of your own.

    NAME is a domain (email) to replace its templates, DOMAIN/VARIANT (email/brief) for one to name with --template, or
    a single file (email/prompt.j2). It extends what it begins from if that has blocks, and is a copy of it otherwise.
    """
    from dalle_kit.errors import OutputError
    from dalle_kit.files import write_atomically
    from dalle_kit.templating.overrides import plan_override

    files = plan_override(_kit().templates, name, start=start)
    for file in files:
        if file.exists() and not force:
            raise OutputError(f"{file} exists; edit it, or begin anew with --force")
    for file, text in files.items():
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"cannot create the folder {file.parent}: {error.strerror or error}") from error
        write_atomically(file, text.encode("utf-8"), force=force)
    if as_json:
        print_json([str(file) for file in files])
        return
    for file in files:
        say(file)


def _kit() -> Kit:
    from dalle_kit.kit import Kit

    return Kit()


def _named(known: Templates, name: str) -> list[TemplateFile]:
    """Return the template of that full name, or the pair of a domain or a variant."""
    from dalle_kit.templating.sources import SUFFIX, folder_of, split_name
    from dalle_kit.templating.templates import DEFAULT

    source, full = split_name(name)
    folder, _, variant = full.replace(" ", ".").partition("/")
    domain = next((each for each in known.domains if folder_of(each) == folder), None)
    if domain is None or full.endswith(SUFFIX):
        return [known.find(name)]
    pair = known.pair(domain, f"{source}:{variant or DEFAULT}" if source else variant or DEFAULT)
    return [known.find(pair.document), known.find(pair.prompt)]


def _fields(file: Any) -> dict[str, Any]:
    """Read a request's fields from JSON."""
    import json

    from dalle_kit.errors import RequestError

    try:
        fields = json.loads(file.read().decode("utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise RequestError(f"--request {file.name}: is not JSON: {error}") from error
    if not isinstance(fields, dict):
        raise RequestError(f"--request {file.name}: give a JSON object with the request's fields")
    return fields


def _example(kit: Kit, domain: str) -> Any:
    from dalle_kit.errors import RequestError
    from dalle_kit.templating.checks import example_requests

    requests, note = example_requests(kit.plugins.domain(domain))
    if not requests:
        raise RequestError(f"give --request: {note}")
    return requests[-1]


def _origin(file: TemplateFile) -> str:
    return {"user": file.place, "bundled": "bundled"}.get(file.source, f"plugin loader {file.source}")


def _facts(file: TemplateFile) -> dict[str, str]:
    return {"name": file.name, "source": file.source, "place": file.place}


def _report_facts(report: TemplateReport) -> dict[str, Any]:
    return {
        "domain": report.domain,
        "files": list(report.files),
        "rendered": list(report.rendered),
        "problems": [str(problem) for problem in report.problems],
        "note": report.note,
    }
