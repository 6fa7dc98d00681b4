"""Reading examples from mailboxes, folders, texts, JSON lines and repositories."""

from __future__ import annotations

import io
import json
import mailbox
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dalle_kit.errors import ExampleError
from dalle_kit.examples import Found, Skipped, cut, profile_of, read_examples, read_sources
from dalle_kit.examples.json_lines import NO_RECORD, read_json_lines
from dalle_kit.examples.mailboxes import read_mbox
from dalle_kit.examples.messages import read_message
from dalle_kit.examples.texts import EMPTY, LONGEST, TOO_LARGE, decode, normalise, text_id

MESSAGE = """From: Tom Ilves <tom@example.com>
To: ana@example.com
Subject: =?utf-8?q?R=C3=A4ume?=
Date: Mon, 2 Mar 2026 10:04:00 +0200
Message-ID: <{number}@example.com>
Content-Type: text/plain; charset=utf-8

Hi Ana,

room B{number} is free.

Tom

> Which one?
"""


def message(number: int) -> bytes:
    return MESSAGE.format(number=number).encode()


def texts(entries: Iterable[Found | Skipped]) -> list[str]:
    return [entry.text for entry in entries if isinstance(entry, Found)]


def reasons(entries: Iterable[Found | Skipped]) -> dict[str, str]:
    return {Path(entry.origin).name: entry.reason for entry in entries if isinstance(entry, Skipped)}


def test_a_message_is_read_with_its_subject_author_and_date(tmp_path: Path) -> None:
    (tmp_path / "a.eml").write_bytes(message(1))
    (found,) = read_sources([tmp_path / "a.eml"])
    assert found == Found(
        text="Hi Ana,\n\nroom B1 is free.\n\nTom",
        kind="email",
        origin=str(tmp_path / "a.eml"),
        subject="Räume",
        author="Tom Ilves <tom@example.com>",
        date="2026-03-02T10:04:00+02:00",
    )


def test_mbox_and_maildir_hold_messages(tmp_path: Path) -> None:
    box = mailbox.mbox(tmp_path / "sent.mbox")
    maildir = mailbox.Maildir(tmp_path / "sent")
    for number in range(3):
        box.add(message(number).replace(b"Tom\n", b"From here on it is warm.\n"))
        maildir.add(message(number))
    maildir.add_folder("old").add(message(7))
    box.close()
    found = list(read_sources([tmp_path / "sent.mbox"]))
    assert [entry.origin.rpartition(":")[2] for entry in found] == ["1", "2", "3"]
    assert all("\nFrom here on it is warm." in text for text in texts(found))
    assert len(texts(read_sources([tmp_path / "sent"]))) == 4


def test_an_mbox_is_known_by_what_it_begins_with(tmp_path: Path) -> None:
    (tmp_path / "Sent").write_bytes(b"From tom@example.com Mon Mar  2 10:04:00 2026\n" + message(1))
    assert len(texts(read_sources([tmp_path / "Sent"]))) == 1


def test_a_folder_gives_its_texts_and_says_what_it_leaves_out(tmp_path: Path) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "er" / "a.md").write_text("# A\n\nText.\n", encoding="utf-8")
    (tmp_path / "b.txt").write_bytes("\ufeffGrüße\r\nTom\r\n".encode())
    (tmp_path / "c.rst").write_bytes("Grüße aus dem Süden, herzlich".encode("cp1252"))
    (tmp_path / "d.txt").write_bytes("zwei Bytes".encode("utf-16"))
    (tmp_path / "empty.txt").write_text(" \n", encoding="utf-8")
    (tmp_path / "binary.txt").write_bytes(bytes(range(256)) * 4)
    (tmp_path / "noise.txt").write_bytes(b"\x01\x02\x03abc" * 40)
    (tmp_path / "image.png").write_bytes(b"\x89PNG")
    (tmp_path / "long.txt").write_text("word " * LONGEST, encoding="utf-8")
    (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "nowhere.txt").symlink_to(tmp_path / "gone")
    entries = list(read_sources([tmp_path]))
    assert sorted(texts(entries)) == ["# A\n\nText.", "Grüße\nTom", "Grüße aus dem Süden, herzlich", "zwei Bytes"]
    assert reasons(entries) == {
        "binary.txt": "not a text",
        "empty.txt": "empty",
        "image.png": "a file of another kind",
        "long.txt": "longer than 256 KiB",
        "noise.txt": "not a text",
        "nowhere.txt": "a link that leads nowhere",
    }


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="this user may read everything")
def test_what_may_not_be_read_is_skipped(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("secret", encoding="utf-8")
    (tmp_path / "a.txt").chmod(0)
    assert reasons(read_sources([tmp_path])) == {"a.txt": "unreadable (Permission denied)"}


def test_a_file_that_fails_while_it_is_read_is_skipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(5, "Input/output error")

    (tmp_path / "a.txt").write_text("text", encoding="utf-8")
    monkeypatch.setattr(Path, "open", fail)
    assert reasons(read_sources([tmp_path / "a.txt"])) == {"a.txt": "unreadable (Input/output error)"}


SHUT = {"mail/.Old": 2, "mail/new": 3, "shut": 3, "shut/cur": 3}


@pytest.mark.parametrize(("inside", "count"), SHUT.items())
def test_a_folder_that_cannot_be_entered_is_skipped_and_the_rest_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, inside: str, count: int
) -> None:
    maildir = mailbox.Maildir(tmp_path / "mail")
    maildir.add_folder("Old").add(message(7))
    (tmp_path / "mail" / "cur" / "1").write_bytes(message(1))
    (tmp_path / "shut" / "cur").mkdir(parents=True)
    (tmp_path / "z.txt").write_text("Last.", encoding="utf-8")
    shut, look, entries_of = tmp_path / inside, Path.stat, Path.iterdir

    def refuse_below(path: Path, **options: bool) -> os.stat_result:
        if shut in path.parents:
            raise PermissionError(13, "Permission denied")
        return look(path, **options)

    def refuse_listing(path: Path) -> Iterable[Path]:
        if path == shut:
            raise PermissionError(13, "Permission denied")
        return entries_of(path)

    monkeypatch.setattr(Path, "stat", refuse_below)
    monkeypatch.setattr(Path, "iterdir", refuse_listing)
    entries = list(read_sources([tmp_path]))
    assert reasons(entries) == {shut.name: "unreadable (Permission denied)"}
    assert len(texts(entries)) == count


def test_what_does_not_exist_is_one_error_before_anything_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("text", encoding="utf-8")
    with pytest.raises(ExampleError, match=r"b\.txt' does not exist; give files or folders that do"):
        next(read_sources([tmp_path / "a.txt", tmp_path / "b.txt"]))


def test_json_lines_are_records_and_bad_lines_are_skipped() -> None:
    lines = [
        json.dumps({"text": "One.\r\n", "subject": "S", "author": "A", "date": "2026", "kind": "email", "more": 1}),
        "",
        json.dumps({"text": "Two.", "kind": "poem", "origin": "elsewhere"}),
        json.dumps({"text": ""}),
        json.dumps({"note": "x"}),
        '{"text": "\\ud800"}',
        "[1]",
        "{",
        json.dumps({"text": "x" * 9 * LONGEST}),
        json.dumps({"text": "Last."}),
    ]
    found = list(read_json_lines(io.BytesIO("\n".join(lines).encode()), "stdin"))
    assert texts(found) == ["One.", "Two.", "Last."]
    assert found[0] == Found(text="One.", kind="email", origin="stdin:1", subject="S", author="A", date="2026")
    assert isinstance(found[1], Found) and (found[1].kind, found[1].origin) == ("text", "elsewhere")
    assert [entry.origin for entry in found if isinstance(entry, Skipped)] == [f"stdin:{n}" for n in (4, 5, 6, 7, 8, 9)]


@pytest.mark.parametrize("layout", [{}, {"indent": 2}, {"ensure_ascii": False}, {"separators": (",", ":")}])
def test_an_array_of_records_is_read_however_it_is_laid_out(layout: dict[str, Any]) -> None:
    records = [{"text": f"Text {n}, caf\u00e9.", "subject": "x" * 200} for n in range(2000)]
    found = list(read_json_lines(io.BytesIO(json.dumps(records, **layout).encode()), "stdin"))
    assert [each.text for each in found if isinstance(each, Found)] == [each["text"] for each in records]
    assert found[1].origin == "stdin:2"


@pytest.mark.parametrize(
    ("array", "texts", "skipped"),
    [
        (b"[]", [], {}),
        (b'\xef\xbb\xbf [{"text": "One."}]\n\n', ["One."], {}),
        (
            b'[1, {"text": "One."}, {"text": "\\ud800"}, {"text": "\xff"}, {"text": ""}]',
            ["One."],
            {NO_RECORD: 3, EMPTY: 1},
        ),
        (b'[{"text": "One."}, oops, {"text": "Two."}]', ["One."], {NO_RECORD: 1}),
        (b'[{"text": "One."}] {"text": "Two."}', ["One."], {NO_RECORD: 1}),
        (b'[{"text": "One."}, {"text": "Tw', ["One."], {NO_RECORD: 1}),
        (b"[" * 50_000, [], {NO_RECORD: 1}),
        (b'[{"text": "' + b"x" * 9 * LONGEST + b'"}]', [], {TOO_LARGE: 1}),
    ],
)
def test_of_an_array_that_is_damaged_what_can_be_read_is_read(
    array: bytes, texts: list[str], skipped: dict[str, int]
) -> None:
    found = list(read_json_lines(io.BytesIO(array), "x"))
    assert [each.text for each in found if isinstance(each, Found)] == texts
    assert Counter(each.reason for each in found if isinstance(each, Skipped)) == skipped


@given(st.lists(st.text(max_size=30), max_size=5), st.sampled_from([None, 0, 3]))
def test_any_array_of_texts_is_read_back(texts: list[str], indent: int | None) -> None:
    data = json.dumps([{"text": text} for text in texts], indent=indent).encode()
    found = list(read_json_lines(io.BytesIO(data), "x"))
    assert [each.text for each in found if isinstance(each, Found)] == [
        normalise(text) for text in texts if normalise(text).strip()
    ]


def test_json_lines_are_read_from_stdin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"text": "One."}\n')))
    assert texts(read_sources(["-"])) == ["One."]


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True)


def test_of_a_repository_what_git_tracks_is_read(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    (tmp_path / "one.py").write_text("def one():\n    return 1\n\n\ndef two():\n    return 2\n", encoding="utf-8")
    (tmp_path / "main.go").write_text("package main\n\nfunc main() {\n}\n", encoding="utf-8")
    (tmp_path / "README.md").write_text("# Read me\n", encoding="utf-8")
    (tmp_path / "data.jsonl").write_text("1\n", encoding="utf-8")
    git(tmp_path, "add", ".")
    (tmp_path / "untracked.py").write_text("def three():\n    return 3\n", encoding="utf-8")
    entries = list(read_sources([tmp_path]))
    found = {Path(entry.origin).name: entry.kind for entry in entries if isinstance(entry, Found)}
    assert found == {"README.md": "text", "main.go:1": "code", "one.py:1": "code", "one.py:5": "code"}
    assert reasons(entries) == {"data.jsonl": "a file of another kind"}


def test_of_a_folder_in_a_repository_tracked_sources_and_all_texts_are_read(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    (tmp_path / "src" / "deep").mkdir(parents=True)
    (tmp_path / "src" / "deep" / "one.py").write_text("def one():\n    return 1\n", encoding="utf-8")
    git(tmp_path, "add", ".")
    (tmp_path / "src" / "new.py").write_text("def new():\n    return 2\n", encoding="utf-8")
    (tmp_path / "src" / "new.md").write_text("# New\n", encoding="utf-8")
    entries = list(read_sources([tmp_path / "src"]))
    assert sorted(texts(entries)) == ["# New", "def one():\n    return 1"]
    assert reasons(entries) == {"new.py": "a file of another kind"}


def test_a_broken_repository_is_one_error(tmp_path: Path) -> None:
    (tmp_path / ".git").write_text("gitdir: nowhere\n", encoding="utf-8")
    with pytest.raises(
        ExampleError, match=r"git cannot list the files of .*fatal:.*; see what `git -C .* status` advis"
    ):
        list(read_sources([tmp_path]))


def test_in_a_broken_repository_and_above_it_texts_are_read(tmp_path: Path) -> None:
    broken, letters = tmp_path / "broken", tmp_path / "broken" / "letters"
    letters.mkdir(parents=True)
    (broken / ".git").write_text("gitdir: nowhere\n", encoding="utf-8")
    (letters / "a.txt").write_text("One.", encoding="utf-8")
    (tmp_path / "b.txt").write_text("Two.", encoding="utf-8")
    assert texts(read_sources([letters])) == ["One."]
    entries = list(read_sources([tmp_path]))
    assert texts(entries) == ["Two."] and reasons(entries) == {"broken": "a repository that git cannot list"}


def test_a_repository_gives_nothing_from_outside_itself(tmp_path: Path) -> None:
    secret, repository = tmp_path / "secret.txt", tmp_path / "repository"
    secret.write_text("My diary.", encoding="utf-8")
    for folder in (repository / "d", repository / "docs"):
        folder.mkdir(parents=True)
    (repository / "d" / "secret.txt").write_text("Harmless.", encoding="utf-8")
    (repository / "docs" / "a.txt").write_text("One.", encoding="utf-8")
    git(repository, "init", "--quiet")
    git(repository, "add", ".")
    (repository / "d" / "secret.txt").unlink()
    (repository / "d").rmdir()
    (repository / "d").symlink_to("..", target_is_directory=True)
    entries = list(read_sources([repository]))
    assert texts(entries) == ["One."] and reasons(entries) == {"secret.txt": "a link out of the folder"}
    (repository / "docs" / "secret.txt").symlink_to(secret)
    entries = list(read_sources([repository / "docs"]))
    assert texts(entries) == ["One."] and reasons(entries) == {"secret.txt": "a link out of the folder"}


def test_a_maildir_in_a_repository_gives_nothing_from_outside_it(tmp_path: Path) -> None:
    mailbox.Maildir(tmp_path / "mail").add(message(1))
    (tmp_path / "repository" / ".git").mkdir(parents=True)
    for part in ("cur", "new"):
        (tmp_path / "repository" / part).symlink_to(tmp_path / "mail" / part, target_is_directory=True)
    (entry,) = read_sources([tmp_path / "repository"])
    assert isinstance(entry, Skipped) and entry.reason == "a link out of the folder"


def test_a_source_file_may_be_named(tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text("def one():\n    return 1\n", encoding="utf-8")
    (found,) = read_sources([tmp_path / "one.py"])
    assert isinstance(found, Found) and found.kind == "code"


def test_files_are_read_into_memory_each_text_once(tmp_path: Path) -> None:
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text("The same.", encoding="utf-8")
    texts = read_examples([tmp_path])
    assert len(texts) == 1 and texts.report.skipped == {"there already": 1}
    (tmp_path / "a.txt").write_text("", encoding="utf-8")
    (tmp_path / "b.txt").write_text("", encoding="utf-8")
    with pytest.raises(ExampleError, match=r"no text was found .*\(2 empty\)"):
        read_examples([tmp_path])


def test_a_path_that_is_no_list_is_not_read_by_its_letters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_text("A text of another file.", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    given: Any
    for given in ("a", tmp_path, None):
        with pytest.raises(ExampleError, match="put a single path into a list"):
            read_examples(given)


def test_more_files_than_are_read_each_time_belong_into_a_set(tmp_path: Path) -> None:
    lines = "".join(f'{{"text": "text {number}"}}\n' for number in range(2001))
    (tmp_path / "many.jsonl").write_text(lines, encoding="utf-8")
    with pytest.raises(ExampleError, match="keep them as a set"):
        read_examples([tmp_path / "many.jsonl"])


def test_a_message_of_nothing_but_a_quote_has_no_own_words() -> None:
    assert read_message(b"Subject: x\n\n> Which one?\n", "a") == Skipped("a", "no words of the author's own")
    assert read_message(b"just text", "a") == Skipped("a", "no e-mail message")


HOSTILE = {
    "spaces": f"a{' ' * 100_000}b",
    "dashes": "-" * 100_000,
    "dashes apart": "- " * 50_000 + "x",
    "waves": "~" * 100_000 + "x",
    "attributions": "On 1 2 3 x@y wrote " * 5000 + ":",
    "beginnings": "On 2026-01-01 a@b.c\n" * 2000,
    "names": f"Hi {'Ana ' * 30_000}",
    "heads": f"From: {'a.' * 50_000}",
    "sentences": "A. " * 3000,
    "lists": f"http://{'mailman' * 20_000} x",
    "combining marks": "a" + "\u0315\u0300" * 50_000,
    "marks that fall apart": "\u0f73\u0344" * 50_000,
    "soft lines": "a \n" * 100_000,
    "open tags": "<div>a" * 50_000,
    "ends of others": "<b>" * 50_000 + "a" + "</i>" * 50_000,
    "ends of the first": "<i><b>" * 20_000 + "a" + "</i>" * 20_000,
    "quotes in quotes": "<blockquote>a" * 50_000 + "</blockquote>b" * 50_000,
    "one line": "<b>a" * 100_000,
    "tags without an end": "<a " * 50_000,
    "comments without an end": "<!--" * 50_000 + ">",
    "sections without an end": "<![CDATA[" * 50_000 + ">",
    "values without an end": "<a b='" * 50_000 + ">",
    "much": "<p>a word</p>\n" * 500_000,
}
HEADS = {
    "plain": "Subject: x\n\n",
    "flowed": "Subject: x\nContent-Type: text/plain; format=flowed\n\n",
    "html": "Subject: x\nContent-Type: text/html\n\n",
}


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_no_text_takes_time_that_grows_with_its_square(text: str, head: str) -> None:
    start = time.process_time()
    for entry in (
        read_message(f"{head}{text}".encode(), "a"),
        Found(text=normalise(text[: 2 * LONGEST]), kind="email"),
    ):
        if isinstance(entry, Found):
            assert len(entry.id) == 64
            profile_of([entry])
            cut(entry.text, "email", 1000)
    assert time.process_time() - start < 8


@pytest.mark.parametrize("charset", ["unicode_escape", "raw_unicode_escape", "punycode", "idna", "undefined", "none"])
def test_a_charset_that_is_none_of_mail_is_read_as_latin(charset: str) -> None:
    source = f"Subject: x\nContent-Type: text/plain; charset={charset}\n\n".encode() + rb"Gr\ue to caf" + b"\xe9 \\q\n"
    entry = read_message(source, "a")
    assert isinstance(entry, Found) and entry.text == "Gr\\ue to café \\q"


@given(st.binary(max_size=400), st.sampled_from([b"", b"Subject: x\n\n", b"Content-Type: text/html\nFrom: a\n\n"]))
def test_any_bytes_are_a_message_or_are_skipped(body: bytes, head: bytes) -> None:
    entry = read_message(head + body, "a")
    if isinstance(entry, Found):
        assert entry.text.strip() and entry.text == normalise(entry.text)


@given(
    st.lists(
        st.sampled_from([b"From a@b.c Mon Mar  2 10:04:00 2026\n", b"Subject: x\n", b"\n", b">From me\n", b"a\xff\n"])
    )
)
def test_any_mbox_is_read_to_its_end(lines: list[bytes]) -> None:
    assert len(list(read_mbox(io.BytesIO(b"".join(lines)), "box"))) <= len(lines)


@given(st.binary(max_size=200))
def test_any_bytes_are_json_lines_or_are_skipped(data: bytes) -> None:
    for entry in read_json_lines(io.BytesIO(data), "x"):
        assert isinstance(entry, Skipped) or entry.text


@given(st.text(st.sampled_from("ae\u0300\u0315\u0344\u0f73\u0323\u034f\u1100\u1161\n"), max_size=400))
def test_long_runs_of_marks_are_parted_and_others_are_composed(text: str) -> None:
    whole = normalise(text)
    assert normalise(whole) == whole
    assert whole.replace("\u034f", "") or not text.replace("\u034f", "").strip("\n")
    assert normalise("e\u0301" + "\u0300" * 29) == "\u00e9" + "\u0300" * 29
    assert normalise("q" + "\u0300" * 70).count("\u034f") == 2


@given(st.text(max_size=100))
def test_normalising_twice_changes_nothing_and_texts_are_decoded(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)
    assert text_id(text) == text_id(normalise(text)) == text_id(normalise(text).replace("\n", "\r\n"))
    if "\0" not in text and all(letter >= " " or letter == "\n" for letter in text) and not text.startswith("\ufeff"):
        assert "\ufffd" in text or decode(text.encode()) == text
