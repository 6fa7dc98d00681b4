"""What a place asks for: how far, how indented, and what the model has to begin with."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dalle_kit_code.languages import LANGUAGES
from dalle_kit_code.spot import Spot

MARK = "<|cursor|>"


def spot_at(marked: str, language: str = "python") -> Spot:
    before, _, after = marked.partition(MARK)
    return Spot(before, after, LANGUAGES[language])


@pytest.mark.parametrize(
    ("marked", "reach"),
    [
        ("x = f(<|cursor|>)\n", "line"),
        ("x = <|cursor|>\n", "statement"),
        ("def f():\n    <|cursor|>\n", "block"),
        ("def f():\n    <|cursor|>\n    return x\n", "statement"),
        ("def f():<|cursor|>\n", "block"),
        ("def f():<|cursor|>\n    return x\n", "statement"),
        ('def f():\n    """Say <|cursor|>"""\n', "line"),
        ("n = 0\n<|cursor|>\n    n += 1\nprint(n)\n", "line"),
        ("def f():\n    <|cursor|>\n        n += 1\n    return n\n", "line"),
    ],
)
def test_the_place_suggests_how_far_to_write(marked: str, reach: str) -> None:
    assert spot_at(marked).reach == reach


@pytest.mark.parametrize(
    ("marked", "indentation", "lead"),
    [
        ("def f():\n<|cursor|>", "    ", "    "),
        ("def f():\n  <|cursor|>\n", "  ", ""),
        ("def f():\n  x = 1\n  if x:\n<|cursor|>", "    ", "    "),
        ("if x:\n\ty = 1\n\tif y:\n\t<|cursor|>", "\t\t", "\t"),
        ("def f():\n    x = 1\n<|cursor|>", "    ", "    "),
        ("def f():\n    return 1\n<|cursor|>", "", ""),
        ("def f():\n    x = 1\n\n<|cursor|>\ny = 2\n", "", ""),
        ("x = 1\n<|cursor|>", "", ""),
    ],
)
def test_the_first_line_is_indented_as_its_block_is(marked: str, indentation: str, lead: str) -> None:
    spot = spot_at(marked)
    assert (spot.indentation, spot.lead) == (indentation, lead)


@pytest.mark.parametrize(
    ("before", "healed"),
    [
        ("x = ret", " ret"),
        ("def f():\n    ", "\n    "),
        ("def f():\n    ret", "\n    ret"),
        ("f(", "("),
        ("x = ", " "),
        ("", ""),
        ("x" * 100, "x" * 40),
        ("a\n\n\n\n\n", "\n\n\n"),
    ],
)
def test_what_a_token_may_have_reached_over_is_left_to_the_model(before: str, healed: str) -> None:
    assert Spot(before, "", LANGUAGES["python"]).healed == healed


@pytest.mark.parametrize(
    ("marked", "language", "guessed"),
    [
        ("def f(x):\n<|cursor|>\n    y += g(x.z, k=x)\n", "python", ["y"]),
        ("<|cursor|>\nre.compile('b')\n", "python", ["re"]),
        ("def f(x):\n    <|cursor|>\n    return y\n\n\ndef g(z):\n    return z\n", "python", ["y"]),
        ("function f(x) {\n  <|cursor|>\n  return g(sum) + x.size\n}\n", "javascript", ["sum"]),
        ("package p\n\nfunc f(x int) int {\n\t<|cursor|>\n\treturn sum\n}\n", "go", ["sum"]),
        ("def f(x):\n    <|cursor|>\n    return a + b + c + d + e\n", "python", ["a", "b", "c", "d"]),
        ("def f(x):\n    <|cursor|>\n    return x\n", "python", []),
        ("def f(x):\n    return x<|cursor|>\n    y\n", "python", []),
        ("<|cursor|>\n" + "#" * 590 + "\nso_long_a_name\n", "python", []),
        ("x = <|cursor|>\ny\n", "python", []),
        ("<|cursor|>\ny\n", "ruby", []),
    ],
)
def test_a_line_is_guessed_from_the_names_below_that_nothing_above_it_has(
    marked: str, language: str, guessed: list[str]
) -> None:
    spot = spot_at(marked, language)
    beginnings = [way.format(name) for name in guessed for way in LANGUAGES[language].grammar.binds]  # type: ignore[union-attr]
    assert len(spot.guesses) == len(beginnings)
    for guess, beginning in zip(spot.guesses, beginnings, strict=True):
        assert re.fullmatch(guess, f"{beginning} = 1") and not re.match(guess, f"{beginning}s = 1")


@given(st.text(st.sampled_from("aé🙂 \n\t(=.:\ud800"), max_size=30), st.integers(0, 30))
def test_whatever_stands_there_guesses_are_patterns(text: str, at: int) -> None:
    for guess in Spot(text[:at], text[at:], LANGUAGES["python"]).guesses:
        re.compile(guess)


@given(st.text(st.sampled_from("a \n\t(=."), max_size=30))
def test_what_is_shown_and_what_is_left_to_the_model_is_the_text(before: str) -> None:
    spot = Spot(before, "", LANGUAGES["python"])
    assert spot.shown_before + spot.healed == before


def test_generation_stops_where_the_text_would_be_cut() -> None:
    assert "\nd" in spot_at("def f():\n    <|cursor|>\n").stops()
    assert "\n    r" not in spot_at("def f():\n    <|cursor|>\n").stops()
    assert "\n    r" in spot_at("def f():\n    <|cursor|>\n    return x\n").stops()
    assert "\n}" in spot_at("function f() {\n  <|cursor|>\n}\n", "javascript").stops()
    assert "\n}" not in spot_at("function f() {\n  <|cursor|>", "javascript").stops()
