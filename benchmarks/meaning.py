"""How well twisted sentences are told from good ones: texts of the default model, read and marked by hand.

python benchmarks/meaning.py

``meaning.jsonl`` holds what the default model made of 127 requests before this check was there, repaired as usual. Of
each point it is marked whether the text twists it or has lost it; those that two readers may see differently are left
out. The rules were written with the first part. Those of that time mended 19 of the second part's 36; then they were
widened once by what they had missed there.
"""

from __future__ import annotations

import importlib.resources
import json
from pathlib import Path

from common import table

from dalle_kit.checks import plain_sentence
from dalle_kit.checks.coverage import assess
from dalle_kit.checks.stutter import stutters
from dalle_kit.corpora.situations import read_situations


def measured(part: str) -> list[str]:
    """Return a row for one part: points, twisted ones, those found, and good ones that are taken for twisted."""
    twisted, found, good, mistaken = 0, 0, 0, 0
    for line in Path(__file__).with_suffix(".jsonl").read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        if case["part"] != part:
            continue
        for number, said in enumerate(assess(case["points"], case["text"])):
            wrong = not said.is_said
            if number in case["twisted"]:
                twisted, found = twisted + 1, found + wrong
            elif number not in case["unclear"]:
                good, mistaken = good + 1, mistaken + (said.twist is not None)
    shares = f"{found} ({found / twisted:.0%})", f"{mistaken} ({mistaken / good:.1%})"
    return [part, str(twisted + good), str(twisted), *shares]


def mistaken_in_situations() -> str:
    """Return how many of the hand-written wordings of hand-written notes are taken for twisted, or for stuttering."""
    pairs = [
        (note.replace("{", "").replace("}", ""), text.replace("{", "").replace("}", ""))
        for domain in ("dalle_kit_email", "dalle_kit_news")
        for situation in read_situations(Path(str(importlib.resources.files(domain) / "situations.jsonl")))
        for notes, texts in situation.points
        for note in notes
        for text in texts
    ]
    twisted = sum(assess([note], text)[0].twist is not None for note, text in pairs)
    twice = sum(stutters(text, note) is not None for note, text in pairs)
    own = sum(assess([note], plain_sentence(note))[0].twist is not None for note, _ in pairs)
    return f"of {len(pairs):,} wordings of notes {twisted} are called twisted, {twice} stuttering; of the notes {own}"


if __name__ == "__main__":
    head = ["part", "points", "twisted or lost", "found", "good ones called twisted"]
    print(table(head, [measured(part) for part in ("first", "second")]))
    print(mistaken_in_situations())
