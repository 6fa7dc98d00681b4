"""dalle-kit examples: sets of texts from the command line."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from dalle_kit.cli import examples as module
from dalle_kit.examples import ExampleStore
from dalle_kit.examples.encoder import Vectors

from .conftest import Command

LETTERS = """From tom@example.com Mon Mar  2 10:04:00 2026
From: Tom Ilves <tom@example.com>
Subject: Room
Date: Mon, 2 Mar 2026 10:04:00 +0200

Hi Ana,

the room is free.

Cheers,
Tom

> Which one?

From tom@example.com Tue Mar  3 10:04:00 2026
From: Tom Ilves <tom@example.com>
Subject: Price
Date: Tue, 3 Mar 2026 10:04:00 +0200

Hi Eva,

the price is the same.

Cheers,
Tom

From tom@example.com Wed Mar  4 10:04:00 2026
From: Tom Ilves <tom@example.com>
Subject: Order
Date: Wed, 4 Mar 2026 10:04:00 +0200

Hi Liis,

the order left today.

Cheers,
Tom
"""


class Letters:
    """A vector counts the letters of a text."""

    name, sha256 = "letters", "ab" * 32

    def encode(self, texts: Sequence[str]) -> Vectors:
        counts = np.array(
            [[1 + text.lower().count(chr(97 + n)) for n in range(26)] for text in texts], dtype=np.float32
        )
        counts -= counts.mean(1, keepdims=True) - 0.01
        counts /= np.linalg.norm(counts, axis=1, keepdims=True)
        return counts


@pytest.fixture(autouse=True)
def cheap_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_encoder", lambda progress: Letters())


@pytest.fixture
def letters(tmp_path: Path) -> str:
    file = tmp_path / "sent.mbox"
    file.write_text(LETTERS, encoding="utf-8")
    return str(file)


def test_without_examples_list_says_how_to_add_some(command: Command) -> None:
    for arguments in (["examples"], ["examples", "list"]):
        done = command(*arguments)
        assert (done.code, done.err) == (0, "") and "dalle-kit examples add NAME PATH" in done.out
    assert json.loads(command("examples", "list", "--json").out) == []


def test_texts_are_added_and_what_is_skipped_is_said(command: Command, letters: str, tmp_path: Path) -> None:
    (tmp_path / "empty.txt").write_text("", encoding="utf-8")
    done = command("examples", "add", "letters", letters, str(tmp_path / "empty.txt"))
    assert (done.code, done.err) == (0, "")
    first, skipped, personal, encoded = done.out.splitlines()
    assert first.startswith("added 3 to letters: 3 e-mails, version 1 (")
    assert personal == "personal data: 9 persons; see 'dalle-kit examples scan letters'"
    assert skipped.startswith("skipped 1: empty (") and encoded == "3 newly encoded with letters (abababab)"
    again = json.loads(command("examples", "add", "letters", letters, "--json").out)
    assert (again["added"], again["newly_encoded"], again["skipped"]) == (0, 0, {"there already": 3})
    assert (again["version"], again["texts"], again["encoded"]) == (1, 3, 3)
    (row,) = json.loads(command("examples", "list", "--json").out)
    assert (row["name"], row["kinds"], row["encoder"]) == ("letters", {"email": 3}, "letters")


def test_a_set_is_shown_with_its_voice(command: Command, letters: str) -> None:
    command("examples", "add", "letters", letters)
    shown = command("examples", "show", "letters").out
    assert "greetings       Hi {name}, (100%)" in shown and "sign-offs       Cheers, (100%)" in shown
    assert "Room  Tom Ilves <tom@example.com>  2026-03-02" in shown
    facts = json.loads(command("examples", "show", "letters", "--json").out)
    assert facts["profile"]["greetings"] == [{"form": "Hi {name},", "count": 3, "share": 1.0}]
    id = next(each["id"] for each in facts["examples"] if each["subject"] == "Room")
    whole = command("examples", "show", "letters", "--text", id[:8])
    assert whole.out == "Hi Ana,\n\nthe room is free.\n\nCheers,\nTom\n"


def test_a_set_is_searched(command: Command, letters: str) -> None:
    command("examples", "add", "letters", letters)
    near = json.loads(command("examples", "search", "letters", "price is the same", "--count", "2", "--json").out)
    assert len(near) == 2 and near[0]["subject"] == "Price" and near[0]["similarity"] > near[1]["similarity"]
    assert "Price" in command("examples", "search", "letters", "price is the same").out.splitlines()[0]


def test_a_set_is_exported_and_read_again(command: Command, letters: str, tmp_path: Path) -> None:
    command("examples", "add", "letters", letters)
    file = tmp_path / "out.jsonl"
    assert command("examples", "export", "letters", "--output", str(file)).code == 0
    assert command("examples", "export", "letters").out == file.read_text(encoding="utf-8")
    assert command("examples", "export", "letters", "--output", str(file)).code == 2
    array = tmp_path / "out.json"
    array.write_text(command("examples", "export", "letters", "--json").out, encoding="utf-8")
    assert len(json.loads(array.read_text(encoding="utf-8"))) == 3
    command("examples", "add", "again", str(file))
    command("examples", "add", "more", str(array))
    sets = json.loads(command("examples", "list", "--json").out)
    assert len({each["sha256"] for each in sets}) == 1 and [each["kinds"] for each in sets] == [{"email": 3}] * 3
    for name in ("again", "more"):
        assert list(ExampleStore().open(name)) == list(ExampleStore().open("letters"))


@pytest.mark.parametrize("name", ["out", "out.json", "out.bak"])
@pytest.mark.parametrize("options", [(), ("--json",)])
def test_an_export_is_read_again_whatever_its_file_is_called(
    command: Command, letters: str, tmp_path: Path, name: str, options: tuple[str, ...]
) -> None:
    command("examples", "add", "letters", letters)
    assert command("examples", "export", "letters", "--output", str(tmp_path / name), *options).code == 0
    command("examples", "add", "again", str(tmp_path / name))
    assert list(ExampleStore().open("again")) == list(ExampleStore().open("letters"))


def test_texts_and_sets_are_removed(command: Command, letters: str) -> None:
    command("examples", "add", "letters", letters)
    (near, *_) = json.loads(command("examples", "search", "letters", "room", "--json").out)
    assert json.loads(command("examples", "remove", "letters", near["id"][:12], "--json").out)["removed"] == 1
    assert command("examples", "remove", "letters").out == "removed letters with 2 texts\n"
    assert json.loads(command("examples", "list", "--json").out) == []


def test_json_lines_come_from_stdin(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"text": "One."}\n{"text": "Two."}\n')))
    assert command("examples", "add", "notes", "-").out.startswith("added 2 to notes: 2 texts")


def test_what_was_not_encoded_is_encoded_without_a_path(command: Command, letters: str) -> None:
    from dalle_kit.examples import read_sources

    ExampleStore().add("letters", read_sources([letters]))
    assert "3 not encoded" in command("examples", "list").out
    assert "3 newly encoded" in command("examples", "add", "letters").out
    assert "3 newly encoded" in command("examples", "add", "letters", "--reencode").out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["show", "leters"], "no set of examples named 'leters': did you mean 'letters'?"),
        (["search", "leters", "x"], "did you mean 'letters'?"),
        (["remove", "leters"], "did you mean 'letters'?"),
        (["export", "leters"], "did you mean 'letters'?"),
        (["add", "leters"], "did you mean 'letters'?"),
        (["add", "letters", "nowhere.txt"], "'nowhere.txt' does not exist"),
        (["add", "Letters", "."], "'Letters' is no name for examples"),
        (["show", "letters", "--text", "ffffffff"], "is the id of no example"),
        (["remove", "letters", "x"], "is no id of an example"),
        (["remove", "letters", ""], "'' is no id of an example"),
        (["remove", ""], "no set of examples named ''"),
        (["scan", "leters"], "did you mean 'letters'?"),
    ],
)
def test_errors_are_one_line(command: Command, letters: str, arguments: list[str], message: str) -> None:
    command("examples", "add", "letters", letters)
    done = command("examples", *arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err.count("\n") == 1 and done.err.startswith("Error: ") and message in done.err
    assert len(ExampleStore().open("letters")) == 3


PERSONAL = {"text": "Hi Ana,\n\ncall +49 30 901820, or write to eva.k@corp.invalid.org.", "author": "Tom Ilves"}


@pytest.fixture
def notes(tmp_path: Path) -> str:
    file = tmp_path / "notes.jsonl"
    file.write_text(f'{json.dumps(PERSONAL)}\n{{"text": "Nobody."}}\n', encoding="utf-8")
    return str(file)


def test_a_set_is_scanned_for_personal_data_and_shows_little_of_it(command: Command, notes: str) -> None:
    command("examples", "add", "notes", notes)
    done = command("examples", "scan", "notes")
    first, *rows = done.out.splitlines()
    assert (done.code, done.err) == (0, "")
    assert first == "notes: 2 persons, 1 e-mail address, 1 phone number, in 1 of 2 texts"
    assert len(rows) == 4 and rows[3].split()[1:] == ["e-mail", "address", "text", "e…@c…", f"{notes}:1"]
    assert not any(secret in done.out for secret in ("Ana", "901820", "eva.k", "Ilves"))
    shown = command("examples", "scan", "notes", "--show-values", "--show", "1").out.splitlines()
    assert "Tom Ilves" in shown[1] and shown[2] == "3 more; --show 4 names all"
    facts = json.loads(command("examples", "scan", "notes", "--json", "--show", "1").out)
    assert facts["counts"] == {"person": 2, "e-mail address": 1, "phone number": 1}
    assert (facts["texts"], facts["with"], [each["value"] for each in facts["found"]]) == (2, 1, ["T… I…"])


def test_a_strict_scan_says_by_its_exit_code_whether_anything_was_found(command: Command, notes: str) -> None:
    command("examples", "add", "notes", notes)
    assert command("examples", "scan", "notes", "--strict").code == 3
    added = command("examples", "add", "safe", notes, "--redact").out
    assert "personal data: 2 persons, 1 e-mail address, 1 phone number; replaced by made-up data" in added
    done = command("examples", "scan", "safe", "--strict")
    assert (done.code, done.out) == (0, "safe: no personal data was found in 2 texts\n")
    assert "person1@example.com" in command("examples", "export", "safe").out
    again = json.loads(command("examples", "add", "safe", notes, "--redact", "--json").out)
    assert (again["added"], again["redacted"], again["personal_data"]) == (0, True, {})


def test_nothing_to_add_is_an_error_that_says_why(command: Command, tmp_path: Path) -> None:
    (tmp_path / "empty.txt").write_text("", encoding="utf-8")
    done = command("examples", "add", "notes", str(tmp_path / "empty.txt"))
    assert done.code == 2 and "nothing to add was found in" in done.err and "(1 empty)" in done.err
    assert ExampleStore().names() == ()


def test_a_damaged_set_is_listed_beside_the_others(command: Command, letters: str, bare_home: Path) -> None:
    command("examples", "add", "letters", letters)
    command("examples", "add", "others", letters)
    for file in (bare_home / "examples" / "others").iterdir():
        file.write_bytes(b"no database, but long enough to be read as one" * 100)
    done = command("examples", "list")
    assert done.code == 0 and "3 e-mails" in done.out and "others   the examples in" in done.out
    assert "problem" in json.loads(command("examples", "list", "--json").out)[1]


def test_control_characters_reach_no_terminal(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "notes.jsonl"
    file.write_text(json.dumps({"text": "One \x1b[31m red.", "subject": "\x9b2J"}), encoding="utf-8")
    command("examples", "add", "notes", str(file))
    for arguments in (["show", "notes"], ["search", "notes", "one"]):
        assert not {"\x1b", "\x9b"} & set(command("examples", *arguments).out)


def test_the_real_encoder_finds_what_is_meant(home: Path, tmp_path: Path) -> None:
    lines = ["The invoice was paid.", "It will rain on Sunday.", "Our cat sleeps all day."]
    (tmp_path / "notes.jsonl").write_text("\n".join(json.dumps({"text": line}) for line in lines), encoding="utf-8")
    outputs = []
    for arguments in (["add", "notes", str(tmp_path / "notes.jsonl")], ["search", "notes", "weather", "--json"]):
        done = subprocess.run(
            [sys.executable, "-X", "importtime", "-m", "dalle_kit.cli.main", "examples", *arguments],
            capture_output=True,
            encoding="utf-8",
            env={**os.environ, "DALLE_KIT_HOME": str(home)},
            check=False,
        )
        assert done.returncode == 0, done.stderr[-500:]
        assert " torch\n" not in done.stderr and " transformers\n" not in done.stderr
        outputs.append(done.stdout)
    assert json.loads(outputs[1])[0]["text"] == "It will rain on Sunday."
