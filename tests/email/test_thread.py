from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dalle_kit import Domain, RequestError
from dalle_kit_email.request import EmailRequest
from dalle_kit_email.thread import read_parent, reply_subject

Reply = Callable[..., EmailRequest]

PLAIN = b"""\
Return-Path: <ana@example.com>
From: Ana Silva <ana@example.com>
To: tom@example.org
Subject: Re: AW: Slides for Monday
Date: Thu, 12 Jun 2025 09:15:00 +0200
Message-ID: <3@example.com>
References: <1@example.org>
 <2@example.com>
In-Reply-To: <2@example.com>

Hi Tom,

can you send the slides?
I need them by 17:00.

On Wed, 11 Jun 2025 at 10:00, Tom Lee <tom@example.org>
wrote:
> The slides are ready.
>> Which slides?
> > > The ones for Monday.

--\x20
Ana Silva
Finance
"""

MULTIPART = b"""\
From: =?iso-8859-1?q?J=F6rg_Gro=DF?= <joerg@example.com>
To: tom@example.org
Subject: =?utf-8?b?w5xiZXJzaWNodA==?=
Message-ID: <m@example.com>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="outer"

--outer
Content-Type: multipart/alternative; boundary="inner"

--inner
Content-Type: text/plain; charset="iso-8859-1"
Content-Transfer-Encoding: quoted-printable

K=F6nnen wir das B=FCro tauschen? Das ist eine lange Zeile, die der Absende=
r umbrochen hat.

--inner
Content-Type: text/html; charset="utf-8"

<p>not this</p>
--inner--
--outer
Content-Type: text/plain; name="notes.txt"
Content-Disposition: attachment; filename="notes.txt"

not this either
--outer--
"""

HTML_ONLY = """\
From: "Silva, Ana" <ana@example.com>
Reply-To: Team <team@example.com>
Subject: Offsite
Message-ID: <h@example.com>
Content-Type: text/html; charset=utf-8

<html><head><title>x</title><style>p { color: red }</style></head><body>
<p>Shall we go   to <b>Zürich</b>?</p><div>It costs 100&nbsp;&euro;.</div><ul><li>train</li><li>hotel</li></ul>
<div>On Monday Tom wrote:<blockquote><p>Where to?</p></blockquote></div>
<script>alert(1)</script></body></html>
"""


def test_a_reply_stands_in_the_thread_of_its_parent(reply: Reply) -> None:
    request = reply(PLAIN)
    assert request.parent is not None
    assert request.parent.thread == ("<1@example.org>", "<2@example.com>", "<3@example.com>")
    assert request.subject_line == "Re: Slides for Monday"
    assert [str(mailbox) for mailbox in request.recipients] == ["Ana Silva <ana@example.com>"]


def test_the_model_is_shown_what_the_author_wrote_and_no_quotes_or_signature(
    reply: Reply, email_domain: Domain
) -> None:
    parent = email_domain.context(reply(PLAIN))["parent"]
    assert isinstance(parent, dict)
    assert parent["text"] == "Hi Tom,\n\ncan you send the slides?\nI need them by 17:00."
    assert parent["history"] == "The slides are ready.\n> Which slides?\n>> The ones for Monday."
    assert (parent["from_name"], parent["date"]) == ("Ana Silva", "2025-06-12")


def test_the_parent_is_quoted_below_with_one_more_mark(reply: Reply, email_domain: Domain) -> None:
    quoted = str(email_domain.context(reply(PLAIN))["quoted"])
    assert quoted.startswith("On 2025-06-12 09:15, Ana Silva wrote:\n> Hi Tom,\n>\n> can you send the slides?\n")
    assert quoted.endswith(">> The slides are ready.\n>>> Which slides?\n>>>> The ones for Monday.")
    assert "Finance" not in quoted
    assert email_domain.context(reply(PLAIN, quote=False))["quoted"] == ""
    turned = PLAIN.replace(b"From: Ana Silva", b'From: "Silva, Ana"')
    assert email_domain.context(reply(turned))["quoted"] == quoted
    assert str(email_domain.context(reply(PLAIN, language="de", points=["Ja."]))["quoted"]).startswith(
        "Am 2025-06-12 09:15 schrieb Ana"
    )


def test_a_reply_to_a_bare_address_greets_whoever_wrote(email_domain: Domain, reply: Reply) -> None:
    office = PLAIN.replace(b"To: tom", b"Reply-To: office@example.com\nTo: tom", 1)
    assert email_domain.context(reply(office))["greeting"] == "Dear Ana,"
    assert email_domain.context(reply(office, to=["bo@example.com"]))["greeting"] == "Hello,"
    named = office.replace(b"office@example.com", b"Bo Lind <office@example.com>")
    assert email_domain.context(reply(named))["greeting"] == "Dear Bo,"


def test_an_answer_to_ones_own_message_goes_to_whom_that_went(email_domain: Domain, reply: Reply) -> None:
    own = PLAIN.replace(b"Ana Silva <ana@example.com>", b"Tom Lee <Tom@example.org>").replace(
        b"To: tom@example.org", b"To: Ana Silva <ana@example.com>, bo@example.com"
    )
    request = reply(own)
    assert [str(mailbox) for mailbox in request.recipients] == ["Ana Silva <ana@example.com>", "bo@example.com"]
    assert email_domain.context(reply(own.replace(b", bo@example.com", b"")))["greeting"] == "Dear Ana,"
    assert email_domain.context(reply(own.replace(b"Ana Silva <ana@", b"<ana@")))["greeting"] == "Dear all,"
    assert str(reply(own, address="office@example.org").recipients[0]) == "Tom Lee <Tom@example.org>"
    assert EmailRequest(**request.with_texts(str)).recipients == request.recipients


def test_multipart_quoted_printable_latin_1_reads_as_text(reply: Reply) -> None:
    request = reply(MULTIPART)
    assert request.parent is not None
    assert request.parent.own_text == (
        "Können wir das Büro tauschen? Das ist eine lange Zeile, die der Absender umbrochen hat."
    )
    assert request.parent.sender_name == "Jörg Groß"
    assert request.subject_line == "Re: Übersicht"


@pytest.mark.parametrize("charset", ["iso-8859-1", "windows-1252", "x-unknown"])
def test_eight_bit_latin_1_reads_as_text(charset: str) -> None:
    head = f"From: ana@example.com\r\nContent-Type: text/plain; charset={charset}\r\n"
    head += "Content-Transfer-Encoding: 8bit\r\n\r\n"
    assert read_parent(head.encode() + "Grüße, señor".encode("latin-1")).own_text == "Grüße, señor"


def test_text_that_is_evidently_utf_8_is_read_as_such_whatever_the_header_says() -> None:
    source = "From: Jörg <joerg@example.com>\nContent-Type: text/plain; charset=iso-8859-1\n\nGrüße"
    parent = read_parent(source.encode())
    assert (parent.own_text, parent.sender_name) == ("Grüße", "Jörg")


def test_html_only_reads_as_text_with_its_quotes(reply: Reply) -> None:
    request = reply(HTML_ONLY)
    assert request.parent is not None
    assert request.parent.own_text == "Shall we go to Zürich?\n\nIt costs 100 €.\n- train\n- hotel"
    assert (1, "Where to?") in request.parent.lines
    assert str(request.recipients[0]) == "Team <team@example.com>"


def test_a_flowed_parent_is_joined() -> None:
    source = (
        b"From: a@example.com\nContent-Type: text/plain; format=flowed\n\nOne \nline.\n> quoted \n> too\n  indented\n"
    )
    assert read_parent(source).lines == ((0, "One line."), (1, "quoted too"), (0, " indented"))


def test_what_follows_an_original_message_rule_is_a_quote() -> None:
    source = b"From: a@example.com\n\nYes.\n\n-----Original Message-----\nFrom: Bo\n\nWill you come?\n"
    parent = read_parent(source)
    assert parent.own_text == "Yes."
    assert (1, "Will you come?") in parent.lines


def test_without_references_the_thread_goes_on_from_in_reply_to() -> None:
    source = b"From: a@example.com\nMessage-ID: <2@x>\nIn-Reply-To: <1@x>\n\nHi\n"
    assert read_parent(source).thread == ("<1@x>", "<2@x>")


def test_own_recipients_and_subject_come_before_the_parents(reply: Reply) -> None:
    request = reply(PLAIN, to=["bo@example.org"], subject="Slides, final")
    assert [str(mailbox) for mailbox in request.recipients] == ["bo@example.org"]
    assert request.subject_line == "Re: Slides, final"


def test_a_parent_without_a_sender_needs_a_recipient(reply: Reply) -> None:
    with pytest.raises(RequestError, match="no usable From"):
        reply(b"Subject: Hello\n\nHi\n")


@pytest.mark.parametrize(
    "subject",
    ["Lunch", "Re: Lunch", "RE: Lunch", "re:re: Lunch", "Aw: Re: Lunch", "SV: Lunch", "Re[2]: Lunch", " Antw: Lunch"],
)
def test_a_reply_subject_has_one_re(subject: str) -> None:
    assert reply_subject(subject) == "Re: Lunch"


@pytest.mark.parametrize("subject", ["Repairs: when?", "Area: north", "Svea: hello", "Trip: plan"])
def test_words_that_only_start_like_a_reply_mark_stay(subject: str) -> None:
    assert reply_subject(subject) == f"Re: {subject}"


@given(st.text(max_size=60))
def test_answering_an_answer_changes_no_subject(subject: str) -> None:
    assert reply_subject(reply_subject(subject)) == reply_subject(subject)


@given(st.binary(max_size=300) | st.binary(max_size=300).map(lambda body: PLAIN[:200] + body))
def test_any_bytes_are_a_message_or_a_value_error(source: bytes) -> None:
    try:
        parent = read_parent(source)
    except ValueError as error:
        assert "\n" not in str(error)
    else:
        assert not any(character in parent.subject + parent.sender_name for character in "\r\n\0")
        assert all("\n" not in line for _, line in parent.lines)
        assert parent.own_text == parent.own_text.strip()


@pytest.mark.parametrize("source", [PLAIN, MULTIPART, HTML_ONLY.encode("latin-1", "replace")])
def test_a_message_made_plain_says_the_same(source: bytes) -> None:
    parent = read_parent(source)
    assert read_parent(parent.source.encode("utf-8")) == parent


@given(subject=st.text(max_size=12), body=st.text(max_size=60))
def test_any_message_made_plain_says_the_same(subject: str, body: str) -> None:
    source = f"From: Ana <ana@example.com>\nSubject: {subject}\n\n{body}".replace("\0", "").encode("utf-8", "replace")
    parent = read_parent(source)
    assert read_parent(parent.source.encode("utf-8")) == parent


def test_shortening_drops_the_oldest_quotes_first_and_then_the_end(reply: Reply, email_domain: Domain) -> None:
    request: EmailRequest = reply(PLAIN, points=["yes", "by 16:00"])
    quoted = email_domain.context(request)["quoted"]
    histories, texts, dropped = [], [], []
    while (smaller := email_domain.shorten(request)) is not None:
        request, what = smaller
        view = email_domain.context(request)["parent"]
        assert isinstance(view, dict)
        histories.append(view["history"])
        texts.append(view["text"])
        dropped.append(what)
        assert request.points == ("yes", "by 16:00")
    assert histories[:3] == ["The slides are ready.\n> Which slides?", "The slides are ready.", ""]
    assert [len(text) for text in texts] == sorted((len(text) for text in texts), reverse=True)
    assert texts[2].startswith("Hi Tom,\n\ncan you send the slides?")
    assert texts[-1] == ""
    assert "level 3" in dropped[0]
    assert len(texts) < 15
    # The reader of the reply still gets the whole quotation.
    assert email_domain.context(request)["quoted"] == quoted


def test_without_a_parent_nothing_may_be_dropped(ask: Callable[..., EmailRequest], email_domain: Domain) -> None:
    assert email_domain.shorten(ask(points=["word " * 5000])) is None
