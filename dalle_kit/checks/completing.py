"""A note completed: the sentences that it becomes if only little words are put in.

A small model makes up verbs and takes words from elsewhere to make a sentence of a short note: "The thieves are worth
18,000 euros." Held to the note's own words in their order, and to little words between them, it finds "It is worth
18,000 euros."
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from dalle_kit.checks.note_parts import (
    ARTICLE,
    AWAY,
    CLOSED,
    HELPERS,
    LONGEST,
    ODD,
    ORDERS,
    ORDINALS,
    POSSESSIVE_PRONOUNS,
    PREPOSITION,
    Part,
    any_of,
    bare,
    is_figure,
)
from dalle_kit.checks.notes import asks, capitalised, with_capital_i
from dalle_kit.checks.own_words import parts_of
from dalle_kit.checks.verbs import THIRD, has_finite_verb, is_past
from dalle_kit.checks.word_classes import (
    ADVERBS,
    ANYONE,
    DAYS,
    DETERMINERS,
    DO,
    FEELINGS,
    INTERROGATIVES,
    MODALS,
    OBJECTS,
    ONLY_PAST,
    PARTICIPLES,
    POSSESSIVES,
    PREPOSITIONS,
    SUBJECTS,
    TIMES,
    TWELVE,
)
from dalle_kit.checks.words import FIGURE, is_ordinary, plain

#: The most parts between commas; more are a list. The most words before a colon.
_PARTS, _KEY = 3, 3
#: A further part of so few words with a figure leaves out what it is of ("adults 6 euros, children 3"): nothing may be
#: put in.
_FEW = 2

#: What says that something is there, or how it is.
_SAYING = "It is|It was|It will be|They are|There is|There are|There was|There were|There will be|It|They".split("|")
#: What asks for it, and what asks to do it.
_QUESTIONS = "Is it|Is there|Are there|Is|Are|Was|Were|Do you have|What is|What are|How much is".split("|")
_REQUESTS = "Could you|Would you|Can I|Can we|Should I|Should we|Could I|Could we|Do I have to|Do we have to".split("|")
#: The words that a note asks with by itself, or has before a colon.
_ASKING = INTERROGATIVES | HELPERS
#: What says since when or how much, of a thing rather than of whoever writes.
_FROM = frozenset("from by since until till between before after about at least".split())
#: Verbs of the weather, and words for what is over.
_WEATHER = frozenset("rained snowed poured".split())
#: What no person does.
_THINGS_DO = frozenset("happen cost last fit matter rain snow suit expire".split())
#: What is done by oneself, and to nobody: by things alone, and by persons as well.
_OF_THINGS = frozenset("stopped jammed broke leaked froze burst melted happened rose sank ended".split())
_OF_ANY = frozenset(
    "ate slept arrived came went fell died failed worked ran started finished rang grew survived disappeared crashed "
    "collapsed stayed escaped".split()
)
#: What is done to what is to happen.
_HAPPENS = frozenset("moved postponed rescheduled delayed cancelled canceled".split())
_PAST_TIMES = frozenset("yesterday ago last".split())
#: What makes a figure that of a price or a measure, of which there is not "there are 5 euros each"; of what is to come.
_OF_EACH, _UNTIL = frozenset("each per instead a".split()), frozenset("by until till".split())
_UNITS = frozenset(
    "km km/h mph m cm mm kg g millimetres centimetres kilometres litres liters metres meters miles degrees "
    "percent".split()
)
#: Of what begins so it is not said that there is some.
_NOT_THERE = ORDINALS | AWAY | frozenset("all both each every now so still too very quite better worse".split())
_DATE = re.compile(r"\d+(?:st|nd|rd|th)")
_CLOCK = re.compile(r"\d[:.]\d\d\b| [ap]m\Z|\d[ap]m\b")
#: "heat: 40 treated" is no value of what stands before the colon.
_COUNTED = re.compile(r"\d[\d.,]* (?!needed|required|included|expected|planned|reserved)\w+ed\b", re.IGNORECASE)
_SINCE = ("It has been", "They have been", "There has been", "There have been")
_SPAN_OF_HOURS = re.compile(r"\d(?:[:.]\d\d| ?[ap]m) to .*\d(?:[:.]\d\d| ?[ap]m)")
#: How many at once, of which it is not said that it is so many.
_AT_ONCE = "at a time"
_NOT_SINCE = re.compile(r"\b(?:was|were|will)\b")
#: What is said by itself, and what ends as what one is doing does.
_BY_ITSELF = frozenset("thanks congratulations congrats cheers yes ok okay sure".split())
_THINGS = frozenset("wedding meeting building parking evening morning painting training heating ceiling spring".split())


def completed(note: str, *, writers: tuple[str, ...] = (), begins: str = "") -> str | None:
    """Return the regular expression of the English sentences that a note becomes if little words are put in.

    Its own words stay as they are, in their order: what it does not say has no place, and nothing changes places.
    ``writers`` are those of "I" and "We" that may come in, "my" and "our" with them, or a name; ``begins`` is the word
    that it begins with if that is certain. None for a note that is no note: a long one, several sentences, lines,
    quotations, lists.
    """
    text, key = _without_colon(note)
    rows = [[with_capital_i(word) for word in map(bare, part.split()) if word] for part in parts_of(text)]
    if not all(rows) or sum(map(len, rows)) > LONGEST or len(rows) > _PARTS or ODD.search(text.replace(", ", " ")):
        return None
    if begins and rows[0][0].casefold() != begins.casefold():
        return None
    if {"me", "us"} & {word for row in rows for word in row}:
        writers = tuple(who for who in writers if who not in ("I", "We"))  # who would be told twice
    first, *others = (Part(tuple(row), 0 if place else key, writers) for place, row in enumerate(rows))
    is_asked = note.rstrip().endswith("?") or _is_question(first) or asks(note)
    if is_asked and others and not note.rstrip().endswith("?"):
        return None  # "can you come, it's urgent" asks in a half of it
    end = r"\?" if is_asked else r"\."
    typed = re.escape(" ".join([capitalised(first.words[0]), *first.words[1:]]))
    whole = ", ".join([typed, *(part.typed for part in others)]) + end
    if _leaves_out(first, others):
        return None if first.lacks_subject or first.is_order else whole
    forms = [] if begins else _asked(first) if is_asked else _told(first)
    if not (forms or begins or is_asked):
        return whole  # what stands as it was typed does so as a whole
    # What lacks whoever writes is no sentence: "could bring cake" is not what the search is to find.
    is_theirs = bool(writers and forms and first.lacks_subject and not is_asked)
    return any_of(forms if is_theirs else [typed, *forms]) + "".join(map(_further, others)) + end


def _is_question(part: Part) -> bool:
    """Say whether a note asks, though it has no question mark: "what time is it", "do you have a ladder"."""
    return (part.first in INTERROGATIVES and part.says) or (part.first in HELPERS and part.second in SUBJECTS)


def _leaves_out(first: Part, others: Sequence[Part]) -> bool:
    """Say whether nothing may be put in: "adults 6 euros, children 3", "no shoes, no entry"."""
    figures = [part for part in others if len(part.words) <= _FEW and any(map(FIGURE.search, part.words))]
    return bool(figures and not first.key) or "no" == first.first == (others[0].first if others else "")


def _without_colon(note: str) -> tuple[str, int]:
    """Return a note of the kind "key: value" without its colon, and how many words the key has; any other as it is."""
    key, colon, value = note.partition(": ")
    words = key.split()
    if not colon or not words or not value.split() or len(words) > _KEY or "," in key or plain(words[0]) in _ASKING:
        return note, 0
    if plain(words[0]) in ADVERBS or "to" in map(plain, words):  # "still to pay: 12 euros" names nothing
        return note, 0
    is_name = not is_ordinary(words[0]) or not all(map(str.islower, words[1:]))
    if _COUNTED.match(value):
        return note, 0
    says = has_finite_verb(value) and not is_past(plain(value.split()[0])) and not value.startswith("not ")
    return (note, 0) if is_name or says else (f"{key} {value}", len(words))


def _asked(part: Part) -> list[str]:
    """Return the expressions of the questions that the first part of a note becomes."""
    if part.first in _ASKING:
        return []
    if is_past(part.second) and part.first in ANYONE | SUBJECTS:
        return part.after("Has", "Have")
    does = part.first in ORDERS or part.second in OBJECTS | DETERMINERS
    return part.after(f"{any_of(_QUESTIONS)}{ARTICLE}", *(_REQUESTS if does else []))


def _told(part: Part) -> list[str]:
    """Return the expressions of the statements and requests that the first part of a note becomes."""
    first, second = part.first, part.second
    writers = part.writers
    if part.key:
        return _named(part)
    if not {*writers} <= {"I", "We"}:  # of somebody with a name
        return _of_a_person(part)
    if first in _OF_THINGS | _OF_ANY and not part.does:
        is_by_persons = first in _OF_ANY or second.endswith("ing")  # "stopped smoking"
        return part.after(*([*writers, *part.who_have] if is_by_persons else []), "It", "They", "It has")
    if is_past(first) and _PAST_TIMES & set(map(plain, part.words)):
        return part.after(*writers)
    if part.denies_state:
        return part.after(*writers)
    if part.feels:
        return part.after(*writers, "They")
    if second == "you" and first in ORDERS:
        return part.after(*(f"{who} will" for who in writers))
    if first.endswith("ing") and first not in _THINGS and not part.says:
        return part.after(*part.who_are, "It is", "They are")
    if part.is_led_by_adverb:
        return _led_by_adverb(part)
    if part.is_order:
        orders = part.after("Please", *writers)
        return orders if second in OBJECTS | DETERMINERS else [*orders, *_named(part)]
    if first in MODALS and second in _THINGS_DO | {"not"} and _THINGS_DO & set(map(plain, part.words[1:3])):
        return part.after("It", "They")  # "won't happen again"
    if first == "do" and part.words[0] != "do":  # "don't let him out"
        return part.after("Please")
    if first in HELPERS - DO:
        # "must be paid by Friday" is no duty of whoever writes.
        is_passive = len(part.words) > 2 and second == "be" and is_past(part.words[2])
        done = part.who_have if first == "been" else []
        return part.after(*([] if is_passive else writers), "It", "They", *done)
    if first == "left" and second in DETERMINERS | POSSESSIVES | OBJECTS:  # "left my coat in the hall"
        return part.after(*writers, *part.who_have)
    if first == "left":
        return [*part.after(*([] if second == "of" else writers)), *_named(part)]
    if first in _BY_ITSELF or (first, second) in (("survived", "by"), ("leaves", "a")):
        return []
    if not part.lacks_subject:
        return _named(part)
    if part.does:
        return part.after(*writers, *part.who_have, *(["It"] if is_figure(second) or second in TWELVE else []))
    if is_past(first) and first not in _WEATHER:
        rest = set(map(plain, part.words))
        # "moved to Thursday", and not "moved out in July"
        is_of_things = first in _HAPPENS and any(plain(word) in TIMES or word[0].isdigit() for word in part.words[1:3])
        have = part.who_have if not {"on", "at"} & rest else []
        done = [*writers, *have, *part.who_are] if not is_of_things else []
        is_done = ["It is", "It was", "It has been", "They are", "They were"] if first not in ONLY_PAST else []
        return part.after(*done, *is_done)
    if first in THIRD:  # "gives you time", "plays at eight"
        return [*part.after("It"), *(_named(part) if second in PREPOSITIONS - {"like"} else [])]
    return part.after(*writers, "It", "They")


def _led_by_adverb(part: Part) -> list[str]:
    """Return the expressions of what a first part becomes that begins with an adverb and its verb."""
    if part.second in FEELINGS:
        return part.after(*part.writers)
    if part.second in THIRD:
        return part.after("It")
    if part.second in PARTICIPLES:  # "never seen it"
        return part.after(*part.who_have, *part.who_are, "It is", "It was", "It has", "They are", "They have")
    if not is_past(part.second):
        return part.after(*part.writers, "It", "They")
    is_done = [] if part.second in ONLY_PAST | {"got"} else [*part.who_are, "It is", "It was", "They are", "They were"]
    return part.after(*part.writers, *part.who_have, *is_done, "It", "They")


def _of_a_person(part: Part) -> list[str]:
    """Return the expressions of what a first part becomes that is told of somebody who is named elsewhere."""
    if not is_past(part.first):  # "never late", "always came early"
        return part.after(*(part.writers if part.says else [*part.who_were, *part.who_are]), says=part.says)
    is_done = part.first not in ONLY_PAST and (part.second in PREPOSITIONS | TIMES | {""} or part.second.endswith("ly"))
    return part.after(*part.writers, *part.who_have, *(part.who_were if is_done else []))


def _named(part: Part) -> list[str]:
    """Return the expressions of what a first part becomes that begins with no verb; one comes in where it has none."""
    ends = plain(part.words[-1]) in THIRD  # "tap in the bathroom drips"
    first, says = part.first, part.says and not part.key and (ends or part.second not in PREPOSITIONS)
    is_told = (part.second[:1].isdigit() and not part.key) or (first in ("last", "next") and part.second in TIMES)
    # It is not "our Padraig is away", but "the AGM is in May".
    is_name = part.words[0][:1].isupper() and not (part.words[0].isupper() or is_ordinary(part.words[0]))
    is_led = first in CLOSED or part.is_figure or is_told or (is_name and says)
    nouns = ["", *([] if is_led else ["The", "An?", *part.whose])]
    forms = [form for place in part.verb_places for form in part.after(*nouns, says=says, verb=place)]
    if says:
        return [*part.after(*nouns, *([] if is_led else ["It"])), *forms]
    if part.key or first in POSSESSIVE_PRONOUNS | SUBJECTS | {"any"}:
        return forms
    special = _said_of(part)
    if special is not None:
        return [*part.after(*special, says=False), *(forms if part.goes_on else [])]
    if part.is_span:
        return [*part.after(f"(?:It is|It was|This is){ARTICLE}", says=False), *forms]
    is_of_things = part.is_figure or first in _FROM | _THINGS
    is_now = "now" in map(plain, part.words)
    be = [*part.who_are, *([] if is_now else part.who_were)]
    be += [f"{who} will be" for who in part.writers if first in AWAY]
    am = [f"{any_of(be)}{ARTICLE}"] if part.writers and not is_of_things else []
    if (part.is_out_of_something or part.is_away) and am:
        return part.after(*am, *(["It is"] if part.is_out_of_something else []), says=False)
    saying = [each for each in _SAYING if not ((is_told or first in _NOT_THERE) and each.startswith("There"))]
    if is_now:
        saying = [each for each in saying if not _NOT_SINCE.search(each)]
    if "since" in map(plain, part.words):  # it is so still
        saying = [*(each for each in saying if not _NOT_SINCE.search(each)), *_SINCE]
    return [*part.after(*am, f"{any_of(saying)}{ARTICLE}", says=False), *forms]


def _said_of(part: Part) -> list[str] | None:
    """Return what says it of a part that is a day, a date, a place or a figure, None for any other."""
    rest = set(map(plain, part.words[1:]))
    if part.goes_on and part.first != "no":
        return []
    if _SPAN_OF_HOURS.search(" ".join(part.words)) or " ".join(part.words).endswith(_AT_ONCE):
        return []
    if part.first in DAYS and (part.second[:1].isdigit() or part.second in {"", "only"} | PREPOSITIONS | TIMES):
        return ["(?:It is|It was|It will be) on"]
    if part.is_figure and (part.second in TIMES or _CLOCK.search(f"{part.first} {part.second}")):
        return ["(?:It is|It was|It will be)(?: on| at)?"]
    if _DATE.fullmatch(part.first):
        return ["(?:It is|It was|It will be)(?: on)? the"]
    if part.first == "same" and "same" in rest:  # "same place same time"
        return []
    if (part.first in ORDINALS and not rest) or part.first == "same":
        return ["(?:It is|It was|It will be) the"]
    if (part.first, part.second) == ("left", "of"):
        return ["(?:It is|They are)"]
    if part.is_figure and rest & _UNTIL:
        return [f"(?:There will be|It will be|It is){ARTICLE}"]
    if part.is_figure and part.second == "to":  # a score
        return ["(?:It is|It was)"]
    if part.is_number and (part.second in _UNITS or rest & _OF_EACH or (part.is_figure and not rest)):
        return ["(?:It is|It was)"]
    return [] if part.is_figure and len(part.words) == _FEW and not part.is_span else None


def _further(part: Part) -> str:
    """Return the expression of what a further part of a note becomes, and of what joins it to the one before."""
    joined, alone = "(?:,|,? and|,? but)", part.spaced(part.words, says=True)
    if part.first == "no":
        return f",{PREPOSITION}{ARTICLE} {alone}"
    if part.first == "do" and part.words[0] != "do" and not part.denies_state:  # "don't chase"
        return f",(?: please)? {alone}"
    if part.lacks_subject and part.first != "left":
        who = any_of(["it", "they", *("we" if who == "We" else who for who in part.writers)])
        return f"{joined}(?: {who})? {part.spaced(part.words, says=True)}"
    if part.first in ORDERS or (len(part.words) == 2 and part.second.endswith("ly")):  # "dress warmly"
        return f", {part.spaced(part.words, says=True)}"
    article = "" if part.first in CLOSED else ARTICLE
    verbs = [part.spaced(part.words, says=part.says, verb=place) for place in part.verb_places]
    forms = [f"{joined}{article} {each}" for each in (*verbs, *([part.spaced(part.words, says=True)] * part.says))]
    if len(part.words) == 1 and not part.says:  # "Tuesday is off, exams"
        return f",(?: (?:at|on|in|of|for|to){article})? {alone}"
    # What has no verb goes on with a comma alone: "and the orange belt" would say of it what is said before.
    there = f"{joined} there (?:is|are|was|were){ARTICLE} {alone}"
    return any_of(forms if part.says else [*forms, f",{PREPOSITION}{ARTICLE} {alone}", there])
