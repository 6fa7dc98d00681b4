from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dalle_kit.checks import completed, content_words, is_sentence


def becomes(note: str, sentence: str, *, writers: tuple[str, ...] = ("I", "We")) -> bool:
    pattern = completed(note, writers=writers)
    assert pattern is not None
    return bool(re.fullmatch(pattern, sentence))


@pytest.mark.parametrize(
    ("note", "sentence"),
    [
        ("worth 18,000 euros", "It is worth 18,000 euros."),
        ("paper jam again", "There is a paper jam again."),
        ("two librarians hired", "Two librarians were hired."),
        ("room B12 from 14:00", "Room B12 is from 14:00."),
        ("take the stairs", "Please take the stairs."),
        ("leaving at noon", "We are leaving at noon."),
        ("lost one of two hives", "I lost one of two hives."),
        ("told him twice already", "I have told him twice already."),
        ("can't start without them", "I can't start without them."),
        ("rained all day", "It rained all day."),
        ("starts, if it's warm", "It starts, if it's warm."),
        ("proud of both", "I am proud of both."),
        ("worth repairing?", "Is it worth repairing?"),
        ("price for half a day?", "What is the price for half a day?"),
        ("balance: 50 euros", "The balance is 50 euros."),
        ("next show: not settled yet", "The next show is not settled yet."),
        ("boat is 6 metres long, mast comes down", "The boat is 6 metres long, and the mast comes down."),
        ("signed it in blue, must be black", "I signed it in blue, but it must be black."),
        ("six sessions used, three left", "Six sessions were used, and three were left."),
        ("sky will be clear on Friday", "The sky will be clear on Friday."),
        ("Trains cancelled on Monday", "The trains are cancelled on Monday."),
        ("Anna is ill", "Anna is ill."),
        ("iPad is lost", "iPad is lost."),
        ("i have no ladder that long", "I have no ladder that long."),
        ("taxi to Mei", "The taxi is to Mei."),
        ("temperature -5 at night", "The temperature is -5 at night."),
        ("held 312 kilos", "It held 312 kilos."),
        ("empty your pockets", "Please empty your pockets."),
        ("5 euros each", "It is 5 euros each."),
        ("26 stations by June", "There will be 26 stations by June."),
        ("Wednesday 2 pm", "It is on Wednesday at 2 pm."),
        ("today or tomorrow?", "Is it today or tomorrow?"),
        ("anyone got a saw?", "Has anyone got a saw?"),
        ("saddle a bit high but he'll grow", "The saddle is a bit high but he'll grow."),
        ("boxes everywhere but the oven works", "The boxes are everywhere but the oven works."),
        ("third time since New Year", "It is the third time since New Year."),
        ("three weeks behind", "It is three weeks behind."),
        ("29th", "It is on the 29th."),
        ("moved out on 31 July", "I moved out on 31 July."),
        ("don't think we need a van", "I don't think we need a van."),
        ("hope it stays dry", "We hope it stays dry."),
        ("hope you like it", "I hope you like it."),
        ("already sent the form", "I have already sent the form."),
        ("caused two leaks", "It caused two leaks."),
        ("AGM takes place in May", "The AGM takes place in May."),
        ("closed Friday, funeral", "It is closed on Friday, for a funeral."),
        ("closed weekends", "We are closed weekends."),
        ("don't really need a van", "I don't really need a van."),
        ("don't think twice", "Please don't think twice."),
        ("never seen it before", "I have never seen it before."),
        ("probably won't make it", "I probably won't make it."),
        ("also depends on the weather", "It also depends on the weather."),
        ("still has to be painted", "It still has to be painted."),
        ("gives you more time", "It gives you more time."),
        ("cleaned windows yesterday", "I cleaned the windows yesterday."),
        ("moved to Thursday 14:00", "It was moved to Thursday at 14:00."),
        ("sleepover ok if her parents agree", "The sleepover is ok if her parents agree."),
        ("no rush if you are busy", "There is no rush if you are busy."),
        ("57% against, 43% in favour", "57% against, 43% in favour."),
        ("Wednesday 22:00 to 4:00", "Wednesday 22:00 to 4:00."),
        ("paid on the 14th", "I paid on the 14th."),
        ("19 to 12, one abstention", "It was 19 to 12, one abstention."),
        ("now full of books", "It is now full of books."),
        ("ducks back the same evening", "The ducks were back the same evening."),
        ("firefighters lured it down with lettuce", "The firefighters lured it down with lettuce."),
        ("raised \u00a3312.40", "It raised \u00a3312.40."),
        ("2 accidents since March", "There have been 2 accidents since March."),
        ("hut fully booked so we slept outside", "The hut was fully booked so we slept outside."),
        ("re-opens on Monday", "It re-opens on Monday."),
        ("340 incl VAT", "It is 340 incl VAT."),
        ("ten litres each", "It is ten litres each."),
        ("two millimetres tall", "It is two millimetres tall."),
        ("all in the blue folder", "They are all in the blue folder."),
        ("wedding in Oldermark", "The wedding is in Oldermark."),
        ("first win since 1987", "It is the first win since 1987."),
        ("\u00a34 a session", "It is \u00a34 a session."),
        ("told Martin twice already", "I told Martin twice already."),
        ("same time on Friday", "It is the same time on Friday."),
        ("last year: 980 euros", "Last year was 980 euros."),
        ("left of the gate", "It is left of the gate."),
        ("12 June", "It is on 12 June."),
        ("5 pm", "It is at 5 pm."),
        ("10:30 at the latest", "It is at 10:30 at the latest."),
        ("88 km in six days", "It is 88 km in six days."),
        ("down since Tuesday night", "It has been down since Tuesday night."),
        ("12 people in the hall", "There are 12 people in the hall."),
        ("30 km/h in the whole centre", "It is 30 km/h in the whole centre."),
        ("lend him yours?", "Could you lend him yours?"),
        ("children welcome", "Children are welcome."),
        ("help welcome from 10", "Help is welcome from 10."),
        ("don't want to lose the licence", "We don't want to lose the licence."),
        ("back around 11pm", "We will be back around 11pm."),
        ("pool opens 15 May", "The pool opens on 15 May."),
        ("and who has the projector", "And who has the projector?"),
        ("weather so bad", "The weather is so bad."),
        ("better now", "I am better now."),
        ("very shy, don't chase", "It is very shy, please don't chase."),
        ("tap in upstairs bathroom drips", "The tap in the upstairs bathroom drips."),
    ],
)
def test_little_words_make_a_sentence_of_a_note(note: str, sentence: str) -> None:
    assert becomes(note, sentence)


@pytest.mark.parametrize(
    ("note", "sentence"),
    [
        ("lost one of two hives", "I lost two hives."),
        ("lost one of two hives", "Lost hives were two of one."),
        ("told him twice already", "He told me twice already."),
        ("debts of 640,000", "There are 640,000 debts."),
        ("temperature -5 at night", "The temperature is 5 at night."),
        ("sales fell 3%, profit rose 5%", "Sales fell 5%, but profit rose 3%."),
        ("plan carries on?", "The plan carries on."),
        ("open on Friday", "It is not open on Friday."),
        ("two of us come", "Two of us come on Friday."),
        ("ready by May", "It is all ready by May."),
        ("paid in cash", "I have already paid in cash."),
        ("paid in cash", "I paid only in cash."),
        ("paid in cash", "I paid before in cash."),
        ("rooms 12, 14", "The rooms are 12 14."),
        ("drinks on me", "I am drinks on me."),
    ],
)
def test_what_the_note_does_not_say_has_no_place(note: str, sentence: str) -> None:
    assert not becomes(note, sentence)


def test_whoever_writes_comes_in_only_where_there_is_one() -> None:
    assert becomes("need a quote", "I need a quote.")
    assert not becomes("need a quote", "I need a quote.", writers=())


def test_who_writes_alone_is_no_we() -> None:
    for note, mine, ours in (
        (
            "need two chairs, have no car",
            "I need two chairs, and I have no car.",
            "We need two chairs, and we have no car.",
        ),
        ("in the hall today", "I am in the hall today.", "We are in the hall today."),
        ("number is 555 0142", "My number is 555 0142.", "Our number is 555 0142."),
        ("running late", "I am running late.", "We are running late."),
    ):
        assert becomes(note, mine) and becomes(note, ours)
        assert becomes(note, mine, writers=("I",)) and not becomes(note, ours, writers=("I",))


def test_somebody_with_a_name_comes_in_where_all_is_about_them() -> None:
    assert becomes("took night shifts", "Ana took night shifts.", writers=("Ana",))
    assert not becomes("took night shifts", "Ana took night shifts.")
    assert not becomes("took night shifts", "I took night shifts.", writers=("Ana",))


def test_parts_are_joined_and_what_stood_between_them_may_go() -> None:
    for sentence in ("The lift is out, so please use the stairs.", "The lift is out, use the stairs."):
        assert becomes("lift out, use the stairs", sentence)
    assert becomes("fee: 12 euros", "The fee is 12 euros.") and becomes("fee: 12 euros", "The fee: 12 euros.")


def test_a_word_with_a_capital_only_at_its_place_gets_a_small_letter() -> None:
    assert becomes("Invoice paid", "The invoice is paid.") and becomes("I'm late", "I'm late.")
    assert becomes("IKEA closed", "The IKEA is closed.") and not becomes("Ivo ill", "The ivo is ill.")


def test_a_note_of_little_words_is_compared_at_once() -> None:
    pattern = completed(" ".join(["a"] * 16))
    assert pattern is not None and not re.fullmatch(pattern, " ".join(["A", *["a"] * 60, "b."]))


def test_a_beginning_may_be_certain() -> None:
    pattern = completed("wipe it dry", begins="Wipe") or ""
    assert re.fullmatch(pattern, "Wipe it dry.") and not re.fullmatch(pattern, "Please wipe it dry.")
    assert completed("wipe it dry", begins="Then") is None


@pytest.mark.parametrize(
    "note",
    [
        *("", "...", 'she said "no"', "It rains. We stay.", "one\ntwo", "word " * 17, "and/or", "(train) paid"),
        *(
            "jacket - no umbrella",
            "flour & eggs",
            "paid; thanks",
            "rain = off",
            "5- 6 people",
            "open \u2013 late",
            "no shoes, no entry",
        ),
    ],
)
def test_what_is_no_note_has_no_pattern(note: str) -> None:
    assert completed(note) is None


@given(st.text(max_size=60), st.sampled_from([(), ("I",), ("I", "We"), ("Ana",)]))
def test_any_text_has_an_expression_or_none(note: str, writers: tuple[str, ...]) -> None:
    pattern = completed(note, writers=writers)
    assert pattern is None or re.compile(pattern)


@given(st.lists(st.sampled_from("van left cut water two 14 mine Anna".split()), min_size=2, max_size=9), st.data())
def test_no_word_of_a_note_is_lost_and_none_changes_places(words: list[str], data: st.DataObject) -> None:
    pattern = completed(" ".join(words)) or ""
    other = data.draw(st.permutations(words) | st.just(words[1:]) | st.just(words[:-1]))
    said = " ".join(other)
    assert bool(re.fullmatch(pattern, f"{said[0].upper()}{said[1:]}.")) == (other == words)


@pytest.mark.parametrize("note", ["free for a talk next week?", "worth it?", "any good?"])
def test_a_question_begins_as_one_or_as_its_note_does(note: str) -> None:
    pattern = completed(note, writers=("I", "We"))
    assert pattern is not None and re.fullmatch(pattern, f"Is it {note}")
    assert not any(re.fullmatch(pattern, f"{telling} {note}") for telling in ("I am", "It is", "There is", "We are"))


def test_a_question_may_name_whom_a_letter_is_about() -> None:
    pattern = completed("recovered well?", writers=("Neha",))
    assert pattern is not None and re.fullmatch(pattern, "Has Neha recovered well?")


def test_what_tells_and_then_asks_may_tell() -> None:
    pattern = completed("late, can you start without me?", writers=("I", "We"))
    assert pattern is not None and not re.fullmatch(pattern, "I am late, can you start without me?")  # "me" is told
    pattern = completed("train late, can you wait?", writers=("I", "We"))
    assert pattern is not None and re.fullmatch(pattern, "The train is late, can you wait?")


@given(
    st.lists(
        st.sampled_from("the van is left cut no water two 14 mine been it on Anna".split()), min_size=1, max_size=9
    )
)
def test_every_note_may_stand_as_it_was_typed(words: list[str]) -> None:
    typed = " ".join(words)
    pattern = completed(typed)
    assert pattern is not None
    assert re.fullmatch(pattern, f"{typed[0].upper()}{typed[1:]}{'?' if pattern.endswith('?') else '.'}")
    assert set(content_words(typed)) <= set(content_words(pattern.replace("\\", "")))


@pytest.mark.parametrize(
    "note",
    [
        "the report is ready",
        "we'll meet at noon on Friday",
        "I lost the key to the shed.",
        "I can't come on Monday",
        "please collect it by 1 June",
        "please don't use flash",
        "he really needs a new saw",
        "he bites shoes",
        "the van is booked for Saturday at 9:00",
        "can you lend me yours?",
        "what time is it",
        "my aunt has paid until 2031",
        "someone must be at home",
        "someone scratched my car in the yard",
        "everybody is welcome",
        "there will be cake",
        "can anyone swap with me on Sunday",
        "they say Thursday",
        "Lunch follows at one.",
        "Tickets sell for 5 euros at the door.",
        "What a lovely evening that was!",
        "The roof leaked again.",
    ],
)
def test_what_lacks_nothing_is_a_sentence(note: str) -> None:
    assert is_sentence(note)


@pytest.mark.parametrize(
    "note",
    [
        "",
        "Friday",
        "report is ready",
        "the rooms we have",
        "the key that was lost",
        "no rain expected before Thursday",
        "all brought down safely",
        "it will appeal",
        "I back on Monday",
        "we short of chairs",
        "please no shoes",
        "the road closed until Friday",
        "the shed is locked, ask Kim",
        "we won. Sorry, Kim!",
        "he doesn't want speeches...",
        "who pays?",
        "tired of this?",
        "the price is (for now) 12 euros",
        "the van is booked for Saturday 9:00",
        "we meet Friday 5pm",
        "nobody home",
        "nobody injured the whole time",
        "someone hit by a bus",
        "anyone found my keys",
        "everything booked this week",
        "there left my bag",
        "everybody bring a torch",
        "there for the taking",
        "Lunch included.",
        "Deadline moved to Friday.",
        "Bring cake.",
        "Children welcome.",
        "lunch follows at one",
    ],
)
def test_what_may_lack_something_is_none(note: str) -> None:
    assert not is_sentence(note)


@given(st.text(max_size=60))
def test_any_text_is_judged(note: str) -> None:
    assert is_sentence(note) in (True, False)
