from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dalle_kit import Domain, RequestError
from dalle_kit_email.request import EmailRequest

Ask = Callable[..., EmailRequest]


def test_the_smallest_request_is_a_recipient_and_a_subject(email_domain: Domain) -> None:
    request = email_domain.parse({"to": ["priya@example.com"], "subject": "Lunch"})
    assert isinstance(request, EmailRequest)
    assert (request.subject_line, request.sender_name, request.tone) == ("Lunch", "", "neutral")


def test_the_examples_of_the_schema_are_requests(email_domain: Domain) -> None:
    examples = email_domain.request.model_json_schema()["examples"]
    requests = [email_domain.parse(example) for example in examples]
    assert any(request.reply_to for request in requests)  # type: ignore[attr-defined]
    assert requests[-1].points  # type: ignore[attr-defined]


def test_one_value_does_for_a_list(ask: Ask) -> None:
    request = ask(to="ana@example.com", points="bring cake")
    assert request.to == ("ana@example.com",)
    assert request.points == ("bring cake",)


@pytest.mark.parametrize("control", ["\0", "\x07", "\r", "\x1b", "\x9b"])
def test_a_control_character_in_a_point_is_refused(ask: Ask, control: str) -> None:
    with pytest.raises(RequestError, match=f"points: .*U\\+{ord(control):04X}.*; leave it out"):
        ask(to="ana@example.com", points=["cake", f"room{control} B12"])


def test_lines_of_any_system_are_lines(ask: Ask) -> None:
    request = ask(to="ana@example.com", points="bring\tcake\r\nand tea", signature="Office\r\nFloor 2")
    assert (request.points, request.signature) == (("bring\tcake\nand tea",), "Office\nFloor 2")


def test_several_addresses_may_come_in_one_value(ask: Ask) -> None:
    request = ask(to=['"Raman, Priya" <priya@example.com>, Bo <bo@example.org>; ana@example.com'])
    assert [mailbox.name for mailbox in request.recipients] == ["Raman, Priya", "Bo", ""]


@pytest.mark.parametrize(
    "name",
    [
        *(
            "Ana",
            "Ana Silva",
            "Dr. O\u2019Neil-Weber",
            "J.R. Smith",
            "\u0141ucja",
            "Mr and Mrs Li",
            "van Dyk",
            "Tom & Ana",
        ),
        *("\u674e\u660e", "Jos\u00e9", "Ana de la Cruz"),
    ],
)
def test_a_name_will_do_where_no_address_is_needed(ask: Ask, name: str) -> None:
    request = ask(to=name, subject="Lunch")
    assert [(mailbox.name, mailbox.address) for mailbox in request.recipients] == [(name, "")]
    assert ask(**request.model_dump()).recipients == request.recipients


@pytest.mark.parametrize("text", ["Jose\u0301", ' "Jos\u00e9" ', "  Jos\u00e9"])
def test_a_name_may_be_typed_in_several_ways(ask: Ask, text: str) -> None:
    assert ask(to=text, subject="Lunch").to == ("Jos\u00e9",)


@pytest.mark.parametrize(
    "text",
    [
        *("Example.com", "Ana(at)example.com", "Room 5", "A B C D E F", "tom", "Ana at example", "Dear Ana"),
        *("Ana Silva ana", "To whom it may concern", "Ana, bo"),
    ],
)
def test_what_is_no_name_alone_is_a_wrong_address(ask: Ask, text: str) -> None:
    with pytest.raises(RequestError, match="is not an e-mail address"):
        ask(to=text, subject="Lunch")


def test_who_has_a_copy_needs_an_address(ask: Ask) -> None:
    with pytest.raises(RequestError, match="cc: 'Bo' is not an e-mail address"):
        ask(to="Ana", cc="Bo", subject="Lunch")
    with pytest.raises(RequestError, match="or as a name alone, with a capital letter"):
        ask(to="ana", subject="Lunch")


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"to": []}, "at least one recipient"),
        ({"to": ["priya"]}, "'priya' is not an e-mail address"),
        ({"to": ["Raman, Priya <priya@example.com>"]}, "put quotes round a name that holds a comma"),
        ({"to": ["a@b@example.com"]}, "is not an e-mail address"),
        ({"to": ["a b@example.com"]}, "is not an e-mail address"),
        ({"to": ["a..b@example.com"]}, "'a..b' cannot stand before the @"),
        ({"to": ["a@-example.com"]}, "'-example.com' is not a domain name"),
        ({"to": ["a@exa_mple.com"]}, "is not a domain name"),
        ({"to": ["a@bücher..example"]}, "is not a domain name"),
        ({"to": ['"Priya <priya@example.com>']}, "without its closing one"),
        ({"to": ["a@example.com\nBcc: spy@example.org"]}, "on one line"),
        ({"cc": ["Bo\r\nX-Evil: 1 <bo@example.org>"]}, "on one line"),
        ({"bcc": ["a@example.com\x00"]}, "U+0000"),
        ({"subject": "Hi\r\nBcc: spy@example.org"}, "on one line"),
        ({"subject": "Hi\u2028there"}, "U+2028"),
        ({"subject": "=?utf-8?q?Hi=0d=0aBcc:_spy@example.org?="}, "on one line"),
        ({"sender": "Tom\nBcc: spy@example.org"}, "on one line"),
        ({"signature": "\x1b[31mOffice"}, "U+001B"),
        ({"greeting": "Hi\x9b1m {name},"}, "U+009B"),
        ({"sender": "Tom <tom@>"}, "is not an e-mail address"),
        ({"address": "tom"}, "is not an e-mail address"),
        ({"address": "Tom"}, "is not an e-mail address"),
        ({"address": "tom@example.org, bo@example.org"}, "holds 2 addresses"),
        ({"subject": "", "points": []}, "nothing to write about"),
        ({"subject": None, "points": ["  "]}, "nothing to write about"),
        ({"tone": "freindly"}, "did you mean 'friendly'"),
        ({"language": "xx"}, "choose from da, de, en"),
        ({"reply_to": b"\x89PNG\r\n\x1a\n\0\0"}, "binary file"),
        ({"reply_to": b"\xd0\xcf\x11\xe0 outlook"}, "save the message as .eml"),
        ({"reply_to": b"Just some notes\nof mine\n"}, "not an e-mail message"),
        ({"reply_to": b""}, "not an e-mail message"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_bad_field_is_refused_in_one_line_that_says_how_to_mend_it(
    ask: Ask, fields: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(RequestError) as caught:
        ask(**fields)
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)
    (field,) = set(fields) - {"points"}
    assert field in str(caught.value)


def test_points_and_instruction_are_data_whatever_they_hold(ask: Ask) -> None:
    wild = "{{ 7 * 7 }} {% raw %} [Name] <b> \\n ünï \N{GRINNING FACE}\nline two"
    request = ask(points=[wild], instruction=wild)
    assert request.points == (wild,)
    assert request.instruction == wild


@pytest.mark.parametrize(
    ("noted", "point"),
    [
        ("- room B12", "room B12"),
        ("* room B12", "room B12"),
        ("•\troom B12", "room B12"),
        ("- 5 degrees", "- 5 degrees"),
    ],
)
def test_the_mark_of_a_list_is_no_part_of_a_point(ask: Ask, noted: str, point: str) -> None:
    assert ask(points=[noted]).points == (point,)


def test_a_list_pasted_into_one_point_is_as_many_points(ask: Ask) -> None:
    assert ask(points=["- room B12\n  - 14:00 start\n\n- bring lunch", "see you"]).points == (
        "room B12",
        "14:00 start",
        "bring lunch",
        "see you",
    )
    prose = "Two rooms are free:\n- B12\n- B14"
    assert ask(points=[prose]).points == (prose,)


def test_a_list_mark_without_words_is_no_point(ask: Ask) -> None:
    assert ask(points=["* ", "room B12", "?", "-----", "\N{BIRTHDAY CAKE}"]).points == ("room B12", "\N{BIRTHDAY CAKE}")


def test_an_instruction_alone_is_enough_to_write(ask: Ask) -> None:
    assert ask(subject=None, points=[], instruction="Wish her a happy birthday").subject_line == ""


def test_the_sender_may_bring_the_address(ask: Ask) -> None:
    request = ask(sender="Tom Lee <tom@example.com>", address="other@example.org")
    assert request.sender_name == "Tom Lee"
    assert str(request.sender_mailbox) == "Tom Lee <tom@example.com>"


def test_name_and_address_of_the_sender_go_together(ask: Ask) -> None:
    assert str(ask(sender="Tom Lee").sender_mailbox) == "Tom Lee <tom@example.org>"
    assert ask(sender=None, address="Tom <tom@example.org>").sender_name == "Tom"
    assert ask(sender=None, address=None).sender_mailbox is None


def test_identity_fills_who_writes_and_how(email_domain: Domain) -> None:
    properties = email_domain.request.model_json_schema()["properties"]
    filled = {name for name, schema in properties.items() if schema.get("option", {}).get("identity")}
    assert filled == {"sender", "address", "signature", "tone", "closing"}
    assert "binary" in str(properties["reply_to"])


def test_another_language_needs_a_point_in_it(ask: Ask) -> None:
    with pytest.raises(RequestError, match="at least one point in German"):
        ask(language="de", points=[], subject="Termin")
    assert ask(language="de", points=["Der Termin ist um 10 Uhr."]).language == "de"
