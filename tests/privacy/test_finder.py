"""What is personal is found, and what only looks like it is not."""

from __future__ import annotations

import itertools
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dalle_kit.privacy import KINDS, PersonalData, load_finder, redacted

FINDER = load_finder(names=False)


def kinds(text: str) -> dict[str, str]:
    return {each.text: each.kind for each in FINDER.find(text)}


@pytest.mark.parametrize(
    ("text", "found", "kind"),
    [
        ("Write to ana.b@corp.org.", "ana.b@corp.org", "e-mail address"),
        ("Call +44 20 7946 0000 today.", "+44 20 7946 0000", "phone number"),
        ("Call (555) 123-4567 x89.", "(555) 123-4567 x89", "phone number"),
        ("Card 4111 1111 1111 1111.", "4111 1111 1111 1111", "card number"),
        ("To DE89 3704 0044 0532 0130 00.", "DE89 3704 0044 0532 0130 00", "bank account"),
        ("The routing number is 011000015.", "011000015", "bank account"),
        ("Her SSN is 536-22-8726.", "536-22-8726", "id number"),
        ("My NINO is AB 12 34 56 C.", "AB 12 34 56 C", "id number"),
        ("NHS number: 943 476 5919", "943 476 5919", "id number"),
        ("It came from 81.2.69.142.", "81.2.69.142", "IP address"),
        ("It came from 2a00:1450:4009:81f::200e.", "2a00:1450:4009:81f::200e", "IP address"),
        ("Ask @anna_s about it.", "@anna_s", "user name"),
        ("login: annas42", "annas42", "user name"),
        ("Send it to 12 High Street, London today.", "12 High Street, London", "postal address"),
        ("Ask Mr. Okafor about it.", "Mr. Okafor", "person"),
        ("Dear Anna,\n\nall is well.", "Anna", "person"),
    ],
)
def test_each_kind_is_found(text: str, found: str, kind: str) -> None:
    assert kinds(text) == {found: kind}
    assert kind in KINDS


@pytest.mark.parametrize(
    "text",
    [
        "On 2026-11-24 at 14:00, or on 05/06/2026, in room 5550123.",
        "It costs 130 692 544 dollars, 1 500 000 euros, or 12.500.000, or 1,234,567.89.",
        "The order 1234567812345678 is late.",
        "To DE89 3704 0044 0532 0130 01.",
        "Version 1.2.3.4 runs on 127.0.0.1, 192.168.0.1, 10.20.30.40 and 192.0.2.7.",
        "Ask someone@example.com.",
        "@property\n@app.route('/x')\n    @override\n",
        "Dear Sir or Madam,\n\nHi all,\n\nDear Customer,\n",
        "std::vector and a::b at 12:30:45",
        "The login is broken.",
        "hdg: [2434/255/63], sid=02/08/27/1317253, m=101198676827824&w=2",
        "5  6  5  0  0 16  0 16, 8409.49 -132.99, 1 2 3 4 5 6 7 8 9 10",
        "revision 1.91.2.1 of @Mail::Tools, by (ilug|social)@linux.",
        "ISBN 978-3-16-148410-0, DOI 10.1000/182, order no. 4500012345, tracking number 12345678901.",
        "The hearing is on 5 May Court is closed; in 2019 Park Lane opened.",
        "def greet(user: str, login: Optional[str] = None) -> None:\n    user = request.user\n    user = 'admin'\n",
        "/**\n * @param name the name\n * @return a greeting\n */\n@media print {}\n",
    ],
)
def test_what_is_nobodys_is_not_found(text: str) -> None:
    assert kinds(text) == {}


def test_findings_stand_where_they_say_in_order() -> None:
    text = "Mail a@corp.org or call +44 20 7946 0000 from 81.2.69.142."
    found = FINDER.find(text)
    assert [each.kind for each in found] == ["e-mail address", "phone number", "IP address"]
    assert all(text[each.start : each.end] == each.text for each in found)


@given(st.text(st.sampled_from("aB1 2@.+-():/w\n,x#0"), max_size=80))
def test_findings_never_overlap(text: str) -> None:
    found: list[PersonalData] = FINDER.find(text)
    assert all(one.end <= other.start for one, other in itertools.pairwise(found))
    assert all(text[each.start : each.end] == each.text and each.text for each in found)


@pytest.mark.parametrize(
    "piece", ["1 ", "1.", "(1", "a@", "@a", "1 Ab ", "AB12 ", "::", "4111 ", " \n", "A-", "Anna ", "a@b.org "]
)
def test_hostile_texts_are_read_in_linear_time(piece: str) -> None:
    text = piece * (100_000 // len(piece))
    start = time.process_time()
    redacted(text, FINDER.find(text))
    assert time.process_time() - start < 3
