"""Words: which carry meaning, which are the same word in another form, which are ordinary."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from dalle_kit.checks.lemmas import is_known, lemma
from dalle_kit.process_lock import ProcessLock

FIGURE = re.compile(r"\d+(?:[.,:]\d+)*")
WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*")
_STOP_WORDS = frozenset(
    "a about after all also am an and any are as at be because been before being but by can could did do does doing "
    "done for from had has have having he her here hers him his how i if in into is it its itself just me more most "
    "my now of off on onto or our ours out over own per please s she should so some such t than that the their them "
    "then there these they this those to too up upon us very via was we were what when where which while who whom "
    "whose why will with would you your yours d ll m re ve may might must shall ought let one only own same again "
    "cannot "
    "der die das und ist ein eine le la les un une et est el los una y es il lo e het een en".split()
)
#: Words of little weight: they say little by themselves, and a paraphrase leaves them out.
_LIGHT_WORDS = frozenset(
    "be have do make take get give go come need want use put keep let set see know think say tell ask send new also "
    "still already soon well good great great much many lot thing way other another each every both either back "
    "able sure like look really quite further regard concern follow include however therefore various".split()
)
#: Names that the dictionary has as words, and that are hardly ever anything else.
_NAMES = frozenset(
    "alexander amir angela anna barry billy bob bobby brian carl caroline clarence clive colin diane dieter dirk "
    "dolores fritz graham hamza hector henry ingo jack jake jenny jill jimmy josh julia ken lars lisa lutz marc "
    "marcel maria martin matt mike nick nils noa pam pascal patricia phoebe ralph rolf rosa ross ruth sam sean "
    "sofia spencer stella steven sue tammy tara terry timothy tommy tony vera veronica victoria walter yuri".split()
)
#: A denial is expressed in many ways; whether it is kept is checked, not prescribed.
_DENIAL = re.compile(r"not|no|never|none|nobody|nothing|neither|nor|without|cannot|\w+n['\u2019]t")
_OUTER = ".,;:!?()[]{}<>\"'`*_|~\u2013\u2014\u2018\u2019\u201c\u201d\u2026-/\\"
_CONTRACTED = re.compile(r"(?:['\u2019](?:s|d|ll|m|re|ve)|n['\u2019]t)\Z")
#: The languages whose words the lemmatiser knows and we meet; others are read without it.
_LEMMATISED = frozenset("en de fr es it nl pt sv da nb pl".split())


def fold(text: str) -> str:
    """Return a text in small letters and without accents."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def plain(word: str) -> str:
    """Return a word in small letters without a possessive or contracted ending."""
    return _CONTRACTED.sub("", word.casefold())


#: The stemmer keeps the word it works on in itself, and threads would mix theirs up.
_STEMMING = ProcessLock()


@lru_cache(maxsize=50_000)
def stem(word: str, language: str = "en") -> str:
    """Return what the forms of a word have in common: "went" and "goes" are "go", "cancellation" is "cancel"."""
    bare = plain(word)
    if not bare or language not in _LEMMATISED:  # of "n't" alone nothing is left
        return fold(bare)
    found = lemma(bare, language).casefold()
    return fold(found if language != "en" else snowball_stem(found))


def snowball_stem(word: str) -> str:
    """Return the stem of an English word in small letters (Snowball, Porter's second algorithm)."""
    with _STEMMING:
        return str(_stemmer().stemWord(word))


def key_words(note: str, *, most: int = 12) -> tuple[str, ...]:
    """Return the words that a sentence about a note has to mention, in their order; "" for one that says too much.

    Names, numbers and what is spelled in a way of its own are returned as they stand, other words as the beginning that
    their forms share and a star (``delay*``). A note with more than ``most`` of them has none: it is no note.
    """
    found: list[str] = []
    for raw in note.split():
        word = raw.strip(_OUTER)
        if not any(map(str.isalnum, word)) or is_stop_word(word) or _DENIAL.fullmatch(word.casefold()):
            continue
        if len(word) == 1 and word.islower():
            continue  # any word may begin with it
        begins = not found and word.isalpha() and word[1:].islower() and is_ordinary(word)
        found.append(_beginning(word.lower()) if begins or (word.isalpha() and word.islower()) else word)
    return tuple(found) if len(found) <= most else ()


def _beginning(word: str) -> str:
    """Return what the regular forms of a word begin with, and a star."""
    shared = next((end for end, pair in enumerate(zip(word, stem(word), strict=False)) if pair[0] != pair[1]), None)
    root = word[: len(stem(word)) if shared is None else shared]
    return f"{root}*" if len(root) >= 4 else f"{word}*"


@lru_cache(maxsize=50_000)
def is_ordinary(word: str, language: str = "en") -> bool:
    """Say whether a word, written with a capital only because of its place, is an ordinary word and no name."""
    bare = plain(word)
    if bare in _STOP_WORDS:
        return True
    if not bare or language not in _LEMMATISED:
        return True
    if language == "en" and bare in _NAMES:
        return False
    return is_known(bare, language) and (language != "en" or lemma(bare, language)[:1].islower())


def is_stop_word(word: str) -> bool:
    """Say whether a word carries no meaning of its own."""
    return plain(word) in _STOP_WORDS


def weight(word: str) -> float:
    """Return how much a word says, from 0 to 1."""
    if is_stop_word(word):
        return 0.0
    return 0.4 if stem(word) in _light_stems() else 1.0


def content_words(text: str) -> list[str]:
    """Return a text's words that carry meaning, in small letters, without numbers."""
    words = (plain(match.group()) for match in WORD.finditer(text))
    return [word for word in words if len(word) > 1 and word not in _STOP_WORDS]


@lru_cache(maxsize=1)
def _light_stems() -> frozenset[str]:
    return frozenset(stem(word) for word in _LIGHT_WORDS)


@lru_cache(maxsize=1)
def _stemmer():  # type: ignore[no-untyped-def]  # the library has no types
    import snowballstemmer

    return snowballstemmer.stemmer("english")
