"""Facts as they are told: plain notes, and notes that say which of the six questions they answer."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

#: The questions that a report answers, in the order in which a sentence can say the answers.
QUESTIONS = ("who", "what", "when", "where", "how", "why")

_LABEL = re.compile(rf"({'|'.join(QUESTIONS)})\s*:\s*(\S.*)", re.IGNORECASE)


#: Answers that begin so are joined to what happened without a comma.
_PREPOSITIONS = frozenset(
    "about after against along among at before behind below between by during for from in inside into near next of off "
    "on outside over since through to towards under until via with within without".split()
)
#: Days, which are joined with "on": "Tuesday evening", "15 May".
_DAY = re.compile(
    r"(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day|\d{1,2}(?:st|nd|rd|th)? (?:january|february|march|april|may|june|"
    r"july|august|september|october|november|december))\b(?!,)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Statement:
    """A note that the article has to report; ``reason`` says whether it tells why."""

    text: str
    reason: bool = False

    @property
    def note(self) -> str:
        """The note as the model is told it."""
        return f"reason: {self.text}" if self.reason else self.text


@dataclass(slots=True)
class _Event:
    """The answers about one event."""

    answers: dict[str, str] = field(default_factory=dict)

    def takes(self, question: str) -> bool:
        """Say whether an answer belongs to this event: a second answer to a question begins another one."""
        return question not in self.answers or set(self.answers) == {question} == {"who"}

    def add(self, question: str, answer: str) -> None:
        before = self.answers.get(question)
        self.answers[question] = f"{before} and {answer}" if before else answer

    def statements(self) -> list[Statement]:
        """Return one note that says who did what, when, where and how, and one that says why."""
        answers = {question: answer.rstrip(" .;,") or answer for question, answer in self.answers.items()}
        note = " ".join(answers[question] for question in ("who", "what") if question in answers)
        for question in ("when", "where", "how"):
            if question in answers:
                answer = answers[question]
                leads = answer.split()[0].casefold() in _PREPOSITIONS
                joint = " " if leads else " on " if question == "when" and _DAY.match(answer) else ", "
                note = f"{note}{joint}{answer}" if note else answer
        made = [Statement(note)] if note else []
        return [*made, Statement(answers["why"], reason=True)] if "why" in answers else made


def statements(facts: tuple[str, ...]) -> list[Statement]:
    """Return what an article reports, in order of importance.

    Facts like ``who: the council`` are answers: those about one event become one note, without their labels, and stand
    before the others, because an article begins with them.
    """
    events: list[_Event] = []
    plain: list[Statement] = []
    for fact in facts:
        labelled = _LABEL.fullmatch(fact)
        if labelled is None:
            plain.append(Statement(fact))
            continue
        question, answer = labelled[1].casefold(), labelled[2]
        if not events or not events[-1].takes(question):
            events.append(_Event())
        events[-1].add(question, answer)
    return [statement for event in events for statement in event.statements()] + plain
