"""A stranger's way: a new plugin is made, installed in a fresh environment, tested, checked and used."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.packaging.conftest import ThinEnvironment

REPOSITORY = Path(__file__).parents[2]
EXAMPLE = REPOSITORY / "examples/dalle-kit-release-notes"
ASKED = ("--title", "The garden party", "--point", "moved to Saturday at 15:00", "--point", "please bring a chair")

#: Runs several commands in one process, and prints the list of what each prints.
MANY = """
import contextlib, io, json, sys
from dalle_kit.cli.main import main
shown = []
for arguments in json.loads(sys.argv[1]):
    stream = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
    with contextlib.redirect_stdout(stream):
        assert main(arguments) == 0, arguments
    shown.append(stream.buffer.getvalue().decode())
print(json.dumps(shown))
"""

#: As long as a name may be: no line of the generated code may become too long.
LONGEST = "abcdefghijklm-opqrstuvwx"


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    return {"DALLE_KIT_HOME": str(tmp_path / "home"), "OMP_NUM_THREADS": "1"}


@pytest.fixture
def make(workshop: ThinEnvironment, elsewhere: Path, home: dict[str, str]) -> Callable[..., Path]:
    """A function that makes a new plugin and installs it: ``make("haiku", "--hook")`` returns its folder."""

    def do(name: str, *flags: str) -> Path:
        workshop.run("dalle-kit", "plugins", "new", name, *flags, cwd=elsewhere, env=home)
        folder = elsewhere / f"dalle-kit-{name}"
        workshop.install("--editable", str(folder))
        return folder

    return do


def passes(workshop: ThinEnvironment, folder: Path, home: dict[str, str]) -> str:
    """Run a plugin's own tests; returns what pytest says last."""
    done = workshop.run("python", "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=folder, env=home, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip().splitlines()[-1]


def test_a_new_domain_passes_its_tests_and_writes_with_the_real_model(
    make: Callable[..., Path],
    workshop: ThinEnvironment,
    elsewhere: Path,
    home: dict[str, str],
    default_model_home: Path,
) -> None:
    folder = make("haiku")
    assert passes(workshop, folder, home).startswith("6 passed")
    checked = workshop.run("dalle-kit", "plugins", "check", "haiku", cwd=elsewhere, env=home).stdout
    assert checked == "plugin 'haiku' (dalle-kit-haiku 0.1.0): ok\n"

    with_model = {**home, "DALLE_KIT_HOME": str(default_model_home)}
    command = ("dalle-kit", "haiku", *ASKED, "--seed", "1", "--json")
    document = json.loads(workshop.run(*command, cwd=elsewhere, env=with_model).stdout)
    title, _, body = document["text"].rstrip("\n").partition("\n\n")
    assert title == "The garden party" and "Saturday" in body and "15:00" in body and "chair" in body
    assert [finding for finding in document["findings"] if finding["severity"] == "error"] == []
    assert document["provenance"]["model"] and set(document["slots"]) == {"point_1", "point_2"}


@pytest.mark.parametrize("kind", ["--domain", "--hook"])
@pytest.mark.parametrize("name", ["a", LONGEST])
def test_what_is_generated_satisfies_the_linters(
    name: str, kind: str, workshop: ThinEnvironment, elsewhere: Path, home: dict[str, str]
) -> None:
    workshop.run("dalle-kit", "plugins", "new", name, kind, cwd=elsewhere, env=home)
    folder = elsewhere / f"dalle-kit-{name}"
    workshop.run("python", "-m", "ruff", "check", "--isolated", "--no-cache", ".", cwd=folder)
    workshop.run("python", "-m", "ruff", "format", "--isolated", "--no-cache", "--check", ".", cwd=folder)
    for file in folder.rglob("*.py"):
        compile(file.read_text(encoding="utf-8"), file.name, "exec")
        assert not any(mark in file.read_text(encoding="utf-8") for mark in ("@name@", "@module@", "MODULE"))


def test_what_is_generated_satisfies_the_type_checker(
    workshop: ThinEnvironment, elsewhere: Path, home: dict[str, str], tmp_path: Path
) -> None:
    workshop.run("dalle-kit", "plugins", "new", LONGEST, cwd=elsewhere, env=home)
    folder = elsewhere / f"dalle-kit-{LONGEST}"
    settings = tmp_path / "mypy.ini"
    # The libraries behind the toolkit take minutes to look at, and a plugin's types need nothing of them.
    heavy = (
        "[mypy-torch.*,transformers.*,huggingface_hub.*,numpy.*]\nfollow_imports = skip\nignore_missing_imports = True"
    )
    settings.write_text(f"[mypy]\nstrict = True\n{heavy}\n", encoding="utf-8")
    command = ("python", "-m", "mypy", "--config-file", str(settings), "--cache-dir", str(tmp_path / "cache"))
    assert "no issues" in workshop.run(*command, "src", "tests", cwd=folder).stdout


def test_new_hooks_pass_their_tests_and_run_on_every_domain(
    make: Callable[..., Path], workshop: ThinEnvironment, elsewhere: Path, home: dict[str, str]
) -> None:
    folder = make("house-rules", "--hook")
    try:
        assert passes(workshop, folder, home).startswith("4 passed")
        assert "ok" in workshop.run("dalle-kit", "plugins", "check", "house-rules", cwd=elsewhere, env=home).stdout
    finally:
        workshop.run("python", "-m", "pip", "uninstall", "--yes", "--quiet", "dalle-kit-house-rules", cwd=elsewhere)


def test_a_domain_has_several_templates_and_a_user_overrides_one_block(
    make: Callable[..., Path], workshop: ThinEnvironment, elsewhere: Path, home: dict[str, str]
) -> None:
    make("notice")

    def outline(*flags: str) -> list[str]:
        return ["notice", *ASKED, "--dry-run", "--json", *flags]

    def begin(*arguments: str) -> list[str]:
        return ["templates", "new", *arguments, "--json"]

    def told(*commands: list[str]) -> list[Any]:
        """Run commands one after the other, and return the outlines and the files that they tell of."""
        shown = json.loads(workshop.run("python", "-c", MANY, json.dumps(commands), cwd=elsewhere, env=home).stdout)
        return [each["outline"] if isinstance(each, dict) else each for each in map(json.loads, shown)]

    plain, listed = "The garden party\n\n... ...\n", "The garden party\n\n- ...\n- ...\n"
    # A variant of the user's own that begins from a bundled one, and then has one block changed.
    *shown, (document, _), loud = told(
        outline(),
        outline("--template", "list"),
        begin("notice/loud", "--from", "list"),
        outline("--template", "loud"),
    )
    assert (*shown, loud) == (plain, listed, listed)
    Path(document).write_text(
        '{% extends "bundled:notice/list/document.j2" %}{% block title %}NEWS: {{ super() }}{% endblock %}',
        encoding="utf-8",
    )
    # The bundled template replaced: the list, which extends it by its full name, is not changed by that.
    loud, (document,) = told(outline("--template", "loud"), begin("notice/document.j2"))
    assert loud == f"NEWS: {listed}"
    text = Path(document).read_text(encoding="utf-8")
    assert 'extends "bundled:notice/document.j2"' in text and "{% block title %}{{ super() }}{% endblock %}" in text
    Path(document).write_text(text.replace("title %}{{ super() }}", "title %}** {{ super() }} **"), encoding="utf-8")
    changed, *others = told(outline(), outline("--template", "bundled:default"), outline("--template", "list"))
    assert changed.startswith("** The garden party **\n\n... ...") and others == [plain, listed]
    unknown = workshop.run(
        *("dalle-kit", "notice", *ASKED, "--dry-run", "--template", "lost"), cwd=elsewhere, env=home, check=False
    )
    assert unknown.returncode == 2 and "list" in unknown.stderr and unknown.stderr.count("\n") == 1


def test_the_tutorial_leads_to_a_plugin_that_works(
    make: Callable[..., Path],
    workshop: ThinEnvironment,
    elsewhere: Path,
    home: dict[str, str],
    default_model_home: Path,
) -> None:
    folder = make("minutes")
    page = (REPOSITORY / "docs/tutorials/plugin.md").read_text(encoding="utf-8")
    shown = r"^`([\w./]+)`:\n\n(?:<!-- [^\n]* -->\n\n)?```\w+\n(.*?)^```$"
    files = re.findall(shown, page, flags=re.DOTALL | re.MULTILINE)
    assert [path for path, _ in files] == [
        *(
            f"src/dalle_kit_minutes/{name}"
            for name in ("request.py", "templates/document.j2", "checks.py", "formats.py")
        ),
        "tests/test_tasks.py",
    ]
    for path, text in files:
        (folder / path).write_text(text, encoding="utf-8")
    assert passes(workshop, folder, home).startswith("8 passed")
    assert "ok" in workshop.run("dalle-kit", "plugins", "check", "minutes", cwd=elsewhere, env=home).stdout
    workshop.run("python", "-m", "ruff", "check", "--isolated", "--no-cache", ".", cwd=folder)
    workshop.run("python", "-m", "ruff", "format", "--isolated", "--no-cache", "--check", ".", cwd=folder)
    with_model = {**home, "DALLE_KIT_HOME": str(default_model_home)}
    consoles = re.findall(r"^```console\n(.*?)^```$", page, flags=re.DOTALL | re.MULTILINE)
    exchanges = [each.partition("\n") for block in consoles for each in block.split("$ ")[1:]]
    assert len(exchanges) == 7
    for command, _, shown in exchanges[1:]:  # the first shows the package as it was made
        done = workshop.run(*shlex.split(command), cwd=elsewhere, env=with_model, check=False)
        assert done.stdout + done.stderr == shown, command


def commit(folder: Path, subject: str) -> None:
    who = ("-c", "user.name=Tom", "-c", "user.email=tom@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *who, "commit", "-q", "--allow-empty", "-m", subject], cwd=folder, check=True)


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_the_example_makes_release_notes_of_a_git_log(
    workshop: ThinEnvironment, elsewhere: Path, tmp_path: Path, home: dict[str, str], default_model_home: Path
) -> None:
    package = tmp_path / "package"
    shutil.copytree(EXAMPLE, package, ignore=shutil.ignore_patterns("build", "*.egg-info", "__pycache__"))
    workshop.install(str(package))
    assert "12 passed" in passes(workshop, package, home)
    assert "ok" in workshop.run("dalle-kit", "plugins", "check", "release-notes", cwd=elsewhere, env=home).stdout

    repository = tmp_path / "skyline"
    repository.mkdir()
    subprocess.run(["git", "init", "-q"], cwd=repository, check=True)
    for subject in ("feat: dark mode", "chore: linter", "fix(login): session expires", "feat!: drop Python 3.10"):
        commit(repository, subject)
    log = subprocess.run(["git", "log", "--format=%h %s"], cwd=repository, stdout=subprocess.PIPE, check=True).stdout
    (elsewhere / "log.txt").write_bytes(log)

    facts = ("--project", "Skyline", "--release", "1.4.0", "--sender", "Tom", "--commits", "@log.txt")
    command = ("dalle-kit", "release-notes", *facts, "--seed", "1")
    with_model = {**home, "DALLE_KIT_HOME": str(default_model_home)}
    workshop.run(*command, "--output", "notes.md", cwd=elsewhere, env=with_model)
    heading, told, lists = (elsewhere / "notes.md").read_text(encoding="utf-8").split("\n\n", 2)
    assert heading == "## Skyline 1.4.0"
    assert lists == (
        "### Breaking changes\n\n- Drop Python 3.10\n\n### New\n\n- Dark mode\n\n### Fixed\n\n- Session expires\n"
    )
    # A highlight that the model would not have said by itself may go: the lists say it.
    assert told.startswith("Skyline") and "3.10" in told and "!" not in told
    mail = workshop.run(*command, "--template", "mail", "--dry-run", cwd=elsewhere, env=home).stdout
    assert "Hello,\n\nSkyline 1.4.0 is out. ... ...\n\n### Breaking" in mail and mail.endswith("Best regards\nTom\n")
    empty = workshop.run(*command, "--commits", " ", cwd=elsewhere, env=home, check=False)
    assert empty.returncode == 2 and "git log" in empty.stderr and empty.stdout == ""
