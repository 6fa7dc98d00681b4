"""A package of a stranger's, installed with pip, works through its own command with the real model."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.packaging.conftest import ThinEnvironment

PACKAGE = Path(__file__).parents[1] / "plugin_package"
INVITATION = (
    *("invitation", "--guest", "Ana", "--guest", "Bo Li", "--occasion", "a garden party"),
    *("--when", "2031-05-04T19:30", "--where", "12 Elm Road", "--host", "Tom", "--seed", "1"),
)


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory, build: Callable[[str, Path, Path], Path]) -> Path:
    """The wheel of the package."""
    folder = tmp_path_factory.mktemp("package")
    shutil.copytree(PACKAGE, folder / "source", ignore=shutil.ignore_patterns("build", "*.egg-info", "__pycache__"))
    return build("wheel", folder / "source", folder / "wheel")


@pytest.fixture
def installed(workshop: ThinEnvironment, package: Path) -> ThinEnvironment:
    workshop.install(str(package))
    return workshop


def test_a_third_party_package_writes_through_its_own_command(
    installed: ThinEnvironment, elsewhere: Path, default_model_home: Path
) -> None:
    home = {"DALLE_KIT_HOME": str(default_model_home), "OMP_NUM_THREADS": "1"}
    document = json.loads(installed.run("dalle-kit", *INVITATION, "--json", cwd=elsewhere, env=home).stdout)
    body = document["slots"]["body"]
    assert document["text"] == (
        f"Dear Ana and Bo Li,\n\nI would love to see you at a garden party. {body}\n\n"
        "When: Sunday, 4 May 2031, 19:30\nWhere: 12 Elm Road\n\nTom\n"
    )
    # Its post-processor ran: one line of at most two whole sentences.
    assert body and "\n" not in body and body[-1] in ".!?"
    assert sum(body.count(mark) for mark in (". ", "! ", "? ")) <= 1
    assert not set("\u201c\u201d\u2018\u2019") & set(body)
    assert "invitation" in document["provenance"]["plugins"]
    assert [finding for finding in document["findings"] if finding["check"].startswith("plugin:")] == []

    written = elsewhere / "party.ics"
    installed.run("dalle-kit", *INVITATION, "--output", "party.ics", cwd=elsewhere, env=home)
    lines = written.read_bytes().split(b"\r\n")
    assert lines[0] == b"BEGIN:VCALENDAR" and b"DTSTART:20310504T193000" in lines
    assert all(len(line) <= 75 for line in lines)
    assert body.split(",")[0][:20].encode() in written.read_bytes().replace(b"\r\n ", b"")


def test_a_third_party_package_is_listed_checked_and_previewed(
    installed: ThinEnvironment, elsewhere: Path, tmp_path: Path
) -> None:
    home = {"DALLE_KIT_HOME": str(tmp_path / "home"), "DALLE_KIT_STRICT_PLUGINS": "1"}
    shown = json.loads(
        installed.run("dalle-kit", "plugins", "show", "invitation", "--json", cwd=elsewhere, env=home).stdout
    )
    assert (shown["distribution"], shown["version"]) == ("dalle-kit-invitation", "0.3.0")
    assert (shown["domains"], shown["formats"], shown["checks"]) == (["invitation"], ["invitation:ics"], ["invitation"])
    assert "ok" in installed.run("dalle-kit", "plugins", "check", "invitation", cwd=elsewhere, env=home).stdout
    preview = installed.run("dalle-kit", *INVITATION, "--dry-run", cwd=elsewhere, env=home).stdout
    assert "invites Ana and Bo Li to a garden party" in preview

    missing = installed.run("dalle-kit", "invitation", "--guest", "Ana", cwd=elsewhere, check=False, env=home)
    assert missing.returncode == 2 and missing.stderr.count("\n") == 1 and "occasion" in missing.stderr


def test_uninstalling_it_removes_its_command(installed: ThinEnvironment, elsewhere: Path, tmp_path: Path) -> None:
    home = {"DALLE_KIT_HOME": str(tmp_path / "home")}
    assert "invitation" in installed.run("dalle-kit", "--help", cwd=elsewhere, env=home).stdout
    installed.run("python", "-m", "pip", "uninstall", "--yes", "--quiet", "dalle-kit-invitation", cwd=elsewhere)
    assert "invitation" not in installed.run("dalle-kit", "--help", cwd=elsewhere, env=home).stdout
