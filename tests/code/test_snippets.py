"""What the model is shown of a file and of those near it."""

from __future__ import annotations

import pytest

from dalle_kit import NearbyFile
from dalle_kit_code.languages import LANGUAGES
from dalle_kit_code.parsing import definitions, faults, imports
from dalle_kit_code.request import Shown
from dalle_kit_code.snippets import View, first_lines, view_of

PYTHON = LANGUAGES["python"]
SHOWN = Shown()


def view(before: str, after: str = "", *nearby: NearbyFile, shown: Shown = SHOWN) -> View:
    return view_of(before, after, PYTHON, about="", path="own.py", nearby=nearby, shown=shown)


def test_the_definitions_that_the_code_speaks_of_come_from_nearby_files() -> None:
    near = NearbyFile(
        path="units.py", text="def to_feet(m):\n    return m / 0.3048\n\n\ndef to_miles(m):\n    return m / 1609\n"
    )
    (snippet,) = view("from units import to_feet\n\nx = to_feet(", "", near).snippets
    assert snippet.path == "units.py"
    assert snippet.text == "# units.py\ndef to_feet(m):\n    return m / 0.3048\n\n\n"


def test_a_file_in_another_language_is_not_shown() -> None:
    assert (
        view("x = to_feet(", "", NearbyFile(path="units.js", text="function to_feet(m) { return m }\n")).snippets == ()
    )


def test_the_imports_and_definitions_that_were_cut_off_are_shown_again() -> None:
    before = "import math\n\n\ndef area(r):\n    return math.pi * r\n" + "y = 1\n" * 100 + "x = area(\n"
    seen = view(before, shown=Shown(before=60))
    assert len(seen.before) <= 60 and seen.before.startswith("y = 1\n")
    (snippet,) = seen.snippets
    assert snippet.text == "# own.py\nimport math\n\ndef area(r):\n    return math.pi * r\n\n\n"


def test_what_follows_ends_with_a_line_but_is_never_blank_for_one_that_is_too_long() -> None:
    assert first_lines("\nfirst = 1\nsecond = 2\n", 15) == "\nfirst = 1\n"
    assert first_lines("\nfirst = 1 + 1 + 1\n", 10) == "\nfirst = 1"


def test_what_stands_after_the_cursor_is_told_before_it_too() -> None:
    (snippet,) = view("x = area(\n", "\n\ndef area(r):\n    return r\n").snippets
    assert "def area(r):" in snippet.text


@pytest.mark.parametrize("room", [0, 50, 200])
def test_no_more_is_shown_than_there_is_room_for(room: int) -> None:
    near = NearbyFile(
        path="a.py", text="".join(f"def f{number}(a):\n    return {number}\n\n\n" for number in range(50))
    )
    before = "x = " + " + ".join(f"f{number}(1)" for number in range(50))
    seen = view(before, "", near, shown=Shown(elsewhere=room))
    assert sum(len(each.text) for each in seen.snippets) <= room + 50


def test_a_long_definition_is_shown_without_its_body() -> None:
    text = "def long(a: int) -> int:\n" + "    a += 1\n" * 30 + "    return a\n"
    (found,) = definitions(text, PYTHON)
    assert (found.name, found.head) == ("long", "def long(a: int) -> int: ...")


@pytest.mark.parametrize(
    ("language", "text", "names", "imported"),
    [
        (
            "python",
            "import os\nX = 1\n\n@d\ndef f(): pass\n\nclass A:\n    def m(self): pass\n",
            ["X", "f", "A", "m"],
            ["import os"],
        ),
        (
            "javascript",
            "import a from 'b';\nexport const f = (x) => x;\nfunction g() {}\nclass A { m() {} }\n",
            ["f", "g", "A", "m"],
            ["import a from 'b';"],
        ),
        (
            "typescript",
            "interface I { a: number }\ntype T = string;\nenum E { A }\nexport class C { m(): void {} }\n",
            ["I", "T", "E", "C", "m"],
            [],
        ),
        (
            "go",
            'package a\n\nimport "fmt"\n\nvar v = 1\n\ntype S struct { a int }\n\nfunc (s S) M() {}\n\nfunc F() {}\n',
            ["v", "S", "M", "F"],
            ['import "fmt"'],
        ),
        ("rust", "fn f() {}\n", [], []),
    ],
)
def test_a_parser_finds_what_a_file_defines_and_imports(
    language: str, text: str, names: list[str], imported: list[str]
) -> None:
    assert [each.name for each in definitions(text, LANGUAGES[language])] == names
    assert imports(text, LANGUAGES[language]) == imported


@pytest.mark.parametrize(
    ("language", "text", "is_whole"),
    [
        ("python", "x = 1\n    y = 2\n", False),
        ("python", "\ufeffx = 1\n", True),
        ("python", "print 'x'\n", False),
        ("python", "x = '\\d'\n", True),
        ("python", "(" * 3000, False),
        ("javascript", "f(", False),
        ("javascript", "f();\n", True),
        ("go", "func f() {", False),
        ("text", "f(", True),
    ],
)
def test_a_parser_says_whether_code_is_well_formed(language: str, text: str, is_whole: bool) -> None:
    assert (faults(text, LANGUAGES[language]) == 0) is is_whole


def test_what_is_shown_of_a_long_file_begins_at_one_line_while_a_quarter_of_it_is_written() -> None:
    lines = [f"value_{number} = {number}\n" for number in range(400)]
    shown = Shown(elsewhere=0, before=1000, after=0)
    begins = []
    for count in range(300, 400):
        before = view("".join(lines[:count]), "", shown=shown).before
        assert 700 < len(before) <= 1000
        begins.append(before.partition("\n")[0])
    assert 5 < len(set(begins)) < 10
