"""Explanations as a page and as text: whole, escaped, and nothing fetched."""

from __future__ import annotations

import re
from dataclasses import replace

import html5lib
import pytest

from dalle_kit.explain import Cost, Explanation, Part, Sentence, Token, Weight

HOSTILE = "<script>alert(1)</script>\"'&<img src=http://example.com/x onerror=y>"


@pytest.fixture(scope="module")
def explanation() -> Explanation:
    parts = (Part("field", "points[0]", HOSTILE), Part("template", "user, line 1", f"Notes {HOSTILE}:"))
    written = Sentence(
        text=HOSTILE,
        start=6,
        end=6 + len(HOSTILE),
        source="written",
        note=f"by the model, {HOSTILE}",
        weights=(Weight(0, 12.5, 0.1), Weight(1, -3.0, 0.2)),
        likelihood=-2.0,
        likelihood_without=-11.5,
        drop=10.0,
        drop_of_others=1.0,
        tokens=(Token(HOSTILE, 0.25, ((HOSTILE, 0.5), ("\x1b[2J", 0.25))),),
    )
    certain = Sentence(text="Hello", start=0, end=5, source="certain", note="the template's", parts=(1,))
    return Explanation(
        domain="email",
        model=HOSTILE,
        text=f"Hello\n{HOSTILE}",
        parts=parts,
        sentences=(certain, written),
        prompt=((HOSTILE, 0), ("Notes", 1), ("\n", None)),
        cost=Cost(evaluations=10, orders=4, tokens=100, seconds=1.5),
        notes=(HOSTILE,),
    )


def test_the_page_is_valid_whole_and_shows_every_text_as_text(explanation: Explanation) -> None:
    page = explanation.as_page()
    tree = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(page)
    assert not list(tree.iter("script")) and not list(tree.iter("img"))
    assert "".join(tree.find("body").itertext()).count(HOSTILE) >= 8


def test_the_page_fetches_nothing_and_needs_no_script(explanation: Explanation) -> None:
    page = explanation.as_page()
    assert "default-src &#x27;none&#x27;" in page
    assert not re.search(r"<(?:link|script|img|iframe|object)\b|\burl\(|@import", page)
    assert not re.search(r"<[^>]*\s(?:src|href|on\w+)=", page)


def test_the_heat_map_says_in_numbers_what_its_colours_show(explanation: Explanation) -> None:
    page = explanation.as_page()
    assert ">+12.5</td>" in page and ">-3.0</td>" in page
    assert page.count("rgba(33,102,172,0.55)") == page.count("rgba(178,24,43,0.13)") == 2


def test_the_text_shows_bars_names_and_what_was_likelier(explanation: Explanation) -> None:
    text = explanation.as_text()
    assert " +12.5 ####################  points[0]" in text
    assert "  -3.0 -----                 template user, line 1" in text
    assert "had 25%; others:" in text and "4 orders of the parts" in text
    assert "Leaving out the heaviest part makes 100% of the written sentences" in text


def test_white_space_and_the_end_are_named_where_they_were_likelier(explanation: Explanation) -> None:
    certain, written = explanation.sentences
    token = Token(" and", 0.25, (("\n", 0.4), (" ", 0.2), ("", 0.1)))
    text = replace(explanation, sentences=(certain, replace(written, tokens=(token,)))).as_text()
    assert "'and' had 25%; others: a line end 40%, a blank 20%, the end 10%" in text
