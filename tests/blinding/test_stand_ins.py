"""Stand-ins for names: nothing of a name is left, and every text comes back as it was."""

from __future__ import annotations

import re
import time
from itertools import pairwise
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dalle_kit import Request
from dalle_kit.blinding import StandIns
from dalle_kit.blinding.people import name_parts, named_people
from dalle_kit.blinding.stand_ins import Revealing
from dalle_kit.privacy import load_finder

PEOPLE = (
    "Priya Raman",
    "Dr. Jean-Luc O'Brien",
    "Anneke de Vries",
    "Zoë Müller",
    "Raman, Arjun",
    "山田 太郎",
    "will smith",
    "May Ann Mark",
    "Sinéad D\u2019Arcy Jr.",
    "Ibrahim van der Berg",
    "J. R. Tolkien",
)
WORDS = (
    *"Will you mark the date in May ? Will wrote . Mark 3 May , as planned : May we ? Zoe\u0308 zoë ZOË Zoe".split(),
    *"Priya's PRIYA priya Ramans annual Annual Ann-Marie Jean Luc Jean-Luc O\u2019Brien Brien Vries de OBRIEN".split(),
    *"山田太郎さん 太郎 Smith SMITH Smith's smith priya.raman@example.com praman@example.com mark@smith.org".split(),
    *"Muller raman_cv.pdf Anneke Arcy D'Arcy Berg van der Tolkien J. R. Müllers MÜLLER Alex Watson".split(),
    *"\n|>|-|'| |\"|(|)|".split("|"),
)
TEXTS = st.lists(st.sampled_from(WORDS) | st.text(max_size=6), max_size=12).map(" ".join)


@given(people=st.lists(st.sampled_from(PEOPLE), max_size=5), texts=st.lists(TEXTS, max_size=3))
def test_what_was_blinded_comes_back_as_it_was(people: list[str], texts: list[str]) -> None:
    names = StandIns(people, seen=texts)
    for text in (*texts, *people):
        assert names.reveal(names.blind(text)) == text


@given(people=st.lists(st.text(max_size=12), max_size=3), text=st.text(max_size=40))
def test_any_text_for_a_name_comes_back(people: list[str], text: str) -> None:
    names = StandIns(people, seen=[text])
    for each in (text, " ".join([*people, text])):
        assert names.reveal(names.blind(each)) == each


@given(text=TEXTS, cuts=st.lists(st.integers(0, 200), max_size=8))
def test_a_text_that_comes_in_pieces_is_the_same(text: str, cuts: list[int]) -> None:
    names = StandIns(PEOPLE, seen=[text])
    blinded, revealing = names.blind(text), Revealing(names)
    edges = [0, *sorted(min(cut, len(blinded)) for cut in cuts), len(blinded)]
    pieces = [blinded[start:end] for start, end in pairwise(edges)]
    assert "".join(map(revealing.push, pieces)) + revealing.flush() == text


def shown(names: StandIns, text: str) -> set[str]:
    return set(re.findall(r"[^\W\d_]{2,}", names.blind(text).casefold()))


@pytest.mark.parametrize(
    "text",
    [
        "Dear Priya, PRIYA RAMAN and priya raman's draft",
        "ask Raman; the Ramans; priya.raman@raman.example; praman@example.com; raman_cv.pdf",
        "Jean-Luc O'Brien, O\u2019Brien, Jean, Luc, BRIEN",
        "Anneke de Vries; De Vries; de Vries'; Vries",
        "Zoë Müller, zoë müller, Zoe\u0308 Mu\u0308ller, Zoe Muller, ZOE MULLER",
    ],
)
def test_nothing_of_a_name_is_left(text: str) -> None:
    names = StandIns(PEOPLE, seen=[text])
    left = shown(names, text)
    assert not left & set("priya raman ramans praman jean luc brien anneke vries zoë müller zoe muller".split())
    assert names.reveal(names.blind(text)) == text


def test_who_shares_a_name_shares_its_stand_in_and_forms_are_kept() -> None:
    names = StandIns(["Ana Silva", "Ana Costa", "Rui Silva"], seen=[])
    ana, costa = names.blind("Ana Silva"), names.blind("Ana Costa's")
    assert ana.split()[0] == costa.split()[0] and ana.split()[1] == names.blind("Rui Silva").split()[1]
    assert costa.endswith("'s") and ana.split()[1] != costa.split()[1].removesuffix("'s")
    assert names.blind("ANA") == names.blind("Ana").upper() and len(names.blind("Ana").split()) == 1


def test_a_name_that_is_a_word_is_hidden_only_where_it_is_a_name() -> None:
    names = StandIns(["Will May", "Mark Young", "Mei"], seen=[])
    for text in (
        "Will you be there?",
        "it ends in May",
        "by 3 May 2026",
        "Mark the date.",
        "a young team",
        "Mei will come",
        "Will Mei do it?",
    ):
        assert names.blind(text).replace(names.blind("Mei"), "Mei") == text
    for text in ("ask Will", "Will wrote to us", "Will May", "Mark's car", "mark.young@example.com", "Dear Mark,"):
        assert not shown(names, text) & {"will", "may", "mark", "young"}


def test_a_name_that_is_a_month_as_well_stays_in_dates() -> None:
    names = StandIns(["June Summer"], seen=[])
    for text in ("on June 3", "1 June", "in June and July"):
        assert names.blind(text) == text
    assert "June" not in names.blind("June said yes, June's report, ask June")


def test_a_part_of_another_word_is_no_name() -> None:
    names = StandIns(["Ann Lee"], seen=[])
    assert names.blind("The annual leeway of Annex Leeds") == "The annual leeway of Annex Leeds"


def test_a_stand_in_is_no_word_of_the_texts_and_there_are_enough() -> None:
    first = StandIns(["Priya Raman"], seen=[])
    again = StandIns(["Priya Raman"], seen=[f"{first.blind('Priya')}, who is somebody else"])
    assert again.blind("Priya") != first.blind("Priya")
    assert StandIns(["Ana Robinson"], seen=[]).blind("Ana") == StandIns(["Ana Silva"], seen=[]).blind("Ana")
    many = StandIns([f"P{chr(97 + n % 25)}{chr(97 + n // 25)}qx" for n in range(500)], seen=["a person"])
    assert len({name.casefold() for name in many.shown}) == 500 and many.reveal(many.blind("Pabqx")) == "Pabqx"


def test_choices_of_a_request_stay_but_not_what_is_written_beside_them() -> None:
    class Invitation(Request):
        room: Literal["may", "june"] = "may"
        host: Literal["nobody"] | str = "nobody"
        guests: dict[Literal["first", "last"], str]

    request = Invitation(room="june", host="Priya Raman", guests={"first": "Priya"})
    names = StandIns(["Priya Raman", "June Priya"], seen=[])
    assert request.with_texts(names.blind) == {"room": "june", "host": "Alex Palmer", "guests": {"first": "Alex"}}


def test_a_stand_in_is_in_texts_only_as_a_word_by_itself() -> None:
    names = StandIns(["Priya Raman"], seen=[])
    assert names.blind("Priya Raman") == "Alex Palmer"
    # What is chosen beside these texts would be the same again: who looks for other ones would never find any.
    assert not names.are_in(["Alexandra booked the Alexander room", "two palmertons"])
    assert names.are_in(["ALEX'S"]) and names.are_in(["two palmers"])
    caseless = StandIns(["\u738b\u82b3"], seen=[])
    assert caseless.are_in([f"x{caseless.shown[0]}x"])


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("Dr. Priya K. Raman, PhD", ["Priya", "Raman"]),
        ("Raman, Priya", ["Priya", "Raman"]),
        ("Anneke de Vries", ["Anneke", "de Vries"]),
        ("Vincent Van Gogh (Vin)", ["Vincent", "Van Gogh"]),
        ("Anh Le", ["Anh", "Le"]),
        ("Anna Smith's", ["Anna", "Smith"]),
        ("Sean O\u2019Brien\u2019s", ["Sean", "O\u2019Brien"]),
        ("tom", ["tom"]),
        ("director Ana Silva", ["Ana", "Silva"]),
        ("王 芳", ["王", "芳"]),
        ("", []),
    ],
)
def test_the_parts_of_a_name(name: str, parts: list[str]) -> None:
    assert name_parts(name) == parts


def test_names_in_texts_are_told_by_their_form() -> None:
    def found(text: str) -> set[str]:
        return set(named_people([text], load_finder(names=False)))

    assert found("Reference for Lakisha Okafor") == {"Lakisha Okafor"}
    assert found("Write to lakisha.okafor@example.com or front.office@example.com") == {"Lakisha Okafor"}
    assert found("Will Priya Raman be there?") == {"Priya Raman"}
    assert found("Ask Jean-Luc de Vries about it.") == {"Jean-Luc de Vries"}
    assert found("Contact Human Resources in New York, Hanfield Road, or the Brackwell Council") == set()
    assert found("Thank you for Monday. The Review Meeting is on.") == set()


@pytest.mark.parametrize("part", ["a", "A ", "a'", "Aa-", "Ana ", "ana@", "a.", "Dr. ", "\u5c71"])
def test_long_texts_take_no_time_that_grows_with_their_square(part: str) -> None:
    text = part * (40_000 // len(part))
    start = time.perf_counter()
    names = StandIns(["Ana Silva"], seen=[text])
    assert names.reveal(names.blind(text)) == text
    list(named_people([text], load_finder(names=False)))
    assert time.perf_counter() - start < 10
