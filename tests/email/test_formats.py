from __future__ import annotations

import email.header
import email.message
import email.policy
import email.utils
import html.parser
import re
from collections.abc import Callable
from email.parser import BytesParser
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dalle_kit import Document, RequestError, UnknownNameError
from dalle_kit_email.flowed import unflow
from dalle_kit_email.request import EmailRequest

Ask = Callable[..., EmailRequest]
Make = Callable[..., Document]

TEXT = "Dear Priya,\n\nThe Q3 budget review is now on Thursday at 14:00 in room B12.\n\nBest regards,\nTom\n"
PARENT = b"From: Ana <ana@example.com>\nSubject: Slides\nMessage-ID: <2@x>\nReferences: <1@x>\n\nCan you?\n> Yes.\n"
ONE_LINE = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=120)
BODY = st.lists(
    st.sampled_from(
        ["word ", "ü", " ", "\n", ">", "From ", "-- ", "\n\n", ".", "x" * 80, "\N{GRINNING FACE}", "=20", "\t"]
    ),
    max_size=80,
).map("".join) | st.text(st.characters(exclude_categories=["Cs"]), max_size=200)


def parse(data: str | bytes) -> email.message.EmailMessage:
    assert isinstance(data, bytes)
    message = BytesParser(policy=email.policy.SMTPUTF8).parsebytes(data)
    assert isinstance(message, email.message.EmailMessage)
    assert not message.defects
    return message


def body_of(message: email.message.EmailMessage) -> str:
    """Return the text a mail program shows: the flowed lines joined."""
    assert message.get_param("format") == "flowed"
    content = message.get_content().replace("\r\n", "\n")
    return "\n".join(">" * depth + (" " if depth and line else "") + line for depth, line in unflow(content))


def raw(message: email.message.EmailMessage, name: str) -> str:
    """Return a header as it stands in the file, its lines joined."""
    return str(dict(message.raw_items())[name]).replace("\r\n", "")


def decoded(value: str) -> str:
    """Return a text without its encoded words. The old interface joins adjacent ones as RFC 2047 says."""
    return str(email.header.make_header(email.header.decode_header(value)))


def test_text_is_the_document(ask: Ask, document: Make) -> None:
    assert document(ask(), TEXT).render() == TEXT
    with pytest.raises(UnknownNameError, match="mailto"):
        document(ask(), TEXT).render("malto")


def test_an_eml_draft_parses_back(ask: Ask, document: Make) -> None:
    request = ask(cc=["Bo Ek <bo@example.org>"], bcc=["boss@example.com"])
    data = document(request, TEXT).render("eml")
    message = parse(data)
    assert message["Date"].datetime.isoformat() == "2025-06-12T09:15:00+02:00"
    assert str(message["From"]) == "Tom <tom@example.org>"
    assert str(message["To"]) == "Priya Raman <priya@example.com>"
    assert (str(message["Cc"]), str(message["Bcc"])) == ("Bo Ek <bo@example.org>", "boss@example.com")
    assert message["Subject"] == "Q3 budget review moved to Thursday"
    assert (message["X-Unsent"], message["MIME-Version"]) == ("1", "1.0")
    assert body_of(message) == TEXT
    assert isinstance(data, bytes)
    assert data.count(b"\n") == data.count(b"\r\n")
    assert max(map(len, data.split(b"\r\n"))) <= 78
    assert message["In-Reply-To"] is None


def test_a_reply_carries_its_thread(reply: Ask, document: Make) -> None:
    long_id = f"<{'A' * 90}@mail.example.com>"
    source = PARENT.replace(b"<2@x>", long_id.encode())
    data = document(reply(source), "Yes.\n").render("eml")
    message = parse(data)
    assert message["In-Reply-To"] == long_id
    assert message["References"] == f"<1@x> {long_id}"
    assert isinstance(data, bytes)
    assert long_id.encode() in data
    assert message["Subject"] == "Re: Slides"


def test_a_quotation_stays_one_and_a_line_that_starts_like_one_does_not_become_one(reply: Ask, document: Make) -> None:
    request = reply(PARENT)
    text = "Yes:\n> 5 people\n\nTom\n\nAna wrote:\n> Can you?\n>> Yes.\n"
    content = parse(document(request, text).render("eml")).get_content().replace("\r\n", "\n")
    assert content == "Yes:\n > 5 people\n\nTom\n\nAna wrote:\n> Can you?\n>> Yes.\n"


def test_international_names_and_addresses_travel_well(ask: Ask, document: Make) -> None:
    request = ask(
        to=['"Groß, Jörg" <info@bücher.example>', f"{'Ångström ' * 12}<a@example.com>"],
        subject="Über  die Q3-Zahlen =?x?=",
    )
    data = document(request, "Grüße ☃").render("eml")
    message = parse(data)
    people = email.utils.getaddresses([raw(message, "To")])
    assert [decoded(name) for name, _ in people] == ["Groß, Jörg", ("Ångström " * 12).strip()]
    assert people[0][1] == "info@xn--bcher-kva.example"
    assert message["Subject"] == "Über  die Q3-Zahlen =?x?="
    assert isinstance(data, bytes)
    assert data.isascii()
    assert max(map(len, data.split(b"\r\n"))) <= 78
    assert body_of(message) == "Grüße ☃\n"


def test_a_local_part_that_is_not_ascii_is_written_as_utf_8(ask: Ask, document: Make) -> None:
    data = document(ask(to=["jörg@example.com"]), TEXT).render("eml")
    assert isinstance(data, bytes)
    assert "\r\nTo: jörg@example.com\r\n" in data.decode("utf-8")


def test_an_eml_draft_without_an_address_says_how_to_give_one(ask: Ask, document: Make) -> None:
    with pytest.raises(RequestError, match="--address") as caught:
        document(ask(address=None), TEXT).render("eml")
    assert caught.value.field == "address"


def test_an_eml_draft_for_a_name_alone_says_what_is_missing_and_a_link_leaves_it_out(ask: Ask, document: Make) -> None:
    request = ask(to="Ana", cc="bo@example.org", address="tom@example.com", subject="Lunch")
    with pytest.raises(RequestError, match=r"to: 'Ana' has no address, .*; write Ana <name@example\.com>"):
        document(request, TEXT).render("eml")
    assert str(document(request, TEXT).render("mailto")).startswith("mailto:?cc=bo@example.org&subject=Lunch")


@given(subject=ONE_LINE, name=ONE_LINE)
def test_no_subject_or_name_adds_a_header(ask: Ask, document: Make, subject: str, name: str) -> None:
    try:
        request = ask(subject=subject, sender=name.replace("@", ""))
    except RequestError:
        return
    data = document(request, "Hi").render("eml")
    message = parse(data)
    allowed = {"Date", "From", "To", "Subject", "X-Unsent", "Content-Type", "Content-Transfer-Encoding", "MIME-Version"}
    assert set(message.keys()) <= allowed
    assert len(message.keys()) == len(set(message.keys()))
    assert isinstance(data, bytes)
    assert decoded(raw(message, "Subject") if request.subject_line else "") == request.subject_line
    assert " ".join(decoded(email.utils.parseaddr(raw(message, "From"))[0]).split()) == " ".join(
        request.sender_name.split()
    )


@given(BODY)
def test_any_text_comes_back_from_an_eml_but_for_spaces_at_line_ends(ask: Ask, document: Make, text: str) -> None:
    data = document(ask(), text).render("eml")
    assert isinstance(data, bytes)
    assert all(len(line) <= 78 for line in data.split(b"\r\n"))
    lines = [line if line == "-- " else line.rstrip(" ") for line in re.split(r"\r\n|\r|\n", text)]
    content = parse(data).get_payload(decode=True)
    assert isinstance(content, bytes)
    joined = unflow(content.decode("utf-8").replace("\r\n", "\n"))
    assert all(depth == 0 for depth, _ in joined)
    assert "\n".join(line for _, line in joined).rstrip("\n") == "\n".join(lines).rstrip("\n")


@given(BODY, ONE_LINE)
def test_a_mailto_link_reads_back(ask: Ask, document: Make, text: str, subject: str) -> None:
    try:
        request = ask(subject=subject, cc=["bo+x@example.org", "Ana <a%b&c@example.com>"])
    except RequestError:
        return
    link = document(request, text).render("mailto")
    assert isinstance(link, str)
    assert re.fullmatch(r"mailto:[!-~]*", link)
    parts = urlsplit(link)
    assert unquote(parts.path) == "priya@example.com"
    assert parts.fragment == ""
    assert "+" not in parts.query.replace("bo+x", "")
    fields = dict(parse_qsl(parts.query.replace("+", "%2B"), keep_blank_values=True))
    assert fields["cc"] == "bo+x@example.org,a%b&c@example.com"
    assert fields.get("subject", "") == request.subject_line
    assert fields.get("body", "") == "\r\n".join(re.split(r"\r\n|\r|\n", text))


def test_a_mailto_link_escapes_line_breaks_and_names_the_answered_message(reply: Ask, document: Make) -> None:
    link = document(reply(PARENT), "Yes & no?\nTom").render("mailto")
    assert link == (
        "mailto:ana@example.com?subject=Re%3A%20Slides&in-reply-to=%3C2%40x%3E&body=Yes%20%26%20no%3F%0D%0ATom"
    )


class _Outline(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text: list[str] = []
        self.attributes: dict[str, dict[str, str | None]] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes[tag] = dict(attrs)
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "main" in self.open:
            self.text.append(data)


@given(BODY)
def test_html_is_well_formed_and_shows_the_text_and_nothing_else(ask: Ask, document: Make, text: str) -> None:
    page = document(ask(subject="<Q3> & more"), text).render("html")
    outline = _Outline()
    assert isinstance(page, str)
    outline.feed(page)
    assert outline.open == []
    assert set(outline.attributes) <= set("html head meta title body main p br ul li".split())
    assert "".join("".join(outline.text).split()) == "".join(re.sub(r"^\s*[-*•]\s+", "", text, flags=re.M).split())


def test_html_keeps_paragraphs_lists_and_quotations_and_names_its_language(reply: Ask, document: Make) -> None:
    text = "Hallo,\n\ndas <ist> es:\n- eins & zwei\n- drei\n\nTom\n\nAna schrieb:\n> Can you?\n>> Yes.\n"
    page = document(reply(PARENT, language="de", points=["Ja."]), text).render("html")
    assert isinstance(page, str)
    assert page.startswith('<!DOCTYPE html>\n<html lang="de">')
    assert "<title>Re: Slides</title>" in page
    assert "<p>das &lt;ist&gt; es:</p>\n<ul>\n<li>eins &amp; zwei</li>\n<li>drei</li>\n</ul>" in page
    assert "<blockquote>\n<p>Can you?<br>\n&gt; Yes.</p>\n</blockquote>" in page


def test_html_writes_quotation_marks_as_they_are(ask: Ask, document: Make) -> None:
    assert '<p>It\'s the "old" room &amp; not B12.</p>' in document(ask(), 'It\'s the "old" room & not B12.\n').render(
        "html"
    )
