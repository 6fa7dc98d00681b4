"""The command of a domain: its request's options and the common ones, and the way from them to a document."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dalle_kit.cli.by_server import ask_server
from dalle_kit.cli.choose import check_terminal, choose
from dalle_kit.cli.common import harmless, print_json, print_text, progress_bar, say
from dalle_kit.cli.destination import say_where
from dalle_kit.cli.domain_options import DomainCommand, common_options, explaining_options, source_options
from dalle_kit.cli.explain import KINDS, STDERR, explain_beside, explained, rendered
from dalle_kit.cli.findings import exit_if_doubtful, report
from dalle_kit.cli.interruption import stop_if_interrupted
from dalle_kit.cli.keeping import kept
from dalle_kit.cli.output import (
    IN_PLACE,
    check_kind,
    check_output,
    check_source,
    check_write,
    choose_format,
    deliver,
    deliver_in_place,
    note_ending,
    render,
)
from dalle_kit.cli.request_options import (
    FieldOption,
    Source,
    collect_fields,
    named_by_option,
    request_options,
)
from dalle_kit.cli.source_files import SourceArgument, SourceFile, read_source, source_argument
from dalle_kit.cli.streaming import take_document
from dalle_kit.errors import DalleKitError, OutputError, PluginError, RequestError, UnknownNameError

if TYPE_CHECKING:
    from dalle_kit.command_table import DomainEntry
    from dalle_kit.kit import Kit
    from dalle_kit.records import ExampleUse
    from dalle_kit.templating.templates import Shaped


def domain_command(entry: DomainEntry, *, explains: bool = False) -> click.Command:
    """Return the command of a domain, made from its entry in the command table alone.

    One that ``explains`` gives the explanation of what it writes. Raises PluginError where a field claims a flag that
    every domain's command has.
    """
    fields = request_options(entry.name, entry.schema)
    argument = source_argument(entry.schema)
    common = common_options(entry) + (source_options(entry) if argument else [])
    taken = {flag for option in common for flag in option.opts} | {"--help", "-h", "--debug"}
    for field in fields:
        for flag in (*field.opts, *field.secondary_opts):
            if flag in taken:
                raise PluginError(
                    f"domain {entry.name!r}: the field {field.field!r} makes the flag {flag}, which every domain's "
                    "command has; give the field another with option(flag=...)",
                    plugin=entry.plugin,
                )
    if explains:
        common = explaining_options(common)
    return DomainCommand(
        name=entry.name.split()[-1],
        params=[*([argument] if argument else []), *fields, *common],
        help=f"{entry.summary}, and say what each sentence rests on." if explains else entry.summary,
        short_help=entry.summary,
        epilog="Any text can be @FILE, for what is in the file, or -, for stdin; a first @ is written @@.",
        callback=_callback(entry, fields, argument),
    )


def _callback(
    entry: DomainEntry, options: Sequence[FieldOption], argument: SourceArgument | None
) -> Callable[..., None]:
    def run(**values: Any) -> None:
        path, force, quiet, write = values["output"], values["force"], values["quiet"], values.get("write", False)
        explains = "explain" not in values
        format, generation = _checked(entry, values, place=values[argument.name] if argument else None)
        fields, file = _fields(options, argument, values)
        if write and file:
            check_source(file)
        like = read_like(values["like"], quiet=quiet)
        how = {**shaping_of(values, like), **writing_of(values), **generation}
        if not (explains or write) and _written_by_server(entry, options, argument, values, fields, format, how):
            return
        with progress_bar(wanted=not quiet) as progress:
            from dalle_kit.kit import Kit

            chosen = {name: values[name] for name in ("model", "device", "dtype", "quant")}
            kit = Kit(**chosen, progress=progress)
            try:
                request = kit.request(entry.name, fields, like=like)
                if format is not None:
                    kit.check_format(entry.name, request, IN_PLACE if write else format)
            except RequestError as error:
                raise named_by_option(error, options, source=argument.field if argument else None) from error
            if values.get("dry_run"):
                shaped = kit.shape(entry.name, request, **shaping_of(values, like))
                show_plan(kit, shaped, values["as_json"])
                for note in () if quiet else shaped.notes:
                    say(f"warning: {note}", err=True)
                return
            say_where(kit, entry.name, quiet=quiet)
            # Said at once: the libraries that are imported to load the model take a second or two themselves.
            progress(f"loading {kit.model_for(entry.name)}", 0, None)
            offered = kit.alternatives(entry.name, request, **how) if values.get("choose") else []
            stream = None if offered else kit.stream(entry.name, request, **how)
        document = take_document(stream, quiet=quiet) if stream else choose(offered)
        if explains and stream:
            with kept(document, format="explanation"):
                explanation = explained(stream, orders=values["orders"], quiet=quiet)
                deliver(rendered(explanation, path, as_json=values["as_json"]), path, force=force, quiet=quiet)
            return
        with kept(document, format=IN_PLACE if write else format):
            if write and file:
                deliver_in_place(document, file, quiet=quiet)
            else:
                deliver(render(document, format), path, force=force, quiet=quiet)
        # What was written before an interruption is not lost; nothing more is done for it.
        stop_if_interrupted()
        _say_more(document, stream, values)

    return run


def _checked(entry: DomainEntry, values: Mapping[str, Any], *, place: str | None) -> tuple[str | None, dict[str, Any]]:
    """Return the format and the generation options; what can be checked before anything is loaded is checked."""
    path, force = values["output"], values["force"]
    if values.get("write"):
        check_write(values, place)
    check_output(path, force=force)
    if values.get("choose"):
        check_terminal(fix="--candidates N makes the best of N by itself")
        if values["explain"] is not None:
            raise OutputError("--choose and --explain exclude each other; give one of them")
    generation = chosen_options(values)
    if "explain" not in values:
        from dalle_kit.explain import check_orders

        check_orders(values["orders"])
        check_kind(path, KINDS, what="an explanation")
        return None, generation
    if values["explain"] not in (None, STDERR):
        check_kind(Path(values["explain"]), KINDS, what="an explanation")
        check_output(Path(values["explain"]), force=force)
    format = choose_format(entry.formats, named=values["format"], path=path, as_json=values["as_json"])
    if path and values["format"] is None and not (values["as_json"] or values["quiet"]):
        note_ending(entry.formats, path)
    return format, generation


def shaping_of(values: Mapping[str, Any], like: Sequence[Any]) -> dict[str, Any]:
    """Return what ``Kit.shape`` takes besides a request."""
    chosen = {"template": values["template"], "like": like, "steer": values["steer"] or "auto"}
    return {**chosen, "name_blind": values.get("name_blind", False)}


def writing_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what ``Kit.stream`` takes besides that and the generation options."""
    return {"budget": values["budget"], "repair": not values["no_repair"], "privacy": values["privacy"]}


def chosen_options(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the generation options that were given; raises OptionError for what none can be, and for the budget."""
    from dalle_kit.budget import Budget
    from dalle_kit.records import GenerationOptions

    generation = {name: values[name] for name in GenerationOptions.names() if values[name] not in (None, ())}
    GenerationOptions().merge(generation)
    Budget(values["budget"])
    return generation


def _written_by_server(
    entry: DomainEntry,
    options: Sequence[FieldOption],
    argument: SourceArgument | None,
    values: Mapping[str, Any],
    fields: Mapping[str, Any],
    format: str | None,
    how: Mapping[str, Any],
) -> bool:
    """Have a running server write the document, if there is one that would write the same; say whether it did."""
    if values["local"] or values["dry_run"] or values["choose"] or values["explain"] is not None:
        return False
    quiet = values["quiet"]
    if not all(isinstance(name, str) for name in how["like"]):
        return False  # what is in files is not sent
    given = {name: value for name, value in how.items() if value is not None}
    body = {**given, "request": fields, "format": format}
    try:
        stream = ask_server(entry.name, body, {name: values[name] for name in ("model", "device", "dtype", "quant")})
    except RequestError as error:
        raise named_by_option(error, options, source=argument.field if argument else None) from error
    if stream is None:
        return False
    try:
        document = take_document(stream, quiet=quiet)
    except DalleKitError:
        if not stream.is_gone:
            raise
        if not quiet:
            say("The server that wrote it has gone; it is written here.", err=True)
        return False
    with kept(document, format=format):
        deliver(render(document, format), values["output"], force=values["force"], quiet=quiet)
    stop_if_interrupted()
    _say_more(document, stream, values)
    return True


def _say_more(document: Any, stream: Any, values: Mapping[str, Any]) -> None:
    """Say what the checks have found and what the text rests on, and exit with a code of its own if that is asked."""
    if not values["quiet"]:
        report(document)
    if values["explain"] is not None:
        explain_beside(stream, values["explain"], force=values["force"], quiet=values["quiet"])
    if values["strict"]:
        exit_if_doubtful(document)


def read_like(names: Sequence[str], *, quiet: bool) -> list[Any]:
    """Return the names of sets as they are, and what stands in the files among the names.

    What is both is the set: ``./NAME`` is the file. Raises UnknownNameError for what is neither, ExampleError for files
    without texts.
    """
    if not names:
        return []
    from dalle_kit.examples.memory_set import read_examples
    from dalle_kit.examples.sources import exists
    from dalle_kit.examples.store import ExampleStore

    store = ExampleStore()
    files = [name for name in names if not store.has(name)]
    for name in files:
        if not name or not exists(name):
            hint = "(or give a file; 'dalle-kit examples add NAME PATH' makes a set)"
            raise UnknownNameError("set of examples", name, store.names(), hint=hint)
    sets: list[Any] = [name for name in names if name not in files]
    if files:
        read = read_examples(files)
        sets.append(read)
        if read.report.skipped and not quiet:
            say(f"--like: skipped {read.report.reasons}", err=True)
    return sets


def _fields(
    options: Sequence[FieldOption], argument: SourceArgument | None, values: Mapping[str, Any]
) -> tuple[dict[str, Any], SourceFile | None]:
    """Return the request's fields, and the source among them as it was read."""
    source = Source()
    file = None
    if argument:
        file = read_source(argument, values[str(argument.name)], source, nearby=not values["no_nearby"])
    found = {argument.field: file.fields} if argument and file else {}
    return found | collect_fields(options, values, source), file


def show_plan(kit: Kit, shaped: Shaped, as_json: bool) -> None:
    """Print what would be generated: the exact text the model would read, the document's outline, the examples."""
    prompt = kit.prompt_text(shaped)
    if as_json:
        print_json(
            {
                "template": shaped.template,
                "sources": list(shaped.sources),
                "prompt": prompt,
                "outline": shaped.skeleton.outline(),
                "slots": [slot.name for slot in shaped.skeleton.slots],
                "examples": [dataclasses.asdict(use) for use in shaped.examples],
            }
        )
        return
    # The blanks at the end of a text with a gap are what the model goes on from.
    shown = prompt if shaped.prompt.infills else prompt.rstrip()
    print_text(f"Prompt\n======\n{shown}\n\nOutline\n=======\n{shaped.skeleton.outline().rstrip()}\n")
    if shaped.examples:
        print_text(f"\nExamples\n========\n{''.join(map(_example, shaped.examples))}")


def _example(use: ExampleUse) -> str:
    """Return the line about an example: how near it is, its set, the beginning of its hash, where it was found."""
    near = "" if use.similarity is None else f"{use.similarity:.2f}  "
    part = "" if use.characters is None else f" (its first {use.characters} characters)"
    return harmless(f"{near}{use.set} {use.id}  {use.origin}{part}") + "\n"
