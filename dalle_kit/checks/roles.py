"""Roles: whether sentences have everybody do what a point has them do, and ask for what it asks for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from dalle_kit.checks.events import Event, Person, Read, event_stem, looks_past
from dalle_kit.checks.word_classes import BASE_PARTICIPLES, DETERMINERS

#: Verbs that a thing does by itself, or somebody does to it: "training starts", "we start the training".
_EITHER_WAY = frozenset(
    "start begin open close move chang end finish stop continu resum run increas decreas rise drop cost "
    "includ need be have take get blame".split()
)
#: Verbs whose receiver may be their subject: "you will be sent it".
_HANDED = frozenset("send give tell show pay offer ask refund charg cover grant teach promis owe lend".split())
#: What nobody is said to have done unless it is known.
_BLAMED = frozenset("cancel lose break damag steal refus reject delet destroy hurt injur kill".split())
#: What the writer may be said to have done by a model that makes it up.
_SPOKEN = frozenset("ask tell promis order agre decid announc instruct invit".split())
#: What leads up to a statement, and is no part of it.
_LEADING = frozenset(
    "afraid sorri glad happi pleas delight note inform tell say know let write like want hope think believ see hear "
    "grate appreci ask look wonder confirm remind mention understand regret announc thank apolog sure awar".split()
)
#: Words for things named elsewhere.
_VAGUE = frozenset("it them they this that these those".split())
_ANY_THIRD = frozenset("he she they it".split())
_HOPES = frozenset("hope hopefully if whether would could ?".split())
#: What suits somebody, and how else one says that it suits oneself.
_SUITS = (
    r"\b(?:suits?|works?(?: \w+)? for|"
    r"(?:fine|good|ok|okay|best|better|great|convenient|suitable|perfect)(?: \w+){0,2} (?:for|with)) "
)
_SUITS_READER, _SUITS_WRITER = re.compile(_SUITS + r"you\b"), re.compile(_SUITS + r"(?:me|us)\b")
_AGREES = re.compile(r"\b(?:fine|good|ok|okay|great|perfect|convenient|suitable|possible|available|free|happy|glad)\b")


def turned_roles(point: Read, sentences: Sequence[Read]) -> str | None:
    """Return how sentences give the part of one to another; None where they do not seem to.

    The first is the one that says most of the point: what it says counts before what the others say.
    """
    if '"' in point.words:
        return None
    if ":" in point.words:
        return _owned(point, sentences)  # what somebody says of himself is not told by the writer
    told = [(event, sentence) for sentence in sentences for event in sentence.events]
    for event in point.events:
        same = [(other, sentence) for other, sentence in told if _is_same(event, other)]
        first = [(other, sentence) for other, sentence in same if sentence is sentences[0]]
        faults = [_conflict(event, other, point, sentence) for other, sentence in first or same]
        if faults and all(faults):
            return faults[0]
        if _done_by_writer_too(event, point, sentences[0]):
            return f"the writer is said to {event.word!r} as well"
        if not same and (fault := _replaced(event, point, sentences[:1])):
            return fault
    if _asked_instead(point, told):
        return "what is told is asked for"
    if _deed_asked_for(point, told):
        return "what is told is asked for"
    if fault := _suits_another(point, sentences):
        return fault
    return _owned(point, sentences) or _made_up(point, sentences)


def _done_by_writer_too(event: Event, point: Read, sentence: Read) -> bool:
    """Say whether a sentence has both who does something and the writer do it: "I bought two, and Karl bought them"."""
    doer = event.subject
    if doer is None or doer.kind != "other" or event.passive or "writer" in point.persons:
        return False
    if not (doer.name or doer.pronoun) or doer.words == {"it"}:
        return False
    same = [other.subject for other in sentence.events if _is_same(event, other) and not other.passive]
    return any(each is not None and each.kind == "writer" for each in same)


def _asked_instead(point: Read, told: Sequence[tuple[Event, Read]]) -> bool:
    """Say whether nothing that a point tells is told, but the reader is asked to do something else."""
    plain = point.events and all(event.passive and not event.request for event in point.events)
    stems = {event.stem for event, _ in told}
    if not plain or point.asks or stems & {event.stem for event in point.events}:
        return False
    return any(event.request and event.stem not in point.stems for event, _ in told)


def _is_same(event: Event, said: Event) -> bool:
    return event.stem == said.stem and event.word.endswith(("able", "ible")) == said.word.endswith(("able", "ible"))


def _conflict(event: Event, said: Event, point: Read, sentence: Read) -> str | None:
    """Return how what is said of an event differs from what the point says of it, in who does it and to whom."""
    if event.passive != said.passive:
        if event.bare_participle or said.bare_participle:
            return None
        return _across_voices(event, said, point, sentence)
    mine, theirs = event.subject, said.subject
    if mine is None or theirs is None:
        if event.request and theirs is None and not said.passive:
            return None
        return _swapped_receivers(event, said)
    if event.request and not said.passive:
        if theirs.kind == "writer":
            return f"the writer does what the reader is asked to: {said.word!r}"
        ordered = "please" in point.words or bool(event.receivers)
        if theirs.kind == "other" and ordered and not _may_be_reader(theirs) and event.stem not in _EITHER_WAY:
            return f"somebody else does what the reader is asked to: {said.word!r}"
        return _swapped_receivers(event, said)
    if mine.kind != theirs.kind:
        return None if _may_differ(event, said, point, sentence) else f"somebody else is said to {_shown(said)}"
    if said.request and said.helpers and not event.request and mine.kind == "reader" and _is_told(event):
        return f"what is told is asked for: {said.word!r}"
    if mine.kind == "other" and event.stem not in _EITHER_WAY and _is_turned(event, said, point, sentence):
        return f"who is said to {_shown(said)} is turned round"
    return _swapped_receivers(event, said)


def _deed_asked_for(point: Read, told: Sequence[tuple[Event, Read]]) -> bool:
    """Say whether the reader is asked to do what a note says was done: "uploaded the photos"."""
    first, second = (*point.words, "", "")[:2]
    if point.asks or not looks_past(first) or first in BASE_PARTICIPLES or second not in DETERMINERS:
        return False
    return any(event.request and event.stem == event_stem(first) and event.word != first for event, _ in told)


def _suits_another(point: Read, sentences: Sequence[Read]) -> str | None:
    """Return whether what suits the writer, or anybody, suits the reader, or is something else altogether."""
    if "reader" in point.persons or point.asks:
        return None
    texts = [" ".join(sentence.words) for sentence in sentences]
    if any(_SUITS_READER.search(text) and _HOPES.isdisjoint(text.split()) for text in texts):
        return "nobody said that it suits the reader"
    suits = _SUITS_WRITER.search(" ".join(point.words))
    if suits and texts and not any(_SUITS_WRITER.search(text) or _AGREES.search(text) for text in texts):
        return f"it is not said that it {suits[0]!r}"
    return None


def _shown(event: Event) -> str:
    return f"{'be ' if event.passive else ''}{event.word!r}"


def _may_be_reader(person: Person) -> bool:
    return person.pronoun and bool(person.words & {"it"})


def _is_told(event: Event) -> bool:
    """Say whether a point tells the reader of what is so or allowed, rather than what to do."""
    if event.stem == "ask" or any(person.kind == "writer" for person in event.receivers):
        return False
    return event.past or bool(event.helpers & {"can", "may", "could", "might", "will", "would", "not", "able", "going"})


def _may_differ(event: Event, said: Event, point: Read, sentence: Read) -> bool:
    """Say whether different kinds of persons do the same thing and nothing is twisted by it."""
    mine, theirs = event.subject, said.subject
    assert mine is not None and theirs is not None
    if event.passive and event.stem in _HANDED:
        return True  # "the update will be sent to you", "you will be sent the update"
    if mine.words == {"we"} and point.asks:
        return True  # "could we meet", "would you be able to meet"
    if mine.kind == "other" and theirs.kind in point.persons and "with" in point.words and "with" in sentence.words:
        return True  # "Omar travels with me", "I travel with Omar"
    thing = mine if mine.kind == "other" else theirs if theirs.kind == "other" else None
    if thing is None:
        return False
    if thing.words == {"it"}:
        return True
    is_thing = not thing.name and not thing.pronoun
    return is_thing and not said.request and (event.stem in _EITHER_WAY or thing is theirs)


def _across_voices(event: Event, said: Event, point: Read, sentence: Read) -> str | None:
    """Return how an event told in the active is twisted in the passive, or the other way round."""
    active, passive = (said, event) if event.passive else (event, said)
    doer, undergoer, agent = active.subject, passive.subject, passive.agent
    if event.stem in _EITHER_WAY:
        return None
    behind = (sentence if event.passive else point).behind(active)
    if agent is not None and agent.kind == "other" and agent.words <= behind:
        return f"who does it and who it is done to are exchanged: {said.word!r}"
    if doer is None or undergoer is None:
        return None
    if said.passive and doer.kind == "other" and any(doer.words & person.words for person in said.receivers):
        return f"it is done to who does it: {said.word!r}"
    strange = not undergoer.words & point.stems and not undergoer.pronoun and not _VAGUE & set(point.words)
    if said.passive and event.has_object and undergoer.kind == "other" and strange:
        return f"it is done to another: {said.word!r}"
    shared = doer.kind == undergoer.kind != "other" or bool(
        doer.kind == undergoer.kind == "other" and doer.words & undergoer.words - _ANY_THIRD
    )
    if shared and not (active.helpers & {"be", "been"}):
        return f"who does it and who it is done to are exchanged: {said.word!r}"
    if agent is not None and agent.kind != doer.kind and "other" not in (agent.kind, doer.kind):
        return f"somebody else is said to {_shown(said)}"
    blamed = event.passive and event.agent is None and doer.words == {"i"} and event.stem in _BLAMED
    if blamed and doer.kind not in point.persons:
        return f"nobody said who did it: {said.word!r}"
    return None


def _is_turned(event: Event, said: Event, point: Read, sentence: Read) -> bool:
    """Say whether who acts and who or what stands behind the verb have changed their places."""
    mine, theirs = event.subject, said.subject
    if mine is None or theirs is None or mine.pronoun or theirs.pronoun or mine.words & theirs.words:
        return False
    acts = bool(theirs.words) and theirs.words <= point.behind(event)
    undergoes = mine.words <= sentence.behind(said)
    return (acts or undergoes) if event.has_object and not said.passive else acts and undergoes


def _swapped_receivers(event: Event, said: Event) -> str | None:
    mine = {person.kind for person in event.receivers if person.kind != "other"}
    theirs = {person.kind for person in said.receivers if person.kind != "other"}
    if len(mine) == len(theirs) == 1 and mine != theirs and event.subject is not None:
        return f"it is done to another: {said.word!r}"
    return None


def _replaced(event: Event, point: Read, sentences: Sequence[Read]) -> str | None:
    """Return whether somebody else does something else instead, where nothing is said of the one of the point."""
    subject = event.subject
    said = {word for sentence in sentences for word in sentence.stems}
    if (
        subject is None
        or event.request
        or event.stem in said
        or not (subject.pronoun or subject.name)
        or subject.words == {"it"}
    ):
        return None
    others = [each for sentence in sentences for each in _main(sentence)]
    doers = [each.subject for each in others if each.subject is not None]
    if not doers or any(_may_be(subject, doer) or not (doer.pronoun or doer.name) for doer in doers):
        return None
    if subject.kind == "other":
        mentioned = subject.words & said if subject.name else "other" in _kinds(sentences)
    else:
        mentioned = subject.kind in _kinds(sentences)
    return None if mentioned else f"somebody else is spoken of than who is said to {event.word!r}"


def _main(sentence: Read) -> Iterator[Event]:
    """Yield the events of a sentence without those that only lead up to what it says."""
    yield from (event for event in sentence.events if event.stem not in _LEADING)


def _may_be(one: Person, other: Person) -> bool:
    if one.kind != other.kind:
        return False
    return one.kind != "other" or one.pronoun or other.pronoun or bool(one.words & other.words)


def _kinds(sentences: Sequence[Read]) -> set[str]:
    return {kind for sentence in sentences for kind in sentence.persons}


def _owned(point: Read, sentences: Sequence[Read]) -> str | None:
    """Return whether a thing has become another's: "your driver" is not "my driver"."""
    for kind, thing in point.owned:
        told = {owner for owner, word in point.owned if word == thing}
        said = {owner for sentence in sentences for owner, word in sentence.owned if word == thing}
        if said and not said & told and ("other" not in (*told, *said) or kind == "other"):
            return f"it is another's: {thing!r}"
    return None


def _made_up(point: Read, sentences: Sequence[Read]) -> str | None:
    """Return whether the writer is said to have asked or told somebody, of which the point knows nothing."""
    known = point.events and all(
        event.subject is not None and event.subject.pronoun and not event.request for event in point.events
    )
    if "writer" in point.persons or not known:
        return None
    for sentence in sentences:
        for event in sentence.events:
            spoken = event.stem in _SPOKEN and event.past and not event.passive
            if spoken and event.subject is not None and event.subject.kind == "writer":
                return f"nobody said that the writer {event.word!r}"
    return None
