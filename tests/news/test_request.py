from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dalle_kit import RequestError
from dalle_kit_news.domain import make_news

DOMAIN = make_news()


def ask(**fields: object) -> Any:
    return DOMAIN.parse({"headline": "Bridge closed", "facts": ["until 14 June"], **fields})


def test_facts_keep_their_order_and_lose_their_list_marks() -> None:
    request = ask(facts=["- until 14 June", "* two pillars", "", "-3 degrees", " • ", "?", "====="])
    assert request.facts == ("until 14 June", "two pillars", "-3 degrees")
    assert request.length == "medium"


def test_a_list_pasted_into_one_fact_is_as_many_facts() -> None:
    assert ask(facts=["* until 14 June\n* two pillars"]).facts == ("until 14 June", "two pillars")


def test_one_fact_needs_no_list_and_lines_become_spaces() -> None:
    assert ask(facts="until\n 14 June").facts == ("until 14 June",)
    assert ask(headline=" Bridge\nclosed \n").headline == "Bridge closed"


@pytest.mark.parametrize("facts", [[], ["", " - "], ""])
def test_an_article_from_nothing_is_refused(facts: object) -> None:
    with pytest.raises(RequestError, match=r"facts: .*at least one fact") as error:
        ask(facts=facts)
    assert error.value.field == "facts"
    with pytest.raises(RequestError, match=r"facts: .*at least one fact"):
        DOMAIN.parse({"headline": "Bridge closed"})


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"headline": " "}, "headline: it is empty"),
        ({"headline": "a\x1b[31m"}, r"headline: .*U\+001B"),
        ({"headline": "x" * 301}, "headline: .*300"),
        ({"length": "huge"}, "long, medium, short"),
        ({"fact": ["x"]}, "facts"),
    ],
)
def test_a_wrong_field_is_named_with_the_fix(fields: dict[str, object], message: str) -> None:
    with pytest.raises(RequestError, match=message) as error:
        ask(**fields)
    assert "\n" not in str(error.value)


@given(st.text(), st.lists(st.text(), max_size=5))
def test_whatever_is_asked_makes_a_request_or_an_error_of_one_line(headline: str, facts: list[str]) -> None:
    try:
        request = ask(headline=headline, facts=facts)
    except RequestError as error:
        assert len(str(error).splitlines()) == 1
    else:
        lines = (request.headline, *request.facts)
        assert all(line.strip() and "\n" not in line for line in lines)


def test_lines_about_the_article_are_made_one_and_empty_ones_are_none() -> None:
    request = ask(
        byline="By  Ana\nSilva and Bo", dateline=" HANFIELD, June 3 -- ", section=" ", audience="\n", sources=[" "]
    )
    assert (request.byline, request.dateline, request.section) == ("Ana Silva and Bo", "HANFIELD, June 3", None)
    assert (request.audience, request.sources, request.authors) == (None, (), ("Ana Silva", "Bo"))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"facts": ["x"] * 201}, r"facts: there are 201, and at most 200"),
        ({"facts": ["x" * 2001]}, r"facts: .*2,001 characters.*one fact a line"),
        ({"facts": ["When :"]}, "facts: 'When :' has no answer"),
        ({"standfirst": True}, "standfirst: .*second fact"),
        ({"style": "list"}, "analysis, brief, inverted-pyramid"),
        ({"facts": ["a", "b\x1b[31m"]}, r"facts: .*U\+001B"),
        ({"byline": "a\x1bb"}, r"byline: .*U\+001B"),
        ({"sources": ["a\x00b"]}, r"sources: .*U\+0000"),
    ],
)
def test_what_is_too_much_or_too_little_is_refused(fields: dict[str, object], message: str) -> None:
    with pytest.raises(RequestError, match=message) as error:
        ask(**fields)
    assert "\n" not in str(error.value)
