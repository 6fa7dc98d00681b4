"""A redacted sentence reads on."""

from __future__ import annotations

import pytest

from dalle_kit.checks import PLACEHOLDER
from dalle_kit.privacy import load_finder, redacted

FINDER = load_finder(names=False)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Call Mr Smith on +44 20 7946 0000.", "Call someone on a phone number."),
        ("Mr Smith's card is here.", "Someone's card is here."),
        ("Use the +44 20 7946 0000 one.", "Use the phone number one."),
        ("Write to ana@corp.org or bob@corp.org.", "Write to an e-mail address or another e-mail address."),
        ("My card number 4111 1111 1111 1111 is lost.", "My card number is lost."),
    ],
)
def test_the_sentence_stays_readable(text: str, wanted: str) -> None:
    assert redacted(text, FINDER.find(text)) == wanted
    assert not PLACEHOLDER.search(wanted)
