"""What a model writes, and what becomes of it at its place."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dalle_kit_code.finish import finished
from dalle_kit_code.languages import LANGUAGES
from dalle_kit_code.parsing import faults
from dalle_kit_code.spot import Extent, Spot

MARK = "<|cursor|>"


def completed(marked: str, written: str, language: str = "python", extent: Extent = "auto") -> str:
    """Return a text with what a model wrote at its mark, after all rules."""
    before, _, after = marked.partition(MARK)
    return before + finished(written, Spot(before, after, LANGUAGES[language], extent)) + after


@pytest.mark.parametrize(
    ("marked", "written", "expected"),
    [
        # the end of the block
        ("def f(x):\n    <|cursor|>", "y = x\n    return y\n\ndef g():", "def f(x):\n    y = x\n    return y"),
        ("def f(x):\n<|cursor|>", "    return x\n\nprint(f(1))", "def f(x):\n    return x\n"),
        (
            "class A:\n    def f(self):\n        <|cursor|>\n\nx = 1\n",
            "pass\n\n    def g(self):\n        pass",
            "class A:\n    def f(self):\n        pass\n\nx = 1\n",
        ),
        # an else that belongs to it
        (
            "def f(x):\n    if x:\n        <|cursor|>",
            "return 1\n    else:\n        return 2",
            "def f(x):\n    if x:\n        return 1\n    else:\n        return 2",
        ),
        # a closing bracket that belongs to it, and one that does not
        ("def f(x):\n    <|cursor|>", "return [\n        x,\n    ]", "def f(x):\n    return [\n        x,\n    ]"),
        ("print(max(<|cursor|>))\n", "1, 2))\nprint(3)", "print(max(1, 2))\n"),
        # brackets that were left open
        (
            "def f(a):\n    x = <|cursor|>\n    return x\n",
            "g(a, [1, 2",
            "def f(a):\n    x = g(a, [1, 2])\n    return x\n",
        ),
        # one statement where more follows in the block
        (
            "def f(a):\n    b = a\n    <|cursor|>\n    return c\n",
            "c = a + b\n    d = 3\n",
            "def f(a):\n    b = a\n    c = a + b\n    return c\n",
        ),
        # the echo of the line above, of the line itself, of what follows
        (
            "def f(a):\n    b = a * 2\n    <|cursor|>",
            "b = a * 2\n    return b",
            "def f(a):\n    b = a * 2\n    return b",
        ),
        ("total = <|cursor|>\n", "total = 1 + 2", "total = 1 + 2\n"),
        (
            "def f(a):\n    <|cursor|>\n    return total\n",
            "total = a\n    return total",
            "def f(a):\n    total = a\n    return total\n",
        ),
        ("x = <|cursor|> + offset\n", "base + offset", "x = base + offset\n"),
        # fences
        ("def f(x):\n    <|cursor|>", "```python\n    return x\n```\nThis returns x.", "def f(x):\n    return x"),
        # one doubled space
        ("x = <|cursor|>\n", " 1", "x = 1\n"),
        # going round in circles
        ("def f(x):\n    <|cursor|>", "x += 1\n    x += 1\n    x += 1\n    x += 1", "def f(x):\n    x += 1"),
        # comments that announce what does not come
        ("def f(x):\n    <|cursor|>", "return x\n\n    # Now the tests", "def f(x):\n    return x"),
        # in front of code on its line
        ("def f(x):\n    <|cursor|>return y\n", "y = x", "def f(x):\n    y = x\n    return y\n"),
        # deep blanks are no going round in circles
        (
            "def f(s):\n    for a in s:\n        for b in a:\n            if b:\n                <|cursor|>\n",
            "return [b\n                        for c in b]",
            "def f(s):\n    for a in s:\n        for b in a:\n            if b:\n"
            "                return [b\n                        for c in b]\n",
        ),
        # nothing parses: nothing is inserted
        ("a = 1\n<|cursor|>\n", "def (", "a = 1\n\n"),
    ],
)
def test_python_is_cut_and_mended_to_what_belongs_at_its_place(marked: str, written: str, expected: str) -> None:
    assert completed(marked, written) == expected
    ast.parse(expected)


@pytest.mark.parametrize(
    ("language", "marked", "written", "expected"),
    [
        (
            "javascript",
            "function f(n) {\n  <|cursor|>\n}\n",
            "return n % 2 === 0;\n}\n\nf(1);",
            "function f(n) {\n  return n % 2 === 0;\n}\n",
        ),
        (
            "typescript",
            "const f = (n: number): number => {\n  <|cursor|>\n};\n",
            "if (n) {\n    return 1;\n  } else {\n    return 2;",
            "const f = (n: number): number => {\n  if (n) {\n    return 1;\n  } else {\n    return 2;\n  }\n};\n",
        ),
        ("tsx", "const A = () => <|cursor|>;\n", "<p>Hello</p>;", "const A = () => <p>Hello</p>;\n"),
        (
            "go",
            "package a\n\nfunc F(n int) int {\n\t<|cursor|>\n}\n",
            "if n > 0 {\n        return 1\n    }\n    return 0\n}\n\nfunc G",
            "package a\n\nfunc F(n int) int {\n\tif n > 0 {\n\t\treturn 1\n\t}\n\treturn 0\n}\n",
        ),
        (
            "javascript",
            "function f(a) {\n  <|cursor|>\n}\n",
            "let s = 0;\n    for (const x of a) {\n        s += x;\n    }\n    return s;",
            "function f(a) {\n  let s = 0;\n  for (const x of a) {\n    s += x;\n  }\n  return s;\n}\n",
        ),
        (
            "rust",
            "fn f(n: i32) -> i32 {\n    <|cursor|>\n}\n",
            "n + 1\n}\n\nfn main() {",
            "fn f(n: i32) -> i32 {\n    n + 1\n}\n",
        ),
        ("ruby", "def f(n)\n  <|cursor|>\nend\n", "n + 1\nend\n\ndef g", "def f(n)\n  n + 1\nend\n"),
        ("java", "int f() {\n    return g(<|cursor|>);\n}\n", "1, 2);\n}", "int f() {\n    return g(1, 2);\n}\n"),
    ],
)
def test_other_languages_follow_the_same_rules(language: str, marked: str, written: str, expected: str) -> None:
    assert completed(marked, written, language) == expected
    assert faults(expected, LANGUAGES[language]) == 0


def test_the_extent_can_be_demanded() -> None:
    marked, written = "def f(x):\n    <|cursor|>", "if x:\n        return 1\n    return 2"
    assert completed(marked, written, extent="block") == "def f(x):\n    if x:\n        return 1\n    return 2"
    assert completed("def f(x):\n    y = x\n<|cursor|>\n", "f(1)\n", extent="line") == "def f(x):\n    y = x\nf(1)\n"
    assert completed("def f(x):\n    <|cursor|>\n        return 1\n", written, extent="line") == (
        "def f(x):\n    if x:\n        return 1\n"
    )


def test_markdown_keeps_its_fences() -> None:
    assert completed("Run this:\n\n<|cursor|>", "```\nls\n```", "markdown") == "Run this:\n\n```\nls\n```\n"


PROGRAMS = [
    "import os\n\n\ndef f(a, b=[1, 2]):\n    if a:\n        return {1: '('}\n    return b  # )\n\n\n"
    "class A:\n    x = 1\n",
    "def g(x):\n    total = 0\n    for y in x:\n        total += (y * 2)\n    return total\n",
]
_SIGNS = ["x", " ", "\n", "    ", "\n    ", "\n        ", "\t", *"()[]{}:='", '"""', "# no", "```", "```python\n"]
_CODE = ["return x", "if x:", "else:", "total += (y * 2)", "return total", "def h():", "x += 1"]
WRITTEN = st.lists(st.sampled_from([*_SIGNS, *_CODE]), max_size=14).map("".join)


@settings(max_examples=150)
@given(
    program=st.sampled_from(PROGRAMS),
    at=st.floats(0, 1),
    written=WRITTEN,
    extent=st.sampled_from(["auto", "line", "block"]),
)
def test_whatever_is_written_a_file_that_parsed_parses_still_and_finishing_again_changes_nothing(
    program: str, at: float, written: str, extent: Extent
) -> None:
    split = int(at * len(program))
    before, after = program[:split], program[split:]
    spot = Spot(before, after, LANGUAGES["python"], extent)
    text = finished(written, spot)
    ast.parse(before + text + after)
    assert finished(text, spot) == text


@settings(max_examples=100)
@given(written=WRITTEN, language=st.sampled_from(["javascript", "typescript", "go", "rust", "ruby", "text"]))
def test_finishing_again_changes_nothing_in_any_language(written: str, language: str) -> None:
    spot = Spot("function f(x) {\n    ", "\n}\n", LANGUAGES[language])
    text = finished(written, spot)
    assert finished(text, spot) == text
    assert language not in ("javascript", "typescript") or faults(spot.before + text + spot.after, spot.language) == 0
