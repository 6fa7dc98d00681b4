"""What may be asked for, and what is said about what may not."""

from __future__ import annotations

from typing import Any

import pytest

from dalle_kit import RequestError
from dalle_kit_code.domain import make_domains
from dalle_kit_code.languages import LANGUAGES, language_of

COMPLETE, FUNCTION = make_domains()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"place": {"text": "x = "}}, "language: the text has no path .* --language python"),
        ({"place": {"text": "x = "}, "language": "pyhton"}, "did you mean 'python'"),
        (
            {"place": {"text": "x = ", "path": "a.pyy"}},
            r"language: '.pyy' tells no language \(did you mean '.py'\?\): say which",
        ),
        ({"place": {"text": "x = ", "path": "Makefile"}}, "language: 'Makefile' tells no language: say which it is"),
        ({"place": {"text": " \n", "path": "a.py"}}, "place: there is no code to go on from"),
        ({"place": {"text": "a<|cursor|>b<|cursor|>", "path": "a.py"}}, "place: the cursor mark .* 2 times"),
        ({"place": {"text": "a\n", "path": "a.py", "line": 3}}, "place: line 3 is outside of a.py, which has 2 lines"),
        ({"place": {"text": "a\n", "path": "a.py", "line": 1, "column": 3}}, "place: column 3 is outside"),
        ({"place": {"text": "a", "path": "a.py"}, "extent": "page"}, "extent"),
        ({}, "place: is required"),
    ],
)
def test_a_wrong_completion_is_refused_in_one_line(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(RequestError, match=message) as caught:
        COMPLETE.parse(fields)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"signature": "add(a, b"}, r"signature: 'add\(a, b' is no signature in python; give one such as 'add\(a: int"),
        ({"signature": "f()", "language": "rust"}, "language: functions in rust are not known; choose from python"),
        ({"signature": "f()", "place": {"text": "x = 1", "path": "a.py"}}, "place: a function begins on an empty line"),
        ({"signature": "f()", "place": {"text": "x", "path": "a.xyz"}}, "language: .*'.xyz'"),
        ({"signature": " "}, "signature"),
        ({"signature": "f()", "doc": "x" * 10_001}, "doc: .*at most 10000 characters"),
    ],
)
def test_a_wrong_function_is_refused_in_one_line(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(RequestError, match=message) as caught:
        FUNCTION.parse(fields)
    assert "\n" not in str(caught.value)


def test_the_language_is_told_by_the_suffix_and_a_named_one_comes_before_it() -> None:
    place = {"text": "x = ", "path": "C:\\code\\A.TSX"}
    assert COMPLETE.parse({"place": place}).spot.language.name == "tsx"  # type: ignore[attr-defined]
    named: Any = COMPLETE.parse({"place": place, "language": "js"})
    assert (named.language, named.spot.language.name) == ("javascript", "javascript")


def test_each_suffix_belongs_to_one_language() -> None:
    suffixes = [suffix.lower() for language in LANGUAGES.values() for suffix in language.suffixes]
    assert len({*suffixes}) >= 40
    for language in LANGUAGES.values():
        for suffix in language.suffixes:
            assert language_of(f"folder/name{suffix}") == language


@pytest.mark.parametrize(
    ("fields", "header", "footer"),
    [
        ({"signature": "add(a, b)"}, "def add(a, b):", "\n"),
        (
            {"signature": "async def f():", "doc": 'Say \\ and """.'},
            'async def f():\n    """Say \\\\ and \\"\\"\\"."""',
            "\n",
        ),
        ({"signature": "f()", "doc": 'Say "yes"'}, 'def f():\n    """Say "yes"\n    """', "\n"),
        ({"signature": "f()", "doc": "One.\n\nTwo."}, 'def f():\n    """One.\n\n    Two.\n    """', "\n"),
        ({"signature": "f(self)", "place": {"text": "class A:\n\tx = 1\n\n\t", "path": "a.py"}}, "def f(self):", ""),
        (
            {"signature": "Max(a, b int) int", "doc": "Max is.", "language": "go"},
            "// Max is.\nfunc Max(a, b int) int {",
            "\n}\n",
        ),
        (
            {"signature": "function f(a) {", "doc": "A */ b.", "language": "js"},
            "/**\n * A *\\/ b.\n */\nfunction f(a) {",
            "\n}\n",
        ),
    ],
)
def test_a_function_is_framed_as_its_language_does(fields: dict[str, Any], header: str, footer: str) -> None:
    request: Any = FUNCTION.parse(fields)
    assert request.frame.header == header
    assert request.frame.footer.rstrip("\n") == footer.rstrip("\n")


def test_a_method_is_indented_as_its_class_is() -> None:
    place = {"text": "class A:\n\tx = 1\n\n\t", "path": "a.py"}
    request: Any = FUNCTION.parse({"signature": "f(self)", "doc": "Say.", "place": place})
    assert request.frame.header == 'def f(self):\n\t\t"""Say."""'
    assert request.spot.line_before == "\t\t"
