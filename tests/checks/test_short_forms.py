from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dalle_kit.checks import Source, find_facts, spelled_out


@pytest.mark.parametrize(
    ("note", "spelled"),
    [
        ("pls call me, thx", "please call me, thanks"),
        ("Plz wait w/ the order", "Please wait with the order"),
        ("key is w/reception", "key is with reception"),
        ("coffee w/o milk b/c of Ana", "coffee without milk because of Ana"),
        ("party friday 19 june, from 4pm", "party Friday 19 June, from 4pm"),
        ("closed on mondays", "closed on Mondays"),
        ("open mon-thu from 1 april", "open Monday-Thursday from 1 April"),
        ("due 14 feb, pay by 10 march", "due 14 Feb, pay by 10 March"),
        ("keep the booking for 6 may", "keep the booking for 6 May"),
        ("booked tues 9-11", "booked Tuesday 9-11"),
        ("the agenda by mon", "the agenda by Monday"),
        ("wed 10 is fine", "Wednesday 10 is fine"),
        ("since jan, started in sept", "since jan, started in Sept"),
        ("lunch next wed, papers by thu", "lunch next Wednesday, papers by Thursday"),
        ("closed sat morning", "closed Saturday morning"),
        ("dont wait, i cant come", "don't wait, I can't come"),
        ("Didnt arrive, i'm sorry", "Didn't arrive, I'm sorry"),
        ("whats the total, thats all", "what's the total, that's all"),
        ("come tmrw or on weds 16 dec", "come tomorrow or on Wednesday 16 Dec"),
        ("do you have it? can u check, thank u", "do you have it? Can you check, thank you"),
        (
            "heres the list, hes away, u owe us 5, show ur card",
            "here's the list, he's away, you owe us 5, show your card",
        ),
        ("not before wed", "not before Wednesday"),
        ("beat Ashby on sat", "beat Ashby on Saturday"),
        ("mon or tues, noon fri, 7pm sat, sat 10-2", "Monday or Tuesday, noon Friday, 7pm Saturday, Saturday 10-2"),
        ("its Tom's 40th, from 5 may, bring a mat", "it's Tom's 40th, from 5 May, bring a mat"),
        ("hope ur well, ur dogs bark at the gate", "hope you're well, your dogs bark at the gate"),
        ("your baskets r ready, its not urgent", "your baskets are ready, it's not urgent"),
        ("Ben has the keys. he'll open up", "Ben has the keys. He'll open up"),
        ("nr is wrong!! use mine. its 07700 900321", "nr is wrong!! Use mine. It's 07700 900321"),
        ("to fri 7 aug, boathouse fri 7pm", "to Friday 7 Aug, boathouse Friday 7pm"),
        ("is on the 5th. it's free", "is on the 5th. It's free"),
        ("your results are in. please call us", "your results are in. Please call us"),
        ("back at 5. can you wait?", "back at 5. Can you wait?"),
        ("second floor on teh left, sign it befor noon", "second floor on the left, sign it before noon"),
        ("seperate reciepts tommorow, wensday tho", "separate receipts tomorrow, Wednesday though"),
        ("can i make it up to you, so am i", "can I make it up to you, so am I"),
        ("Were training at the school", "We're training at the school"),
        ("big thanks 2 Jan, 2 January", "big thanks to Jan, 2 January"),
        ("mens team, pdf if poss", "men's team, pdf if possible"),
        ("thankyou, alot of freinds", "thank you, a lot of friends"),
        ("sort it before sat, or by sun", "sort it before Saturday, or by Sunday"),
        ("insured until march, new one by may", "insured until March, new one by May"),
        ("9 may is free", "9 May is free"),
        ("coming wed, as last yr", "coming Wednesday, as last year"),
        ("wont be in until wed, wont work", "won't be in until Wednesday, won't work"),
        ("8pm instead of tue", "8pm instead of Tuesday"),
        ("yes hall is free", "yes, hall is free"),
    ],
)
def test_short_forms_and_slips_are_spelled_out(note: str, spelled: str) -> None:
    assert spelled_out(note) == spelled
    assert spelled_out(spelled) == spelled


@pytest.mark.parametrize("note", ["booked tues 9-11", "open mon-thu from 1 april", "wed 10 is fine", "by 5 dec"])
def test_a_date_is_the_same_when_it_is_spelled_out(note: str) -> None:
    told = Source([note])

    assert all(told.supports(fact) for fact in find_facts(spelled_out(note)))


@pytest.mark.parametrize(
    "note",
    [
        *("PLS files", "pls@example.com", "see example.com/w/index", "list.pls", "pls-2", "5 w/m", "THX 1138"),
        *('she wrote "thx"', "room 6 may be closed", "she sat on the sun deck", "they wed in secret", "we march on"),
        *("see example.com/next-friday-sale", "friday@example.com", "friday.txt", "mon ami"),
        *("yes please", "yes vote wins", "room 9 may or may not be free", "the yr weather page"),
        *("as he was wont to", "dont.txt", "i.e. two", "portare i documenti", "plan i projekt", "DONT@example.com"),
        *(
            "approx. two, incl. delivery",
            "no. of seats: 5",
            "e.g. tea etc. and so on",
            "well... maybe",
            "der 5. januar",
        ),
        *(
            "they sat 8 hours",
            "turn on sat nav",
            "the cat sat and sun shone",
            "we sat 10-12 deep",
            "high st. corner",
            "kunt u komen",
            "ur funktion",
            "Hes Bakker",
            "do u nas",
            "toys r us",
            "the letters r and s",
            "make a u turn at the lights",
            "abt. 5 people, if poss. with asst. manager",
            "its 4 legs",
            "see a.com. eBay has it",
            "ask me. ana@example.com",
        ),
    ],
)
def test_what_only_looks_like_a_short_form_stays(note: str) -> None:
    assert spelled_out(note) == note


@given(st.text())
def test_spelling_out_twice_changes_nothing_more(note: str) -> None:
    assert spelled_out(spelled_out(note)) == spelled_out(note)
