"""Whether a draft keeps the promise: what was asked for is in it, what was not said is not, and its form is whole."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import takewhile

from dalle_kit.checks import Source, borrowed, contradictions, form, invented, misplaced, missing, unsupported
from dalle_kit.checks.added import added, without_added
from dalle_kit.checks.coverage import Coverage, assess
from dalle_kit.checks.invention import is_courtesy
from dalle_kit.checks.lemmas import share_known
from dalle_kit.checks.stutter import stutters
from dalle_kit.checks.tidying import tidied
from dalle_kit.checks.units import strange_units
from dalle_kit.checks.words import is_ordinary
from dalle_kit.domain import Domain, Request
from dalle_kit.passages import joined, passages, spans
from dalle_kit.privacy import PERSONAL_DATA
from dalle_kit.records import Draft, Finding, Skeleton, Slot

#: Checks of a domain and of plugins, each given the request and the draft.
Checks = Sequence[Callable[[Request, Draft], Iterable[Finding]]]


ENGLISH = "en"

#: The check that finds sentences that say nothing asked for.
STRAY = "off the point"

#: A sentence that says less of a point has nothing to do with it.
_PARTLY = 0.3

#: What an item of a list begins with.
_MARK = re.compile(r"(?:\A|\n)[ \t]*(?:[-*+•]|\d+[.)])[ \t]+\Z")

#: Of fewer letters, or with more English words among them, points are taken for English.
_LETTERS, _ENGLISH_WORDS = 12, 0.4

#: A person's name has no more parts than this, and each looks like this, or is a letter or a title with a full stop.
_NAMES = 3
_TITLES = ("Dr", "Mr", "Mrs", "Ms", "Mx", "Prof")
_NAME = re.compile(rf"(?:[^\W\d_a-z]|{'|'.join(_TITLES)})\.|[^\W\d_a-z][^\W\d_]*[a-z][^\W\d_]*(?:['\u2019-][^\W\d_]+)*")
#: What the subject says of a letter about a person. Names alone do not tell persons from "Christmas" and "Netflix".
_ABOUT_A_PERSON = re.compile(
    r"\b(?:references?|recommendation|recommending|testimonial|nomination|nominating|commendation|appraisal)\b"
    r"(?!\W*(?:no|nr|number|\d))",
    re.IGNORECASE,
)
#: Behind it come the letters of other scripts, in which a few letters say much.
_LAST_LATIN = "\u024f"


@dataclass(frozen=True, slots=True)
class Review:
    """What is to say about a draft.

    ``coverage`` is the mean of how far each point is expressed, from 0 to 1; ``unsaid`` are the points that are not, by
    the name of their slot and their number in it.
    """

    findings: tuple[Finding, ...]
    coverage: float
    unsaid: Mapping[str, tuple[int, ...]]

    @property
    def errors(self) -> int:
        """How many findings are errors."""
        return sum(finding.severity == "error" for finding in self.findings)

    @property
    def warnings(self) -> int:
        """How many findings are warnings."""
        return sum(finding.severity == "warning" for finding in self.findings)


@dataclass(frozen=True, slots=True)
class _Sentence:
    """A sentence, where it stands, and which points it says, or only has to do with."""

    slot: Slot
    number: int
    span: tuple[int, int]
    says: frozenset[int]
    touches: frozenset[int]


class Reviewer:
    """The checks of one document; what it may rely on is read once.

    It may rely on the domain's sources, the skeleton's certain text, what a slot says is known, and the texts that the
    template offers to choose from. A slot held to a pattern has the template's words: only its points are checked, and
    its facts where it says what is known. A request's field ``language``, where there is one, says how to read it all,
    ``sender`` who writes and ``subject`` what it is about.
    """

    def __init__(self, domain: Domain, request: Request, skeleton: Skeleton) -> None:
        self.request, self.skeleton = request, skeleton
        self._prose = domain.prose
        literals = [part for part in skeleton.parts if isinstance(part, str)]
        slots = skeleton.slots
        told = [text for slot in slots for text in (*(slot.known or ()), *slot.choices)]
        self.known = tuple(dict.fromkeys([*(domain.sources(request) if slots else ()), *literals, *told]))
        self._language = str(getattr(request, "language", ENGLISH))
        self._source = Source(self.known, language=self._language)
        self._known_text = "\n".join(self.known)
        self._all_points = tuple(point for slot in slots for point in slot.about)
        points = frozenset(self._all_points)
        self._others = [text for text in self.known if text not in points]
        self._beside = Source(self._others, language=self._language)

    def is_prose(self, slot: Slot) -> bool:
        """Say whether a slot is filled with sentences of the model's own."""
        return self._prose and not is_fixed(slot)

    def is_english_prose(self, slot: Slot) -> bool:
        """Say whether a slot is filled with sentences that the rules for English may be held against."""
        return self.is_prose(slot) and self._language == ENGLISH

    @cached_property
    def is_by_one_person(self) -> bool:
        """Whether who writes has the name of one person: "Tom Ilves", and not "Harbour Cinema" or "Ana and Ben"."""
        words = str(getattr(self.request, "sender", None) or "").partition("<")[0].replace('"', "").split()
        return 0 < len(words) <= _NAMES and all(_NAME.fullmatch(word) and not is_ordinary(word) for word in words)

    @cached_property
    def topic(self) -> str:
        """What the one is called whom the request's ``subject`` names and a point tells of, "" if there is none.

        All is about a person if the subject says so: "Reference for Neha Patel", "Your question about Neha Patel",
        "Neha Patel, our tenant". They are called by the first name if that is no ordinary word, whatever the surname
        is; else by the whole name.
        """
        subject = str(getattr(self.request, "subject", None) or "")
        is_reference = _ABOUT_A_PERSON.search(subject)
        for point in self._all_points:
            words = point.split()
            name = list(takewhile(_NAME.fullmatch, words))
            if not name or not words[len(name) :] or not words[len(name)].islower():
                continue
            whole, is_odd = " ".join(name), not is_ordinary(name[0]) and not name[0].endswith(".")
            if is_reference and (len(name) > 1 or is_odd):
                is_about = re.search(rf"(?<!\w){re.escape(whole)}(?!\w)", subject)
            else:
                is_about = re.search(rf"(?:\A|\babout ){re.escape(whole)}(?:[,:]|\Z)", subject)
                is_about = is_about if len(name) > 1 and is_odd else None
            if is_about and name[0].rstrip(".") in _TITLES:
                return f"{name[0]} {name[-1]}" if len(name) > 1 else ""
            if is_about:
                return name[0] if is_odd else whole
        return ""

    @cached_property
    def is_told_in_english(self) -> bool:
        """Whether the points read as English, which is what the default model writes."""
        return _reads_as_english(list(dict.fromkeys(self._all_points)))

    def tidied(self, slot: Slot, text: str) -> str:
        """Return a slot's text without what its sentences have before or behind their points that nobody told."""
        if not slot.about or not self.is_english_prose(slot):
            return text
        told = " ".join(slot.about)
        return joined(
            [
                replace(each, sentence=without_added(tidied(each.sentence, told), self._all_points))
                for each in passages(text)
            ]
        )

    def about(self) -> list[Finding]:
        """Return what is to say about the request: points that contradict each other or are not in English."""
        slots = self.skeleton.slots
        points = list(dict.fromkeys(self._all_points))
        findings = contradictions(points, language=self._language)
        if self._language == ENGLISH and any(map(self.is_prose, slots)) and not self.is_told_in_english:
            message = "the points do not read as English, which is what the default model writes: read it with care"
            findings.append(Finding("language", "warning", message))
        return findings

    def review(self, draft: Draft, checks: Checks = ()) -> Review:
        """Check a draft: its slots, its points, then with ``checks``; what two of them find is said once."""
        findings = [finding for slot in open_slots(draft) for finding in self._of_slot(slot, draft.texts[slot.name])]
        said, unsaid = self._points(draft)
        for name, numbers in unsaid.items():
            slot = next(each for each in open_slots(draft) if each.name == name)
            findings += missing(
                [slot.about[number] for number in numbers], own_text(draft), slot=name, language=self._language
            )
        findings += [
            Finding("empty slot", "error", f"the item {slot.name!r} of the list is empty", slot.name)
            for slot in open_slots(draft)
            if self._is_empty_item(slot, draft)
        ]
        findings += [
            Finding(STRAY, "error", "the sentence says no point that is not said elsewhere", slot.name, span)
            for slot, _, span in self.strays(draft)
        ]
        for check in checks:
            findings += check(self.request, draft)
        # That a number is nowhere in the request is not worth a line of its own where it is somebody's.
        leaked = [(each.slot, each.span) for each in findings if each.check == PERSONAL_DATA and each.span]
        unique = {
            (each.check, each.slot, each.span, each.message): each
            for each in findings
            if each.check != "unsupported"
            or each.span is None
            or not within(each.span, [span for slot, span in leaked if slot == each.slot])
        }
        return Review(tuple(unique.values()), said, unsaid)

    def strays(self, draft: Draft) -> list[tuple[Slot, int, tuple[int, int]]]:
        """Return the sentences that say no point, or only points that others say: slot, number, place in its text.

        A sentence of courtesy alone may stay, and the only one of a list's item. Of two that say the same the earlier
        stays, if the other says no more.
        """
        rows = [(slot, passages(draft.texts[slot.name])) for slot in open_slots(draft) if slot.about]
        points = [point for slot, _ in rows for point in slot.about]
        sentences = [
            self._read(slot, number, span, row[number].sentence, points)
            for slot, row in rows
            if self.is_prose(slot) and not (len(row) == 1 and self.is_item(slot))
            for number, span in enumerate(spans(row))
            if not is_courtesy(row[number].sentence) and not self._is_part(slot, draft.texts[slot.name], span)
        ]
        said_alone = frozenset[int]().union(*(each.says for each in sentences))
        kept = list(sentences)
        for each in sorted(reversed(sentences), key=lambda sentence: len(sentence.says)):
            others = frozenset[int]().union(*(other.says for other in kept if other is not each))
            # A point that only several sentences say together needs them all.
            if not each.says - others and not each.touches - said_alone:
                kept.remove(each)
        return [(each.slot, each.number, each.span) for each in sentences if each not in kept]

    def _read(self, slot: Slot, number: int, span: tuple[int, int], sentence: str, points: Sequence[str]) -> _Sentence:
        plain = {slot.about[index] for index in range(len(slot.about)) if plain_sentence(slot, index) in sentence}
        found = dict(enumerate(self.assess(points, sentence)))
        says = frozenset(index for index, each in found.items() if each.is_said or points[index] in plain)
        touches = frozenset(index for index, each in found.items() if each.is_wrong or each.score >= _PARTLY)
        return _Sentence(slot, number, span, says, touches - says)

    def faults(self, sentence: str) -> list[Finding]:
        """Return what is wrong with a sentence by itself."""
        return [
            *unsupported(sentence, self._source),
            *strange_units(sentence, self._known_text),
            *invented(sentence, self._source),
            *added(sentence, self._all_points, self._source),
            *self._misplaced(sentence),
            *form(sentence, known=self._known_text),
        ]

    def _misplaced(self, text: str, *, slot: str | None = None) -> list[Finding]:
        return misplaced(text, self._all_points, beside=self._beside, slot=slot, language=self._language)

    def _borrowed(self, slot: Slot, text: str) -> list[Finding]:
        """Return a finding for each sentence of the only point of a slot that tells of it what another one says.

        One that says the other point, too, as two halves of a sentence are said in one, is right.
        """
        if len(slot.about) != 1:
            return []
        points = [point for point in self._all_points if point != slot.about[0]]
        others = [points[number] for number in self.unsaid(points, text)]
        return borrowed(text, slot.about[0], others, self._others, slot=slot.name, language=self._language)

    def assess(self, points: Sequence[str], text: str) -> list[Coverage]:
        """Return how far a text says each point."""
        return assess(points, text, language=self._language)

    def unsaid(self, points: Sequence[str], text: str) -> list[int]:
        """Return which points a text does not say."""
        return [number for number, found in enumerate(self.assess(points, text)) if not found.is_said]

    def protected(self, slot: Slot, text: str) -> list[tuple[int, int]]:
        """Return where a slot's text is the template's plain sentences, which stay as they are."""
        plain = {plain_sentence(slot, number) for number in range(len(slot.about))}
        return [(start, start + len(each)) for each in plain if (start := text.find(each)) >= 0]

    def _is_part(self, slot: Slot, text: str, span: tuple[int, int]) -> bool:
        """Say whether a sentence is one of several that a point is stated in."""
        plain = self.protected(slot, text)
        return within(span, plain) and span not in plain

    def _of_slot(self, slot: Slot, text: str) -> list[Finding]:
        findings: list[Finding] = []
        # The place of a point may stay empty: another one says it, or it is reported as missing.
        if not text.strip() and not slot.about:
            findings.append(
                Finding("empty slot", "warning", f"nothing usable was written for {slot.name!r}", slot.name)
            )
        if self.is_prose(slot) or slot.known is not None:
            findings += unsupported(text, self._source, slot=slot.name)
            findings += strange_units(text, self._known_text, slot=slot.name)
        if self.is_prose(slot):
            if slot.about:
                findings += invented(text, self._source, slot=slot.name)
                findings += added(text, self._all_points, self._source, slot=slot.name)
                findings += self._misplaced(text, slot=slot.name)
                findings += self._borrowed(slot, text)
                findings += self._repetitions(slot, text)
            findings += form(
                text,
                known=self._known_text,
                notes=slot.about,
                slot=slot.name,
                ends_line=self._ends_sentence(slot),
            )
        plain = self.protected(slot, text)
        return [each for each in findings if each.span is None or not within(each.span, plain)]

    def _repetitions(self, slot: Slot, text: str) -> Iterator[Finding]:
        """Yield a finding for each sentence that says twice what its points say once."""
        row = passages(text)
        told = " ".join(slot.about)
        for span, passage in zip(spans(row), row, strict=True):
            what = stutters(passage.sentence, told)
            if what is not None:
                yield Finding("repetition", "error", f"the sentence says {what!r} twice", slot.name, span)

    def _ends_sentence(self, slot: Slot) -> bool:
        """Say whether a slot's text has to end as a sentence does: one of a few words in a line need not."""
        parts = self.skeleton.parts
        following = parts[parts.index(slot) + 1 : parts.index(slot) + 2]
        ends_line = not following or (isinstance(following[0], str) and following[0].startswith("\n"))
        return slot.sentences is not None or bool(slot.about) or (ends_line and slot.words is None)

    def is_item(self, slot: Slot) -> bool:
        """Say whether a slot for one point is an item of a list, which must not be empty whatever others say."""
        place = self.skeleton.parts.index(slot)
        before = self.skeleton.parts[place - 1] if place else ""
        return len(slot.about) == 1 and isinstance(before, str) and bool(_MARK.search(before))

    def _is_empty_item(self, slot: Slot, draft: Draft) -> bool:
        return not draft.texts[slot.name].strip() and self.is_item(slot)

    def _points(self, draft: Draft) -> tuple[float, dict[str, tuple[int, ...]]]:
        """Return how much of the points is said, and which are not: anywhere in the document, or where they must be."""
        text = own_text(draft)
        places = [(slot, number) for slot in open_slots(draft) for number in range(len(slot.about))]
        found_points = self.assess([slot.about[number] for slot, number in places], text)
        shares, unsaid = 0.0, dict[str, tuple[int, ...]]()
        for (slot, number), found in zip(places, found_points, strict=True):
            if found.is_said or plain_sentence(slot, number) in text:
                shares += max(found.score, float(not found.is_said))
                is_said = not self._is_empty_item(slot, draft)
            else:
                shares += found.score
                is_said = False
            if not is_said:
                unsaid[slot.name] = (*unsaid.get(slot.name, ()), number)
        return shares / len(places) if places else 1.0, unsaid


def is_fixed(slot: Slot) -> bool:
    """Say whether a slot's whole text is held to something."""
    return bool(slot.choices) or not (slot.regex is None and slot.grammar is None and slot.schema is None)


def open_slots(draft: Draft) -> list[Slot]:
    """Return the slots of a draft that were to be filled: those that depend on an earlier one only if it says so."""
    return [
        slot
        for slot in draft.skeleton.slots
        if slot.name in draft.texts and (slot.when is None or draft.texts.get(slot.when[0]) in slot.when[1])
    ]


def _reads_as_english(points: Sequence[str]) -> bool:
    """Say whether the ordinary words of points, those in small letters, are English ones."""
    letters = list(filter(str.isalpha, " ".join(points)))
    if 2 * sum(letter > _LAST_LATIN for letter in letters) > len(letters):
        return False
    words = [word for word in re.findall(r"[^\W\d_]{2,}", " ".join(points)) if word == word.lower()]
    return sum(map(len, words)) < _LETTERS or share_known(" ".join(words), "en") >= _ENGLISH_WORDS


def plain_sentence(slot: Slot, point: int) -> str:
    """Return the plain sentence that says a slot's point: the template's, else the point itself."""
    if point < len(slot.otherwise) and slot.otherwise[point]:
        return slot.otherwise[point]
    words = " ".join(slot.about[point].split())
    return f"{words[:1].upper()}{words[1:]}" + ("" if words[-1:] in ".!?" else ".")


def own_text(draft: Draft) -> str:
    """Return a draft's text without the lines that it quotes from elsewhere."""
    return "\n".join(line for line in draft.text.split("\n") if not line.startswith(">"))


def within(span: tuple[int, int], ranges: Iterable[tuple[int, int]]) -> bool:
    """Say whether a span lies in one of the ranges."""
    return any(start <= span[0] and span[1] <= end for start, end in ranges)


def placed(findings: Iterable[Finding], draft: Draft) -> tuple[Finding, ...]:
    """Return findings that also say where in the document they are."""
    starts = draft.skeleton.starts(draft.texts)
    return tuple(
        replace(each, place=(each.span[0] + starts[each.slot], each.span[1] + starts[each.slot]))
        if each.span is not None and each.slot in starts
        else each
        for each in findings
    )
