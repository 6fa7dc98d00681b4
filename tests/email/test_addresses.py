from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dalle_kit_email.addresses import Mailbox, parse_mailbox, parse_mailboxes, parse_recipients

NAMES = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=40).map(
    lambda text: " ".join(text.split())
)
LOCALS = st.from_regex(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]{1,12}(\.[a-z0-9]{1,8}){0,2}", fullmatch=True)
DOMAINS = st.from_regex(r"[a-z]([a-z0-9]{0,8}[a-z0-9])?(\.[a-z]{2,6}){1,2}", fullmatch=True)


@given(NAMES, LOCALS, DOMAINS)
def test_an_address_that_is_written_reads_back(name: str, local: str, domain: str) -> None:
    mailbox = Mailbox(name, local, domain)
    if name not in ("", mailbox.address) and not name.startswith("=?"):
        assert parse_mailboxes(f"{mailbox}, {mailbox}; {mailbox}") == (mailbox,) * 3


@given(st.text(max_size=80))
def test_any_text_is_an_address_or_a_value_error(text: str) -> None:
    try:
        found = parse_mailboxes(text)
    except ValueError as error:
        assert "\n" not in str(error)
    else:
        for mailbox in found:
            assert parse_mailbox(str(mailbox)) == mailbox
            assert mailbox.wire_address.count("@") == 1


@given(st.text(max_size=80) | NAMES)
def test_any_recipient_has_an_address_or_a_name_that_reads_back(text: str) -> None:
    try:
        found = parse_recipients(text)
    except ValueError as error:
        assert "\n" not in str(error)
    else:
        for mailbox in found:
            assert parse_recipients(str(mailbox)) == (mailbox,)
            assert mailbox.address.count("@") == 1 or (not mailbox.address and mailbox.name)


@pytest.mark.parametrize("control", ["\n", "\r", "\r\n", "\0", "\x0b", "\x85", "\u2028", "\x7f"])
def test_no_line_break_gets_into_an_address(control: str) -> None:
    with pytest.raises(ValueError, match="on one line"):
        parse_mailboxes(f"Priya{control}Bcc: x <priya@example.com>")


def test_an_international_domain_keeps_its_letters_and_travels_in_ascii() -> None:
    mailbox = parse_mailbox("Jörg Groß <jörg@straße.example.org>")
    assert str(mailbox) == "Jörg Groß <jörg@straße.example.org>"
    # IDNA 2008: the ß is kept, where IDNA 2003 would have written to another domain.
    assert mailbox.wire_address == "jörg@xn--strae-oqa.example.org"


def test_a_name_that_only_repeats_the_address_is_none() -> None:
    assert parse_mailbox("priya@example.com <priya@example.com>").name == ""
