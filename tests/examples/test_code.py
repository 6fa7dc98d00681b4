"""Source code in pieces."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dalle_kit.examples.code import LONGEST_PIECE, pieces

SOURCE = '''"""A module."""

import os

LIMIT = 3


# Says it.
@cache
def say(name: str) -> str:
    """Say a name."""
    return name


class Small:
    """A class."""

    def one(self) -> int:
        return 1
'''


def test_functions_and_classes_of_python_are_pieces_with_what_stands_above_them() -> None:
    found = list(pieces(SOURCE, "Python"))
    assert [(line, piece.split("\n")[0]) for line, piece in found] == [(8, "# Says it."), (15, "class Small:")]
    assert found[0][1].endswith("return name")


def test_a_long_class_is_its_methods_and_a_long_function_is_cut() -> None:
    body = "".join(f"        value = {number}\n" for number in range(40))
    methods = [
        piece for _, piece in pieces(f"class Long:\n    def one(self):\n{body}\n    def two(self):\n{body}", "Python")
    ]
    assert [method.split("\n")[0].strip() for method in methods] == ["def one(self):", "def two(self):"]
    lines = "".join(f"    value = {number}\n" for number in range(150))
    assert len(list(pieces(f"def long():\n{lines}", "Python"))) == 3


def test_a_script_without_functions_and_what_is_no_python_are_cut_into_blocks() -> None:
    assert list(pieces("import os\nprint(os.name)\n", "Python")) == [(1, "import os\nprint(os.name)")]
    assert list(pieces("def broken(:\n    pass\n", "Python")) == [(1, "def broken(:\n    pass")]


def test_other_languages_are_cut_before_what_is_not_indented() -> None:
    one = "func one() {\n" + "\tx()\n" * 38 + "}\n"
    found = list(pieces(f"{one}\n{one}", "Go"))
    assert [line for line, _ in found] == [1, 42]
    assert all(piece.startswith("func one") for _, piece in found)


@given(st.text(st.sampled_from("ab (){}:#@\n\t\r"), max_size=400), st.sampled_from(["Python", "Go"]))
def test_pieces_are_lines_of_the_source_and_never_too_long(text: str, language: str) -> None:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for start, piece in pieces(text, language):
        count = piece.count("\n") + 1
        assert 2 <= count <= LONGEST_PIECE
        assert any(lines[at : at + count] == piece.split("\n") for at in range(start - 1, min(start + 60, len(lines))))
