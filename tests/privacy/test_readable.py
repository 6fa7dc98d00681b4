"""A redacted sentence reads on."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dalle_kit.checks import PLACEHOLDER
from dalle_kit.privacy import KINDS, PersonalData, load_finder, redacted

FINDER = load_finder(names=False)
DOUBLED = re.compile(r"\b(?:the|an?|my|your|his|her) (?:the|an?|that|another|someone)\b|  ", re.IGNORECASE)

PEOPLE = ("Anna Smith", "Mr Okafor", "Priya", "Dr. Tom O'Brien", "James")
THINGS = {
    "phone number": ("+44 20 7946 0000", "(555) 123-4567"),
    "e-mail address": ("ana.b@corp.org", "tom@site.net"),
    "card number": ("4111 1111 1111 1111",),
    "bank account": ("DE89 3704 0044 0532 0130 00",),
    "id number": ("536-22-8726",),
    "IP address": ("81.2.69.142",),
    "postal address": ("12 High Street, London", "7 Station Road, Leeds LS1 4AP"),
}


def redact(text: str) -> str:
    return redacted(text, FINDER.find(text))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Call Anna Smith on +44 20 7946 0000.", "Call someone on a phone number."),
        ("Mr Smith's card is here.", "Someone's card is here."),
        ("It is James' card.", "It is someone's card."),
        ("Use the +44 20 7946 0000 one.", "Use the phone number one."),
        ("Is it a 81.2.69.142?", "Is it an IP address?"),
        ("Write to ana@corp.org or bob@corp.org.", "Write to an e-mail address or another e-mail address."),
        ("My card number 4111 1111 1111 1111 is lost.", "My card number is lost."),
        ("Card number 4111 1111 1111 1111 is lost.", "A card number is lost."),
        ("Pay to account 12345678.", "Pay to a bank account."),
        ("Phone 0800 123 456 today.", "Phone a phone number today."),
        ("My card number is 4111 1111 1111 1111.", "My card number is withheld."),
        ("Tel: +44 20 7946 0000", "Tel: withheld"),
        (
            "Dear Anna,\n\nall is well.\n\nBest regards,\nTom Okafor",
            "Hello,\n\nall is well.\n\nBest regards,\nThe sender",
        ),
        ("Hi Anna!", "Hi!"),
        ("My colleague Anna Smith will call.", "My colleague will call."),
        ("Anna Smith and Tom met. Anna spoke.", "Someone and someone else met. That person spoke."),
        ("Call +44 20 7946 0000, yes 020 7946 0000.", "Call a phone number, yes that phone number."),
        ("Ask @anna_s about it.", "Ask someone about it."),
        ("See github.com/annas42 please.", "See github.com/user please."),
        ("Send it to 12 High Street, London. Thanks.", "Send it to an address. Thanks."),
        ("The Anna Smith report is due.", "The report is due."),
        ("She is an Anna Smith fan.", "She is a fan."),
        ("It has an Anna and a Tom.", "It has a person and a person."),
        ("Mr. and Mrs. Smith will come.", "Some people will come."),
    ],
)
def test_the_sentence_stays_readable(text: str, wanted: str) -> None:
    assert redact(text) == wanted


@st.composite
def sentences(draw: st.DrawFn) -> str:
    kind = draw(st.sampled_from(sorted(THINGS)))
    one, other = draw(st.sampled_from(THINGS[kind])), draw(st.sampled_from(THINGS[kind]))
    person, second = draw(st.sampled_from(PEOPLE)), draw(st.sampled_from(PEOPLE))
    frames = (
        f"{person} can be found at {one}, says {second}.",
        f"Ask {person} and {second} about the {one} thing.",
        f"We have {one} and {other} here. {person}'s is the first.",
        f"The {person} case: {one}.",
        f"Your {one} and a {other} are with {person}, not with {second}.",
        f"Dear {person},\n\nwe took {one} to be {second}'s.\n\nKind regards,\n{second}",
        f"{one} is new.\n- {other} is old, {person}!",
    )
    return draw(st.sampled_from(frames))


@given(sentences())
def test_what_was_found_is_gone_and_the_sentence_is_whole(text: str) -> None:
    found = FINDER.find(text)
    result = redacted(text, found)
    assert found and FINDER.find(result) == []
    assert all(each.text not in result for each in found)
    assert not PLACEHOLDER.search(result) and not DOUBLED.search(result)
    assert not re.search(r"\ba [aeiou]|\ban [^aeiouI]", result, re.IGNORECASE)
    assert result[0].isupper() and all(
        line[:1] != line[:1].lower() or line[:1] in "-w" for line in result.split("\n") if line
    )
    assert redacted(result, FINDER.find(result)) == result


@given(
    st.text(max_size=60),
    st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 59), st.integers(1, 20)), max_size=6),
)
def test_any_places_can_be_redacted(text: str, places: list[tuple[str, int, int]]) -> None:
    found = [
        PersonalData(kind, text[start : start + length], start, min(len(text), start + length))
        for kind, start, length in places
        if start < len(text)
    ]
    result = redacted(text, found)
    assert (result == text) if not found else result is not None
