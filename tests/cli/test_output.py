from __future__ import annotations

import os
from pathlib import Path

import pytest

from dalle_kit.cli.output import check_output, choose_format
from dalle_kit.errors import OutputError, UnknownNameError

FORMATS = [
    {"name": "text", "suffix": ".txt", "summary": ""},
    {"name": "eml", "suffix": ".eml", "summary": ""},
    {"name": "json", "suffix": ".json", "summary": ""},
]


@pytest.mark.parametrize(
    ("named", "path", "as_json", "chosen"),
    [
        (None, None, False, "text"),
        (None, "mail.EML", False, "eml"),
        (None, "mail", False, "text"),
        (None, "mail.pdf", False, "text"),
        ("json", "mail.eml", False, "json"),
        (None, "mail.eml", True, None),
        ("json", None, True, None),
    ],
)
def test_format_follows_json_then_its_flag_then_the_suffix(
    named: str | None, path: str | None, as_json: bool, chosen: str | None
) -> None:
    assert choose_format(FORMATS, named=named, path=Path(path) if path else None, as_json=as_json) == chosen


def test_format_that_does_not_go_with_json_is_refused() -> None:
    with pytest.raises(OutputError, match="--json and --format eml exclude each other"):
        choose_format(FORMATS, named="eml", path=None, as_json=True)


def test_unknown_format_names_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'eml'"):
        choose_format(FORMATS, named="emel", path=None, as_json=False)


def test_file_that_can_be_written_passes_and_leaves_no_trace(tmp_path: Path) -> None:
    check_output(None, force=False)
    folder = tmp_path / "folder"
    folder.mkdir()
    check_output(folder / "new.txt", force=False)
    check_output(Path(os.devnull), force=False)
    assert list(folder.iterdir()) == []


def test_existing_file_needs_force(tmp_path: Path) -> None:
    file = tmp_path / "old.txt"
    file.write_text("kept", encoding="utf-8")
    with pytest.raises(OutputError, match="exists; choose another name, or overwrite it with --force"):
        check_output(file, force=False)
    check_output(file, force=True)
    assert file.read_text(encoding="utf-8") == "kept"


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        (".", "is a folder"),
        ("none/x.txt", "there is no folder"),
        ("file/x.txt", "cannot write"),
        ("n" * 300, "cannot write"),
    ],
)
def test_place_that_cannot_be_written_is_refused(tmp_path: Path, name: str, complaint: str) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(OutputError, match=complaint):
        check_output(tmp_path / name, force=True)


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a folder that nobody can write to")
def test_folder_that_cannot_be_written_is_refused() -> None:
    with pytest.raises(OutputError, match=r"cannot write /proc/x\.txt: .*; choose another place"):
        check_output(Path("/proc/x.txt"), force=False)
