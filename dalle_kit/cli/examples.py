"""``dalle-kit examples``: keep texts to write like, in named sets."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dalle_kit.cli.common import (
    ListingGroup,
    OutputFile,
    harmless,
    is_terminal,
    json_option,
    print_json,
    print_text,
    progress_bar,
    say,
)

if TYPE_CHECKING:
    from dalle_kit.engine.reading import SentenceEncoder
    from dalle_kit.examples import ExampleStore, Found, Profile, Report, SetInfo, Sighting
    from dalle_kit.models.spec import Progress

#: Of so many texts a profile is made, and so many are shown.
_PROFILED, _SHOWN = 1000, 3

_KINDS = {"email": ("e-mail", "e-mails"), "text": ("text", "texts"), "code": ("piece of code", "pieces of code")}


@click.group(cls=ListingGroup)
def examples() -> None:
    """Keep texts to write like, in named sets.

    A set holds e-mails, texts or pieces of code. Each is kept once, with a vector that tells what it is about.
    """


@examples.command()
@click.argument("name")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--reencode", is_flag=True, help="Make all vectors anew, with the encoder in use.")
@click.option("--redact", is_flag=True, help="Put made-up data in the place of personal data, the same for the same.")
@click.option("--names", is_flag=True, help="Find names of persons with the extra nlp, too; takes longer.")
@json_option
def add(name: str, paths: tuple[str, ...], reencode: bool, redact: bool, names: bool, as_json: bool) -> None:
    """Add the texts of files and folders to a set, or make one of them.

    A PATH is an mbox, a Maildir, an .eml, a folder of any of these and of text or Markdown, a git repository, a source
    file, JSON lines ({"text": ...}), or - for these on stdin. Of an e-mail the author's own words are kept. Without a
    PATH, texts that were left without vectors get them.
    """
    from dalle_kit.errors import ExampleError
    from dalle_kit.examples import Report, encode_set, read_sources
    from dalle_kit.examples.memory_set import reasons
    from dalle_kit.examples.personal import counted
    from dalle_kit.privacy import load_finder

    store = _store()
    report = Report()
    with progress_bar() as progress:
        if paths:
            finder = load_finder(names=names)
            report = store.add(name, read_sources(paths), finder=finder, redact=redact, progress=progress)
            if not store.has(name):
                raise ExampleError(f"nothing to add was found in {', '.join(paths)}{reasons(report)}")
        found = store.open(name)
        before = found.info()
        encoded = 0
        if reencode or before.encoded < before.texts or before.encoder is None:
            encoded = encode_set(found, _encoder(progress), progress=progress, reencode=reencode)
    info = found.info()
    if as_json:
        facts = {"added": report.added, "skipped": report.skipped, "personal_data": report.personal}
        print_json({**_facts(info), **facts, "redacted": redact, "newly_encoded": encoded})
        return
    say(f"added {report.added} to {name}: {_contents(info)}, version {info.version} ({info.sha256[:12]})")
    _print_skipped(report)
    if report.personal:
        seen = "replaced by made-up data" if redact else f"see 'dalle-kit examples scan {name}'"
        say(f"personal data: {counted(report.personal)}; {seen}")
    say(f"{encoded} newly encoded with {info.encoder_shown}" if encoded else "all are encoded already")


@examples.command("list")
@json_option
def list_sets(as_json: bool = False) -> None:
    """List the sets (the default command)."""
    from dalle_kit.errors import ExampleError

    store = _store()
    rows: list[SetInfo | tuple[str, str]] = []
    for name in store.names():
        try:
            rows.append(store.open(name).info())
        except ExampleError as error:
            rows.append((name, str(error)))
    if as_json:
        print_json([{"name": row[0], "problem": row[1]} if isinstance(row, tuple) else _facts(row) for row in rows])
        return
    if not rows:
        say("There are no examples yet; add some: dalle-kit examples add NAME PATH...")
    width = max((len(row[0] if isinstance(row, tuple) else row.name) for row in rows), default=0)
    for row in rows:
        if isinstance(row, tuple):
            say(f"{row[0]:<{width}}  {row[1]}")
        else:
            lacking = f", {row.texts - row.encoded} not encoded" if row.encoded < row.texts else ""
            say(f"{row.name:<{width}}  {_contents(row)}{lacking}, version {row.version} ({row.sha256[:12]})")


@examples.command()
@click.argument("name")
@click.option("--text", "id", metavar="ID", help="Print this text whole; the beginning of its id will do.")
@json_option
def show(name: str, id: str | None, as_json: bool) -> None:
    """Show what is in a set, and the voice of its texts: how they greet, take leave, and are written."""
    from dalle_kit.examples import profile_of

    found = _store().open(name)
    if id is not None:
        text = found.find(id)
        if as_json:
            print_json({"id": text.id, **text.as_dict()})
        else:
            print_text(f"{text.text}\n")
        return
    info, sample = found.info(), found.sample(_PROFILED)
    voice = profile_of(sample)
    if as_json:
        shown = [{"id": each.id, **each.as_dict()} for each in sample[:_SHOWN]]
        print_json({**_facts(info), "profile": voice.as_dict(), "examples": shown})
        return
    say(f"{name}: {_contents(info)}, version {info.version} ({info.sha256[:12]}) of {info.changed}")
    say(f"{info.encoded} of {info.texts} encoded with {info.encoder_shown}, {-(-info.size // 1000)} kB on disk")
    for label, value in _voice(voice):
        say(f"  {label:<15} {value}")
    for each in sample[:_SHOWN]:
        say(f"\n{_heading(each)}\n  {_beginning(each)}")


@examples.command()
@click.argument("name")
@click.argument("query")
@click.option("--count", type=click.IntRange(1, 1000), default=10, show_default=True, help="How many.")
@json_option
def search(name: str, query: str, count: int, as_json: bool) -> None:
    """Find the examples of a set that are nearest to a text."""
    from dalle_kit.examples import search as find

    found = _store().open(name)
    with progress_bar() as progress:
        near = find(found, query, encoder=_encoder(progress), count=count)
    info = found.info()
    if info.encoded < info.texts:
        say(f"{info.texts - info.encoded} texts are not encoded yet: dalle-kit examples add {name}", err=True)
    if as_json:
        print_json(
            [{"id": each.found.id, "similarity": round(each.similarity, 4), **each.found.as_dict()} for each in near]
        )
        return
    for each in near:
        say(f"{each.similarity:.2f}  {_heading(each.found)}\n      {_beginning(each.found)}")


@examples.command()
@click.argument("name")
@click.option("--names", is_flag=True, help="Find names of persons with the extra nlp, too; takes longer.")
@click.option(
    "--show", "shown", type=click.IntRange(0), default=10, show_default=True, help="How many places are named."
)
@click.option("--show-values", is_flag=True, help="Show what was found as it is, not only how it begins.")
@click.option("--strict", is_flag=True, help="Exit with code 3 if anything was found.")
@json_option
def scan(name: str, names: bool, shown: int, show_values: bool, strict: bool, as_json: bool) -> None:
    """Look for personal data in a set: how much there is of which kind, and where."""
    from dalle_kit.cli.findings import FINDINGS
    from dalle_kit.examples.personal import count_kinds, counted
    from dalle_kit.examples.personal import scan as look
    from dalle_kit.privacy import load_finder

    found = _store().open(name)
    with progress_bar() as progress:
        finder = load_finder(names=names)
        progress("looking for personal data", 0, None)
        sightings = list(look(found, finder=finder))
    counts, within = count_kinds(sightings), len({each.id for each in sightings})
    if as_json:
        rows = [_sighting(each, show_values) for each in sightings[:shown]]
        print_json({"name": name, "texts": len(found), "with": within, "counts": dict(counts), "found": rows})
    elif not sightings:
        say(f"{name}: no personal data was found in {_number(len(found), 'text')}")
    else:
        say(f"{name}: {counted(counts)}, in {within} of {_number(len(found), 'text')}")
        _print_sightings(sightings, shown, show_values)
    if strict and sightings:
        click.get_current_context().exit(FINDINGS)


@examples.command()
@click.argument("name")
@click.argument("ids", nargs=-1, metavar="[ID]...")
@json_option
def remove(name: str, ids: tuple[str, ...], as_json: bool) -> None:
    """Remove a set, or the texts of it with these IDs; the beginning of an id will do."""
    removed = _store().remove(name, ids or None)
    if as_json:
        print_json({"name": name, "removed": removed})
    else:
        say(f"removed {removed} from {name}" if ids else f"removed {name} with {_number(removed, 'text')}")


@examples.command()
@click.argument("name")
@click.option("-o", "--output", type=OutputFile(), help="Write into this file.  [default: stdout]")
@click.option("--force", is_flag=True, help="Overwrite the file.")
@json_option
def export(name: str, output: Path | None, force: bool, as_json: bool) -> None:
    """Write a set as JSON lines or, with --json, as one JSON array; ``add`` reads both."""
    from dalle_kit.files import write_atomically

    found = _store().open(name)
    pieces = _array(found) if as_json else (f"{_record(each)}\n" for each in found)
    if output is None:
        for piece in pieces:
            print_text(piece)
        return
    write_atomically(output, "".join(pieces).encode("utf-8"), force=force)
    say(f"{_number(len(found), 'text')} of {name} in {output}", err=True)


def _store() -> ExampleStore:
    from dalle_kit.examples import ExampleStore

    return ExampleStore()


def _encoder(progress: Progress) -> SentenceEncoder:
    from dalle_kit.cli.models import registry
    from dalle_kit.engine.reading import SentenceEncoder
    from dalle_kit.examples.encoder import ENCODER

    return SentenceEncoder.load(registry().ensure(ENCODER, progress=progress))


def _facts(info: SetInfo) -> dict[str, Any]:
    return {
        "name": info.name,
        "texts": info.texts,
        "kinds": info.kinds,
        "encoded": info.encoded,
        "version": info.version,
        "sha256": info.sha256,
        "changed": info.changed,
        "encoder": info.encoder,
        "encoder_sha256": info.encoder_sha256,
        "size": info.size,
    }


def _contents(info: SetInfo) -> str:
    """Return what is in a set: ``12 e-mails, 3 texts``."""
    return ", ".join(_number(count, kind) for kind, count in info.kinds.items()) or "empty"


def _number(count: int, kind: str) -> str:
    return f"{count} {_KINDS[kind][count != 1]}"


def _print_skipped(report: Report) -> None:
    for reason, count in sorted(report.skipped.items()):
        places = ", ".join(report.places[reason])
        more = ", ..." if count > len(report.places[reason]) else ""
        say(f"skipped {count}: {reason} ({places}{more})")


def _sighting(each: Sighting, show_value: bool) -> dict[str, Any]:
    """Return something personal ready for JSON, masked unless its value is to be shown."""
    import dataclasses

    facts = dataclasses.asdict(each)
    return facts if show_value else {**facts, "value": each.masked}


def _print_sightings(sightings: Sequence[Sighting], shown: int, show_values: bool) -> None:
    from dalle_kit.examples.example_set import SHORT_ID

    for each in sightings[:shown]:
        value = each.value if show_values else each.masked
        parts = (each.id[:SHORT_ID], f"{each.kind:<14}", f"{each.place:<7}", " ".join(value.split()), each.origin)
        say("  ".join(part for part in parts if part))
    if len(sightings) > shown:
        say(f"{len(sightings) - shown} more; --show {len(sightings)} names all")


def _voice(voice: Profile) -> Iterator[tuple[str, str]]:
    """Yield the lines about a voice, each with its label."""
    for label, habits in (("greetings", voice.greetings), ("sign-offs", voice.sign_offs)):
        if habits:
            yield label, "   ".join(f"{each.form} ({each.share:.0%})" for each in habits[:3])
    spreads = (("words", voice.words), ("words a sentence", voice.sentence_words), ("lines", voice.lines))
    for label, spread in spreads:
        if spread:
            yield label, f"{spread.median}, half of them {spread.low} to {spread.high}"
    if voice.formality is not None:
        yield "formality", f"{voice.formality:.2f} of 1"
    if voice.per_100_words:
        counted = (f"{value:g} {name}" for name, value in voice.per_100_words.items() if value)
        yield "in 100 words", ", ".join(counted)


def _heading(found: Found) -> str:
    from dalle_kit.examples.example_set import SHORT_ID

    parts = (found.id[:SHORT_ID], found.subject, found.author, found.date[:10], found.origin)
    return harmless("  ".join(part for part in parts if part))


def _beginning(found: Found) -> str:
    line = " ".join(found.text.split())
    return harmless(line if len(line) <= 100 else f"{line[:97]}...")


def _record(found: Found) -> str:
    return json.dumps(found.as_dict(), ensure_ascii=is_terminal(sys.stdout))


def _array(texts: Iterable[Found]) -> Iterator[str]:
    yield "["
    for number, found in enumerate(texts):
        yield f"{',' if number else ''}\n  {_record(found)}"
    yield "\n]\n"
