"""What is written in the benchmark: an e-mail, a prompt with a long fixed part, requests whose facts recur, letters."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from dalle_kit.engine.tokenization import Tokenizer
from dalle_kit.records import Message, Prompt

#: An e-mail on the command line, and what its preview shows when the model has written a word.
EMAIL_OPTIONS = (
    *("--to", "Priya Raman <priya@example.com>", "--subject", "Q3 budget review moved to Thursday"),
    *("--point", "now Thursday 14:00", "--point", "room B12", "--sender", "Tom", "--seed", "1"),
)
EMAIL_BEGINS = r"Priya,\s+(?!Dear\b)\S"
#: The same, as one asks a chat.
EMAIL_ASKED = "Write the e-mail. Subject: Q3 budget review moved to Thursday. Notes: now Thursday 14:00; room B12"

_STYLE = (
    "You write e-mails for the staff of a small company that repairs and rents out bicycles in two towns. Write "
    "as our people speak to each other and to our customers: plain words, short sentences, no slogans. Begin with "
    "the matter itself and leave out what the reader knows. Say a date with its day of the week, a time with the "
    "time zone if the reader is elsewhere, and a sum with its currency. Name the person who will do a thing and "
    "by when it will be done. Where something went wrong, say what, say that we are sorry, once, and say what "
    "happens now. Never promise what the notes do not promise, never add a reason that was not given, and never "
    "guess a name, a number or a place. Use a list only where there are four or more things of one kind. End when "
    "everything is said; the greeting and the lines below your text are added by others, so write neither. If the "
    "notes do not say to whom we write, write to a colleague. If they contradict each other, say what the later "
    "one says. The next lines are the notes, each to be said once, in their order, in whole sentences of the same "
    "language, with every name and number exactly as there."
)
#: Of these the model makes texts that end by themselves: one that says the same for ever would flatter drafts.
_FACTS = (
    (
        "Order 48213-B",
        "order 48213-B left Rotterdam on 14 October",
        "it arrives at dock 7 on Friday",
        "Henk Visser signs for it",
    ),
    (
        "Training at the Lindqvist Centre",
        "the Lindqvist Centre has 24 places on 3 March",
        "Marta Oyelaran takes the names",
    ),
    ("Invoice INV-2026-0917", "invoice INV-2026-0917 over 1,482.50 euros is still open", "please pay by 30 November"),
    (
        "Jonas Weidmann joins us",
        "Jonas Weidmann starts on 2 February",
        "he sits in room 4.17",
        "his manager is Ines Carvalho",
    ),
    ("Spare keys", "the spare keys of Harrow Lane are with Ines Carvalho", "her number is 555 0142"),
    ("Choir rehearsal", "the rehearsal moves to St Bride's Hall on 9 May at 19:30", "bring the Fauré score"),
)
_NAMES = ("Ann", "Bela", "Chidi", "Dana", "Emre", "Fay", "Goran", "Hana", "Ivo", "June")


def long_prompt(tokenizer: Tokenizer, length: int) -> list[int]:
    """Return the tokens of a text of the given length; its beginning is a house style."""
    tokens = tokenizer.encode_text(_STYLE)
    return list(itertools.islice(itertools.cycle(tokens), length))


def recurring(tokenizer: Tokenizer) -> list[list[int]]:
    """Return prompts that ask for a text which says again what they say."""
    prompts = []
    for subject, *points in _FACTS:
        notes = "\n".join(f"- {point}" for point in points)
        ask = (
            f"Write a short e-mail about this, with every fact as it is, then list the facts again.\n{subject}\n{notes}"
        )
        prompts.append(tokenizer.encode_prompt(Prompt((Message("user", ask),))))
    return prompts


def fresh(prompt: Sequence[int], *, number: int, shared: int = 0) -> list[int]:
    """Return a prompt that differs from those of other numbers after its first ``shared`` tokens."""
    return [*prompt[:shared], 1000 + number, *prompt[shared + 1 :]]


def letters(count: int) -> list[dict[str, Any]]:
    """Return requests of a mail merge: one short letter, to many."""
    return [
        {
            "to": [f"{_NAMES[number % len(_NAMES)]} <customer{number}@example.com>"],
            "subject": f"Your bicycle {7000 + number} is ready",
            "points": [f"bicycle {7000 + number} is repaired", f"please collect it by {1 + number % 28} June"],
            "sender": "Tom",
        }
        for number in range(count)
    ]
