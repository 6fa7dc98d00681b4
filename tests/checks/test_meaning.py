"""Sentences that have all the words of a point and say something else with them."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dalle_kit.checks import missing, plain_sentence
from dalle_kit.checks.coverage import assess
from dalle_kit.checks.meaning import twisted

#: Most of them were written by the default model.
TWISTED = [
    # who does what, and to whom
    ("call me on 555-0101", "I would like to call you on 555-0101."),
    ("please send us the figures before noon", "We send you the figures before noon."),
    ("Jack can't come", "I can't come."),
    ("you promised delivery in two weeks", "I promise that delivery will be made in two weeks."),
    ("you charged me twice in April", "In April, I charged you twice."),
    ("they asked us for permission", "We asked them for permission."),
    ("she can pay the deposit in June", "I can pay the deposit in June."),
    ("my doctor sent you a note", "Your doctor sent me a note."),
    ("your driver was rude to my wife", "I am sorry to say that my wife was rude to my driver."),
    ("your colleague told me to wait", "I have told you to wait."),
    ("Eva plays the drums this time", "We will play the drums this time."),
    ("he drove off without her", "I have asked him to drive off without her."),
    ("order 991 was cancelled by mistake", "I have cancelled the order 991 because of a mistake."),
    ("we would like to invite you to an interview", "We would like you to invite us to an interview."),
    ("new players should bring a doctor's note", "Please bring a doctor's note to train."),
    ("Ana replaces Ben", "Ben replaces Ana."),
    ("Ana replaces Ben", "Ana is replaced by Ben."),
    ("messages on a phone settled the case", "The messages on a phone were settled by the court."),
    ("council cut its budget by a third", "The library was cut by a third."),
    ("nobody answered my mail of 12 October", "I have not answered my mail of 12 October."),
    # what is asked for, and what is told
    ("please pay back the 49 euros", "Please pay the 49 euros."),
    ("uploaded the photos", "Please upload the photos."),
    ("fixed the printer", "Please fix the printer."),
    ("Friday at 14:00 suits me", "On Friday at 14:00, I will suit you."),
    ("yes, Friday is fine", "Yes, Friday is fine for you."),
    ("Friday at 14:00 suits me", "I'd like to wear a suit for Friday at 14:00."),
    ("Friday at 14:00 works for me", "I'll work on Friday at 14:00."),
    ("may I take the laptop with me?", "I would be grateful if you could take the laptop with me."),
    ("you can sleep at ours", "I would be grateful if you could sleep at ours."),
    ("pick me up at the station", "I would like to pick you up at the station."),
    ("don't tell Mia", "I am afraid that Mia does not want to tell you."),
    # the order of two
    ("open from 9 to 12", "We are open from 12 to 9."),
    ("moved from Tuesday to Wednesday", "It has been moved from Wednesday to Tuesday."),
    ("it goes out on Monday instead of Friday", "It goes out on Friday instead of Monday."),
    ("training is at 6, not at 7", "Training is at 7, not at 6."),
    ("phase 2 starts after phase 1", "Phase 2 starts before phase 1."),
    ("costs are more than expected", "The costs are less than expected."),
    # conditions, what may and must be, times
    ("call the vet if she doesn't eat", "Please call the vet, as she doesn't eat."),
    ("we might stay until 11", "We will stay until 11."),
    ("marketing might get 5,000 more", "We would like to see that marketing gets 5,000 more."),
    ("we should wait for their answer", "We will wait for their answer."),
    ("you can call me", "You must call me."),
    ("my sister would like to take over the flat", "My sister will take over the flat."),
    ("the invoice was paid on 3 May", "The invoice will be paid on 3 May."),
    ("I paid 447 euros in advance", "I have to pay 447 euros in advance."),
    ("his sons reopen the shop on Monday", "His sons have reopened the shop on Monday."),
    ("my train is 40 minutes late", "If you make it by 40 minutes, I will save you a seat."),
    ("you need a badge", "If you need a badge, please let me know."),
    ("congrats on your promotion to team lead", "Your promotion to team lead was well deserved."),
    ("sorry your parcel came three days late", "Your parcel came three days late."),
    ("thanks for the flowers", "The flowers were on my desk."),
    ("open Monday to Friday 9:00 to 18:00", "We are open from Monday to Friday at 9:00 and at 18:00."),
    ("closed on public holidays", "The shop is open from 18:00 on public holidays."),
    ("we refund the postage", "We kindly ask you to refund the postage."),
    (
        "server down Saturday 22:00 to Sunday 02:00",
        "The server goes down on Saturday at 22:00 and to Sunday 02:00.",
    ),
    ("server down Saturday 22:00 to Sunday 02:00", "The server is down on Saturday at 22:00 and on Sunday at 02:00."),
    ("owe you a coffee", "Please owe me a coffee."),
    ("we don't miss the call", "I do not miss the call."),
    ("tuba left in the hotel, sent back by post", "The tuba was left in the hotel, and the post was sent back."),
    ("looked at the boiler, needs a new pump", "I have looked at the boiler and need a new pump."),
    ("table booked for Friday 12 Dec at 7.30", "A table is booked for Friday at 12 Dec at 7.30."),
    ("IBAN DE89 3704 0044 0532 0130 00", "IBAN DE89 is 3704 0044 0532 0130 00."),
    # parts of notes, and who is meant
    ("310 cases last week, 520 the week before", "There were 520 cases last week, and 310 the week before."),
    ("moved to Thursday 14:00, room B12", "Room B12 was moved to Thursday at 14:00."),
    ("left with Anna, second floor", "The second floor was left with Anna."),
    # what is done, what is under way, and what is to come
    ("selling mine, barely played", "I sold mine, which was barely played."),
    ("sending photos tonight", "Please send me photos tonight."),
    ("shade broken, sending a new one Friday", "The shade is broken. A new one was sent on Friday."),
    ("bicycle 7003 is repaired", "The bicycle 7003 is being repaired."),
    ("the roof has been fixed", "The roof is being fixed."),
]

FAITHFUL = [
    ("call me on 555-0101", "Please call me on 555-0101."),
    ("please send us the figures before noon", "Could you please send us the figures before noon?"),
    ("Jack can't come", "I am afraid that Jack cannot come."),
    ("sent back by post on Monday", "It was sent back by post, and the post was collected on Monday."),
    ("boiler man here, needs the cellar", "The boiler man is here, and needs the cellar."),
    ("needs a new pump", "I am afraid that it will need a new pump."),
    ("open Friday 12 Dec", "We are open on Friday, the 12th of December."),
    ("her number is 020 7946 0000", "Her number is 020-7946-0000."),
    ("you can call me after 5 pm", "I would be glad if you could call me after 5 pm."),
    ("Ana replaces Ben from Monday", "On Monday, Ana will replace Ben."),
    ("Ana replaces Ben", "Ben is replaced by Ana."),
    ("your bicycle is repaired", "Your bicycle has been repaired."),
    ("the boxes are delivered Thursday", "The boxes are being delivered on Thursday."),
    ("a school gym is used as a shelter", "A school gym is being used as a shelter."),
    ("the oven is being replaced", "The oven is being replaced."),
    ("310 cases last week, 520 the week before", "There were 310 cases last week, and 520 the week before."),
    ("pitch 36 closed, 5 open", "Pitch 5 is open, but pitch 36 is closed."),
    ("covered: theft, but not frost", "Frost is not covered, but theft is."),
    ("she starts Monday", "The new manager starts on Monday."),
    ("closed on Monday, the library", "The library is closed on Monday."),
    ("repaired, bicycle 7003", "Bicycle 7003 has been repaired."),
    ("booked and paid tickets", "The tickets are booked and paid."),
    ("raining all day yesterday", "It rained all day yesterday."),
    ("living here since Monday", "We have lived here since Monday."),
    ("cleaning done on Friday", "It was cleaned on Friday."),
    ("parking behind the house", "Please park behind the house."),
    ("books are sold at the door", "Books are being sold at the door."),
    ("sending a new one Friday", "I am going to send a new one on Friday."),
    ("training: 11 months, after school", "The pupils trained for 11 months, after school."),
    ("ask Ana if you have questions", "If you have any questions, please ask Ana."),
    ("moved to Thursday 14:00", "It has been moved to Thursday at 14:00."),
    ("course moved from room 4 to room 7", "The course has been moved to room 7 instead of room 4."),
    ("phase 2 starts after phase 1 is approved", "We will start phase 2 after phase 1 is approved."),
    ("Ms Roth will lead the interview", "Ms Roth will be the one who leads the interview."),
    ("they need the lift all morning", "The lift is needed all morning."),
    ("could we meet on Thursday?", "Would you be able to meet me on Thursday?"),
    ("collect it on Thursday", "I'd be able to collect it on Thursday."),
    ("voucher not accepted", "I cannot accept a voucher."),
    ("boxes delivered Wednesday", "On Wednesday, the boxes will be delivered."),
    ("what can you cook?", "Could you tell me what you can cook?"),
    ("we will go to court if you do not pay", "If you do not pay, we will go to court."),
    ("rent reduced by 42% until it is fixed", "I will reduce the rent by 42% until it is fixed."),
    ("weak demand blamed by company", "The company blamed weak demand."),
    ("coach: we deserved it", "The coach said they had deserved it."),
    ("Lorries may only use it at night", "The use by lorries is allowed at night only."),
    ("it should take 45 minutes", "We think it'll take about 45 minutes."),
    ("the flowers will come on Friday", "My flowers for you will come on Friday."),
    ("witnesses should call 555-0169", "Police asked witnesses to call 555-0169."),
    ("Omar travels with me", "I am going to travel with Omar."),
    ("landlord has to pay the costs", "The landlord had to pay the costs."),
    ("the key is at the desk", "If you come late, the key is at the desk."),
    ("please reply by 4 May", "If you could reply by 4 May, that would be great."),
    ("congrats on the new job", "We are delighted about your new job."),
    ("sorry, the lift is broken", "I am afraid that the lift is broken."),
    ("thanks for the flowers", "We appreciate your flowers."),
    ("we are happy to help", "If you need any help, please let us know."),
    ("open 9:00 to 17:00", "We are open between 9:00 and 17:00."),
    ("open 9:00 to 17:00", "We are open from 9 to 5."),
    ("open Monday to Friday 9:00 to 18:00", "We are open on weekdays between 9:00 and 18:00."),
    ("closed on public holidays", "We are not open on public holidays."),
    ("open Monday to Friday", "We are open on weekdays."),
    ("fixed the printer", "I fixed the printer."),
    ("call the plumber", "Please call the plumber."),
    ("does Friday suit you?", "Would Friday suit you?"),
    ("hope Friday is fine", "I hope Friday is fine with you."),
    ("nobody was hurt", "Fortunately, no people were hurt."),
    ("please pay back the 49 euros", "Please refund the 49 euros."),
    ("Friday suits me", "I am free on Friday."),
    ("Friday works for me", "Friday works well for me."),
    ("we are closed on Friday", "I am afraid that our shop is closed on Friday."),
    ("will call you on Friday", "You can expect a call from me on Friday."),
]


@pytest.mark.parametrize(("point", "sentence"), TWISTED)
def test_a_sentence_that_twists_its_point_is_found(point: str, sentence: str) -> None:
    assert twisted(point, [sentence]) is not None


@pytest.mark.parametrize(("point", "sentence"), FAITHFUL)
def test_a_sentence_in_other_words_is_left_alone(point: str, sentence: str) -> None:
    assert twisted(point, [sentence]) is None


@pytest.mark.parametrize("point", sorted({point for point, _ in (*TWISTED, *FAITHFUL)}))
def test_a_point_as_it_stands_twists_nothing(point: str) -> None:
    assert twisted(point, [plain_sentence(point)]) is None


def test_a_twisted_point_is_not_said_and_the_finding_says_why() -> None:
    (found,) = missing(["you charged me twice in April"], "In April, I charged you twice.")

    assert found.severity == "error" and "twists" in found.message and "somebody else" in found.message


def test_the_sentence_that_says_most_of_a_point_counts_before_others_with_its_words() -> None:
    sentences = ["You bring the salad.", "Ana brings the dessert."]

    assert twisted("Ana brings the salad", sentences) is not None
    assert twisted("Ana brings the dessert", sentences[::-1]) is None


def test_a_name_in_another_sentence_does_not_make_up_for_its_loss() -> None:
    text = "Tara will be conducting while Paul is away. We will be back in October."

    assert not assess(["Paul comes back in October"], text)[0].is_said
    assert assess(["Paul comes back in October"], text.replace("We will be back", "He comes back"))[0].is_said


def test_nothing_is_read_in_other_languages() -> None:
    point, text = "Jack ruft mich am Montag an", "Ich rufe Jack am Montag an."

    assert all(each.twist is None for each in assess([point], text, language="de"))


_WORDS = st.lists(
    st.sampled_from(
        "I you we he Ana Ben it me us call calls called to be is was will not please could if from 9 12 and , . ? the "
        "my your figures send sends by who would like instead of".split()
    ),
    max_size=14,
).map(" ".join)


@given(_WORDS)
def test_no_note_is_twisted_by_its_own_words(words: str) -> None:
    assert twisted(words, [words]) is None


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_two_texts_can_be_compared(point: str, sentence: str) -> None:
    found = twisted(point, [sentence])

    assert found is None or found


@pytest.mark.parametrize(
    "piece",
    [
        "from ",
        "1,",
        "if ",
        "to be ",
        "not, ",
        "\u00e9-",
        "want to ",
        "the man of ",
        "call Ana ",
        "instead of ",
        "I called, ",
    ],
)
def test_long_runs_of_one_thing_take_no_time(piece: str) -> None:
    start = time.thread_time()
    twisted(piece * 2000 + "called me", [piece * 2000])

    assert time.thread_time() - start < 1.5
