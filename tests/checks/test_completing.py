from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dalle_kit.checks import completed, content_words, is_sentence
from dalle_kit.checks.whole_notes import is_of_writer, lacks_doer


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
        ("held 312 kilos", "It was held 312 kilos."),
        ("sold it from his garage", "They sold it from his garage."),
        ("empty your pockets", "I am empty your pockets."),
        ("5 euros each", "There are 5 euros each."),
        ("26 stations by June", "There are 26 stations by June."),
        ("Wednesday 2 pm", "It is Wednesday at 2 pm."),
        ("Saturday 10:00 to noon", "Saturday is 10:00 to noon."),
        ("today or tomorrow?", "Could we today or tomorrow?"),
        ("anyone got a saw?", "Is anyone got a saw?"),
        ("29th", "It is 29th."),
        ("moved to Thursday 14:00", "We have moved to Thursday at 14:00."),
        ("sleepover ok if her parents agree", "It will be a sleepover ok if her parents agree."),
        ("57% against, 43% in favour", "57% against, and 43% are in favour."),
        ("Wednesday 22:00 to 4:00", "It will be on Wednesday at 22:00 to 4:00."),
        ("survived by two sons", "They were survived by two sons."),
        ("paid on the 14th", "I have paid on the 14th."),
        ("built more than 700 instruments", "It was built more than 700 instruments."),
        ("19 to 12, one abstention", "There were 19 to 12, one abstention."),
        ("now full of books", "There are now full of books."),
        ("firefighters lured it down", "The firefighters were lured it down."),
        ("organist's away so we need a piano", "The organist's is away so we need a piano."),
        ("ten litres each", "There are ten litres each."),
        ("all in the blue folder", "There are all in the blue folder."),
        ("three minutes at least", "Three minutes were at least."),
        ("wedding in Oldermark", "I am wedding in Oldermark."),
        ("yes, 25 May at 11", "It is yes, 25 May at 11."),
        ("first win since 1987", "The first win has been since 1987."),
        ("told Martin twice already", "It was told Martin twice already."),
        ("same place same time", "The same place is the same time."),
        ("88 km in six days", "There are 88 km in six days."),
        ("down since Tuesday night", "It was down since Tuesday night."),
        ("85 jobs", "There are 85 jobs."),
        ("left of the gate", "I am left of the gate."),
        ("thanks, you're right", "I thanks, you're right."),
        ("any day but Friday", "There will be any day but Friday."),
        ("third time since New Year", "There was a third time since New Year."),
        ("5 metres not 4", "5 metres is not 4."),
        ("costume by the 3rd", "The costume is by the 3rd."),
        ("lost one of two hives", "Lost hives were two of one."),
        ("told him twice already", "He told me twice already."),
        ("cut ours yesterday", "Please cut ours yesterday."),
        ("bring you something nice", "Please bring you something nice."),
        ("debts of 640,000", "There are 640,000 debts."),
        ("temperature -5 at night", "The temperature is 5 at night."),
        ("mine runs out on 4 October", "The mine runs out on 4 October."),
        ("two of us come earlier", "The two of us come earlier."),
        ("Ylva passed, orange belt", "Ylva passed, and the orange belt."),
        ("sales fell 3%, profit rose 5%", "Sales fell 5%, but profit rose 3%."),
        ("adults 6 euros, children 3", "Adults are 6 euros, and children are 3."),
        ("no shoes, no workshop", "There are no shoes, no workshop."),
        ("booking: FK-2281", "The booking is for FK-2281."),
        ("plan carries on?", "The plan carries on."),
        ("children welcome", "The children welcome."),
        ("help welcome from 10", "Please help welcome from 10."),
        ("parents welcome the newcomers", "The parents are welcome the newcomers."),
        ("don't want to lose the licence", "Please don't want to lose the licence."),
        ("back around 11pm", "There will be back around 11pm."),
        ("pool opens 15 May", "The pool opens at 15 May."),
        ("meeting Friday", "The meeting is in Friday."),
        ("surprise so don't tell her", "The surprise is so don't tell her."),
        ("better now", "It was better now."),
        ("next year a week earlier", "There will be next year a week earlier."),
        ("very shy, don't chase", "We are very shy, and we don't chase."),
        ("tap in upstairs bathroom drips", "The tap is in the upstairs bathroom drips."),
        ("same place same time", "It is the same place the same time."),
        ("hope you like it", "I will hope you like it."),
        ("hope it helps", "Please hope it helps."),
        ("don't remember the code", "Please don't remember the code."),
        ("never seen it before", "I never seen it before."),
        ("also depends on the weather", "I also depends on the weather."),
        ("like last year", "I like last year."),
        ("wish list attached", "I wish the list attached."),
        ("gives you more time", "I gives you more time."),
        ("cleaned windows yesterday", "I am cleaned windows yesterday."),
        ("32 people so far", "32 people are so far."),
        ("Padraig is away", "Our Padraig is away."),
        ("caused two leaks", "It was caused two leaks."),
        ("no lesson next week, exams", "There is no lesson next week, the exams."),
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


def test_a_question_may_stand_as_it_was_typed_and_what_lacks_its_subject_may_not() -> None:
    assert becomes("will the second phase begin in 2028?", "Will the second phase begin in 2028?", writers=("I",))
    assert becomes("could bring cake", "I could bring cake.", writers=("I",))
    assert not becomes("could bring cake", "Could bring cake.", writers=("I",))
    assert becomes("could bring cake", "Could bring cake.", writers=())


def test_what_somebody_left_somewhere_and_is_out_of_is_said_of_them() -> None:
    assert becomes("left my coat in the hall", "I left my coat in the hall.")
    assert not becomes("left my coat in the hall", "I am left my coat in the hall.")
    assert becomes("out of paper again", "We are out of paper again.")
    assert becomes("out of paper again", "It is out of paper again.")
    assert not becomes("out of paper again", "It will be out of paper again.")
    assert becomes("out of order since Monday", "It has been out of order since Monday.")


def test_what_things_do_by_themselves_is_said_of_them() -> None:
    assert becomes("stopped again last night", "It stopped again last night.")
    assert not becomes("stopped again last night", "I stopped again last night.")
    assert becomes("stopped smoking in May", "I stopped smoking in May.")
    assert becomes("arrived late", "I arrived late.") and becomes("arrived late", "They arrived late.")
    assert not becomes("arrived late", "It was arrived late.")


def test_what_comes_on_a_day_does_not_come_to_it() -> None:
    assert becomes("glazier coming Tuesday", "The glazier is coming on Tuesday.")
    assert not becomes("glazier coming Tuesday", "The glazier is coming to Tuesday.")


def test_spans_of_hours_and_so_many_at_a_time_are_not_said_to_be() -> None:
    for note in ("Sunday 2 am to 4 am", "Sunday 2am to 4am", "Wednesday 22:00 to 4:00", "two visitors at a time"):
        pattern = completed(note, writers=("I",))
        assert pattern is not None and not re.search(r"\b(?:is|was)\b", pattern)


def test_what_is_on_me_is_done_by_others() -> None:
    assert not becomes("drinks on me", "I am drinks on me.")
    assert becomes("forgot my scarf", "I forgot my scarf.")


def test_what_no_person_does_is_done_by_it_and_what_is_not_to_be_done_is_asked_for() -> None:
    assert becomes("won't happen again", "It won't happen again.")
    assert not becomes("won't happen again", "I won't happen again.")
    assert becomes("won't come on Friday", "I won't come on Friday.")
    assert becomes("don't let him out", "Please don't let him out.")
    assert not becomes("don't let him out", "We don't let him out.")
    assert becomes("don't want to lose it", "I don't want to lose it.")


@pytest.mark.parametrize(
    ("note", "told", "not_told"),
    [
        ("trained three cooks", "Ana trained three cooks.", "Ana was trained three cooks."),
        ("took night shifts", "Ana took night shifts.", "It was took night shifts."),
        ("promoted in May", "Ana was promoted in May.", "It was promoted in May."),
        ("never late", "Ana was never late.", "I was never late."),
        ("always came early", "Ana always came early.", "Ana was always came early."),
        ("good with customers", "Ana is good with customers.", "It was good with customers."),
    ],
)
def test_what_is_told_of_somebody_with_a_name_is_said_of_them(note: str, told: str, not_told: str) -> None:
    assert becomes(note, told, writers=("Ana",)) and not becomes(note, not_told, writers=("Ana",))


def test_who_is_away_is_a_person() -> None:
    assert becomes("home after 4", "I am home after 4.") and becomes("back from Rome", "We are back from Rome.")
    assert not becomes("home after 4", "The home is after 4.")
    assert becomes("home office closed", "The home office is closed.")


def test_a_beginning_may_be_certain() -> None:
    pattern = completed("wipe it dry", begins="Wipe") or ""
    assert re.fullmatch(pattern, "Wipe it dry.") and not re.fullmatch(pattern, "Please wipe it dry.")
    assert completed("wipe it dry", begins="Then") is None


@pytest.mark.parametrize(
    "note",
    [
        *("", "...", 'she said "no"', "It rains. We stay.", "one\ntwo", "word " * 17, "and/or", "(train) paid"),
        *("mayor: city is safe", "Kim: cake until 11", "when: Friday", "one, two, three, four", "jacket - no umbrella"),
        *("can you send it again, can't open it", "need a new blade, 75 cm", "heat: 40 treated, 2 in hospital"),
    ],
)
def test_what_is_no_note_has_no_pattern(note: str) -> None:
    assert completed(note) is None


@given(st.text(max_size=60), st.sampled_from([(), ("I",), ("I", "We")]))
def test_an_expression_says_at_most_a_sentence(note: str, writers: tuple[str, ...]) -> None:
    pattern = completed(note, writers=writers)
    assert pattern is None or not re.fullmatch(pattern, "One. Two.")


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


@pytest.mark.parametrize("note", ["still to pay: 120 euros", "left to do: the roof", "already paid: 12 euros"])
def test_what_stands_before_a_colon_and_names_nothing_is_not_said_to_be_something(note: str) -> None:
    pattern = completed(note)
    assert pattern is None or not re.search(r"\b(?:is|are|was|were)\b", pattern)


@pytest.mark.parametrize(
    "note",
    [
        "don't think we need it",
        "hope it helps",
        "like the idea",
        "already paid",
        "already told Ben",
        "never seen it",
        "also have two",
    ],
)
def test_what_somebody_feels_or_did_behind_an_adverb_lacks_who_it_is(note: str) -> None:
    assert lacks_doer(note) and lacks_doer(note, surely=True) and is_of_writer(note)


@pytest.mark.parametrize(
    ("note", "writer"),
    [
        ("will call", True),
        ("cannot come", True),
        ("paid the fee", True),
        ("ordered two", True),
        ("left at six", False),
        ("is broken", False),
    ],
)
def test_what_somebody_did_or_is_may_be_of_others(note: str, writer: bool) -> None:
    assert lacks_doer(note) and not lacks_doer(note, surely=True) and is_of_writer(note) == writer


@pytest.mark.parametrize(
    "note",
    [
        *("don't be late", "bring two", "like last year", "is it ready?", "can you come", "keys", ""),
        *("just like the old one", "like I said, the boat leaks", "love to the kids", "think about the price"),
        *("don't agree to anything before Friday", "agree a date with Tom", "know your rights", "believe it or not"),
        *("usually Thursdays at eight", "also tickets for Ana", "just us in the car", "Hope Street closed until May"),
        *("want me to call the plumber", "wish me luck", "need is urgent", "recently painted fence"),
    ],
)
def test_what_asks_orders_or_names_lacks_nobody(note: str) -> None:
    assert not (lacks_doer(note) or is_of_writer(note))


@given(st.text(max_size=40))
def test_of_any_text_it_is_told_whether_it_lacks_who_does_it(note: str) -> None:
    assert lacks_doer(note) or not lacks_doer(note, surely=True)
