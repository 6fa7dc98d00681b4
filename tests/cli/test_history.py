"""What the commands record, and dalle-kit history."""

from __future__ import annotations

import io
import json
import sqlite3
from pathlib import Path
from typing import Any

import click
import pytest

from dalle_kit import History
from dalle_kit.cli import common
from dalle_kit.cli import history as module
from dalle_kit.cli.by_server import ServedDocument
from dalle_kit.history import database

from .conftest import Command

#: Its text is "Dear Quarkvyx", with a warning that pomegranates are missing.
NOTE = ("note", "--to", "Quarkvyx", "--point", "pomegranate", "--quiet")
WARNING = "warning: this text is not in the history: "


@pytest.fixture
def certain(bare_home: Path, sheets: Path) -> Path:
    """A home where notes have no slots, and need no model."""
    folder = bare_home / "templates" / "note"
    folder.mkdir(parents=True)
    (folder / "document.j2").write_text("Dear {{ request.to }}\n", encoding="utf-8")
    return bare_home


@pytest.fixture
def texts(certain: Path, command: Command) -> Path:
    """The same, where texts are kept."""
    assert command("config", "set", "history", "texts").code == 0
    return certain


def where(home: Path, text: str) -> list[str]:
    return [
        file.name
        for file in home.rglob("*")
        if file.is_file() and text[1:].lower().encode() in file.read_bytes().lower()
    ]


def entries(command: Command, *arguments: str) -> Any:
    return json.loads(command("history", "list", "--json", *arguments).out)


def test_by_default_it_is_noted_when_and_how_a_text_was_written_and_nothing_of_it(
    command: Command, certain: Path, tmp_path: Path
) -> None:
    assert command(*NOTE).out == "Dear Quarkvyx\n"
    assert command(*NOTE, "--output", str(tmp_path / "note.loud")).code == 0
    assert command(*NOTE, "--json").code == 0
    assert [(each["id"], each["format"], each["text"]) for each in entries(command)] == [
        (3, "json", None),
        (2, "upper", None),
        (1, "text", None),
    ]
    (entry,) = entries(command, "--limit", "1")
    assert (entry["domain"], entry["model"], entry["template"]) == ("note", None, "note")
    assert (entry["notes"], entry["warnings"], entry["errors"]) == (1, 1, 0)
    assert where(certain, "Quarkvyx") == where(certain, "pomegranate") == []


def test_a_text_is_kept_where_that_is_set_and_is_shown_as_it_was_written(command: Command, texts: Path) -> None:
    written = command(*NOTE, "--json").out
    assert command("history", "show", "--last").out == command("history", "show", "1").out == "Dear Quarkvyx\n"
    assert command("history", "show", "1", "--json").out == written
    assert where(texts, "Quarkvyx") == ["history.sqlite"]


def test_a_text_that_was_kept_can_be_made_again(
    command: Command, texts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command(*NOTE)
    record = tmp_path / "note.json"
    record.write_text(command("history", "show", "--last", "--json").out, encoding="utf-8")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(record.read_bytes())))
    for place in (str(record), "-"):
        result = command("reproduce", place)
        assert (result.code, result.out) == (0, "The text is the same.\n")


def test_what_the_model_has_written_is_recorded(command: Command, sheets: Path, home: Path) -> None:
    assert command("config", "set", "history", "texts").code == 0
    written = command("note", "--to", "Ana", "--max-tokens", "4", "--quiet").out
    (entry,) = entries(command)
    assert entry["text"] == written and entry["model"] == "dalle-base" and entry["seconds"] > 0


def test_where_it_is_off_nothing_is_recorded(command: Command, certain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DALLE_KIT_HISTORY", "off")
    assert command(*NOTE).code == 0
    assert not (certain / "history").exists()
    result = command("history")
    assert (result.code, result.out) == (0, "")
    assert result.err == (
        "The history is off; 'dalle-kit config set history entries' notes when and how texts are written.\n"
    )


def test_a_dry_run_and_an_error_leave_no_entry(command: Command, certain: Path) -> None:
    assert command(*NOTE, "--dry-run").code == 0 and command(*NOTE, "--format", "nix").code == 2
    assert command("history").err == "Nothing is in the history yet.\n"


def test_a_text_that_could_not_be_given_out_is_recorded_all_the_same(
    command: Command, texts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise BrokenPipeError

    monkeypatch.setattr("dalle_kit.cli.domain_command.deliver", refuse)
    assert command(*NOTE).code == 141
    assert command("history", "show", "--last").out == "Dear Quarkvyx\n"


def test_what_a_server_has_written_is_recorded(command: Command, texts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record = json.loads(command(*NOTE, "--json").out) | {"text": "By a server.\n"}

    class Served:
        document = ServedDocument(
            {"document": record, "rendered": {"format": "text", "text": "By a server.\n"}, "history": "texts"}
        )
        is_finished = True

        def __iter__(self) -> Any:
            return iter(())

        def close(self) -> None:
            pass

    monkeypatch.setattr("dalle_kit.cli.domain_command.ask_server", lambda *_: Served())
    assert command(*NOTE).out == "By a server.\n"
    assert next((each["id"], each["text"]) for each in entries(command)) == (2, "By a server.\n")


def damage(home: Path) -> None:
    (home / "history").mkdir()
    (home / "history" / "history.sqlite").write_bytes(b"no database, but as long as one " * 300)


def take_the_place(home: Path) -> None:
    (home / "history").write_bytes(b"")


def make_newer(home: Path) -> None:
    (home / "history").mkdir()
    connection = sqlite3.connect(home / "history" / "history.sqlite")
    connection.execute("PRAGMA user_version = 9")
    connection.close()


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (damage, "is damaged (file is not a database); move it away, and a new one is begun"),
        (take_the_place, "cannot be opened (File exists); check that you may write there"),
        (make_newer, "was made by a newer dalle-kit; upgrade this one, or move it away, and a new one is begun"),
    ],
)
def test_a_history_that_cannot_be_written_is_one_warning_and_the_text_is_there(
    command: Command, certain: Path, spoil: Any, told: str
) -> None:
    spoil(certain)
    result = command(*NOTE)
    assert (result.code, result.out) == (0, "Dear Quarkvyx\n")
    place = certain / "history" / "history.sqlite"
    assert result.err == f"{WARNING}the history {place} {told}, or keep none: dalle-kit config set history off\n"
    assert command("history").code == (0 if spoil is take_the_place else 2)


def test_a_locked_history_is_waited_for_and_then_one_warning(
    command: Command, certain: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command(*NOTE)
    monkeypatch.setattr(database, "PATIENCE", 0.1)
    connection = sqlite3.connect(certain / "history" / "history.sqlite")
    connection.execute("BEGIN EXCLUSIVE")
    result = command(*NOTE)
    connection.close()
    assert (result.code, result.out) == (0, "Dear Quarkvyx\n")
    assert result.err.startswith(WARNING) and "locked (waited 0.1 s)" in result.err and result.err.count("\n") == 1


@pytest.fixture
def three(certain: Path) -> History:
    """A history of a text about rain, one without its text, and one about rain and snow."""
    history = History()
    made = {"created": "2026-03-02T10:04:00+00:00", "model": "small", "template": "note", "timings": {"generate": 0.5}}
    found = [{"severity": "error"}, {"severity": "error"}, {"severity": "warning"}, {"severity": "note"}]
    for domain, text, findings, kept in (
        ("note", "The rain\n\nin \x1b[31mSpain.", found, True),
        ("note", "Nobody knows.", [], False),
        ("card birthday", "Rain and snow. " + "So it went on. " * 10, found[2:], True),
    ):
        record = {"domain": domain, "request": {"to": "Ana"}, "text": text, "findings": findings, "provenance": made}
        history.add(record, text=kept, format="text")
    return history


def test_the_list_is_a_table_with_the_newest_first(command: Command, three: History) -> None:
    when = module._when(three.entry(1))
    assert (
        command("history").out
        == command("history", "list").out
        == (
            "ID  WRITTEN           DOMAIN         MODEL  FOUND                TEXT\n"
            f"3   {when}  card birthday  small  1 warning            "
            "Rain and snow. So it went on. So it went on. So it went o...\n"
            f"2   {when}  note           small\n"
            f"1   {when}  note           small  2 errors, 1 warning  The rain in �[31mSpain.\n"
        )
    )
    assert command("history", "list", "--domain", "note", "--limit", "1").out == (
        f"ID  WRITTEN           DOMAIN  MODEL  FOUND\n2   {when}  note    small\n"
    )
    result = command("history", "list", "--domain", "nothing")
    assert (result.code, result.out, result.err) == (0, "", "Nothing is in the history of 'nothing' yet.\n")


@pytest.mark.parametrize("columns", [76, 120])
def test_on_a_narrow_terminal_each_entry_has_its_line_and_the_models_are_left_out(
    columns: int, command: Command, three: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    for where in (module, common):
        monkeypatch.setattr(where, "is_terminal", lambda stream: True)
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = command("history").out.splitlines()
    assert len(lines) == 1 + 3 and ("MODEL" in lines[0]) is (columns == 120)
    assert "Rain and" in lines[1]


def test_a_search_shows_the_place_of_the_match(command: Command, three: History) -> None:
    when = module._when(three.entry(1))
    result = command("history", "search", "rained", "ana")
    assert result.code == 0 and result.out.count(f"  {when}  ") == 2
    assert f"1  {when}  note\n    The rain in" in result.out
    (match,) = json.loads(command("history", "search", "--json", "snow").out)
    (place,) = match["places"]
    assert match["id"] == 3 and match["snippet"][slice(*place)] == "snow" and match["text"].startswith("Rain and")
    result = command("history", "search", "sun")
    assert (result.code, result.out, result.err) == (0, "", "No text in the history has all of these words.\n")


def test_where_no_text_is_kept_a_search_says_which_setting_keeps_them(command: Command, certain: Path) -> None:
    command(*NOTE)
    for arguments in (["search", "rain"], ["show", "--last"], ["show", "1"]):
        result = command("history", *arguments)
        assert (result.code, result.out, result.err.count("\n")) == (2, "", 1)
        assert "'dalle-kit config set history texts' keeps what is written from then on" in result.err


def test_an_export_has_a_line_for_each_entry(command: Command, three: History, tmp_path: Path) -> None:
    three.add({**three.get(1), "text": "half a \ud800 character"})
    lines = [json.loads(line) for line in command("history", "export").out.splitlines()]
    assert [(each["id"], each["document"] is None) for each in lines] == [(4, False), (3, False), (2, True), (1, False)]
    assert lines[3]["document"] == three.get(1)
    file = tmp_path / "all.jsonl"
    assert command("history", "export", "--output", str(file)).err == f"4 entries in {file}\n"
    assert [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] == lines
    result = command("history", "export", "--output", str(file))
    assert result.code == 2 and "exists" in result.err
    assert command("history", "export", "--domain", "note", "-o", str(file), "--force").code == 0
    assert file.read_text(encoding="utf-8").count("\n") == 3


def test_nothing_is_removed_without_being_asked_for(
    command: Command, three: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    for arguments in (["remove", "1"], ["prune", "--keep", "0"]):
        result = command("history", *arguments)
        assert result.code == 2 and "nobody can be asked here; give --yes" in result.err
    asked: list[str] = []

    def answer(question: str, *, err: bool) -> bool:
        asked.append(question)
        return len(asked) > 2

    monkeypatch.setattr(module, "is_terminal", lambda stream: True)
    monkeypatch.setattr(click, "confirm", answer)
    for arguments in (["remove", "1", "3", "1"], ["prune", "--keep", "2", "--texts"]):
        result = command("history", *arguments)
        assert (result.code, result.out, result.err) == (0, "", "Nothing was removed.\n")
    assert asked == ["Remove 2 entries of the history?", "Remove the texts of entries but for the newest 2?"]
    assert len(list(three.entries())) == 3
    assert command("history", "prune", "--older-than", "1d").out == "3 entries removed\n"
    assert asked[2] == "Remove the entries that are older?"


def test_entries_are_removed_and_pruned(command: Command, three: History) -> None:
    assert command("history", "remove", "1", "--yes").out == "1 entry removed\n"
    assert json.loads(command("history", "prune", "--older-than", "8w", "--texts", "--yes", "--json").out) == {
        "removed": 1
    }
    assert [entry.document for entry in three.entries()] == [None, None]
    assert command("history", "prune", "--keep", "1", "--yes").out == "1 entry removed\n"
    assert [entry.id for entry in three.entries()] == [3]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["show"], "give the ID of a text, or --last"),
        (["show", "1", "--last"], "give the ID of a text, or --last"),
        (["show", "9"], "no entry 9 is in the history: the newest is 3"),
        (["show", "0"], "not in the range"),
        (["show", "9" * 30], "not in the range"),
        (["show", "x"], "not a valid integer"),
        (["remove", "2", "9", "--yes"], "no entry 9 is in the history: the newest is 3"),
        (["remove", "9"], "no entry 9 is in the history"),
        (["remove", "--yes"], "Missing argument"),
        (["search"], "Missing argument"),
        (["search", "!", '"'], "has no word to look for"),
        (["search", "rain", "--limit", "0"], "not in the range"),
        (["list", "--limit", "-1"], "not in the range"),
        (["prune"], "give --older-than AGE or --keep N, one of them"),
        (["prune", "--keep", "1", "--older-than", "1d"], "give --older-than AGE or --keep N, one of them"),
        (
            ["prune", "--older-than", "30", "--yes"],
            "'30' is no age; give a number of hours, days or weeks: 12h, 30d, 8w",
        ),
        (["prune", "--older-than", "-3d", "--yes"], "is no age"),
        (["prune", "--keep", "-1", "--yes"], "not in the range"),
        (["export", "-o", "no/such/folder.jsonl"], "there is no folder"),
        (["lisst"], "did you mean 'list'?"),
    ],
    ids=" ".join,
)
def test_what_cannot_be_done_is_an_error_of_one_line(
    command: Command, three: History, arguments: list[str], told: str
) -> None:
    result = command("history", *arguments)
    assert (result.code, result.out, result.err.count("\n")) == (2, "", 1)
    assert told in result.err
    assert len(list(three.entries())) == 3
