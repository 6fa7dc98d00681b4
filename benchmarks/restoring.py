"""How often sentences of real e-mails come back from what is left of them without their little words.

python benchmarks/restoring.py [--model NAME] [--limit 200] [--show]

Of each sentence who does it, "is" and "has", articles and "my" are left out, as people leave them out of notes; the
notes of a message are what an e-mail of its subject is to say. What was written for a note is the sentence again (with
another article, "my" or none, "I" for "we", "it" for "this" all the same), the note as it was typed, or something else.
Not each something else is wrong: tense and who did it often cannot be told from the note. The sentences are those of
the development e-mails, which nothing was trained on.
"""

from __future__ import annotations

import argparse
import random
import re
from collections import Counter
from dataclasses import dataclass

from common import table

from dalle_kit import Kit
from dalle_kit.checks import is_sentence, split_sentences
from dalle_kit.checks.words import is_ordinary

#: Who may be left out, and what of "to be", "to have" and "will" with them.
_SUBJECTS = frozenset("i we it they there this that he she you".split())
_CONTRACTED = frozenset(
    "i'm it's we're they're i've we've i'll we'll that's there's i'd he's she's you're it'll they'll you'll".split()
)
_HELPERS = frozenset("am is are was were be been being has have had do does did will would shall".split())
_ARTICLES = frozenset("a an the".split())
_OWNERS = frozenset("my our".split())
#: What is left out within a sentence, and how often.
_INSIDE = {"is": 0.8, "are": 0.8, "was": 0.8, "were": 0.8, "am": 0.8, "has": 0.6, "have": 0.6, "will": 0.6}
_SHORTEST, _LONGEST, _MOST = 4, 15, 4
_ODD = re.compile(r"[,;:()\"\u201c\u201d!]")
#: Spellings and choices that are no difference here.
_SAME = (
    (r"\b(i|we|they|you|it|that|this|there|he|she)'(?:re|m)\b", r"\1 are"),
    (r"\b(it|that|this|there|he|she)'s\b", r"\1 is"),
    (r"\b(i|we|they|you)'ve\b", r"\1 have"),
    (r"\b(i|we|they|you|it|he|she)'ll\b", r"\1 will"),
    (r"\bwe\b", "i"),
    (r"\b(?:this|that)\b", "it"),
    (r"\bi (?:am|are)\b", "i am"),
    (r"\bi were\b", "i was"),
    (r"\b(?:an?|the|my|our) ", ""),
)


@dataclass(frozen=True)
class Case:
    """A sentence, and the note that is left of it."""

    sentence: str
    note: str


def left_of(sentence: str, source: random.Random) -> str:
    """Return a sentence without its little words, as a note."""
    words = sentence.rstrip(".?").split()
    plain = [word.casefold().replace("\u2019", "'") for word in words]
    leaves_subject = plain[0] in _SUBJECTS | _CONTRACTED
    articles = source.choice((1.0, 1.0, 0.5))
    kept = []
    for place, (word, low) in enumerate(zip(words, plain, strict=True)):
        share = articles if low in _ARTICLES else 0.5 if low in _OWNERS else 0.0
        if leaves_subject and place == 0:
            share = 1.0
        elif leaves_subject and plain[0] in _SUBJECTS and place == 1 and low in _HELPERS:
            share = 0.8
        elif not leaves_subject and place:
            share = _INSIDE.get(low, share)
        if source.random() >= share:
            kept.append(word)
    first = kept[0] if kept else ""
    if first[:1].isupper() and first[1:].islower() and is_ordinary(first):
        kept[0] = first.lower()
    return " ".join(kept) + ("?" if sentence.endswith("?") else "")


def same(sentence: str) -> str:
    """Return a sentence so that others which say the same are equal to it."""
    text = sentence.casefold().replace("\u2019", "'").strip(" .?!")
    for pattern, instead in _SAME:
        text = re.sub(pattern, instead, text)
    return text


def requests(limit: int) -> list[tuple[str, list[Case]]]:
    """Return subjects of messages, each with the notes of some of its sentences that lack something."""
    found = []
    for example in Kit().plugins.domain("email").corpus("dev"):
        source = random.Random(example.name)
        sentences = [
            each
            for each in split_sentences(example.text)
            if _SHORTEST <= len(each.split()) <= _LONGEST and not _ODD.search(each)
        ]
        cases = [Case(each, left_of(each, source)) for each in sentences]
        cases = [each for each in cases if same(each.note) != same(each.sentence) and not is_sentence(each.note)]
        if cases:
            found.append((str(example.fields["subject"]), cases[:_MOST]))
    random.Random(0).shuffle(found)
    return found[:limit]


def said_for(note: str, sentences: list[str]) -> str:
    """Return the sentence of a text that has most words of a note for its length."""
    words = _words(note)
    return max(sentences, key=lambda each: len(words & _words(each)) / (1 + len(each.split())) ** 0.5)


def _words(text: str) -> set[str]:
    return set(re.findall(r"[\w'-]+", text.casefold()))


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="another model than the default")
    parser.add_argument("--limit", type=int, default=200, help="messages")
    parser.add_argument("--show", action="store_true", help="show notes, sentences and what was written")
    given = parser.parse_args()
    asked = requests(given.limit)
    kit = Kit(model=given.model) if given.model else Kit()
    texts = [
        {"to": ["Ana Silva"], "subject": subject, "sender": "Tom Ilves", "points": [case.note for case in cases]}
        for subject, cases in asked
    ]
    counts: Counter[str] = Counter()
    for (_, cases), document in zip(asked, kit.batch("email", texts), strict=True):
        sentences = [each for line in document.text.splitlines() for each in split_sentences(line)]
        for case in cases:
            written = said_for(case.note, sentences)
            kind = {same(case.sentence): "again", same(case.note): "as typed"}.get(same(written), "something else")
            counts[kind] += 1
            if given.show:
                print(f"{kind} | {case.note} | {case.sentence} | {written}")
    whole = counts.total()
    kinds = ("again", "as typed", "something else")
    print(table(["notes", *kinds], [[str(whole), *(f"{counts[kind]} ({counts[kind] / whole:.0%})" for kind in kinds)]]))


if __name__ == "__main__":
    main()
