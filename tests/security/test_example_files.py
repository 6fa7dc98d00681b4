"""Example files made to run something, to read what is not theirs, or to take all time and memory."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dalle_kit.errors import ExampleError
from dalle_kit.examples.json_lines import read_json_lines
from dalle_kit.examples.mailboxes import read_mbox
from dalle_kit.examples.messages import read_message
from dalle_kit.examples.sources import read_sources
from dalle_kit.examples.texts import LONGEST, Found, Skipped

HEAD = b"From: ana@example.com\nSubject: Tea\n"
BODY = b"\nHello there, friend.\n"
needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


def git(folder: Path, *arguments: str) -> str:
    own = ("-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "protocol.file.allow=always")
    done = subprocess.run(["git", *own, *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    (folder / "kept").mkdir(parents=True)
    (folder / "other").mkdir()
    (folder / "kept" / "a.md").write_text("Hello there, friend.\n", encoding="utf-8")
    (folder / "other" / "b.md").write_text("Nothing to see.\n", encoding="utf-8")
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "x")
    return folder


def texts(path: Path) -> list[str]:
    return [entry.text for entry in read_sources([str(path)]) if isinstance(entry, Found)]


@needs_git
def test_a_repository_runs_none_of_the_programs_that_its_settings_name(repository: Path, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    touch = f"touch {mark}; false"
    for key in ("core.fsmonitor", "core.sshCommand", "core.pager", "core.editor", "diff.x.textconv", "diff.x.command"):
        git(repository, "config", key, touch)
    for key in ("filter.x.clean", "filter.x.smudge", "filter.x.process"):
        git(repository, "config", key, touch)
    git(repository, "config", "alias.ls-files", f"!{touch}")
    (repository / ".gitattributes").write_text("* diff=x filter=x\n", encoding="utf-8")
    for name in ("post-index-change", "fsmonitor-watchman", "post-checkout", "pre-commit"):
        hook = repository / ".git" / "hooks" / name
        hook.write_text(f"#!/bin/sh\n{touch}\n", encoding="utf-8")
        hook.chmod(0o755)
    (repository / "kept" / "a.md").touch()
    assert "Hello there, friend." in texts(repository)
    assert not mark.exists()


@needs_git
@pytest.mark.parametrize("way", ["uploadpack", "ext", "ssh"])
def test_objects_that_are_missing_are_fetched_by_no_program_of_the_repository(
    repository: Path, tmp_path: Path, way: str
) -> None:
    mark = tmp_path / "ran"
    git(repository, "sparse-checkout", "init", "--cone", "--sparse-index")
    git(repository, "sparse-checkout", "set", "kept")
    tree = git(repository, "rev-parse", "HEAD:other")
    settings = {
        "core.repositoryformatversion": "1",
        "extensions.partialClone": "origin",
        "remote.origin.promisor": "true",
        "protocol.allow": "always",
        "protocol.ext.allow": "always",
        "core.sshCommand": f"touch {mark}; false",
        "remote.origin.url": {"uploadpack": str(repository), "ext": f"ext::touch {mark}", "ssh": "ssh://host/x"}[way],
    }
    if way == "uploadpack":
        settings["remote.origin.uploadpack"] = f"touch {mark}; false"
    for key, value in settings.items():
        git(repository, "config", key, value)
    (repository / ".git" / "objects" / tree[:2] / tree[2:]).unlink()
    try:
        texts(repository)
    except ExampleError as error:
        assert "\n" not in str(error)
    assert not mark.exists()


@needs_git
def test_names_in_a_repository_are_only_names(repository: Path) -> None:
    for name in ("a\nb.md", "\x1b[31mred.md", "--output=x.md", "$(touch ran).md"):
        (repository / name).write_text("Hello there again.\n", encoding="utf-8")
    git(repository, "add", ".")
    assert texts(repository).count("Hello there again.") == 4
    assert not (repository / "ran").exists()


def test_links_devices_and_pipes_in_a_folder_are_not_read(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "good.txt").write_text("Hello there, friend.", encoding="utf-8")
    os.mkfifo(folder / "pipe.txt")
    (folder / "zero.txt").symlink_to("/dev/zero")
    (folder / "circle").symlink_to(folder, target_is_directory=True)
    assert texts(folder) == ["Hello there, friend."]


#: Messages that take long, or more memory than there is, if each of their parts is believed.
MESSAGES: dict[str, Callable[[], bytes]] = {
    "a header of 20 MB": lambda: HEAD + b"X: " + b"a" * 20_000_000 + b"\n" + BODY,
    "a subject of encoded words": lambda: b"From: a@b.cc\nSubject: " + b"=?utf-8?q?a?= " * 300_000 + b"\n" + BODY,
    "100,000 headers": lambda: HEAD + b"".join(b"X-%d: 1\n" % number for number in range(100_000)) + BODY,
    "folded lines": lambda: HEAD + b" a\n" * 300_000 + BODY,
    "parameters": lambda: HEAD + b"Content-Type: text/plain; " + b"a=b; " * 200_000 + b"\n" + BODY,
    "open quotes": lambda: HEAD + b"Content-Type: text/plain; " + b'a="' * 200_000 + b"\n" + BODY,
    "a date": lambda: HEAD + b"Date: " + b"Mon, (" * 200_000 + b"\n" + BODY,
    "parts in parts": lambda: (
        HEAD
        + b"".join(b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (n, n) for n in range(10_000))
        + BODY
    ),
    "messages in messages": lambda: HEAD + b"Content-Type: message/rfc822\n\n" * 20_000 + BODY,
    "tags in tags": lambda: HEAD + b"Content-Type: text/html\n\n" + b"<div>" * 50_000 + BODY,
    "comments without end": lambda: HEAD + b"Content-Type: text/html\n\n" + b"<!--" * 200_000 + BODY,
    "quotes in quotes": lambda: HEAD + b"\n" + b">" * 500_000 + b"\n",
    "blanks after From:": lambda: HEAD + b"\n" + (b"from:" + b" " * 980 + b"!\n") * 100,
    "rules": lambda: HEAD + b"\n" + (b"-" * 990 + b"\n") * 100,
    "characters that are none": lambda: HEAD + b"\n" + b"\0\xff\xfe\x1b" * 200_000 + BODY,
    "a charset that is code": lambda: HEAD + b"Content-Type: text/plain; charset=unicode_escape\n" + BODY + b"\xff",
}


@pytest.mark.parametrize("kind", MESSAGES)
def test_a_message_of_any_build_is_read_or_skipped_in_time(kind: str) -> None:
    source = MESSAGES[kind]()
    start = time.thread_time()
    assert isinstance(read_message(source, "x"), (Found, Skipped))
    assert time.thread_time() - start < 4


@pytest.mark.parametrize(
    ("name", "head"),
    [
        ("x.txt", b"Hello"),
        ("x.eml", HEAD + BODY),
        ("x.jsonl", b'{"text": "Hello'),
        ("x.mbox", b"From ana@example.com Mon Apr  2 18:22:10 2012\n" + HEAD + BODY),
    ],
)
def test_a_line_of_a_hundred_megabytes_is_skipped(tmp_path: Path, name: str, head: bytes) -> None:
    file = tmp_path / name
    with file.open("wb") as stream:
        stream.write(head)
        stream.truncate(2**27)
    (entry,) = read_sources([str(file)])
    assert isinstance(entry, Skipped)


def test_records_that_are_nested_or_no_numbers_are_skipped(tmp_path: Path) -> None:
    file = tmp_path / "x.jsonl"
    records = ["[" * 100_000 + "]" * 100_000, '{"a":' * 50_000, '{"text": ' + "9" * 5_000 + "}", '{"text": NaN}']
    good = json.dumps({"text": "Hello there.", "date": 1e999, "origin": ["x"], "kind": {"a": 1}})
    file.write_text("\n".join([good, *records, good]), encoding="utf-8")
    entries = list(read_sources([str(file)]))
    assert [type(entry) for entry in entries] == [Found] + [Skipped] * 4 + [Found]


@settings(max_examples=60)
@given(
    st.binary(max_size=300), st.lists(st.sampled_from([HEAD, BODY, b"\n\n", b"--b\n", b"Content-Type: "]), max_size=6)
)
def test_any_bytes_are_a_message_or_none(noise: bytes, pieces: list[bytes]) -> None:
    for source in (noise, b"".join(pieces) + noise, HEAD + noise + BODY):
        entry = read_message(source, "x")
        assert isinstance(entry, Skipped) or (
            entry.text.strip() and "\0" not in entry.text and len(entry.text) <= LONGEST
        )


@settings(max_examples=60)
@given(st.binary(max_size=300))
def test_any_bytes_are_a_mailbox_or_records(noise: bytes) -> None:
    import io

    for prefix in (b"", b"From a@b.cc Mon Apr  2 18:22:10 2012\n" + HEAD, b'{"text": "'):
        for read in (read_mbox, read_json_lines):
            assert all(isinstance(entry, (Found, Skipped)) for entry in read(io.BytesIO(prefix + noise), "x"))
