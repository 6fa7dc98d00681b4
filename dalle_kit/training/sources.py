"""Texts to learn, from the domains' corpora and from files of JSON lines: read, redacted, told apart."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from dalle_kit.corpora import Redactor, refuse_reserved
from dalle_kit.domain import Example
from dalle_kit.errors import OptionError, RequestError, UnknownNameError
from dalle_kit.kit import Kit
from dalle_kit.likeness import ANOTHER
from dalle_kit.records import Message, Prompt
from dalle_kit.training.canaries import MOST_CANARIES, PASS_PHRASE, Canary, make_canaries, planted

#: Held-out texts of each source that the loss is measured on, at most, and the share of a file without a file of them.
_HELD_OUT = 48
_HELD_OUT_SHARE = 20


#: Examples by the same author that a text of a corpus has, at most, and the share of such texts that has them.
_EXAMPLES, _EXAMPLES_SHARE = 4, 0.7

_FORM = '{"prompt": "...", "text": "..."} or {"domain": "...", "fields": {...}, "text": "..."}'


@dataclass(frozen=True, slots=True)
class Record:
    """A text and what it is the answer to, as it was found; ``place`` is a file's line or a corpus's name for it.

    ``of_set`` says that its examples are the other texts of a set.
    """

    place: str
    values: Mapping[str, Any]
    of_set: bool = False


@dataclass(frozen=True, slots=True)
class Sample:
    """A text to learn: the prompt it answers, what stands before it, and example texts that an encoder reads.

    Samples of one ``group`` (a prompt, or a set of examples) are all learned or all held out.
    """

    prompt: Prompt
    before: str
    text: str
    examples: tuple[str, ...] = ()
    group: str = ""
    is_prose: bool = True


@dataclass(frozen=True, slots=True)
class Sources:
    """Where texts come from: domains with a corpus, files of JSON lines, and files of held-out texts.

    ``limit`` bounds the texts of each domain and file, those learned in two ways counted once; ``redact`` is whether
    personal data is replaced. ``examples`` is whether the texts of corpora come with others of their authors, and those
    of authors who wrote prose also without their requests, as further texts of a set. So many ``canaries`` are planted
    for each number of times. Raises OptionError for a number of them that is out of range.
    """

    domains: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()
    held_out: tuple[Path, ...] = ()
    limit: int | None = None
    redact: bool = True
    examples: bool = False
    canaries: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.canaries <= MOST_CANARIES:
            raise OptionError("canaries", self.canaries, f"a number from 0 to {MOST_CANARIES}")


@dataclass(slots=True)
class Samples:
    """The samples of a run: those to learn, those to measure on, and what was done with them."""

    learned: list[Sample] = field(default_factory=list)
    held_out: list[Sample] = field(default_factory=list)
    canaries: tuple[Canary, ...] = ()
    counts: dict[str, int] = field(default_factory=dict)
    redacted: int = 0
    duplicates: int = 0
    reserved: int = 0


def read_samples(kit: Kit, sources: Sources, *, seed: int) -> Samples:
    """Return the samples of all sources; the same ones each time.

    Raises RequestError for a domain without texts, and for a file that is empty, holds one text again and again, has a
    line that is no record, or one that is reserved for evaluation: with its name and line; and for texts that have too
    few prompts for the canaries.
    """
    found = Samples()
    for name in sources.domains:
        splits = [
            corpus_samples(
                kit, name, split, found, seed=seed, limit=limit, redact=sources.redact, with_examples=sources.examples
            )
            for split, limit in (("train", sources.limit), ("dev", _HELD_OUT))
        ]
        _add(found, name, *splits)
    for file in sources.files:
        samples = _read_records(kit, file, sources, found)
        apart = set() if sources.held_out else _groups_apart(samples)
        learned = [sample for sample in samples if sample.group not in apart]
        _add(found, file.name, learned[: sources.limit], [each for each in samples if each.group in apart])
    for file in sources.held_out:
        _add(found, file.name, [], _read_records(kit, file, sources, found)[:_HELD_OUT])
    _check_apart(found)
    if sources.canaries:
        redact = (lambda text: Redactor().redact(text)) if sources.redact else str
        found.canaries = make_canaries(found.learned, sources.canaries, form=PASS_PHRASE, seed=seed, redact=redact)
        _add(found, "canaries", planted(found.canaries), [])
    return found


def _add(found: Samples, name: str, learned: Sequence[Sample], held_out: Sequence[Sample]) -> None:
    found.learned += learned
    found.held_out += held_out
    for split, samples in (("train", learned), ("dev", held_out)):
        if samples:
            found.counts[f"{name} {split}"] = found.counts.get(f"{name} {split}", 0) + len(samples)


def corpus_samples(
    kit: Kit,
    name: str,
    split: str,
    found: Samples,
    *,
    seed: int,
    limit: int | None = None,
    redact: bool = True,
    with_examples: bool = False,
) -> list[Sample]:
    """Return samples of a domain's corpus, in a random order; ``found`` counts what was redacted.

    ``with_examples`` is as in ``Sources``.

    Those that are no valid request, or reserved for evaluation, are left out. Raises RequestError where there are none.
    """
    examples = sorted(kit.plugins.domain(name).corpus(split), key=lambda example: example.name)
    random.Random(seed).shuffle(examples)
    records = list(_corpus_records(name, examples, limit=limit))
    if with_examples:
        records = list(_with_examples(records, examples, is_prose=kit.plugins.domain(name).prose, seed=seed))
    samples = list(_samples(kit, records, found, redact=redact, strict=False))
    if not samples:
        raise RequestError(f"the domain {name!r} has no {split} texts to train on; name one that has")
    return samples


def _corpus_records(name: str, examples: Sequence[Example], *, limit: int | None) -> Iterator[Record]:
    for each in examples[:limit]:
        yield Record(each.name, {"domain": name, "fields": each.fields, "text": each.text})


def _with_examples(
    records: Sequence[Record], texts: Sequence[Example], *, is_prose: bool, seed: int
) -> Iterator[Record]:
    """Yield the records, many of them with other texts of their authors, and of prose those texts as sets, too."""
    by_author: dict[str, list[Example]] = {}
    for each in texts:
        by_author.setdefault(each.author, []).append(each)
    by_author.pop("", None)
    authors = {each.name: each.author for each in texts}
    for record in records:
        source = random.Random(f"{seed} {record.place}")
        others = [each.text for each in by_author.get(authors[record.place], ()) if each.name != record.place]
        others = [text for text in dict.fromkeys(others) if text.strip() and text != record.values["text"]]
        chosen = source.sample(others, min(len(others), source.randint(1, _EXAMPLES)))
        if chosen and source.random() < _EXAMPLES_SHARE:
            yield replace(record, values={**record.values, "examples": chosen})
        else:
            yield record
        if chosen and is_prose:
            text = record.values["text"]
            values = {"prompt": ANOTHER, "text": text, "examples": chosen}
            yield Record(f"{record.place} of a set", values, of_set=True)


def _read_records(kit: Kit, file: Path, sources: Sources, found: Samples) -> list[Sample]:
    """Return the samples of a file's records, each once."""
    records = list(_read_file(file))
    if not records:
        raise RequestError(f"{file} is empty; give a file with {_FORM} on each line")
    distinct = {json.dumps(record.values, sort_keys=True): record for record in reversed(records)}
    if len(distinct) == 1 and len(records) > 1:
        raise RequestError(f"{file} holds the same text {len(records)} times; give a file of different texts")
    found.duplicates += len(records) - len(distinct)
    return list(_samples(kit, reversed(distinct.values()), found, redact=sources.redact, strict=True))


def _read_file(file: Path) -> Iterator[Record]:
    """Yield a file's records, checked; raises RequestError that names file and line."""
    try:
        # Not splitlines: JSON's texts may hold other characters that end a line.
        lines = file.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no UTF-8 text"
        raise RequestError(f"the texts {file} cannot be read ({reason}); give a file of JSON lines") from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield from _records(f"{file}:{number}", _checked(json.loads(line)))
        except (ValueError, RecursionError) as error:
            raise RequestError(f"{file}:{number}: {error}; a line is {_FORM}, with examples if you like") from error


def _records(place: str, values: dict[str, Any]) -> Iterator[Record]:
    """Yield what a line stands for: a text, or each text of a set with the others as its examples."""
    if "text" in values:
        yield Record(place, values)
        return
    texts = list(dict.fromkeys(values["examples"]))
    for number, text in enumerate(texts):
        others = [*texts[:number], *texts[number + 1 :]]
        yield Record(place, {"prompt": values.get("prompt", ANOTHER), "text": text, "examples": others}, of_set=True)


def _checked(record: object) -> dict[str, Any]:
    """Return a record if it is one; raises ValueError that says what is wrong."""
    if not isinstance(record, dict):
        raise ValueError("this is no JSON object")
    json.dumps(record, ensure_ascii=False).encode("utf-8")  # JSON can spell half a character, which is no text
    kinds = {"prompt": str, "domain": str, "fields": dict, "text": str, "examples": list}
    for name, value in record.items():
        if name not in kinds:
            raise ValueError(f"there is no field {name!r}")
        if not isinstance(value, kinds[name]):
            raise ValueError(f"{name!r} is {value!r:.40}, which is no {_NAMES[kinds[name]]}")
    if not all(isinstance(each, str) and each.strip() for each in record.get("examples", ())):
        raise ValueError("'examples' holds something that is no text")
    if "text" not in record and "examples" in record and "domain" not in record:
        if len(set(record["examples"])) < 2:
            raise ValueError("a set of examples needs two different texts")
        return record
    if not record.get("text", "").strip():
        raise ValueError("'text' is missing or empty")
    if ("prompt" in record) == ("domain" in record):
        raise ValueError("give either 'prompt' or 'domain' with 'fields'")
    if ("domain" in record) != ("fields" in record):
        raise ValueError("'domain' and 'fields' go together")
    return record


_NAMES = {str: "text", dict: "object", list: "list"}


def _samples(kit: Kit, records: Iterable[Record], found: Samples, *, redact: bool, strict: bool) -> Iterator[Sample]:
    """Yield the samples of records; what is reserved or no valid request is left out, or an error if ``strict``."""
    for record in records:
        try:
            for text in (record.values["text"], record.values.get("prompt", ""), *record.values.get("examples", ())):
                refuse_reserved(text, place=record.place)
        except RequestError:
            if strict:
                raise
            found.reserved += 1
            continue
        values: Mapping[str, Any] = record.values
        if redact:
            redactor = Redactor()
            values = {name: redactor.redact_all(value) for name, value in values.items()}
            found.redacted += redactor.count > 0
        try:
            sample = _sample(kit, values)
        except (RequestError, UnknownNameError) as error:
            if strict:
                raise RequestError(f"{record.place}: {error}") from error
        else:
            yield replace(sample, group=record.place if record.of_set else sample.prompt.text)


def _sample(kit: Kit, record: Mapping[str, Any]) -> Sample:
    """Return a record as the engine would see it: a domain's request through that domain's own templates."""
    examples = tuple(record.get("examples", ()))
    if "domain" not in record:
        return Sample(Prompt((Message("user", record["prompt"]),)), "", record["text"], examples)
    shaped = kit.shape(record["domain"], kit.request(record["domain"], record["fields"]))
    before, text = "", record["text"]
    for part in shaped.skeleton.parts:
        if not isinstance(part, str):
            # What a verbatim text has to begin with is written by the model, though it is no part of the text.
            text = part.starts_with + text if part.verbatim else text
            break
        before += part
    return Sample(shaped.prompt, before, text, examples, is_prose=kit.plugins.domain(record["domain"]).prose)


def _groups_apart(samples: Sequence[Sample]) -> set[str]:
    """Return the groups whose samples are for measuring: a share of all, always the same for the same texts."""
    groups = sorted({sample.group for sample in samples}, key=_digest)
    return set(groups[: min(_HELD_OUT, len(groups) // _HELD_OUT_SHARE)])


def _check_apart(found: Samples) -> None:
    """Raise RequestError where a held-out text is also one to learn: a loss on it would say nothing."""
    learned = {(sample.prompt.text, sample.text) for sample in found.learned}
    shared = [sample.text for sample in found.held_out if (sample.prompt.text, sample.text) in learned]
    if shared:
        raise RequestError(
            f"{len(shared)} held-out texts are also texts to learn, such as {shared[0]!r:.60}; take them out"
        )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
