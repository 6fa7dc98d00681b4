"""The voice of a set of examples, told without a model: how its texts greet, take leave, and how they are written."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from dalle_kit.checks import all_sentences
from dalle_kit.examples.habits import Form, greeting_form, languages_of, sign_off_form
from dalle_kit.examples.texts import Found
from dalle_kit.examples.wording import ADDRESS, PUNCTUATION, Wording, count_words

#: A habit is clear from so many messages on, and from this share of them.
CLEAR_MESSAGES, CLEAR_SHARE = 3, 0.4

#: So much of a text tells how long its sentences are (in characters).
_READ = 20_000


@dataclass(frozen=True, slots=True)
class Habit:
    """A way to greet or to take leave, ``{name}`` standing for a name; ``share`` is of all messages."""

    form: str
    count: int
    share: float

    @property
    def is_clear(self) -> bool:
        """Whether it is common enough to be kept to."""
        return self.count >= CLEAR_MESSAGES and self.share >= CLEAR_SHARE

    def is_in(self, language: str) -> bool:
        """Say whether it suits a text in a language, given as a code; a bare name suits any."""
        known = languages_of(self.form)
        return not known or language in known


@dataclass(frozen=True, slots=True)
class Spread:
    """The quartiles of a measure."""

    low: int
    median: int
    high: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """How the texts of a set are written.

    ``words`` and ``sentence_words`` are of prose, ``lines`` of code. ``per_100_words`` counts marks and words of prose.
    ``formality`` is the share of formal words among the words, contractions and marks that are formal or informal, from
    0 to 1. Greetings, sign-offs and formality are told of e-mails only. What cannot be told is None or empty.
    """

    texts: int
    messages: int = 0
    greetings: tuple[Habit, ...] = ()
    sign_offs: tuple[Habit, ...] = ()
    words: Spread | None = None
    sentence_words: Spread | None = None
    lines: Spread | None = None
    per_100_words: Mapping[str, float] = field(default_factory=dict)
    formality: float | None = None

    def in_language(self, language: str) -> Profile:
        """Return it without the habits of other languages; the language is given as a code."""
        greetings = tuple(habit for habit in self.greetings if habit.is_in(language))
        return replace(
            self, greetings=greetings, sign_offs=tuple(habit for habit in self.sign_offs if habit.is_in(language))
        )

    def greeting(self, name: str = "") -> str | None:
        """Return the greeting for somebody if there is a clear habit, None otherwise; without a name, one without."""
        for habit in self.greetings:
            if habit.is_clear and (name or "{name}" not in habit.form):
                return habit.form.replace("{name}", name)
        return None

    @property
    def sign_off(self) -> str | None:
        """The line before the sender's name if there is a clear habit."""
        return next((habit.form for habit in self.sign_offs if habit.is_clear), None)

    def as_dict(self) -> dict[str, Any]:
        """Return it ready for JSON; what cannot be told is left out."""
        spreads = {"words": self.words, "sentence_words": self.sentence_words, "lines": self.lines}
        values: dict[str, Any] = {"texts": self.texts, "messages": self.messages}
        for name, habits in (("greetings", self.greetings), ("sign_offs", self.sign_offs)):
            if habits:
                values[name] = [{"form": each.form, "count": each.count, "share": each.share} for each in habits]
        values |= {
            name: {"low": spread.low, "median": spread.median, "high": spread.high}
            for name, spread in spreads.items()
            if spread
        }
        if self.per_100_words:
            values["per_100_words"] = dict(self.per_100_words)
        if self.formality is not None:
            values["formality"] = self.formality
        return values


def profile_of(texts: Iterable[Found]) -> Profile:
    """Return the voice of texts, which are read once, one at a time; the same for the same texts."""
    counts = _Counts()
    for found in texts:
        counts.add(found)
    return counts.profile()


class _Counts:
    """What has been counted so far."""

    def __init__(self) -> None:
        self.texts = self.messages = 0
        self.words, self.sentences, self.lines = Counter[int](), Counter[int](), Counter[int]()
        self.greetings, self.sign_offs = Counter[str](), Counter[str]()
        self.wording = Wording()

    def add(self, found: Found) -> None:
        self.texts += 1
        if found.kind == "code":
            self.lines[found.text.count("\n") + 1] += 1
            return
        text = self._add_message(found.text) if found.kind == "email" else found.text
        self.words[self.wording.add(found.text)] += 1
        for sentence in all_sentences(text[:_READ]):
            if length := count_words(sentence):
                self.sentences[length] += 1

    def _add_message(self, text: str) -> str:
        """Count a message's habits; return it without greeting and sign-off."""
        self.messages += 1
        greeting, sign_off = greeting_form(text), sign_off_form(text)
        self.greetings.update(form.text for form in (greeting,) if form)
        self.sign_offs.update(form.text for form in (sign_off,) if form)
        return _between(text, greeting, sign_off)

    def profile(self) -> Profile:
        told = (*PUNCTUATION, *ADDRESS) if self.messages else PUNCTUATION
        return Profile(
            texts=self.texts,
            messages=self.messages,
            greetings=_habits(self.greetings, self.messages),
            sign_offs=_habits(self.sign_offs, self.messages),
            words=_spread(self.words),
            sentence_words=_spread(self.sentences),
            lines=_spread(self.lines),
            per_100_words=self.wording.per_100_words(told),
            formality=self.wording.formality if self.messages else None,
        )


def _between(text: str, greeting: Form | None, sign_off: Form | None) -> str:
    start = greeting.end if greeting else 0
    end = sign_off.start if sign_off and sign_off.start >= start else len(text)
    return text[start:end]


def _habits(forms: Counter[str], messages: int) -> tuple[Habit, ...]:
    """Return habits, the most common first: spellings of one form count together, the most common one stands for it."""
    together: dict[str, Counter[str]] = {}
    for form, count in forms.items():
        together.setdefault(re.sub(r"[^\w{}]+", " ", form).strip().casefold(), Counter())[form] += count
    habits = []
    for spellings in together.values():
        total = sum(spellings.values())
        form = min(spellings, key=lambda each: (-spellings[each], each))
        habits.append(Habit(form, total, round(total / messages, 3)))
    return tuple(sorted(habits, key=lambda habit: (-habit.count, habit.form)))


def _spread(sizes: Counter[int]) -> Spread | None:
    """Return the quartiles of sizes, each a size that occurs."""
    total = sum(sizes.values())
    if not total:
        return None
    found, passed = [], 0
    quarters = [1, 2, 3]
    for size in sorted(sizes):
        passed += sizes[size]
        while quarters and 4 * passed >= quarters[0] * total:
            found.append(size)
            quarters.pop(0)
    low, median, high = found
    return Spread(low, median, high)
