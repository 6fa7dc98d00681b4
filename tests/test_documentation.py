"""What the documentation says is so: generated parts are up to date, links resolve; tests/docs runs its blocks."""

from __future__ import annotations

import html
import io
import itertools
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import dalle_kit
from dalle_kit import Kit
from dalle_kit.cli.main import main
from dalle_kit.cli.root import cli
from tests.docs.pages import DOCS, PAGES, README, REPOSITORY, blocks, calls

QUESTION = """From: Ana <ana@example.com>
To: Tom <tom@example.com>
Subject: Friday
Message-ID: <1@example.com>

Does Friday suit you?
"""


NOTES = "two decisions\nroom B12\n"

#: Those that are not run with their page, name no model of the reader's own, and ask nothing of a reader.
EMAILS = [
    arguments
    for page in PAGES
    for block in blocks(page)
    if block.language == "sh" and block.output is None
    for command in block.commands()
    for arguments in calls(command)
    if arguments[0] == "email" and not {"--model", "--choose"} & {*arguments}
]


def shown(value: object) -> str | None:
    return " ".join(value) if isinstance(value, list) else value.name if isinstance(value, Path) else None


def test_generated_parts_are_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, str(REPOSITORY / "scripts/update-docs"), "--check"],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_reference_has_every_public_name_and_every_command() -> None:
    names, commands = ((DOCS / f"reference/{page}.md").read_text(encoding="utf-8") for page in ("python", "commands"))
    for name in {*dalle_kit.__all__} - {"__version__"}:
        assert f"\n### {name}\n" in names
    for method in ("generate", "stream", "batch", "explain", "reproduce"):
        assert f"\n#### Kit.{method}\n" in names
    for command in cli.list_commands(click.Context(cli)):
        assert f"\n## dalle-kit {command}\n" in commands


def test_a_generated_part_that_was_changed_is_noticed_and_mended(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("A\n<!-- generated: help -->\nold\n<!-- end -->\nZ\n", encoding="utf-8")
    update = [sys.executable, str(REPOSITORY / "scripts/update-docs"), str(page)]
    assert subprocess.run([*update, "--check"], stdout=subprocess.DEVNULL, check=False).returncode == 1
    assert "old" in page.read_text(encoding="utf-8")
    subprocess.run(update, stdout=subprocess.DEVNULL, check=True)
    text = page.read_text(encoding="utf-8")
    assert text.startswith("A\n<!-- generated: help -->\n```console\n$ dalle-kit --help\n") and text.endswith("\nZ\n")


@pytest.mark.parametrize("arguments", EMAILS, ids=shown)
def test_every_email_command_shown_makes_a_prompt(
    arguments: list[str],
    tmp_path: Path,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "question.eml").write_text(QUESTION, encoding="utf-8")
    (tmp_path / "notes.txt").write_text(NOTES, encoding="utf-8")
    (tmp_path / "old.eml").write_text(QUESTION, encoding="utf-8")
    for option, value in itertools.pairwise(arguments):
        if option == "--like" and not Path(value).exists():
            Path(value).mkdir()
            Path(value, "one.txt").write_text("The bins go out on Tuesday.", encoding="utf-8")
    given = QUESTION if ("--reply-to", "-") in itertools.pairwise(arguments) else NOTES
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given.encode()), encoding="utf-8"))
    if "brief" in arguments:
        assert main(["templates", "new", "email/brief"]) == 0
    assert main(["config", "set", "identity.address", "tom@example.com"]) == 0
    code = main([*arguments, *([] if "--dry-run" in arguments else ["--dry-run"])])
    output = capsys.readouterr()
    assert code == 0, output.err
    assert "<|im_start|>" in output.out


def jinja(page: Path) -> list[str]:
    return [block.text for block in blocks(page) if block.language == "jinja"]


def test_the_template_that_includes_the_bundled_one_adds_to_it(home: Path) -> None:
    (source,) = (text for text in jinja(DOCS / "templates.md") if "include" in text)
    file = home / "templates/email/notice/document.j2"
    file.parent.mkdir(parents=True)
    file.write_text(source, encoding="utf-8")
    fields = {"to": ["a@example.com"], "subject": "Minutes", "points": ["two decisions"]}
    outlines = [Kit().shape("email", fields, template=name).skeleton.outline() for name in ("default", "notice")]
    assert outlines[1] == outlines[0] + source.partition("%}")[2]


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_links_lead_to_files_and_headings_that_exist(page: Path) -> None:
    for path, anchor in links(page):
        file = (page.parent / path).resolve() if path else page
        assert file.is_file(), f"{page.name} links to {path}"
        assert not anchor or anchor in anchors(file), f"{page.name} links to {path}#{anchor}"


def links(page: Path) -> Iterator[tuple[str, str]]:
    """Yield the path and the anchor of each link of a page to another or to a place in it."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if not target.startswith("https://"):
            path, _, anchor = target.partition("#")
            yield path, anchor


def anchors(page: Path) -> set[str]:
    """Return the names of a page's headings in links."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^a-z0-9 _-]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_links_lead_from_the_readme_to_every_page() -> None:
    found, ahead = set[Path](), [README]
    while ahead:
        page = ahead.pop()
        if page not in found:
            found.add(page)
            ahead += [(page.parent / path).resolve() for path, _ in links(page) if path.endswith(".md")]
    assert {page for page in PAGES if page not in found} == set()


def test_the_readme_keeps_to_the_versions_that_are_pinned_and_supported() -> None:
    text = README.read_text(encoding="utf-8")
    pinned = re.search(r"^torch==(.+)$", (REPOSITORY / "constraints.txt").read_text(encoding="utf-8"), re.MULTILINE)
    assert pinned and f"torch {pinned[1]}" in text
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    supported = re.findall(r"Python :: (3\.\d+)", "\n".join(project["classifiers"]))
    assert all(version in text for version in supported)


def test_the_picture_shows_what_the_readme_shows_and_fetches_nothing() -> None:
    picture = (DOCS / "terminal.svg").read_text(encoding="utf-8")
    assert "(docs/terminal.svg)" in README.read_text(encoding="utf-8")
    assert not re.search(r"font-face|url\((?!#)|href", picture)
    shown = [html.unescape(text).replace("\xa0", " ") for text in re.findall(r"<text[^>]*>([^<]*)</text>", picture)]
    (output,) = (block.output for block in blocks(README) if block.language == "sh" and block.output)
    assert output and [line for line in output.splitlines() if line not in "\n".join(shown)] == []


@pytest.mark.skipif(os.name == "nt", reason="a script of the shell")
def test_the_test_command_is_there_and_may_be_run() -> None:
    assert "\nscripts/test\n" in README.read_text(encoding="utf-8")
    assert os.access(REPOSITORY / "scripts/test", os.X_OK)


def test_the_slots_shown_open(tmp_path: Path) -> None:
    from dalle_kit.templating.templates import Templates

    kit = Kit()
    templates = Templates(kit.plugins, user_folder=tmp_path)
    fields = {"to": ["a@example.com"], "subject": "Minutes", "points": ["two decisions", "room B12"]}
    shown = [text for text in jinja(DOCS / "templates.md") if "slot(" in text][1:]
    for number, block in enumerate(shown):
        file = tmp_path / f"email/shown{number}/document.j2"
        file.parent.mkdir(parents=True)
        file.write_text(block, encoding="utf-8")
    email = kit.plugins.domains["email"]
    shapes = [templates.shape(email, email.parse(fields), template=f"shown{n}") for n in range(len(shown))]
    assert [[slot.name for slot in shaped.skeleton.slots] for shaped in shapes] == [
        ["kind", "body", "due"],
        ["p1", "p2"],
    ]
