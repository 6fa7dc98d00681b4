"""The figures of one text: pure functions of the text and of what it was told; no model writes or reads anything."""

# ruff: noqa: RUF001 - typographic apostrophes

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from dalle_kit import checks
from dalle_kit.evaluation.plain_grounding import ungrounded
from dalle_kit.evaluation.prose import (
    Sentence,
    is_sign_off,
    opens_with_greeting,
    own_lines,
    plain_words,
    sentences,
)
from dalle_kit.evaluation.told import Told
from dalle_kit.evaluation.verbs import BY_LISTS, VerbFinder

#: A point counts as expressed from this much of it on.
EXPRESSED = 0.5

#: Words from least to most of a length asked for.
LENGTHS = {"short": (1, 60), "medium": (25, 150), "long": (60, 1_000_000)}

#: So many words in a row, said twice or taken from the prompt, are no accident.
_REPEATED_RUN, _LEAKED_RUN = 7, 5

_PLACEHOLDER = re.compile(
    r"\[[^\]\n]{1,60}\]|\{\{?[^}\n]{1,60}\}\}?|<[A-Za-z][^>@\n]{0,40}>|\b(?:XX+|xxx+|TBD|TBA|TODO)\b|_{3,}"
    r"|\((?:your|insert|name|date|company)\b[^)\n]{0,40}\)|\b(?:Your|Recipient(?:'s)?|Company) Name\b"
)
_LEAK = re.compile(
    r"^[ \t]*(?:notes?|subject|facts?|headline|tone|length|points?|instructions?|e-?mail|article|body)[ \t]*:"
    r"|\bas an? (?:ai|artificial intelligence|(?:large )?language model|assistant)\b|\blanguage model\b"
    r"|\bhere(?: is|'s|’s) (?:the|a|an|your|my) (?:\w+ )?(?:e-?mail|article|text|draft|paragraph|version|message to)\b"
    r"|<\|[^|\n]*\|>|^[ \t]*(?:system|user|assistant)[ \t]*:?[ \t]*$|\b(?:the|these|your) notes (?:above|below)\b",
    re.IGNORECASE | re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Mark:
    """A stretch of a text (start, end in characters) that a metric holds against it."""

    start: int
    end: int
    metric: str
    message: str


@dataclass(frozen=True, slots=True)
class Measured:
    """The figures of a text by metric, and the stretches behind them."""

    values: Mapping[str, float]
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True)
class Readers:
    """What reads the language: ``verbs`` finds finite verbs, ``grammar`` the errors of a sentence, where there is one.

    The names go into reports: figures of different readers do not compare.
    """

    verbs: VerbFinder = BY_LISTS
    grammar: Callable[[str], list[tuple[int, int, str]]] | None = None
    grammar_name: str = "none"


@dataclass
class _Sheet:
    """Figures and marks while they are collected."""

    values: dict[str, float] = field(default_factory=dict)
    marks: list[Mark] = field(default_factory=list)

    def any(self, metric: str, found: Iterable[tuple[int, int, str]]) -> None:
        """Note stretches that a text should not have: 1 if there is one, 0 if there is none."""
        marks = [Mark(start, end, metric, message) for start, end, message in found]
        self.marks += marks
        self.values[metric] = float(bool(marks))


def measure(text: str, told: Told, readers: Readers | None = None) -> Measured:
    """Return the figures of a text that was written for what it was ``told``."""
    sheet = _Sheet()
    said = sentences(text, titles=told.titles)
    _coverage(sheet, text, told)
    _grounding(sheet, text, told)
    known = "\n".join(told.known)
    sheet.any("placeholder", _placeholders(text, known))
    sheet.any("unfinished", ((s.start, s.end, "breaks off") for s in said if s.closes and not s.finished))
    sheet.any("repetition", _repetitions(text, said, known))
    sheet.any("leakage", [*_labels(text, known), *_prompt_runs(text, told)])
    sheet.any("second_greeting", _second_greetings(text))
    if told.length in LENGTHS:
        least, most = LENGTHS[told.length or ""]
        sheet.values["length_kept"] = float(least <= sum(len(s.words) for s in said) <= most)
    _naturalness(sheet, said, told, readers or Readers())
    return Measured(sheet.values, tuple(sorted(sheet.marks, key=lambda mark: (mark.start, mark.end, mark.metric))))


def naturalness(text: str, told: Told, readers: Readers | None = None) -> Measured:
    """Return only the figures that a real text has as well: of its sentences, grammar, readability and words."""
    sheet = _Sheet()
    _naturalness(sheet, sentences(text, titles=told.titles), told, readers or Readers())
    return Measured(sheet.values, tuple(sheet.marks))


def _coverage(sheet: _Sheet, text: str, told: Told) -> None:
    if not told.points:
        return
    own = "\n".join(line for _, line in own_lines(text))
    found = checks.coverage(told.points, own, language=told.language)
    sheet.values["coverage"] = sum(found) / len(found)
    sheet.values["expressed"] = sum(each >= EXPRESSED for each in found) / len(found)
    for point, each in zip(told.points, found, strict=True):
        if each < EXPRESSED:
            sheet.marks.append(Mark(0, 0, "coverage", f"not said: {point}"))


def _grounding(sheet: _Sheet, text: str, told: Told) -> None:
    findings = checks.unsupported(text, checks.Source(told.known, language=told.language))
    sheet.any("unsupported", ((*(finding.span or (0, 0)), finding.message) for finding in findings))
    sheet.any("ungrounded", ((start, end, f"{value!r} not told") for start, end, value in ungrounded(text, told.known)))


def _placeholders(text: str, known: str) -> Iterable[tuple[int, int, str]]:
    for match in _PLACEHOLDER.finditer(text):
        if match.group() not in known:
            yield *match.span(), "left to be filled in"


def _labels(text: str, known: str) -> Iterable[tuple[int, int, str]]:
    told = known.casefold()
    for match in _LEAK.finditer(text):
        if match.group().strip().casefold() not in told:
            yield *match.span(), "belongs to the prompt"


def _prompt_runs(text: str, told: Told) -> Iterable[tuple[int, int, str]]:
    """Yield runs of words that stand in the prompt but in nothing the user or the template's document said."""
    leaked = _runs_of_lines(told.prompt) - _runs_of_lines(told.known)
    for start, line in own_lines(text):
        words = list(re.finditer(r"\w+(?:['’]\w+)*", line))
        runs = _runs([word.group().casefold() for word in words], _LEAKED_RUN)
        for index, run in enumerate(runs):
            if run in leaked:
                yield start + words[index].start(), start + words[index + _LEAKED_RUN - 1].end(), "stands in the prompt"


def _runs_of_lines(texts: Iterable[str]) -> set[tuple[str, ...]]:
    lines = (line for text in texts for line in text.split("\n"))
    return {run for line in lines for run in _runs(plain_words(line), _LEAKED_RUN)}


def _runs(words: Sequence[str], length: int) -> list[tuple[str, ...]]:
    return [tuple(words[index : index + length]) for index in range(len(words) - length + 1)]


def _repetitions(text: str, said: Sequence[Sentence], known: str) -> Iterable[tuple[int, int, str]]:
    told, seen = _runs(plain_words(known), _REPEATED_RUN), set[tuple[str, ...]]()
    for sentence in said:
        whole = sentence.words
        runs = [whole] if len(whole) < _REPEATED_RUN else [*_runs(whole, _REPEATED_RUN)]
        new = [run for run in runs if len(run) > 2]
        # What the request says twice the text may say twice.
        if any(run in seen and told.count(run) < 2 for run in new):
            yield sentence.start, sentence.end, "said before"
        seen.update(new)


def _second_greetings(text: str) -> Iterable[tuple[int, int, str]]:
    lines = [(start, start + len(line), line) for start, line in own_lines(text) if line.strip()]
    greetings = [each for each in lines if opens_with_greeting(each[2])]
    leaves = [each for each in lines if is_sign_off(each[2])]
    for start, end, _ in greetings[1:]:
        yield start, end, "greets again"
    for start, end, _ in leaves[:-1]:
        yield start, end, "takes leave before the end"


def _naturalness(sheet: _Sheet, said: Sequence[Sentence], told: Told, readers: Readers) -> None:
    words = sum(len(sentence.words) for sentence in said)
    sheet.values["words"] = float(words)
    if not said or not words:
        return
    notes = {plain_words(point) for point in told.points}
    echoes = [sentence for sentence in said if sentence.words and sentence.words in notes]
    sheet.marks += [Mark(each.start, each.end, "echo", "only echoes a note") for each in echoes]
    sheet.values["echo"] = len(echoes) / len(said)
    if told.language != "en":
        return  # the readers read English
    bare = [sentence for sentence in said if not readers.verbs.has_verb(sentence.text)]
    sheet.marks += [Mark(each.start, each.end, "fragments", "no finite verb") for each in bare]
    sheet.values["fragments"] = len(bare) / len(said)
    sheet.values["readability"] = _flesch(said, words)
    if readers.grammar is not None:
        errors = [(each, error) for each in said for error in readers.grammar(each.text)]
        sheet.values["grammar_errors"] = 100 * len(errors) / words
        for sentence, (start, end, edit) in errors:
            place = sentence.start + start
            sheet.marks.append(Mark(place, min(place + end - start, sentence.end), "grammar_errors", edit))


def _flesch(said: Sequence[Sentence], words: int) -> float:
    """Return Flesch's reading ease: 206.8 less long sentences and long words; about 60 to 70 is plain English."""
    syllables = sum(_syllables(word) for sentence in said for word in sentence.words)
    return 206.835 - 1.015 * words / len(said) - 84.6 * syllables / words


def _syllables(word: str) -> int:
    """Return about how many syllables an English word has: its groups of vowels, without a silent e."""
    groups = len(re.findall(r"[aeiouyàáâäèéêëìíîïòóôöùúûü]+", word))
    silent = word.endswith("e") and not word.endswith(("le", "ee")) and groups > 1
    return max(1, groups - silent)
