"""How often what is written for a note as people type it is what its writer meant.

python benchmarks/meant.py [--model NAME] [--limit 400] [--notes FILE] [--show]

The requests are those hand-written ones of the e-mail and news plugins that are held out: nothing was trained on them.
For each note they name the sentences that a careful reader takes it for. What was written is one of these (with another
article, "my" or none, "I" for "we" and other commas all the same), the note as it was typed where that is none, or
something else. Not each something else is wrong: nobody thinks of every good sentence.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from common import table

from dalle_kit import Kit
from dalle_kit.checks.word_classes import CONTRACTIONS
from dalle_kit.corpora import Meant, read_meant
from dalle_kit_email.corpus import MEANT as EMAIL_NOTES
from dalle_kit_news.corpus import MEANT as NEWS_NOTES

SORTS = ("email", "reply", "news", "blog")
KINDS = ("meant", "as typed", "something else")
#: Requests that are written at once.
_TOGETHER = 40
#: Spellings and choices that are no difference here.
_SAME = (
    *CONTRACTIONS,
    (r"\b(this|where)'s\b", r"\1 is"),
    (r"'ll\b", " will"),
    (r"\bwe\b", "i"),
    (r"\bus\b", "me"),
    (r"\b(?:this|that)\b", "it"),
    (r"\bi are\b", "i am"),
    (r"\bi were\b", "i was"),
    (r"\bcould you please\b", "please"),
    (r"\b(?:an?|the|my|our) ", ""),
    (r"[,;:\u2013\u2014-]", " "),
    (r"\s+", " "),
)


def same(sentence: str) -> str:
    """Return a sentence so that others which say the same are equal to it."""
    text = sentence.casefold().replace("\u2019", "'").strip(" .?!")
    for pattern, instead in _SAME:
        text = re.sub(pattern, instead, text)
    return text.strip()


def kind_of(written: str, says: Iterable[str], typed: Iterable[str]) -> str:
    """Return which of the kinds a sentence is: one of those that are meant, of the note as typed, or something else."""
    found = same(written)
    return KINDS[0] if found in map(same, says) else KINDS[1] if found in map(same, typed) else KINDS[2]


def written_for(kit: Kit, requests: list[Meant]) -> Iterator[tuple[str, tuple[str, ...], str, str]]:
    """Yield each note of requests of a domain with what it may mean, what was written for it and which kind that is."""
    for start in range(0, len(requests), _TOGETHER):
        some = requests[start : start + _TOGETHER]
        domain, asked = some[0].domain, [each.request() for each in some]
        slot = "point" if domain == "email" else "fact"
        for each, fields, document in zip(some, asked, kit.batch(domain, asked), strict=True):
            slots = {one.name: one for one in kit.shape(domain, kit.request(domain, fields)).skeleton.slots}
            for number, (note, says) in enumerate(zip(each.notes, each.says, strict=True), start=1):
                name = f"{slot}_{number}"
                written = document.slots[name]
                yield note, says, written, kind_of(written, says, (note, *slots[name].otherwise))


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="another model than the default")
    parser.add_argument("--limit", type=int, default=400, help="requests of each sort of text")
    parser.add_argument("--notes", type=Path, help="a file of other requests, all of which are for measuring")
    parser.add_argument("--show", action="store_true", help="show notes, what was written and what is meant")
    given = parser.parse_args()
    kit = Kit(model=given.model) if given.model else Kit()
    files = [given.notes] if given.notes else [EMAIL_NOTES, NEWS_NOTES]
    sorts: dict[str, list[Meant]] = {sort: [] for sort in SORTS}
    for each in read_meant(*files):
        if given.notes or each.is_held_out:
            sorts["reply" if "message" in each.fields else each.domain].append(each)
    rows = []
    for sort, requests in sorts.items():
        counts: Counter[str] = Counter()
        for note, says, written, kind in written_for(kit, requests[: given.limit]):
            counts[kind] += 1
            if given.show:
                print(f"{kind} | {note} | {written} | {says[0]}")
        whole = counts.total()
        rows.append([sort, str(whole), *(f"{counts[kind]} ({counts[kind] / (whole or 1):.1%})" for kind in KINDS)])
    print(table(["texts", "notes", *KINDS], rows))


if __name__ == "__main__":
    main()
