"""``dalle-kit history``: what was written, and when; show it, search it, and remove it."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
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
    print_table,
    print_text,
    say,
)

if TYPE_CHECKING:
    from dalle_kit.history import Entry, History, Match

#: Characters of a text that are shown of it in a list, where that is no terminal: there it is cut to the width.
_BEGINNING = 60
#: On a terminal with fewer columns the models are left out of a list.
_NARROW = 90

_ID = click.IntRange(1, 2**63 - 1)
_COUNT = click.IntRange(1, 1_000_000)


#: The letters that an age ends with.
_HOURS = {"h": 1, "d": 24, "w": 24 * 7}


@click.group(cls=ListingGroup)
def history() -> None:
    """See what was written and when, search it, and remove it.

    What is kept says the setting history: entries (when and how, no text), texts (the text and its request as well), or
    off. A text is named by its number in the list.
    """


@history.command("list")
@click.option("--limit", type=_COUNT, default=20, show_default=True, help="How many.")
@click.option("--domain", metavar="NAME", help="Only those of a domain.")
@json_option
def list_entries(limit: int = 20, domain: str | None = None, as_json: bool = False) -> None:
    """List what was written, the newest first (the default command)."""
    found = list(_history().entries(limit=limit, domain=domain))
    if as_json:
        print_json([_facts(entry) for entry in found])
    elif not found:
        say(_nothing(domain), err=True)
    else:
        heads = ("ID", "WRITTEN", "DOMAIN", "MODEL", "FOUND", "TEXT")
        shown = [_cells(entry) for entry in found]
        wide = len(heads) if any(cells[-1] for cells in shown) else len(heads) - 1
        narrow = is_terminal(sys.stdout) and shutil.get_terminal_size().columns < _NARROW
        kept = [place for place in range(wide) if not (narrow and heads[place] == "MODEL")]
        rows = [[cells[place] for place in kept] for cells in shown]
        print_table([heads[place] for place in kept], rows, right=("ID",), cut=heads[5:wide])


@history.command()
@click.argument("id", type=_ID, required=False)
@click.option("--last", is_flag=True, help="Show what was written last.")
@json_option
def show(id: int | None, last: bool, as_json: bool) -> None:
    """Print a text that was kept.

    With --json it is the whole record, the same that the command which wrote it prints with --json.
    """
    if last == (id is not None):
        raise click.UsageError("give the ID of a text, or --last")
    found = _history().last() if id is None else _history().get(id)
    if as_json:
        print_json(found)
    else:
        print_text(f"{found['text'].rstrip()}\n")


@history.command()
@click.argument("words", nargs=-1, required=True, metavar="WORD...")
@click.option("--limit", type=_COUNT, default=10, show_default=True, help="How many.")
@click.option("--domain", metavar="NAME", help="Only those of a domain.")
@json_option
def search(words: tuple[str, ...], limit: int, domain: str | None, as_json: bool) -> None:
    """Find the texts with all WORDs in them, or in their request.

    The best match comes first. A word stands for its other forms too (meet, meeting), WORD* for all that begin so, and
    '"some words"' for these in a row.
    """
    from dalle_kit.errors import HistoryError
    from dalle_kit.history import KEEP_TEXTS

    found = _history()
    matches = found.search(" ".join(words), limit=limit, domain=domain)
    if not matches and not found.has_texts():
        raise HistoryError(f"no text is in the history; {KEEP_TEXTS}")
    if as_json:
        print_json([{**_facts(each.entry), "snippet": each.snippet, "places": each.places} for each in matches])
        return
    if not matches:
        say("No text in the history has all of these words.", err=True)
    for each in matches:
        _print_match(each)


@history.command()
@click.option("-o", "--output", type=OutputFile(), help="Write into this file.  [default: stdout]")
@click.option("--force", is_flag=True, help="Overwrite the file.")
@click.option("--domain", metavar="NAME", help="Only those of a domain.")
def export(output: Path | None, force: bool, domain: str | None) -> None:
    """Write all entries as JSON lines, the newest first.

    Each has the whole record of its text where that was kept.
    """
    from dalle_kit.cli.output import check_output
    from dalle_kit.files import write_atomically

    check_output(output, force=force)
    lines = _lines(_history(), domain)
    if output is None:
        for line in lines:
            print_text(line)
        return
    # Half a character, which JSON can spell and UTF-8 cannot, is spelt as JSON does.
    written = [line.encode("utf-8", "backslashreplace") for line in lines]
    write_atomically(output, b"".join(written), force=force, private=True)
    say(f"{_number(len(written))} in {output}", err=True)


@history.command()
@click.argument("ids", type=_ID, nargs=-1, required=True, metavar="ID...")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@click.pass_context
def remove(context: click.Context, ids: tuple[int, ...], yes: bool, as_json: bool) -> None:
    """Remove entries and their texts.

    Nothing of them is left in the history's file.
    """
    found = _history()
    for id in ids:
        found.entry(id)
    _ask(context, yes, f"Remove {_number(len(set(ids)))} of the history?")
    _tell(found.remove(ids), "removed", as_json)


def _age(context: click.Context, option: click.Parameter, value: str | None) -> timedelta | None:
    """Return the time that was typed; raises BadParameter for what is none."""
    if value is None:
        return None
    found = re.fullmatch(r"([0-9]{1,6})([hdw])", value)
    if not found:
        raise click.BadParameter(f"{value!r} is no age; give a number of hours, days or weeks: 12h, 30d, 8w")
    return timedelta(hours=int(found[1]) * _HOURS[found[2]])


@history.command()
@click.option("--older-than", callback=_age, metavar="AGE", help="Remove what is older: 12h, 30d, 8w.")
@click.option("--keep", type=click.IntRange(0, 10**9), metavar="N", help="Remove all but the newest N.")
@click.option("--texts", is_flag=True, help="Remove the texts only; when and how they were written stays.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@click.pass_context
def prune(
    context: click.Context, older_than: timedelta | None, keep: int | None, texts: bool, yes: bool, as_json: bool
) -> None:
    """Remove old entries and their texts.

    Nothing of them is left in the history's file.
    """
    if (older_than is None) == (keep is None):
        raise click.UsageError("give --older-than AGE or --keep N, one of them")
    what = "the texts of entries" if texts else "the entries"
    which = "that are older" if keep is None else f"but for the newest {keep}"
    _ask(context, yes, f"Remove {what} {which}?")
    removed = _history().prune(older_than=older_than, keep=keep, texts_only=texts)
    _tell(removed, "without text now" if texts else "removed", as_json)


def _history() -> History:
    from dalle_kit.history import History

    return History()


def _ask(context: click.Context, yes: bool, question: str) -> None:
    """Go on if the person at the terminal agrees; raises UsageError where nobody can be asked."""
    if yes:
        return
    if not (is_terminal(sys.stdin) and is_terminal(sys.stderr)):
        raise click.UsageError("what is removed is gone, and nobody can be asked here; give --yes")
    if not click.confirm(question, err=True):
        say("Nothing was removed.", err=True)
        context.exit()


def _tell(count: int, what: str, as_json: bool) -> None:
    if as_json:
        print_json({"removed": count})
    else:
        say(f"{_number(count)} {what}")


def _nothing(domain: str | None) -> str:
    from dalle_kit.config import load_settings

    if load_settings().history == "off":
        return "The history is off; 'dalle-kit config set history entries' notes when and how texts are written."
    return f"Nothing is in the history{f' of {domain!r}' if domain else ''} yet."


def _facts(entry: Entry) -> dict[str, Any]:
    """Return what is known of an entry ready for JSON, its document left out."""
    facts = entry.as_dict()
    document = facts.pop("document")
    return {**facts, "text": document["text"] if document else None}


def _cells(entry: Entry) -> tuple[str, ...]:
    found = [_number(getattr(entry, name), name[:-1]) for name in ("errors", "warnings") if getattr(entry, name)]
    text = " ".join(entry.document["text"].split()) if entry.document else ""
    if len(text) > _BEGINNING and not is_terminal(sys.stdout):
        text = f"{text[: _BEGINNING - 3]}..."
    return (str(entry.id), _when(entry), entry.domain, entry.model or "none", ", ".join(found), text)


def _when(entry: Entry) -> str:
    """Return when it was written, by the clock here."""
    return f"{datetime.fromisoformat(entry.written).astimezone():%Y-%m-%d %H:%M}"


def _print_match(match: Match) -> None:
    heading = f"{match.entry.id}  {_when(match.entry)}  {match.entry.domain}"
    if not is_terminal(sys.stdout):
        say(f"{heading}\n    {match.snippet}")
        return
    from rich.console import Console
    from rich.padding import Padding
    from rich.text import Text

    text = Text(harmless(match.snippet))
    for start, end in match.places:
        text.stylize("bold", start, end)
    out = Console(highlight=False)
    out.print(Text(heading, style="dim"))
    out.print(Padding(text, (0, 0, 0, 4)))


def _lines(found: History, domain: str | None) -> Iterator[str]:
    for entry in found.entries(domain=domain):
        yield json.dumps(entry.as_dict(), ensure_ascii=is_terminal(sys.stdout)) + "\n"


def _number(count: int, what: str = "entry") -> str:
    return f"{count} {what if count == 1 else 'entries' if what == 'entry' else f'{what}s'}"
