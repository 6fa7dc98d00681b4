"""``dalle-kit batch DOMAIN INPUT``: a text for each row of a table or of JSON lines."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dalle_kit.cli.batch_options import batch_options
from dalle_kit.cli.common import print_text, progress_bar, say
from dalle_kit.cli.destination import say_where
from dalle_kit.cli.domain_group import DomainGroup
from dalle_kit.errors import DalleKitError, OutputError, RequestError

if TYPE_CHECKING:
    from dalle_kit.batching import Columns, Input, Output, Plan, Prepared, Totals, Writers
    from dalle_kit.command_table import DomainEntry
    from dalle_kit.kit import Kit
    from dalle_kit.models.spec import Progress

#: The exit code where rows failed or, under ``--strict``, have findings.
NOT_ALL = 3

#: How a file of lines ends; other names are folders, but for those that look like other files.
_LINES, _OTHER_FILES = (".jsonl", ".ndjson"), (".csv", ".tsv", ".json", ".txt", ".md", ".html", ".eml", ".xlsx", ".zip")

#: Options of a domain's command that a batch has not, or has with another meaning.
_OTHERWISE = ("local", "seed", "budget")

#: Failures that are told one by one.
_TOLD = 5


class BatchGroup(DomainGroup):
    """The commands of all domains, each of which writes a text for each row of an input."""

    def make(self, entry: DomainEntry) -> click.Command:
        """Return the command of a domain."""
        from dalle_kit.cli.domain_options import DomainCommand, common_options

        common = [each for each in common_options(entry) if each.name not in _OTHERWISE]
        generation = [each for each in common if each.section == "Generation"]
        return DomainCommand(
            name=entry.name.split()[-1],
            params=[*batch_options(entry), *generation],
            help=f"{entry.summary}, for each row of INPUT.",
            short_help=entry.summary,
            epilog="Columns are named as the fields of the domain's requests. Cells are text: none opens a file.",
            callback=_callback(entry),
        )


@click.group(cls=BatchGroup)
def batch() -> None:
    """Write a text for each row of a table or of JSON lines; the same command goes on after a kill.

    Takes what the domain's own command takes: dalle-kit batch email guests.csv -o letters --privacy redact
    """


def _callback(entry: DomainEntry) -> Callable[..., None]:
    def run(**values: Any) -> None:
        quiet, path = values["quiet"], _path(values)
        given = click.get_current_context().get_parameter_source("ray_address")
        if given is click.core.ParameterSource.COMMANDLINE and values["engine"] != "ray":
            raise RequestError("--ray-address is for --engine ray; give both, or neither")
        plan = _plan(entry, values)
        source, columns = _input(values["input"]), _columns(entry, values)
        if path is not None and _is_same(path, values["input"]):
            raise OutputError(f"{path} is the input; choose another output")
        done: list[Mapping[int, Any]] = []
        try:
            with progress_bar(wanted=not quiet) as progress:
                from dalle_kit.batching import write_rows
                from dalle_kit.kit import Kit

                kit = Kit(**{name: values[name] for name in _MODEL}, progress=progress)
                prepared = _prepared(kit, plan, source, columns, entry)
                if not quiet:
                    _tell_problems(prepared)
                heading = _heading(kit, plan, prepared, source, columns, values)
                say_where(kit, entry.name, quiet=quiet)
                with _output(path, prepared, heading, _suffix(entry, plan), force=values["force"]) as output:
                    done.append(output.done)
                    kept = prepared.kept(output.done)
                    if output.done and not quiet:
                        say(f"Going on: {len(kept)} of {_rows(len(prepared.rows))} are done.", err=True)
                    writers = _writers(kit, plan, values, len(prepared.rows) - len(kept), progress)
                    totals = write_rows(kit, plan, prepared, output, writers=writers, progress=progress)
        except (KeyboardInterrupt, DalleKitError):
            if path is not None and done:
                told = f"{_rows(len(prepared.kept(done[0])))} of {len(prepared.rows)} done"
                say(f"{told}; the same command goes on with the others.", err=True)
            raise
        if not quiet:
            _report(totals, path, told=prepared.problems)
        if totals.failures or (values["strict"] and totals.findings):
            click.get_current_context().exit(NOT_ALL)

    return run


def _writers(kit: Kit, plan: Plan, values: Mapping[str, Any], rows: int, progress: Progress) -> Writers | None:
    """Return what writes so many rows: processes here or on Ray; None for this process alone."""
    from functools import partial

    from dalle_kit.batching import choose_workers, in_processes, on_ray, threads_of
    from dalle_kit.kit import Kit

    # A cluster is told no key that its workers do not need.
    without = {"api_key": "", **({} if kit.server_for(plan.domain) else {"remote_key": ""})}

    def maker(threads: int) -> Callable[..., Kit]:
        chosen = {name: values[name] for name in _MODEL}
        settings = kit.settings.model_copy(update={"threads": kit.settings.threads or threads, **without})
        return partial(Kit, **chosen, settings=settings)

    if values["engine"] == "ray":
        address = values["ray_address"]
        return partial(on_ray, maker(1), plan, workers=values["workers"], address=address, progress=progress)
    device = values["device"] or kit.settings.device
    workers = values["workers"] or choose_workers(kit, plan.domain, rows, device=device)
    if workers == 1:
        return None
    return partial(in_processes, maker(threads_of(workers)), plan, workers=workers, progress=progress)


#: The options that choose the model and what it runs on.
_MODEL = ("model", "device", "dtype", "quant")


def _plan(entry: DomainEntry, values: Mapping[str, Any]) -> Plan:
    from dalle_kit.batching import TOGETHER, Plan
    from dalle_kit.cli.domain_command import chosen_options, read_like, shaping_of, writing_of
    from dalle_kit.cli.output import choose_format

    generation = chosen_options(values)
    format = choose_format(entry.formats, named=values["format"], path=None, as_json=values["as_json"])
    like = read_like(values["like"], quiet=values["quiet"])
    arguments = {**shaping_of(values, like), **writing_of(values), **generation}
    return Plan(
        domain=entry.name,
        format=None if format == "json" else format,
        arguments=arguments,
        together=values["together"] or TOGETHER,
    )


def _path(values: Mapping[str, Any]) -> Path | None:
    """Return where the texts go, None for stdout; raises OutputError for a name that looks like another file."""
    if values["output"] in (None, "-"):
        return None
    path = Path(values["output"])
    if path.suffix.casefold() in _OTHER_FILES and not path.is_dir():
        raise OutputError(
            f"{path}: a batch is written to a folder, or to a file that ends in .jsonl; give one of these"
        )
    return path


def _input(name: str) -> Input:
    from dalle_kit.batching import Input

    if name == "-":
        if sys.stdin is None:
            raise RequestError("there is no stdin to read from; name a file")
        return Input(sys.stdin.buffer.read(), "stdin")
    try:
        return Input(Path(name).expanduser().read_bytes(), name)
    except (OSError, RuntimeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise RequestError(f"cannot read {name!r}: {reason}; give a .csv or .jsonl file, or - for stdin") from error


def _is_same(path: Path, name: str) -> bool:
    with contextlib.suppress(OSError, RuntimeError, ValueError):
        return name != "-" and path.exists() and path.samefile(Path(name).expanduser())
    return False


def _columns(entry: DomainEntry, values: Mapping[str, Any]) -> Columns:
    from dalle_kit.batching import Columns, Shared

    shared = Shared.read(_shared(values), entry.schema, domain=entry.name)
    mapped = tuple(_pair("--map", text, "FIELD=COLUMN, such as to=Mail") for text in values["mapped"])
    return Columns(mapped, values["ignored"], values["name_column"], shared)


def _prepared(kit: Kit, plan: Plan, source: Input, columns: Columns, entry: DomainEntry) -> Prepared:
    from dalle_kit.batching import prepare, read_rows

    filled = [
        name
        for name, field in entry.schema["properties"].items()
        if (field.get("option") or {}).get("identity") and name in kit.settings.identity
    ]
    return prepare(kit, plan, read_rows(source, entry.schema, columns, domain=entry.name, filled=filled))


def _shared(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [_pair("--set", text, "FIELD=VALUE, such as sender=Tom") for text in values["shared"]]


def _pair(option: str, text: str, wanted: str) -> tuple[str, str]:
    field, sign, value = text.partition("=")
    if not (field.strip() and sign and value.strip()):
        raise RequestError(f"{option} {text!r}: give {wanted}")
    return field.strip().replace("-", "_"), value.strip()


def _tell_problems(prepared: Prepared) -> None:
    problems = list(prepared.problems.values())
    if problems:
        say(f"{_rows(len(problems))} of {len(prepared.rows)} cannot be written:", err=True)
    _tell(problems)


def _tell(messages: Sequence[str]) -> None:
    for message in messages[:_TOLD]:
        say(f"  {message}", err=True)
    if len(messages) > _TOLD:
        say(f"  and {len(messages) - _TOLD} more", err=True)


def _heading(
    kit: Kit, plan: Plan, prepared: Prepared, source: Input, columns: Columns, values: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what the texts depend on: a batch goes on only where this is as it was."""
    import hashlib

    from dalle_kit.records import GenerationOptions

    settings = kit.settings
    chosen = dict.fromkeys(GenerationOptions.names()) | {**plan.arguments, "like": list(values["like"])}
    return {
        "domain": plan.domain,
        "input": hashlib.sha256(source.data).hexdigest(),
        "map": [list(pair) for pair in columns.mapped],
        "ignore": list(columns.ignored),
        "name_column": columns.name,
        "set": _shared(values),
        "format": plan.format or "json",
        **{name: values[name] or getattr(settings, name) for name in _MODEL},
        "model": kit.model_for(plan.domain),
        **chosen,
        "privacy": values["privacy"] or settings.privacy,
        **prepared.facts,
    }


@contextlib.contextmanager
def _output(
    path: Path | None, prepared: Prepared, heading: Mapping[str, Any], suffix: str, *, force: bool
) -> Iterator[Output]:
    from dalle_kit.batching import Lines, folder, lines_file

    if path is None:
        yield Lines(_print)
    elif path.suffix.casefold() in _LINES and not path.is_dir():
        with lines_file(path, heading, force=force) as lines:
            yield lines
    else:
        with folder(path, heading, prepared.rows, suffix, force=force) as files:
            yield files


def _suffix(entry: DomainEntry, plan: Plan) -> str:
    return next((each["suffix"] for each in entry.formats if each["name"] == plan.format), ".json")


def _print(line: bytes) -> None:
    print_text(line.decode("utf-8"))
    sys.stdout.flush()


def _report(totals: Totals, path: Path | None, *, told: Mapping[int, str]) -> None:
    """Say how it ended, and what failed beyond what was told before."""
    said = [f"{totals.written} of {_rows(totals.rows)} written" + (f" to {path}" if path else "")]
    said.append(f"{totals.findings} with findings")
    said.append(f"{len(totals.failures)} failed")
    rate = f", {totals.new / totals.seconds * 3600:.0f} rows an hour" if totals.new and totals.seconds else ""
    say(f"{', '.join(said)}; {totals.seconds:.0f} s{rate}.", err=True)
    _tell([line["error"] for line in totals.failures if line["row"] not in told])
    if totals.again and path is not None:
        say(f"The same command tries {_rows(totals.again)} again.", err=True)


def _rows(count: int) -> str:
    return f"{count} row{'' if count == 1 else 's'}"
