"""What the documentation says is so: generated parts are up to date, examples run, commands parse, links resolve."""

from __future__ import annotations

import importlib
import io
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from dalle_kit import Kit
from dalle_kit.cli.main import main
from dalle_kit.cli.root import cli
from dalle_kit.config import load_settings
from dalle_kit.plugin_manager.manager import load_plugins

REPOSITORY = Path(__file__).parents[1]
README = REPOSITORY / "README.md"
PAGES = [README, REPOSITORY / "CHANGELOG.md", *sorted((REPOSITORY / "docs").glob("*.md"))]

QUESTION = """From: Ana <ana@example.com>
To: Tom <tom@example.com>
Subject: Friday
Message-ID: <1@example.com>

Does Friday suit you?
"""


def blocks(page: Path, language: str) -> list[str]:
    """Return a page's blocks of code in a language, those that are generated left out."""
    text = re.sub(r"<!-- generated: .*?<!-- end -->", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE)


def commands(page: Path) -> Iterator[list[str]]:
    """Yield the arguments of each dalle-kit command that a page shows in a block of shell."""
    for block in blocks(page, "sh"):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            for start in [index for index, word in enumerate(words) if word == "dalle-kit"]:
                yield words[start + 1 :]


#: All but the commands of third-party packages, which tests/packaging installs and uses.
SHOWN = [
    (page, arguments)
    for page in PAGES
    for arguments in commands(page)
    if arguments[0] not in ("minutes", "release-notes")
]
#: All but those that name a model file of the reader's own.
EMAILS = [arguments for _, arguments in SHOWN if arguments[0] == "email" and "--model" not in arguments]


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


def test_a_generated_part_that_was_changed_is_noticed_and_mended(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("A\n<!-- generated: help -->\nold\n<!-- end -->\nZ\n", encoding="utf-8")
    update = [sys.executable, str(REPOSITORY / "scripts/update-docs"), str(page)]
    assert subprocess.run([*update, "--check"], stdout=subprocess.DEVNULL, check=False).returncode == 1
    assert "old" in page.read_text(encoding="utf-8")
    subprocess.run(update, stdout=subprocess.DEVNULL, check=True)
    text = page.read_text(encoding="utf-8")
    assert text.startswith("A\n<!-- generated: help -->\n```console\n$ dalle-kit --help\n") and text.endswith("\nZ\n")


@pytest.mark.parametrize("page", [REPOSITORY / "docs/python.md", README], ids=shown)
def test_the_examples_in_python_run(
    page: Path, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    options = Kit._options
    # Whole e-mails would take a minute; where an example or a template says how much to write, that holds.
    monkeypatch.setattr(Kit, "_options", lambda kit, work, given: options(kit, work, {"max_tokens": 8, **given}))
    names: dict[str, Any] = {}
    examples = [block for block in blocks(page, "python") if not is_plugin(block)]
    assert len(examples) > 1
    for number, example in enumerate(examples):
        exec(compile(example, f"{page.name}, example {number + 1}", "exec"), names)
    assert "\n\nBest regards" in capsys.readouterr().out
    assert all("Best regards" in document.text for document in names["documents"])


def is_plugin(block: str) -> bool:
    return "@hookimpl" in block


def test_the_plugin_in_the_readme_works(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (source,) = (block for block in blocks(README, "python") if is_plugin(block))
    (project,) = blocks(README, "toml")
    ((name, module),) = tomllib.loads(project)["project"]["entry-points"]["dalle_kit"].items()
    site = tmp_path / "site"
    metadata = site / f"{name}-1.0.dist-info"
    metadata.mkdir(parents=True)
    (site / f"{module}.py").write_text(source, encoding="utf-8")
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", encoding="utf-8")
    (metadata / "entry_points.txt").write_text(f"[dalle_kit]\n{name} = {module}\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(site))
    importlib.invalidate_caches()
    try:
        assert load_plugins(load_settings(), strict=True).infos[-1].status == "loaded"
        fields: dict[str, object] = {"to": ["a@example.com"], "subject": "x", "points": ["wonderful day"]}
        findings = {slot: find(Kit(), fields, text) for slot, text in (("loud", "Yes!"), ("quiet", "Yes."))}
    finally:
        sys.modules.pop(module, None)
    assert [finding.check for finding in findings["loud"]] == [name]
    assert findings["quiet"] == []


def find(kit: Kit, fields: dict[str, object], text: str) -> list[Any]:
    """Return what the cross-cutting checks say about an e-mail in which each slot has the same text."""
    from dalle_kit import Draft

    skeleton = kit.shape("email", fields).skeleton
    draft = Draft(skeleton, {slot.name: text for slot in skeleton.slots[:1]})
    return kit.plugins.check("email", kit.request("email", fields), draft)


@pytest.mark.parametrize(("page", "arguments"), SHOWN, ids=shown)
def test_every_command_shown_parses(page: Path, arguments: list[str], home: Path) -> None:
    parse(arguments)


def parse(arguments: list[str]) -> None:
    """Parse a command to its last word without running it; a request for help is fulfilled."""
    words = arguments[: next((at for at, word in enumerate(arguments) if word in ("|", "<", ">", "&&")), None)]
    context = cli.make_context("dalle-kit", words)
    while isinstance(context.command, click.Group) and context._protected_args:
        rest = [*context._protected_args, *context.args]
        name, command, rest = context.command.resolve_command(context, rest)
        assert command is not None
        context = command.make_context(name, rest, parent=context)


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
    (tmp_path / "notes.txt").write_text("two decisions\nroom B12\n", encoding="utf-8")
    (tmp_path / "old.eml").write_text(QUESTION, encoding="utf-8")
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "one.txt").write_text("The bins go out on Tuesday.", encoding="utf-8")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"two decisions\nroom B12\n"), encoding="utf-8"))
    if "brief" in arguments:
        assert main(["templates", "new", "email/brief"]) == 0
    assert main(["config", "set", "identity.address", "tom@example.com"]) == 0
    code = main([*arguments, *([] if "--dry-run" in arguments else ["--dry-run"])])
    output = capsys.readouterr()
    assert code == 0, output.err
    assert "<|im_start|>" in output.out


def test_the_template_that_includes_the_bundled_one_adds_to_it(home: Path) -> None:
    (source,) = (block for block in blocks(REPOSITORY / "docs/templates.md", "jinja") if "include" in block)
    file = home / "templates/email/notice/document.j2"
    file.parent.mkdir(parents=True)
    file.write_text(source, encoding="utf-8")
    fields = {"to": ["a@example.com"], "subject": "Minutes", "points": ["two decisions"]}
    outlines = [Kit().shape("email", fields, template=name).skeleton.outline() for name in ("default", "notice")]
    assert outlines[1] == outlines[0] + source.partition("%}")[2]


@pytest.mark.parametrize("page", [*PAGES, REPOSITORY / "SECURITY.md"], ids=shown)
def test_links_lead_to_files_and_headings_that_exist(page: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.is_file(), f"{page.name} links to {target}"
        assert not anchor or anchor in anchors(file), f"{page.name} links to {target}"


def anchors(page: Path) -> set[str]:
    """Return the names of a page's headings in links."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^a-z0-9 _-]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_page_is_linked_from_the_readme() -> None:
    text = README.read_text(encoding="utf-8")
    for page in PAGES[1:]:
        assert f"({page.relative_to(REPOSITORY).as_posix()})" in text


def test_the_readme_keeps_to_the_versions_that_are_pinned_and_supported() -> None:
    text = README.read_text(encoding="utf-8")
    pinned = re.search(r"^torch==(.+)$", (REPOSITORY / "constraints.txt").read_text(encoding="utf-8"), re.MULTILINE)
    assert pinned and f"torch {pinned[1]}" in text
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    supported = re.findall(r"Python :: (3\.\d+)", "\n".join(project["classifiers"]))
    assert all(version in text for version in supported)


@pytest.mark.skipif(os.name == "nt", reason="a script of the shell")
def test_the_test_command_is_there_and_may_be_run() -> None:
    assert "\nscripts/test\n" in README.read_text(encoding="utf-8")
    assert os.access(REPOSITORY / "scripts/test", os.X_OK)


def test_the_slots_shown_open(tmp_path: Path) -> None:
    from dalle_kit.templating.templates import Templates

    kit = Kit()
    templates = Templates(kit.plugins, user_folder=tmp_path)
    fields = {"to": ["a@example.com"], "subject": "Minutes", "points": ["two decisions", "room B12"]}
    shown = [block for block in blocks(REPOSITORY / "docs/templates.md", "jinja") if "slot(" in block][1:]
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
