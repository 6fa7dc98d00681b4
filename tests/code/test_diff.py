"""Patches are applied by git itself."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dalle_kit_code.diff import patch

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not there to apply a patch")

lines = st.lists(st.sampled_from(["a", "b", "  c", "\td", "é", "", "+x", "-y", "\\ No newline"]), max_size=12)
ends = st.sampled_from(["\n", "\r\n", "\r"])


def applied(folder: Path, name: str, old: str, new: str) -> bytes:
    """Return what a file holds after git has applied the patch to it."""
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(old.encode("utf-8"))
    done = subprocess.run(
        ["git", "apply", "--whitespace=nowarn", "-"], cwd=folder, input=patch(name, old, new), capture_output=True
    )
    assert done.returncode == 0, done.stderr.decode()
    return file.read_bytes()


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=lines, inserted=lines, after=lines, end=ends, last=st.booleans())
def test_git_applies_any_insertion_to_the_byte(
    before: list[str], inserted: list[str], after: list[str], end: str, last: bool, tmp_path: Path
) -> None:
    tail = end if last else ""
    old, new = (end.join(each) + tail for each in ([*before, *after], [*before, "new", *inserted, *after]))
    assert applied(tmp_path, "file.py", old, new) == new.encode("utf-8")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("", "a\n"),
        ("a", "ab"),
        ("a", "a\nb"),
        ("a\r\nb\r\n", "a\r\nx\r\nb\r\n"),
        ("\ufeffa\n", "\ufeffa\nb\n"),
        ("a\n", "b\na\n"),
        ("a\nb", "a\nx\nb"),
    ],
)
def test_git_applies_edges_of_files(old: str, new: str, tmp_path: Path) -> None:
    assert applied(tmp_path, "file.py", old, new) == new.encode("utf-8")


@pytest.mark.parametrize(
    "name", ["my file.py", "ü/größe.py", 'quo"te.py', "tab\there.py", "deep/er/a.py", "back\\slash x.py"]
)
def test_git_finds_files_of_any_name(name: str, tmp_path: Path) -> None:
    if "\\" in name:
        assert b"a/back/slash x.py" in patch(name, "a\n", "b\n")
    else:
        assert applied(tmp_path, name, "a\n", "b\n") == b"b\n"


@pytest.mark.parametrize(
    ("path", "shown"), [("/root/a.py", "root/a.py"), ("../a.py", "a.py"), ("./a.py", "a.py"), ("C:\\b\\a.py", "b/a.py")]
)
def test_a_patch_names_a_path_below_the_folder_it_is_applied_in(path: str, shown: str) -> None:
    assert f"+++ b/{shown}\n".encode() in patch(path, "a\n", "b\n")


def test_no_change_is_no_patch() -> None:
    assert patch("a.py", "a\n", "a\n") == b""
