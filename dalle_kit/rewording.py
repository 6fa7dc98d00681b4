"""The sentence of a point, compared with what its note becomes if only little words are put in.

A small model says a note in words of its own, and then often says something else: "lost one of two hives" becomes "I
lost two hives." Of two sentences the one is kept that is the likelier where three things are asked together: after the
request, by itself, and for the note after the sentence, as a noisy channel is decoded (Yu et al., 2017,
arXiv:1611.02554). After a sentence that lost or changed something its note is not likely.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dalle_kit.budget import Budget
from dalle_kit.checks import adds_words, completed, is_sentence, mixes_parts
from dalle_kit.checks.completing import is_of_writer, lacks_doer
from dalle_kit.checks.notes import says_surely, with_capital_i
from dalle_kit.checks.own_words import parts_of
from dalle_kit.checks.verbs import BASES, begins_with_verb, has_finite_verb, is_past
from dalle_kit.checks.word_classes import ADVERBS, DETERMINERS, PERSONAL, QUALITIES, READER, SUBJECTS, WRITER
from dalle_kit.checks.words import WORD, content_words, plain, stem
from dalle_kit.choosing import Finished, Work, checks_of, hooked
from dalle_kit.records import Draft, GenerationOptions, Slot
from dalle_kit.repair import Rewriting, quoted
from dalle_kit.repair.workbench import BEAMS, SENTENCE_TOKENS, Workbench
from dalle_kit.review import Reviewer, open_slots, plain_sentence
from dalle_kit.writing import is_for_one_point, rewritten

if TYPE_CHECKING:
    from dalle_kit.engine.engine import Engine
    from dalle_kit.engine.results import Generation
    from dalle_kit.plugin_manager.manager import Plugins

#: What the likelihoods of the sentence by itself and of the note after it count for, beside that after the request.
_CHANNEL = 1.5

#: How much likelier, in nats, the sentence that was written has to be, as it may have words that nobody told; a note
#: that is no sentence, to stand as it was typed; and a sentence that says "I" or "we" of what nobody said who it is.
_OWN, _TYPED, _AS_WRITER = 1.0, 10.0, 10.0

#: The same for a sentence without a word of its note that tells something: a short sentence is likely by itself.
_LOST = 10.0

#: The same for a sentence that says "we" of one who writes alone, or "I" of another.
_ALONE_AS_WE = 4.0

#: The words of whoever writes.
_CALLED = {"I": frozenset("i me my mine myself".split()), "We": frozenset("we us our ours ourselves".split())}

#: The mean log-likelihood of a token, in nats, below which little words made no sentence of a note.
_LEAST = -1.1

#: The same where the note lacks who does it, so that it is no sentence in any case.
_LEAST_OF_THEIRS = -2.0

#: The same where a name has to be put in, which is never likely.
_LEAST_OF_NAMES = -3.0

#: What is at least as likely as this is surely a sentence.
_SURE = -0.3

#: A note of so many words stands as it was typed where its sentence adds to it and no other is found.
_SHORT = 6

#: Sentences whose likelihoods are computed at once, so that memory stays bounded.
_TOGETHER = 16

#: "no shoes, no entry" and "see you at Easter": nothing is missing.
_WITHOUT = re.compile(r"no\b.*, no\b|see you\b", re.IGNORECASE)

_MARKS = re.compile("[\u201c\u201d]")

#: What stands for something that is told before: a sentence may say what it is.
_STANDS_FOR = re.compile(r"\b(?:it|its|they|them|their)\b", re.IGNORECASE)


@dataclass(slots=True)
class _Place:
    """A place for one point: the sentence in it, and the expression of those that its note becomes.

    ``pattern`` is None where the note can only stand as it was typed; ``wrong`` is whether the sentence has to go, and
    ``made`` what the note became. ``options`` are the sentences to choose from, each with its log-likelihood after the
    request, in nats; ``beside`` is the draft without this one, and with notes where sentences have to go.
    ``is_tried`` is whether any other was written, ``keeps`` whether the sentence is better for certain, ``is_settled``
    whether no further one need be written, ``is_of_others`` whether the sentence says "we" of one who writes alone, or
    "I" of another, ``is_told_of`` whether the point is of the person whom all is about.
    ``choice`` is the sentence that stands in the end.
    """

    bench: Workbench
    slot: Slot
    sentence: str
    pattern: str | None
    wrong: bool
    options: dict[str, float]
    beside: Draft
    made: str = ""
    is_tried: bool = False
    keeps: bool = False
    is_settled: bool = False
    is_of_others: bool = False
    is_told_of: bool = False
    choice: str | None = None

    @property
    def note(self) -> str:
        """The point as it was given."""
        return self.slot.about[0]

    @property
    def says(self) -> bool:
        """Whether each part of the point has a verb of its own, so that little has to be put in."""
        leads = plain((self.note.split() or [""])[0]) in BASES or begins_with_verb(self.note)
        return not leads and all(map(has_finite_verb, parts_of(self.note)))

    @property
    def lacks_subject(self) -> bool:
        """Whether the point says what is done, and not who does it."""
        return lacks_doer(self.note)

    @property
    def typed(self) -> str:
        """The point as a sentence, as it was typed."""
        return plain_sentence(self.slot, 0)

    @property
    def rivals(self) -> list[str]:
        """The sentences that may stand here: not one that does not say who it is, where another does."""
        texts = [text for text in self.options if not (self.wrong and text == self.sentence)]
        if self.made and lacks_doer(self.note, surely=True):
            texts = [text for text in texts if not _begins_as(text, self.note)] or texts
        return texts

    def worth(self, text: str) -> float:
        """Return how likely a sentence is after the request, less what it has to be likelier, in nats."""
        own = _OWN + _ALONE_AS_WE * self.is_of_others + _LOST * self.loses
        less = own * (text == self.sentence) + _TYPED * self.is_dull(text) + _AS_WRITER * self.puts_in_writer(text)
        return self.options[text] - less

    def puts_in_writer(self, text: str) -> bool:
        """Whether a text begins with "I" or "we" although the point may be of anything."""
        is_told = {"i", "we"} & _words(self.note) or is_of_writer(self.note)
        return text.partition(" ")[0] in _CALLED and not is_told

    @property
    def loses(self) -> bool:
        """Whether a word of the point that tells something is in the sentence in no form."""
        said = {stem(word) for word in WORD.findall(self.sentence)}
        return any(stem(word) not in said for word in content_words(self.note))

    def is_dull(self, text: str) -> bool:
        """Say whether a text is the note as it was typed, which is no whole sentence."""
        return text == self.typed and not _is_whole(self.note)


def typed_sentences(work: Work) -> dict[str, str]:
    """Return by the names of slots the sentences of points that are whole as they were typed, and may stand so.

    The model would be asked for these in vain: compared with what it writes, the note wins nearly always.
    """
    skeleton = work.shaped.skeleton
    reviewer = Reviewer(work.domain, work.request, skeleton)
    looked_at = {slot.when[0] for slot in skeleton.slots if slot.when}  # by slots that depend on what is written there
    slots = [slot for slot in skeleton.slots if _takes_its_point(slot) and reviewer.is_english_prose(slot)]
    whole = [slot for slot in slots if is_sentence(slot.about[0]) and slot.name not in looked_at]
    found = {slot.name: with_capital_i(plain_sentence(slot, 0)) for slot in whole}
    return found if found and reviewer.is_told_in_english else {}


def _takes_its_point(slot: Slot) -> bool:
    """Say whether a slot asks for one sentence that says its point, and for nothing more."""
    more = slot.when or slot.words or slot.forbid or slot.mentions
    if more or not is_for_one_point(slot) or slot.sentences != (1, 1):
        return False
    return plain_sentence(slot, 0).startswith(slot.starts_with.strip())


def reworded(
    plugins: Plugins, drafts: Sequence[Finished], engine: Engine, options: GenerationOptions, limit: Budget
) -> list[Finished]:
    """Return the drafts with the better sentence of each point: the one that was written, or what its note becomes.

    Where nothing comes of a short note and what was written adds to it, it stands as it was typed. Where a server does
    not say how likely texts are, only what adds to its note, or is wrong, is written again.
    """
    places = [_places(plugins, each) for each in drafts]
    every = [place for row in places for place in row]
    if not engine.tells_likelihoods:
        every = [place for place in every if place.wrong or _adds(place)]
    once = replace(options, candidates=1)
    _write(engine, [(place, place.pattern) for place in every if place.pattern], once, limit)
    # The note as it was typed is asked for only where it becomes nothing else, or nothing that is surely a sentence.
    unsure = [place for place in every if place.pattern is None or not (place.is_settled or place.says)]
    _write(engine, [(place, re.escape(place.typed)) for place in unsure], once, limit)
    open_places = [place for place in every if place.is_tried and not place.keeps]
    if engine.tells_likelihoods:
        _choose(engine, open_places, limit)
    else:
        for place in open_places:
            place.choice = place.made or place.typed
    return [_with_choices(plugins, draft, row) for draft, row in zip(drafts, places, strict=True)]


def _places(plugins: Plugins, draft: Finished) -> list[_Place]:
    """Return the places of a draft whose sentence is not its note already, with little words put in."""
    reviewer, own = draft.reviewer, draft.own
    if not reviewer.is_told_in_english:
        return []
    checks = checks_of(plugins, draft.work)
    review = draft.review if own is draft.draft else reviewer.review(own, checks)
    bench = Workbench(reviewer, draft.work.shaped.prompt, own, review, checks)
    faulty = {each.slot for each in review.findings if each.severity == "error"} | set(review.unsaid)
    writers = _writers(reviewer, own)
    places = []
    for slot in open_slots(own):
        text, result = own.texts[slot.name], draft.generation.slots.get(slot.name)
        if not (is_for_one_point(slot) and reviewer.is_english_prose(slot) and slot.when is None and result):
            continue
        is_told_of = reviewer.topic != "" and _is_told_of_others(slot.about[0])
        called = (reviewer.topic,) if is_told_of else writers
        pattern = completed(slot.about[0], writers=called, begins=slot.starts_with.strip())
        if not _is_note(text, slot.about[0], pattern or re.escape(plain_sentence(slot, 0))):
            place = _Place(
                bench, slot, text, pattern, not text or slot.name in faulty, {text: result.log_likelihood}, own
            )
            place.wrong = place.wrong or any(is_so(place) for is_so in _WRONG)
            strangers = {word for who, words in _CALLED.items() if who not in called for word in words}
            strangers |= PERSONAL if is_told_of else set()  # nobody told whether "he" or "she"
            place.is_told_of = is_told_of
            place.is_of_others = bool(called and (strangers & _words(text)) - _words(slot.about[0]))
            places.append(place)
    instead = {place.slot.name: place.typed for place in places if place.wrong}
    for place in places:
        place.beside = Draft(own.skeleton, {**own.texts, **instead, place.slot.name: ""})
    return places


def _writers(reviewer: Reviewer, own: Draft) -> tuple[str, ...]:
    """Return what whoever writes may be called: "I" alone for one person, unless their points say "we"."""
    if not any(WRITER & _words(text) for text in (*reviewer.known, own.text)):
        return ()
    points = {word for slot in own.skeleton.slots for point in slot.about for word in _words(point)}
    return ("I",) if reviewer.is_by_one_person and not _CALLED["We"] & points else ("I", "We")


def _is_told_of_others(note: str) -> bool:
    """Say whether a note tells what was done or how somebody was, and names nobody who did it or had it done."""
    first = plain((note.split() or [""])[0])
    doers = PERSONAL | READER | frozenset("i we my our".split())
    return (is_past(first) or first in ADVERBS | QUALITIES) and not _words(note) & doers


def _words(text: str) -> set[str]:
    return set(map(str.lower, WORD.findall(text)))


def _is_note(sentence: str, note: str, pattern: str) -> bool:
    """Say whether a sentence is its note with little words put in, and may stay: who does what is told."""
    is_told = not lacks_doer(note) or not _begins_as(sentence, note)
    is_typed = sentence.rstrip(".?").casefold() == note.rstrip(".?").casefold()
    says = says_surely(sentence) if is_typed else has_finite_verb(sentence)  # "Roof repaired in May." has none
    return bool(re.fullmatch(pattern, sentence)) and says and is_told


def _begins_as(sentence: str, note: str) -> bool:
    return sentence.casefold().startswith(note.split()[0].casefold())


def _is_whole(note: str) -> bool:
    """Say whether a note is a sentence as it was typed, with a subject that needs nothing before it."""
    first = (note.split() or [""])[0]
    led = first[:1].isupper() or plain(first) in SUBJECTS | DETERMINERS or note.rstrip().endswith("?")
    return (led and has_finite_verb(note) and not begins_with_verb(note)) or bool(_WITHOUT.match(note))


def _write(engine: Engine, asked: Sequence[tuple[_Place, str]], options: GenerationOptions, limit: Budget) -> None:
    """Write the sentences that are asked for by their expressions, and note the good ones."""
    results = rewritten(engine, [_rewriting(place, pattern) for place, pattern in asked], options, limit)
    for (place, _), written in zip(asked, results, strict=True):
        if written is None:
            continue
        place.is_tried = True
        text = _made(place, written)
        place.keeps = place.keeps or _names_it(place, text)
        place.is_settled = place.keeps or (text != "" and written.mean_log_likelihood >= _SURE)
        if text:
            place.options[text] = written.log_likelihood
            place.made = text if text != place.typed else place.made


def _rewriting(place: _Place, pattern: str) -> Rewriting:
    slot = place.slot
    beams = 2 if place.says or pattern != place.pattern else BEAMS  # where there is little to choose from
    options = {**slot.options, "max_tokens": SENTENCE_TOKENS}
    alone = Slot(slot.name, regex=pattern, forbid=slot.forbid, about=slot.about, beams=beams, options=options)
    # An empty place has no space before it.
    return place.bench.asked(alone, draft=place.beside.replace(slot.name, place.typed))


def _made(place: _Place, written: Generation) -> str:
    """Return the sentence that a note became, "" where it is none that anybody would write, or is at fault."""
    if written.text.strip() == place.typed:
        return place.typed
    least = _LEAST_OF_NAMES if place.is_told_of else _LEAST_OF_THEIRS if place.lacks_subject else _LEAST
    if written.mean_log_likelihood < least:
        return ""
    text = place.bench.acceptable(written.text, place.slot, beside=place.beside)
    if not text or not (has_finite_verb(text) or text.startswith("Please ")):
        return ""
    return "" if place.bench.reviewer.unsaid(place.slot.about, text) else text


def _names_it(place: _Place, made: str) -> bool:
    """Say whether the sentence only names what all is about where the note became "It is ...", and so is better."""
    begins = re.match(r"(?:It|They) ", made)
    if not begins or place.wrong or not place.sentence.endswith(made[begins.end() :]):
        return False
    named = place.sentence[: len(place.sentence) - len(made) + begins.end()]
    return not adds_words(named, *place.bench.reviewer.known)


def _choose(engine: Engine, places: Sequence[_Place], limit: Budget) -> None:
    """Choose the likeliest sentence of each place, of one that is wrong only another; none where the time is up."""
    rivals = [(place, place.rivals) for place in places]
    # In a mail merge the same are asked for again and again.
    pairs = list(dict.fromkeys((text, place.note) for place, texts in rivals if len(texts) > 1 for text in texts))
    fits: dict[tuple[str, str], float] = {}
    for start in range(0, len(pairs), _TOGETHER):
        if limit.over:
            return
        some = pairs[start : start + _TOGETHER]
        fits.update(zip(some, _fits(engine, some), strict=True))
    for place, texts in rivals:
        if place.is_told_of and place.made:  # a name is never likely
            place.choice = place.made
        elif len(texts) > 1:
            place.choice = max((place.worth(text) + fits[text, place.note], text) for text in texts)[1]
        elif texts:
            place.choice = texts[0]


def _fits(engine: Engine, pairs: Sequence[tuple[str, str]]) -> list[float]:
    """Return how likely sentences are by themselves, and their notes after them, summed and weighted, in nats."""
    texts = [("Sentence:", f" {sentence}\nNote:", f" {note}\n") for sentence, note in pairs]
    return [_CHANNEL * (alone + of_note) for alone, of_note in engine.part_likelihoods(texts)]


def _with_choices(plugins: Plugins, draft: Finished, places: Sequence[_Place]) -> Finished:
    """Return a draft with the chosen sentences; what adds words to a note of which nothing came is stated instead."""
    own, lines = draft.own, list[str]()
    for place in places:
        text = place.sentence if place.choice is None else place.choice
        if place.choice == place.sentence and not place.made and _adds(place):
            text = place.typed
        if text != place.sentence:
            own = own.replace(place.slot.name, text)
            how = "stated:" if place.is_dull(text) else f"wrote again: {quoted(place.sentence)} as"
            lines.append(f"{how} {quoted(text)}")
    if not lines:
        return draft
    return hooked(plugins, draft.work, draft.reviewer, draft.generation, own, (*draft.repairs, *lines))


def _elsewhere(place: _Place) -> list[str]:
    """Return the points whose own places are empty: another sentence may say them as well."""
    draft = place.bench.draft
    return [point for slot in open_slots(draft) if not draft.texts[slot.name] for point in slot.about]


def _mixes(place: _Place) -> bool:
    """Say whether a sentence tells the parts of its point in another order, or leaves a word of them out."""
    told = (place.note, place.typed)
    return not _elsewhere(place) and all(mixes_parts(place.sentence, each) for each in told)


def _unquotes(place: _Place) -> bool:
    """Say whether a sentence says without quotation marks what its point has in such."""
    told, said = (_MARKS.sub('"', text) for text in (place.note, place.sentence))
    quotes = (quote.rstrip(".,!?") for quote in re.findall(r'"(.+?)"', told))
    return not all(re.search(rf'"{re.escape(quote)}[.,!?]*"', said) for quote in quotes)


def _does_to_itself(place: _Place) -> bool:
    """Say whether a sentence has who writes do what is done to them: "drinks on me" is not "I drink on me"."""
    told, said = _words(place.note), _words(place.sentence)
    return "me" in told and "i" not in told and {"i", "me"} <= said and "you" not in said


def _equates(place: _Place) -> bool:
    """Say whether a sentence puts words for the sign of a note such as "rain = cancelled", which may stand for any."""
    return any(sign in place.note and sign not in place.sentence for sign in (" = ", " -> ", " => ", "\u2192"))


def _asks(place: _Place) -> bool:
    """Say whether a sentence asks what its note states: "should try it" is not "Should I try it?"."""
    return place.sentence.endswith("?") and lacks_doer(place.note)


_WRONG = (_mixes, _unquotes, _does_to_itself, _equates, _asks)


def _adds(place: _Place) -> bool:
    """Say whether a sentence adds words to a short note, but for those of what it calls "it"."""
    told = [*place.slot.about, *place.slot.otherwise, *(place.slot.known or ()), *_elsewhere(place)]
    if _STANDS_FOR.search(place.note):
        told += place.bench.reviewer.known
    return len(place.note.split()) <= _SHORT and adds_words(place.sentence, *told)
