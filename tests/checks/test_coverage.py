from __future__ import annotations

import numpy
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dalle_kit.checks import coverage, missing
from dalle_kit.checks.coverage import assess


def messages(point: str, text: str) -> list[str]:
    findings = missing([point], text, slot="body")
    assert all((each.check, each.severity, each.slot) == ("missing point", "error", "body") for each in findings)
    return [finding.message for finding in findings]


@pytest.mark.parametrize(
    ("point", "text"),
    [
        ("now Thursday 14:00", "The review is on Thursday at 2 p.m."),
        ("room B12", "We meet in Room B12."),
        ("move the meeting", "The meeting was moved."),
        ("went to the office", "They are going to our office."),
        ("three rooms", "We have 3 rooms."),
        ("bring the cost sheet", "Please bring your cost sheets along."),
        ("cannot attend", "I will not be able to attend."),
        ("cannot attend", "I am unable to attend."),
        ("not available on Friday", "I am unavailable on Friday."),
        ("no longer sold", "It isn't sold any longer."),
        ("report due Friday", "Don't forget that the report is due on Friday."),
        ("report due Friday", "The report is due no later than Friday."),
        ("thank Priya Raman", "Thank you, Priya."),
        ("ok", "ok"),
        ("invoice 4471 overdue", "Your invoice is long overdue. Its number is 4471."),
    ],
)
def test_a_point_said_in_other_forms_is_not_missing(point: str, text: str) -> None:
    assert messages(point, text) == []


@pytest.mark.parametrize(
    ("point", "text", "message"),
    [
        ("room B12", "We meet on Thursday.", "the text does not say 'room B12'"),
        ("bring the cost sheet", "We meet in room B12.", "the text does not say 'bring the cost sheet'"),
        (
            "review on Thursday 14:00 in the library",
            "The review on Thursday will be in the library.",
            "the text leaves out '14:00' of the point 'review on Thursday 14:00 in the library'",
        ),
        (
            "Ask Priya for the signed contract",
            "Please ask for the signed contract.",
            "the text leaves out 'Priya' of the point 'Ask Priya for the signed contract'",
        ),
        ("we cannot attend", "We will attend.", "the text says the opposite of 'we cannot attend'"),
        (
            "pay rises 4.5 % from Jan",
            "Pay rises of 4.5 % from Jan are expected.",
            "the text twists 'pay rises 4.5 % from Jan': what is told as so is only expected",
        ),
        (
            "can anyone swap with me on Sunday",
            "I can swap with you on Sunday.",
            "the text says the opposite of 'can anyone swap with me on Sunday'",
        ),
        ("we will attend", "We will not attend.", "the text says the opposite of 'we will attend'"),
        ("shop no longer sells tea", "The shop sells tea.", "the text says the opposite of 'shop no longer sells tea'"),
    ],
)
def test_a_point_left_out_or_denied_is_found(point: str, text: str, message: str) -> None:
    assert messages(point, text) == [message]


@pytest.mark.parametrize(
    ("point", "text", "left_out"),
    [
        ("locker number 12 is broken", "The locker number is 12.", "broken"),
        ("machine number 7 is out of order", "The machine number is 7.", "order"),
        ("locker number 12 is broken", "Locker number 12 broke.", None),
        (
            "the meeting on 4 May is moved to Friday 9:00",
            "The meeting on 4 May now takes place on Friday at 9:00.",
            None,
        ),
        ("room 12 on the second floor is unavailable", "Room 12 on the second floor is not available.", None),
        ("is room 12 on the second floor free?", "Can we have room 12 on the second floor?", None),
    ],
)
def test_what_a_point_says_of_something_is_not_left_out(point: str, text: str, left_out: str | None) -> None:
    (said,) = assess([point], text)
    assert said.twist == (left_out and f"nothing says {left_out!r}")
    assert said.is_said is (left_out is None)


def test_words_scattered_over_a_text_do_not_make_a_point() -> None:
    text = (
        "The red house is old. We eat. We sleep. We drink. We read. A cost was named. Rain fell. Wind blew. One sheet."
    )
    assert coverage(["bring the cost sheet to the house"], text)[0] < 0.5


def test_coverage_is_a_share_for_each_point() -> None:
    text = "We meet on Thursday at 2 p.m. in room B12."
    assert coverage(["Thursday 14:00", "room B12", "bring cake", "Thursday, bring cake"], text) == [
        1.0,
        1.0,
        0.0,
        pytest.approx(0.5),
    ]
    assert coverage([], text) == []
    assert coverage(["cake"], "") == [0.0]


def test_a_paraphrase_counts_where_vectors_are_given_but_not_without_its_facts() -> None:
    def alike(texts: list[str]) -> numpy.ndarray:
        return numpy.ones((len(texts), 1))

    assert coverage(["postpone it"], "The review was put off.") == [0.0]
    assert coverage(["postpone it"], "The review was put off.", similar=alike) == [1.0]
    assert missing(["postpone it to Friday"], "The review was put off.", similar=alike)


@given(st.lists(st.text(max_size=60), max_size=4), st.text(max_size=200))
@example(["0"], "N'T")
def test_coverage_is_always_from_0_to_1(points: list[str], text: str) -> None:
    assert all(0.0 <= score <= 1.0 for score in coverage(points, text))


def test_two_hundred_points_are_held_against_a_text_without_a_hang() -> None:
    points = [f"point {number} about topic {number}" for number in range(200)]
    text = "\n".join(f"Point {number} is about topic {number}." for number in range(200))
    assert missing(points, text) == []


@pytest.mark.parametrize(
    ("point", "turned", "kept"),
    [
        ("do you still have my drill?", "I still have the drill.", "Do you still have my drill?"),
        ("price and lead time?", "The price is the lead time.", "Please tell me the price and the lead time."),
        ("not coming on Monday", "Please do not come on Monday.", "He is not coming on Monday."),
        ("if it still fails, send us the log", "I have sent you the log as it fails.", "If it fails, send us the log."),
        ("more than 3,200 people signed", "3,200 people have signed.", "Over 3,200 people have signed."),
        ("more than 3,200 people signed", "At most 3,200 people have signed.", "3,200 people and more have signed."),
        (
            "one nurse for at most eight patients",
            "One nurse is for at least eight patients.",
            "Each has at most eight.",
        ),
        ("no more than 20 guests", "Please bring at least 20 guests.", "Please bring 20 guests or fewer."),
        ("no less than 5 copies", "Please send 5 copies or less.", "Please send at least 5 copies."),
        ("takes about 45 minutes", "It takes 45 minutes.", "It takes some 45 minutes."),
        ("if it rains: indoors", "It rains, and we are indoors.", "Should it rain, we will be indoors."),
        ("only nine players so far", "There are nine players so far.", "There are just nine players so far."),
        (
            "appointments: afternoons only",
            "The appointments are in the afternoons.",
            "Only afternoons have appointments.",
        ),
        ("umbrella not mine", "No, the umbrella is mine.", "No, the umbrella is not mine."),
        ("bring your licence", "Please do not bring your licence.", "Please do not forget to bring your licence."),
        ("not the big fish, it is fasting", "Please do not have the big fish, it is fasting.", "Not the big fish."),
    ],
)
def test_what_is_asked_or_conditional_or_bounded_or_reported_is_not_said_by_a_plain_statement_or_a_ban(
    point: str, turned: str, kept: str
) -> None:
    assert missing([point], turned)
    assert not any("opposite" in finding.message for finding in missing([point], kept))


@pytest.mark.parametrize(
    ("point", "text"),
    [
        ("no shoes inside", "Please do not bring shoes inside."),
        ("please don't call before ten", "Please do not call before ten."),
        ("tickets: do not print", "Please do not print the tickets."),
    ],
)
def test_a_note_that_forbids_may_be_put_as_a_ban(point: str, text: str) -> None:
    assert not missing([point], text)


@pytest.mark.parametrize(
    ("point", "text"),
    [
        ("she must not go out", "If the cat does not eat, please call the vet."),
        ("Sofia Ruiz succeeds him", "Sofia Ruiz worked for a rival before."),
    ],
)
def test_a_denial_or_a_name_alone_says_no_point(point: str, text: str) -> None:
    assert missing([point], text)


def test_what_is_said_of_another_thing_is_not_said_of_this_one() -> None:
    points = ["we are closed on Monday", "parking is closed that day too"]
    closed, parking = assess(points, "We will be closed on Monday. There will be parking on that day too.")
    assert closed.is_said and not parking.is_said and parking.twist == "nothing says 'closed'"
    assert all(each.is_said for each in assess(points, "We are closed on Monday. Parking will be closed that day too."))
    assert all(each.is_said for each in assess(["the lift is broken"], "I am sorry about the lift. It is broken."))


def test_a_fact_that_points_share_says_none_of_them_alone() -> None:
    shared = ["doors open at 15:00", "cake at 15:00"]
    doors, cake = assess(shared, "The doors open at 15:00.")
    assert doors.is_said and not cake.is_said
    rooms = ["room B12 is locked", "keys for room B12", "projector in room B12"]
    assert [each.is_said for each in assess(rooms, "Room B12 is locked.")] == [True, False, False]
    assert not assess(["cake at 15:00"], "15:00.")[0].is_said


def test_a_point_all_of_whose_words_are_in_others_is_not_said_by_what_says_these() -> None:
    points = ["doors open at 7", "buffet at 8", "buffet opens at 7"]
    text = "The doors open at 7. The buffet is at 8."

    assert [each.is_said for each in assess(points, text)] == [True, True, False]
    assert all(each.is_said for each in assess(points, f"{text} The buffet opens at 7."))


def test_a_point_of_one_word_that_another_has_as_well_is_not_said_by_that() -> None:
    points = [
        "Lunch follows at one.",
        "lunch at one",
        "lunch is included",
        "Each child needs a packed lunch and a hat.",
    ]
    packed = points[-1]

    assert [each.is_said for each in assess([points[0], packed], packed)] == [False, True]
    assert [each.is_said for each in assess([points[1], packed], packed)] == [False, True]
    assert [each.is_said for each in assess([points[2], packed], packed)] == [False, True]
    assert all(each.is_said for each in assess([points[0], packed], f"The lunch follows at one. {packed}"))
