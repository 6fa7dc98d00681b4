from __future__ import annotations

import pytest

from dalle_kit.checks import capitalised, list_items, plain_sentence
from dalle_kit.checks.notes import asks


@pytest.mark.parametrize(
    ("note", "sentence"),
    [
        ("room B12", "Room B12."),
        ("iPhone lost", "iPhone lost."),
        ("https://example.com/a", "https://example.com/a."),
        ("really?", "Really?"),
        ('she said: "No."', 'She said: "No."'),
        ("(see page 3)", "(see page 3)."),
        ("wait…", "Wait…"),
        ("in two steps:", "In two steps:"),
        ("list:\n- a\n- b", "list:\n- a\n- b"),
        ("what time is it", "What time is it?"),
        ("I have it. can you come", "I have it. can you come?"),
        ("how many chairs do we need", "How many chairs do we need?"),
        ("what we need is bread", "What we need is bread."),
        ("which is fine", "Which is fine."),
        ("when you come ring twice", "When you come ring twice."),
        ("do it today", "Do it today."),
        ("did it yesterday", "Did it yesterday."),
        ("does that for free", "Does that for free."),
        ("did it arrive", "Did it arrive?"),
        ("is there until 5", "Is there until 5."),
        ("is there a lift", "Is there a lift?"),
        ("can somebody bring the homework", "Can somebody bring the homework?"),
        ("and who has the projector", "And who has the projector?"),
        ("who took the big pot", "Who took the big pot?"),
        ("who comes first wins", "Who comes first wins."),
        ("and what we need", "And what we need."),
        ("what is left goes to Ana", "What is left goes to Ana."),
        ("when will it be ready", "When will it be ready?"),
        ("see you Friday \U0001f642", "See you Friday \U0001f642"),
        ("it is 12 \u00b0", "It is 12 \u00b0."),
    ],
)
def test_a_plain_sentence_is_the_note_with_a_capital_and_an_end(note: str, sentence: str) -> None:
    assert plain_sentence(note) == sentence
    assert plain_sentence(sentence) == sentence


@pytest.mark.parametrize(
    ("note", "rest"),
    [
        ("- room B12", "room B12"),
        ("•\troom", "room"),
        ("\u2013 room", "room"),
        ("-3 degrees", "-3 degrees"),
        ("- 3 degrees", "- 3 degrees"),
        ("*", ""),
        ("*starred*", "*starred*"),
    ],
)
def test_a_list_mark_is_taken_away_and_a_minus_is_not(note: str, rest: str) -> None:
    assert list_items(note) == [rest]


def test_words_spelled_in_their_own_way_stay() -> None:
    assert [capitalised(word) for word in ("room", "eBay", "example.com", "élan")] == [
        "Room",
        "eBay",
        "example.com",
        "Élan",
    ]


@pytest.mark.parametrize(
    "note",
    [
        *(
            "can a plumber come today",
            "will the shop be open",
            "would anybody mind",
            "could your sister help with the food",
        ),
        *("is the rent negotiable", "are the kids coming", "was the door locked", "is the heating on"),
        *("is Kim coming", "can Ben drive", "is Friday ok", "any objection", "any news from the vet"),
        "will Kim put it back",
    ],
)
def test_what_asks_of_others_is_a_question(note: str) -> None:
    assert asks(note)
    assert plain_sentence(note).endswith("?")


@pytest.mark.parametrize(
    "note",
    [
        *("is the main reason", "is the third time this year", "was the best night", "is the end", "are the winners"),
        *("is the cause of the leak", "is the building used by the club", "is the one in the hall", "is a nuisance"),
        *("is Thursday at 5", "is Harbour Cinema", "was Kim not Ben", "is Head of Sales", "was Ben's idea"),
        *("any questions go to Ben", "any colour will do"),
        *("Will Smith comes at five", "Will Baker paid", "Will Reed is ill", "Will Reed and Ana come"),
        *("do everyone a favour and come early", "who paid gets a ticket", "who needs a lift please call me"),
        *("can opener missing", "will send it", "will be closed", "would be nice", "have the keys", "did the dishes"),
    ],
)
def test_what_only_lacks_its_subject_is_none(note: str) -> None:
    assert not asks(note)
