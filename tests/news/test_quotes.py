from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dalle_kit import RequestError
from dalle_kit_news.domain import make_news
from dalle_kit_news.quotes import Quote, on_one_line

DOMAIN = make_news()


def ask(*quotes: object, **fields: object) -> Any:
    return DOMAIN.parse({"headline": "Bridge closed", "facts": ["until 14 June"], "quotes": list(quotes), **fields})


@pytest.mark.parametrize(
    ("written", "text", "speaker"),
    [
        ('"We are glad." -- Ana Silva, mayor', "We are glad.", "Ana Silva, mayor"),
        ('"We are glad," -- Ana Silva', "We are glad,", "Ana Silva"),
        ("\u201cWe are glad.\u201d \u2014 Ana Silva", "We are glad.", "Ana Silva"),
        ("\u201eEndlich.\u201c \u2013 Jo", "Endlich.", "Jo"),
        ('"He said "no" -- twice." -- Jo', 'He said "no" -- twice.', "Jo"),
        ("We are -- at last -- glad -- Jo", "We are -- at last -- glad", "Jo"),
        ('"Two\nlines." -- Jo', "Two lines.", "Jo"),
        ('"Wide  space\u00a0kept." -- Jo', "Wide  space\u00a0kept.", "Jo"),
    ],
)
def test_a_quotation_is_read_from_one_text(written: str, text: str, speaker: str) -> None:
    (quote,) = ask(written).quotes
    assert (quote.text, quote.speaker) == (text, speaker)


def test_a_quotation_may_be_given_in_two_fields() -> None:
    assert ask({"text": "We are glad.", "speaker": "Jo"}).quotes == ask('"We are glad." -- Jo').quotes
    assert ask(quotes='"One." -- Jo').quotes[0].text == "One."


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ('"We are glad."', r"quotes: .*'\"We are glad.\"' has no speaker; write it as"),
        ('"We are glad." -- ', "has no speaker"),
        ('"We are glad." Ana', "has no speaker"),
        ("We are glad", "has no speaker"),
        ({"text": "We are glad."}, "has no speaker"),
        ({"text": " ", "speaker": "Jo"}, "text of a quotation is empty"),
        ({"text": "Yes.", "speaker": ""}, "speaker of a quotation is empty"),
        ("", "no text"),
        ('"" -- Jo', "text of a quotation is empty"),
        ('"Yes\x1b[31m." -- Jo', r"U\+001B"),
    ],
)
def test_a_quotation_that_lacks_something_is_refused_with_the_fix(written: object, message: str) -> None:
    with pytest.raises(RequestError, match=message) as error:
        ask(written)
    assert "\n" not in str(error.value)


words = st.text("abcZ .,!?-'\"\u201c\u201d\u2014\u00e9\u6570\U0001f642<&:", min_size=1).map(str.strip)
words = words.filter(lambda text: text.strip(' "\u201c\u201d'))


@given(words, words)
def test_what_was_said_is_never_altered(text: str, speaker: str) -> None:
    (quote,) = ask({"text": text, "speaker": speaker}).quotes
    assert (quote.text, quote.speaker) == (text, speaker)
    assert text in quote.line and quote.line.endswith(quote.marked)
    assert Quote.model_validate_json(json.dumps(quote.model_dump())) == quote


@given(st.text())
def test_whatever_is_written_makes_a_quotation_or_an_error_of_one_line(written: str) -> None:
    try:
        (quote,) = ask(written).quotes
    except RequestError as error:
        assert len(str(error).splitlines()) == 1
    else:
        assert quote.text and quote.speaker and len(quote.line.splitlines()) == 1


def test_lines_become_one_and_long_blanks_are_soon_read() -> None:
    blanks = " " * 200_000
    assert on_one_line(f" We{blanks}are \r\n \n\tglad. \n") == f"We{blanks}are glad."


def test_the_sentence_of_a_quotation_keeps_its_words_and_marks_them() -> None:
    lines = [quote.line for quote in ask('"No." -- the mayor', '"A "no" it is." -- Ana Silva, mayor').quotes]
    assert lines == ['The mayor said: "No."', 'Ana Silva, mayor, said: \u201cA "no" it is.\u201d']
