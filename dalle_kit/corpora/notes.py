"""From a sentence to the note it could have been written from: what a person in a hurry would have typed."""

from __future__ import annotations

import random
import re
from typing import Literal

Form = Literal["telegraphic", "short", "full"]

#: Words that a hurried note leaves out. Negations, prepositions of time and place, and words of degree stay.
_DROPPED = frozenset(
    "a an the is are was were be been being am has have had do does did will would shall may might that which who "
    "i we it he she they there this these those its my our your his her their me us you so just also very really "
    "please then here and to of as".split()
)
#: A shorter note keeps the words that relate the others.
_LIGHTLY_DROPPED = frozenset("a an the is are was were am has have had will would please".split())
#: Ordinary words that sentences begin with; a note writes them small, while what could be a name stays.
_BEGINNINGS = frozenset(
    "the a an this that these those there here it he she we you they his her its our your their my in on at by for "
    "from with after before during since until when while if as although though because but and or so yet not no all "
    "some many most more several both each every any other another one two three four five six seven eight nine ten "
    "about over under only even still also now then today yesterday tomorrow last next first second early late how "
    "what why who where which please thanks can could would should will did do does is are was were has have had "
    "however instead meanwhile according despite officials police people government residents".split()
)
_WORD = re.compile(r"\S+")


def make_notes(sentence: str, *, form: Form, longest: int = 12) -> list[str]:
    """Return the notes of one sentence, ``longest`` words each at most unless the form is "full".

    Every name and number of the sentence stands in its notes.
    """
    text = sentence.strip()
    if form == "full":
        return [text]
    dropped = _DROPPED if form == "telegraphic" else _LIGHTLY_DROPPED
    words = [word for word in _WORD.findall(text.rstrip(".!?")) if _bare(word) not in dropped or _is_marked(word)]
    if words and _bare(words[0]) in _BEGINNINGS:
        words[0] = words[0].lower()
    notes = (" ".join(piece).strip(" ,;:-") for piece in _pieces(words, longest))
    return [note for note in notes if note]


def choose_form(source: random.Random, *, reworded: bool = False) -> Form:
    """Return a form of notes, the telegraphic most often; ``reworded`` leaves out notes that are the sentence itself.

    A model that is shown such notes learns to copy.
    """
    return source.choices(("telegraphic", "short", "full"), (5, 4, 0 if reworded else 2))[0]


def _bare(word: str) -> str:
    return re.sub(r"\W", "", word).casefold()


def _is_marked(word: str) -> bool:
    """Say whether a word is a name, an abbreviation or a number, which its note never loses or changes."""
    return any(character.isdigit() for character in word) or any(letter.isupper() for letter in word[1:])


def _pieces(words: list[str], longest: int) -> list[list[str]]:
    """Cut a list of words into even pieces, after a comma where one is near."""
    pieces = []
    while len(words) > longest:
        count = -(-len(words) // longest)
        even = -(-len(words) // count)
        commas = [place + 1 for place in range(even // 2, min(longest, len(words) - 2)) if words[place][-1] in ",;:"]
        cut = min(commas, key=lambda place: abs(place - even)) if commas else even
        pieces.append(words[:cut])
        words = words[cut:]
    return [*pieces, words] if words else pieces
