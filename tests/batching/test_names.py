"""Names of files from what stands in a column: within the folder, safe on every system, each its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dalle_kit.batching.names import file_names, safe_name
from dalle_kit.batching.row import Row


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("INV-17", "INV-17"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("C:\\boot.ini", "C__boot.ini"),
        (".hidden", "hidden"),
        ("nul.txt", "_nul.txt"),
        ("Ångström e\u0301t\u00e9 हिन्दी", "Ångström ét\u00e9 हिन्दी"),
        (" a\tb\n", "a_b_"),
        ("...", ""),
        ("ü" * 200, "ü" * 60),
    ],
)
def test_a_name_is_safe(text: str, name: str) -> None:
    assert safe_name(text) == name


@given(st.lists(st.text(), max_size=8))
def test_any_ids_give_files_in_the_folder_each_its_own(
    tmp_path_factory: pytest.TempPathFactory, ids: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("names")
    rows = [Row(number, "", id) for number, id in enumerate(ids, 1)]
    names = file_names(rows, ".txt", taken=["rows.jsonl"])
    for name in names.values():
        path = folder / name
        assert path.parent == folder and path.resolve().parent == folder.resolve()
        with path.open("x"):
            pass
    assert len(list(folder.iterdir())) == len(ids)


def test_names_that_a_file_system_takes_for_one_are_told_apart() -> None:
    rows = [Row(1, "", "a/b"), Row(2, "", "A_B"), Row(3, "", ""), Row(4, "", "rows")]
    names = file_names(rows, ".jsonl", taken=["rows.jsonl"])
    assert list(names.values()) == ["a_b.jsonl", "A_B-2.jsonl", "3.jsonl", "rows-2.jsonl"]
    assert Path(names[1]).name == names[1]
