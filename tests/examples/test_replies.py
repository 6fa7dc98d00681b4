"""The author's own words in a message."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dalle_kit.examples.html_text import html_lines
from dalle_kit.examples.replies import own_lines, own_text

QUOTES = {
    "attribution": "On Mon, 2 Mar 2026 at 10:04, Ana Kovac <ana@example.com> wrote:\n> Does Friday suit you?",
    "attribution over two lines": "On Monday, 2 March 2026, at 10:04, Ana Kovac\n<ana@example.com> wrote:\n\n> Friday?",
    "attribution without marks": "On 2 Mar 2026, at 10:04, Ana <ana@example.com> wrote:\n\nDoes Friday suit you?\nAna",
    "German": "Am 02.03.2026 um 10:04 schrieb Ana Kovac:\n> Passt Freitag?",
    "French": "Le 2 mars 2026 à 10:04, Ana Kovac <ana@example.com> a écrit :\n> Vendredi ?",
    "another verb": "On Mon, 2 Mar 2026 at 10:04, Ana mused thus:\n> Friday?",
    "original message": "-----Original Message-----\nFrom: Ana\nSent: Monday\nSubject: Friday\n\nDoes Friday suit you?",
    "German original": "-----Ursprüngliche Nachricht-----\nVon: Ana\n\nPasst Freitag?",
    "Outlook's head": "From: Ana Kovac\nSent: Monday, 2 March 2026 10:04\nTo: Tom\nSubject: Friday\n\nDoes it?",
    "head in bold": "*From:* Ana Kovac\n*Sent:* Monday\n*To:* Tom\n\nDoes Friday suit you?",
    "forwarded": "---------- Forwarded message ----------\nFrom: Ana\n\nSee below.",
    "Russian head": "От: Ana\nОтправлено: 2 марта 2026\nКому: Tom\n\nDoes Friday suit you?",  # noqa: RUF001
    "initials": "AK> Does Friday suit you?\nAK> Or Monday?",
    "bars": "Ana Kovac wrote:\n| Does Friday suit you?\n| Or Monday?",
    "indented marks": "    >> Does Friday suit you?\n    > It does.",
}
ENDS = {
    "signature": "-- \nTom Ilves\nHead of Supply\n+372 555 0100",
    "telephone": "Sent from my iPhone",
    "Outlook": "Get Outlook for Android",
    "list": "_______________________________________________\nPlans mailing list\nPlans@example.com\n"
    "https://example.com/mailman/listinfo/plans",
    "list without a rule": "https://example.com/mailman/listinfo/plans",
    "unsubscribe": "To unsubscribe from this group, send a message to plans-unsubscribe@example.com",
    "lawyer": "This e-mail is confidential and intended only for the person it is addressed to.",
    "contacts": "------------------------------\nTom Ilves    https://example.com",
    "PGP": "-----BEGIN PGP SIGNATURE-----\nVersion: 2\n\niQEVAwUBPW5\n-----END PGP SIGNATURE-----",
}
OWN = "Hi Ana,\n\nFriday suits me. Room B12 is free from ten.\n\nBest regards,\nTom"


@pytest.mark.parametrize("quote", QUOTES.values(), ids=QUOTES)
def test_what_is_quoted_below_is_left_out(quote: str) -> None:
    assert own_text(f"{OWN}\n\n{quote}\n") == OWN


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_signatures_and_footers_are_left_out_and_the_sign_off_stays(end: str) -> None:
    assert own_text(f"{OWN}\n\n{end}\n") == OWN
    assert own_text(f"{OWN}\n\n{end}\n\n{QUOTES['attribution']}") == OWN


def test_answers_between_quotes_are_kept() -> None:
    text = "On Mon, 2 Mar 2026, Ana wrote:\n> Does Friday suit you?\n\nIt does.\n\n> And the room?\n\nB12.\n"
    assert own_text(text) == "It does.\n\nB12."


def test_a_quote_on_the_line_of_the_answer_is_cut_off() -> None:
    assert own_text("Yes. On Mon, Mar 2, 2026 at 10:04, ana@example.com wrote:\n> Friday?") == "Yes."


def test_the_broken_end_of_a_quoted_line_goes_with_it() -> None:
    quoted = "> a long line that the program has broken somewhere near its\nend, without a mark\n> and on it goes\n"
    assert own_text(f"{quoted}\nRight.") == "Right."


def test_a_signed_message_is_what_was_signed() -> None:
    signed = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA1\n\nTwo points:\n- - the room\n- - the date\n"
    assert own_text(f"{signed}{ENDS['PGP']}") == "Two points:\n- the room\n- the date"


@pytest.mark.parametrize(
    "text",
    [
        "She wrote:\n\nCome on Friday.",
        "The manual said: do not.\nOn Monday we did.",
        "From: is the first word of a head.",
        "We met on 3 May and wrote a plan.\n\nIt holds.",
        "a = 1 -- two\n--no-option",
        "| name | place |\n| Ana | B12 |",
        "The list:\n\n- one\n- two",
    ],
)
def test_prose_is_left_as_it_is(text: str) -> None:
    assert own_text(text) == text


def test_html_is_quoted_by_its_marks() -> None:
    page = "<p>Hi Ana,</p><p>Friday <b>suits</b> me.</p><div class='gmail_quote'>Ana wrote:<blockquote>Friday?"
    assert own_lines(html_lines(page)) == "Hi Ana,\n\nFriday suits me."
    page = "<style>p {}</style><div>Yes.<br>Tom</div><blockquote>Friday?</blockquote><ul><li>one<li>two</ul>"
    assert own_lines(html_lines(page)) == "Yes.\nTom\n\n- one\n- two"


@pytest.mark.parametrize(
    "page",
    [
        "<html><head><title>Rooms</title><style>p {}</style><body><p>Yes.<p>Tom",
        "<head><meta charset=utf-8><title>Rooms</title><p>Yes.</p><p>Tom</p>",
        "<html><head><title>Rooms</head><body><p>Yes.</p>Tom</body></html>",
        "<!doctype html><!--[if mso]><p>Not me.</p><![endif]--><p>Yes.</p><!-- <p>Nor me.</p> -->Tom",
        "<p>Yes.</p><!-- Tom",
        "<p>Yes.</p>Tom<br",
        "<p>Y&#101;s.</p>T&#111;m",
    ],
)
def test_html_is_read_whatever_is_left_out(page: str) -> None:
    assert own_lines(html_lines(page)) == "Yes.\n\nTom"


def test_quotes_end_where_html_says() -> None:
    page = "<blockquote>One?<div>Two?<p>Three?</blockquote>Yes.<blockquote>Four?</div></blockquote></i><p>Tom"
    assert html_lines(page)[0] == (1, "One?") and own_lines(html_lines(page)) == "Yes.\n\nTom"
    assert html_lines("I <3 it &amp; 1 < 2") == [(0, "I <3 it & 1 < 2")]


LINES = st.one_of(
    st.sampled_from([line for block in (*QUOTES.values(), *ENDS.values(), OWN) for line in block.split("\n")]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
)


@given(st.lists(LINES, max_size=30).map("\n".join))
def test_no_marked_quote_stays_and_nothing_is_added(text: str) -> None:
    own = own_text(text)
    assert not any(line.startswith(">") for line in own.split("\n"))
    words = text.split()
    assert all(word in text for word in own.split()) and len(own.split()) <= len(words)
    assert own == own.strip() and "\n\n\n" not in own


@given(st.lists(st.from_regex(r"[A-Z][a-z]{2,9}( [a-z]{2,9}){1,6}\.", fullmatch=True), min_size=1, max_size=8))
def test_plain_sentences_are_kept_whole(sentences: list[str]) -> None:
    text = "\n".join(sentences)
    assert own_text(text) == text
    assert own_text(f"{text}\n\n{QUOTES['original message']}") == text


@given(st.text(max_size=200))
def test_any_html_is_read(page: str) -> None:
    assert isinstance(own_lines(html_lines(page)), str)
