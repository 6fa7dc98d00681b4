"""Meaning: whether sentences that have all the words of a point say something else with them.

"I would like to call you" has the words of "call me", "from June to March" those of "from March to June". Nothing is
read but English, and nothing is told where the words do not make it plain.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from dalle_kit.checks.event_reader import asks_reader, read
from dalle_kit.checks.events import Event, Read
from dalle_kit.checks.parts import lost_part, moved_part, turned_bound
from dalle_kit.checks.persons import changed_person
from dalle_kit.checks.roles import turned_roles
from dalle_kit.checks.verbs import has_finite_verb, is_past
from dalle_kit.checks.word_classes import TIMES
from dalle_kit.checks.words import WORD, stem, weight

_HEDGES = frozenset(
    "might may could possibly possible possibility perhaps maybe probably likely unlikely chance consider considering "
    "considered would if whether can potentially expected allowed permitted able only free welcome let lets".split()
)
_POSSIBLE = re.compile(
    r"\b(?:might|may (?!\d)|(?<!you )could (?!you|not)|perhaps|maybe|possibly|probably)\b", re.IGNORECASE
)
#: Words of what is not certain yet: "12 guests expected", "damage est. 300,000", "due on Monday".
_UNCERTAIN = re.compile(
    r"\b(?:expect\w*|est|estimat\w+|forecast\w*|predict\w*|project\w*|plan\w*|due|should|must|may|might|could|would|"
    r"will|shall|likely|probably|perhaps|maybe|want\w*|need\w*|ask\w*|please|has to|have to)\b|\?",
    re.IGNORECASE,
)
_DUTY = frozenset(
    "must have has had need needs needed required requires require should please obliged necessary mandatory essential "
    "compulsory ought supposed expected forced crucial until asked asks ask urged urges advised advises told tells "
    "recommended recommend recommends obligation duty due only no never allowed".split()
)
_OBLIGED = frozenset("must obliged mandatory compulsory".split())
#: What is over once it is done: it "is repaired" means that it is not being repaired any more.
_ENDED = frozenset(
    "repaired fixed mended replaced finished completed solved built broken stolen arrested approved installed "
    "painted".split()
)
_OVER = frozenset("is has have been".split())
_WISHES = frozenset(
    "like want wants wish wishes hope hopes prefer prefers rather love interested keen plan plans ask asking asked "
    "would please request looking intend".split()
)
#: What one may have done about something other than doing it.
_ATTITUDES = frozenset("refused promised forgot tried wanted agreed decided".split())
_CONDITIONS = re.compile(r"\b(?:if|unless|in case|provided (?:that|you|we|they)|as long as)\b", re.IGNORECASE)
_CONDITIONAL = re.compile(
    r"\b(?:if|unless|in (?:the )?case|should|when|whenever|otherwise|or else|provided|as long as|whether|until|without|"
    r"once|those who|anyone|anybody|whoever|but|subject to|depend\w*|where)\b|\?",
    re.IGNORECASE,
)
#: A condition that a sentence begins with, and words of notes that leave open what is so.
_IN_FRONT = re.compile(r"(?:If|Unless|In case)\b[^,]*,")
_UNSURE = re.compile(
    r"\b(?:if|unless|in case|when\w*|whether|or|provided|as long as|once|may|might|can|could|would|should|want\w*|"
    r"any\w*|questions?|depend\w*|happy|glad|help\w*|welcome|available|feel|interested)\b|\?",
    re.IGNORECASE,
)
#: What a note, or a part of one, says that somebody is about to do.
_DOING = re.compile(
    r"(?:^|[,;] )(?:(?:I am|I'm|we are|we're|am|are) )?([a-z]+ing) (?!(?:is|was|done|finished|required|needed)\b)"
    r"(?:(?:[\w'\u2019]+ ){0,5}(?:tonight|tomorrow|next|soon|later|(?:mon|tues|wednes|thurs|fri|satur|sun)day)\b|"
    r"(?:an?|another|my|mine|our|ours|yours?)\b)",
    re.IGNORECASE,
)
_PAST_TIME = re.compile(r"\b(?:since|yesterday|last|ago)\b", re.IGNORECASE)
_DIGITS = re.compile(r"\d+")
#: From one time to another, and words by which a sentence may say that.
_TIME = r"(?:\d{1,2}[:.]\d\d|\d{1,2} ?[ap]\.?m\b\.?|noon|midnight|(?:mon|tues|wednes|thurs|fri|satur|sun)day)"
_SPAN = re.compile(rf"\b{_TIME}\s*(?:to|until|till|through|[-\u2013])\s*{_TIME}", re.IGNORECASE)
_LASTING = re.compile(
    rf"(?<!and )\bto (?:{_TIME}|\d)|"
    r"\b(?:(?:un)?till?|through\w*|between|during|hours?|daily|weekdays?|end\w*|clos(?:es?|ing)|finish\w*|last\w*|instead|"
    r"rather|longer|mov\w+|chang\w+|postpon\w+|reschedul\w+)\b|[\u2013\u2014]|\d ?- ?\d|day ?- ?\w+day",
    re.IGNORECASE,
)
#: What a note says of the writer's feelings, and words by which a sentence may.
_COURTESIES = [
    (re.compile(rf"\b(?:{noted})", re.IGNORECASE), re.compile(rf"\b(?:{said})", re.IGNORECASE), lost)
    for noted, said, lost in (
        (
            "congrat",
            "congrat|well done|bravo|proud|happy|glad|delighted|pleased|great|wonderful",
            "the congratulation is",
        ),
        ("sorry|apolog", "sorry|apolog|regret|afraid|unfortunate|forgive|excuse|sad|pardon", "the apology is"),
        ("thanks|thank you", "thank|grateful|gratitude|appreciat|cheers|kind", "the thanks are"),
    )
]
#: A number in three groups and more, which may have other marks between them.
_GROUPS = re.compile(r"\b(?:[A-Z]{2}\d\d|\d{2,})(?: \d{2,}){2,}\b")
_APART = re.compile(
    r"\b(?:mon|tues|wednes|thurs|fri|satur|sun)day (?:at|in|of|for|to) \d{1,2}(?:st|nd|rd|th)? "
    r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)\w*",
    re.IGNORECASE,
)
_BY = re.compile(r"\bby (?:the |an? )?([a-z]+)\b")
_BETWEEN_GROUPS = re.compile(r"[ \u00a0./-]")
#: Little words that stand between "from" or "instead of" and what these are about.
_LITTLE = frozenset("the a an at on in to by for about around room platform gate".split())
#: Little words that carry the meaning, how else they are said, and what it means that they are not.
_LITTLE_WORDS = (
    (
        re.compile(r"\b(?:nobody|no one)\b", re.IGNORECASE),
        re.compile(
            r"\b(?:nobody|no one|none|no|never|any(?:one|body)?|without|un\w+|(?:was|were) not|not been)\b",
            re.IGNORECASE,
        ),
        "nobody has become somebody",
    ),
    (
        re.compile(r"\b(?:pay|paid|give|gave|send|sent|bring|brought|call|called) (?:\w+ ){0,3}back\b", re.IGNORECASE),
        re.compile(r"\bback\b|\b(?:return|refund|repay|repaid|reimburs)\w*", re.IGNORECASE),
        "it is not said that it comes back",
    ),
)
#: So many words may stand between "from" and "to", besides the one behind "from".
_BETWEEN = 3
_OPPOSITES = (
    "more/less more/fewer higher/lower earlier/later better/worse rise/fall increase/decrease up/down above/below "
    "first/last lend/borrow buy/sell win/lose won/lost faster/slower bigger/smaller cheaper/dearer longer/shorter "
    "gain/lose arrive/leave accept/reject over/under open/close open/closed inside/outside before/after support/oppose"
).split()


def twisted(point: str, sentences: Sequence[str]) -> str | None:
    """Return in what sentences that have a point's words say something else with them; None where they do not.

    The first sentence is the one that says most of the point.
    """
    noted, said = read(point), [read(sentence) for sentence in sentences]
    return (
        turned_roles(noted, said)
        or _turned_pair(noted, said)
        or _opposite(noted, said)
        or _changed_mode(point, noted, said)
        or _changed_time(noted, said)
        or _planned(point, said[0])
        or _lost_condition(point, sentences)
        or _lost_little_word(point, sentences)
        or _made_condition(point, sentences[0])
        or _lost_span(point, sentences)
        or _lost_courtesy(point, sentences)
        or _broken_number(point, sentences)
        or _acted_on(point, sentences)
        or changed_person(point, sentences[0])
        or turned_bound(point, sentences)
        or lost_part(point, sentences)
        or moved_part(point, sentences[0], said[0])
    )


def _turned_pair(point: Read, said: Sequence[Read]) -> str | None:
    """Return whether what something is changed from has become what it is changed to."""
    mine = list(_pairs(point.words))
    theirs = [set(_pairs(sentence.words)) for sentence in said] if mine else []
    for one, other in mine:
        for told in theirs:
            if (other, one) in told and (one, other) not in told:
                return f"{one!r} and {other!r} are exchanged"
    return None


def _pairs(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield what words put in order: from the first to the second, the second instead of the first."""
    for place, word in enumerate(words):
        if word == "from":
            start = _next(words, place + 1)
            end = next((at for at in range(start + 1, start + 2 + _BETWEEN) if words[at : at + 1] == ("to",)), None)
            target = _next(words, end + 1) if end is not None else len(words)
            if target < len(words):
                yield words[start], words[target]
        instead = (word, *words[place + 1 : place + 2]) in (("instead", "of"), ("rather", "than"))
        refused = word == "not" and place > 1 and words[place - 1] == ","
        last = place - 2 if refused else place - 1
        target = _next(words, place + (2 if instead else 1))
        if (instead or refused) and last >= 0 and target < len(words):
            yield words[target], words[last]


def _next(words: Sequence[str], place: int) -> int:
    """Return the place of the first word from a place on that is not a little one."""
    while place < len(words) and words[place] in _LITTLE:
        place += 1
    return place


def _opposite(point: Read, said: Sequence[Read]) -> str | None:
    """Return whether a word of a point has become its opposite, with the same behind it."""
    told = set(point.words)
    words = {word for sentence in said for word in sentence.words}
    if "not" in told ^ words or "no" in told ^ words:
        return None
    for pair in _OPPOSITES:
        for one, other in (pair.split("/"), pair.split("/")[::-1]):
            if one in told and one not in words and other in words and other not in told:
                if one in ("before", "after") and not _same_behind(point, one, said, other):
                    continue
                return f"{one!r} has become {other!r}"
    return None


def _same_behind(point: Read, one: str, said: Sequence[Read], other: str) -> bool:
    """Say whether two words are followed by the same."""
    behind = _behind(point.words, one)
    return bool(behind) and any(behind == _behind(sentence.words, other) for sentence in said)


def _behind(words: Sequence[str], word: str) -> str:
    rest = [each for each in words[words.index(word) + 1 :] if each not in ("the", "a", "an")] if word in words else []
    return rest[0] if rest else ""


def _changed_mode(text: str, point: Read, said: Sequence[Read]) -> str | None:
    """Return whether what may be is said to be, what must be is left open, or what is allowed is ordered."""
    words = {word for sentence in said for word in sentence.words}
    told, question = set(point.words), text.rstrip().endswith("?")
    if _POSSIBLE.search(text) and not question and not words & _HEDGES:
        return "what may be is told as certain"
    if has_finite_verb(text) and not _UNCERTAIN.search(text) and any("expected" in each.words for each in said):
        return "what is told as so is only expected"
    for event in point.events:
        same = [each for sentence in said for each in sentence.events if each.stem == event.stem]
        helpers = frozenset().union(*(each.helpers for each in same))
        asked = any(each.request for each in same)
        if not same:
            continue
        lost = [word for word in event.helpers & _ATTITUDES if not any(each.startswith(word[:4]) for each in words)]
        if lost:
            return f"it is not said that one {lost[0]}"
        if event.subject and helpers & {"must"} and not told & _DUTY and not any(e.request for e in point.events):
            return "nobody said that it must be"
        open_to = asked or question or "to" in helpers or words & {"?", "like", "want", "wants"}
        if event.helpers & {"must", "should"} and not (event.request or open_to or words & _DUTY) and _somebody(event):
            return f"it is left open whether one {'must' if 'must' in event.helpers else 'should'}"
        if event.helpers & {"can", "may", "could"} and not event.helpers & {"not"} and helpers & {"must"}:
            return "what is allowed is ordered"
        if _wishes(event) and not words & _WISHES and not asked:
            return "what is wished for is told as certain"
        if "might" in event.helpers and not words & (_HEDGES - {"would"}):
            return "what may be is told as certain"
    return None


def _somebody(event: Event) -> bool:
    """Say whether it is known who or what does something; "it should take a day" is no duty."""
    return event.subject is None or event.subject.words != {"it"}


def _wishes(event: Event) -> bool:
    return {"would", "like", "to"} <= event.helpers and event.subject is not None


def _changed_time(point: Read, said: Sequence[Read]) -> str | None:
    """Return whether what has been is said to come, or the other way round."""
    told = set(point.words)
    for event in point.events:
        same = [each for sentence in said for each in sentence.events if each.stem == event.stem]
        if not same or event.subject is None or event.request:
            continue
        if event.past and all(each.future for each in same):
            return f"what has been is said to come: {same[0].word!r}"
        if (
            event.past
            and not told & _DUTY
            and all({"to"} < each.helpers & {"have", "has", "to"} and "had" not in each.helpers for each in same)
        ):
            return f"what has been is said to be a duty: {same[0].word!r}"
        if (
            event.word in _ENDED
            and event.helpers
            and event.helpers <= _OVER
            and not told & TIMES
            and all("being" in each.helpers for each in same)
        ):
            return f"what is done is said to be under way: {same[0].word!r}"
        dated = told & TIMES and "since" not in told
        if event.present and dated and all(each.done and not each.word.endswith("ing") for each in same):
            return f"what is so is said to be done: {same[0].word!r}"
        if event.future and all(each.past for each in same):
            return f"what is to come is said to have been: {same[0].word!r}"
    return None


def _planned(point: str, said: Read) -> str | None:
    """Return whether what a note is about to do, "sending a new one", is said to have been done, or is asked for."""
    for planned in [] if _PAST_TIME.search(point) else _DOING.findall(point):
        for event in said.events:
            if event.stem != stem(planned) or event.word.endswith("ing"):
                continue
            if event.past or event.done:
                return f"what is to come is said to have been: {event.word!r}"
            if event.request and not asks_reader(point) and "please" not in point.casefold():
                return f"what is told is asked for: {event.word!r}"
    return None


def _lost_condition(point: str, sentences: Sequence[str]) -> str | None:
    """Return whether a condition is left out, or holds what depends on it."""
    if not _CONDITIONS.search(point):
        return None
    if not any(_CONDITIONAL.search(sentence) for sentence in sentences):
        return "the condition is left out"
    return None


def _made_condition(point: str, sentence: str) -> str | None:
    """Return whether all that a sentence has of a point which says what is so stands in a condition."""
    clause = _IN_FRONT.match(sentence)
    if clause is None or _UNSURE.search(point) or asks_reader(point) or not has_finite_verb(point):
        return None
    told = _told(point)
    front, rest = told & _told(clause[0]), told & _told(sentence[clause.end() :])
    return "what is so is made a condition" if front and not rest else None


def _told(text: str) -> set[str]:
    return {stem(word) for word in WORD.findall(text) if weight(word)} | set(_DIGITS.findall(text))


def _lost_span(point: str, sentences: Sequence[str]) -> str | None:
    """Return whether what lasts from one time to another is said to be at both."""
    spans = len(_SPAN.findall(point))
    said = sum(len(_LASTING.findall(sentence)) for sentence in sentences)
    return "it lasts from one time to another" if spans > said else None


def _lost_courtesy(point: str, sentences: Sequence[str]) -> str | None:
    """Return whether what is told of is there, and the apology, the thanks or the congratulation for it is not."""
    for noted, said, lost in _COURTESIES:
        if noted.search(point) and not any(said.search(sentence) for sentence in sentences):
            return f"{lost} left out"
    return None


def _broken_number(point: str, sentences: Sequence[str]) -> str | None:
    """Return whether a number of groups, or a day and its date, is taken apart: "DE89 is 3704", "Friday at 12 Dec"."""
    apart = _APART.search(" ".join(sentences))
    if apart and apart[0].casefold() not in point.casefold():
        return f"a date is taken apart: {apart[0]!r}"
    said = _BETWEEN_GROUPS.sub("", " ".join(sentences))
    broken = [number for number in _GROUPS.findall(point) if _BETWEEN_GROUPS.sub("", number) not in said]
    return f"the number {broken[0]!r} is taken apart" if broken else None


def _acted_on(point: str, sentences: Sequence[str]) -> str | None:
    """Return whether what something is done by is said to have it done to: "sent by post", "the post was sent"."""
    said = " ".join(sentences).casefold()
    for means in set(_BY.findall(point.casefold())):
        done = re.findall(rf"\b{means} (?:is|are|was|were|has been|have been) (\w+)", said)
        if any(map(is_past, done)) and not re.search(rf"\bby (?:\w+ )?{means}\b", said):
            return f"{means!r} is said to have it done"
    return None


def _lost_little_word(point: str, sentences: Sequence[str]) -> str | None:
    """Return whether "nobody" has become somebody, or what is to come back only goes."""
    said = " ".join(sentences)
    for told, again, what in _LITTLE_WORDS:
        if told.search(point) and not again.search(said):
            return what
    return None
