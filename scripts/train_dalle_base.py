#!/usr/bin/env python3
"""Train ``dalle-base``: an adapter that writes from notes, and the memory through which examples reach it.

scripts/train_dalle_base.py FOLDER

First an adapter learns from real and hand-written texts, as ``dalle-kit train email news --passes 1``. It goes on with
notes as people type them and what they mean, and some of the texts before, so that these are not forgotten. Then texts
of the domains are read by the decoder with it and by the encoder, and a memory map is fitted from the one to the other.
What was stopped goes on when the same command is given again. When it is over, FOLDER holds the adapter and
``memory.safetensors``, and the hashes are printed that an AdapterSource and a MemorySource name.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import sys
from pathlib import Path
from typing import Any

import numpy as np

from dalle_kit import Kit
from dalle_kit.cli.common import progress_bar
from dalle_kit.cli.main import main as dalle_kit
from dalle_kit.corpora import read_meant, refuse_reserved
from dalle_kit.domain import Example
from dalle_kit.errors import RequestError
from dalle_kit.models.adapters.files import WEIGHTS, adapter_hash
from dalle_kit.models.memory_map import write_memory_map
from dalle_kit.models.spec import MEMORY_FILE, Progress
from dalle_kit.training.memory import PLAIN_PROMPT, Read, Told, fit_memory, gains, read_texts, strengthened
from dalle_kit_email.corpus import MEANT as EMAIL_NOTES
from dalle_kit_news.corpus import MEANT as NEWS_NOTES

DOMAINS = ("email", "news")
#: Texts of each domain that are learned again beside the notes, and texts of held-out notes that the loss is taken of.
_AGAIN, _HELD_OUT = {"email": 330, "news": 220}, 60
#: Rank of the memory map, and texts that know nothing which its ridge stands for: held-out texts chose both.
_RANK, _RIDGE = 64, 1000.0
#: Hand-written texts of each domain beside its real ones: what tells these from those is part of what memory says.
_HAND_WRITTEN = 150
#: Texts of each domain that the strength is found on, examples of each, and plain texts of its domain.
_TOLD, _EXAMPLES, _PLAIN = 30, 4, 24
STRENGTHS = (0.125, 0.25, 0.375, 0.5)
#: What memory may cost after a whole request, whose notes say what the text says: nats a token.
_COST = 0.01


def write_meant(kit: Kit, folder: Path) -> tuple[Path, Path]:
    """Write the texts that the adapter goes on with, and those that its loss is measured on; return both files.

    Each request that is learned makes two texts: one of the best sentences, and one of others for some of its notes.
    """
    source = random.Random(3)
    learned, held_out = list[dict[str, Any]](), list[dict[str, Any]]()
    for each in read_meant(EMAIL_NOTES, NEWS_NOTES):
        best = {"domain": each.domain, "fields": each.request(), "text": each.best}
        if each.is_held_out:
            held_out.append(best)
            continue
        notes, text = each.another(source)
        another = {"domain": each.domain, "fields": each.request(notes), "text": text}
        learned += [best, another] if another != best else [best]
    for domain, count in _AGAIN.items():
        texts = sorted(kit.plugins.domain(domain).corpus("train"), key=lambda each: each.name)
        again = source.sample([each for each in texts if _is_free(each.text)], count)
        learned += [{"domain": domain, "fields": dict(each.fields), "text": each.text} for each in again]
    source.shuffle(learned)
    source.shuffle(held_out)
    files = folder / "meant.jsonl", folder / "held-out.jsonl"
    for path, rows in zip(files, (learned, held_out[:_HELD_OUT]), strict=True):
        path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return files


def _is_free(text: str) -> bool:
    try:
        refuse_reserved(text, place="")
    except RequestError:
        return False
    return True


def texts_of(kit: Kit, domain: str) -> list[Example]:
    """Return the texts of a domain that memory is learned from, in a random order, always the same."""
    texts = sorted(kit.plugins.domain(domain).corpus("train"), key=lambda each: each.name)
    random.Random(0).shuffle(texts)
    written = [each for each in texts if each.name.startswith("situation")]
    return [each for each in texts if not each.name.startswith("situation")] + written[:_HAND_WRITTEN]


def told_texts(kit: Kit, domain: str, texts: list[Example], *, asked: bool) -> list[Told]:
    """Return texts by authors of whom there are others, each with some of these.

    Each stands after a plain prompt or, where it is ``asked`` for, after its own request.
    """
    source = random.Random(1)
    by_author: dict[str, list[Example]] = {}
    for each in texts:
        by_author.setdefault(each.author, []).append(each)
    by_author.pop("", None)
    known = [(each, others) for others in by_author.values() for each in others if len(others) > 2]
    plain = kit.examples.encoder.means(list(kit.plugins.domain(domain).plain())[:_PLAIN]).mean(0)
    found = []
    for each, others in source.sample(known, min(_TOLD, len(known))):
        rest = [other.text for other in others if other.text != each.text]
        examples = tuple(source.sample(rest, min(len(rest), _EXAMPLES)))
        prompt, text = PLAIN_PROMPT, each.text
        if asked:
            shaped = kit.shape(domain, kit.request(domain, each.fields))
            prompt, text = shaped.prompt, shaped.skeleton.slots[0].starts_with + text
        if examples:
            found.append(Told(prompt, text, examples, plain))
    return found


def learn_memory(folder: Path, *, progress: Progress) -> Path:
    """Fit the memory map of the adapter in a folder and write it there; return its file."""
    kit = Kit(model=str(folder), progress=progress)
    engine, encoder = kit.load(), kit.examples.encoder
    assert encoder.sha256 is not None
    texts = {domain: texts_of(kit, domain) for domain in DOMAINS}
    kept = folder / "states.npz"
    if kept.exists():
        with np.load(kept) as found:
            read = Read(found["vectors"], found["states"])
    else:
        every = [each.text for domain in DOMAINS for each in texts[domain]]
        read = read_texts(engine, encoder, every, progress=progress)
        partial = folder / "states.part.npz"
        np.savez(partial, vectors=read.vectors, states=read.states)
        partial.replace(kept)
    learned = fit_memory(read, encoder=encoder.sha256, rank=_RANK, ridge=_RIDGE)
    alone, after = (
        gains(
            learned,
            [each for domain in DOMAINS for each in told_texts(kit, domain, texts[domain], asked=asked)],
            STRENGTHS,
            engine=engine,
            encoder=encoder,
            progress=progress,
        )
        for asked in (False, True)
    )
    for strength in STRENGTHS:
        print(f"strength {strength}: {alone[strength]:+.3f} nats a token, after a request {after[strength]:+.3f}")
    bearable = [strength for strength in STRENGTHS if after[strength] > -_COST] or STRENGTHS[:1]
    write_memory_map(folder / MEMORY_FILE, strengthened(learned, max(bearable, key=alone.__getitem__)))
    return folder / MEMORY_FILE


def main() -> None:
    """Train, and print the hashes."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    first = folder / "first"
    if not (first / WEIGHTS).exists() and dalle_kit(["train", *DOMAINS, "--passes", "1", "--output", str(first)]):
        sys.exit(1)
    if not (folder / WEIGHTS).exists():
        learned, held_out = write_meant(Kit(), folder)
        files = ["--data", str(learned), "--held-out", str(held_out)]
        go_on = ["--begin-with", str(first), "--passes", "1", "--evaluations", "5"]
        if dalle_kit(["train", *files, *go_on, "--output", str(folder)]):
            sys.exit(1)
    with progress_bar() as progress:
        memory = learn_memory(folder, progress=progress)
    print(f"adapter {adapter_hash(folder)}\nmemory {hashlib.sha256(memory.read_bytes()).hexdigest()}")


if __name__ == "__main__":
    main()
