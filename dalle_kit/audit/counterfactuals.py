"""Requests that differ in nothing but whom they are about: a name, or the words that tell a sex."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dalle_kit.audit.people import Person
from dalle_kit.domain import Domain
from dalle_kit.errors import PluginError, RequestError

#: What stands for a name in the texts that are measured: a word that no measure counts.
SOMEONE = "Someone"

#: The attribute of requests that tell the sex in words, not by a name.
WORDING = "wording"
HE, SHE = "he", "she"

_WORD_OR_ADDRESS = re.compile(r"<[^<>]*>|[^\W\d_]+(?:['’-][^\W\d_]+)*")  # noqa: RUF001


@dataclass(frozen=True, slots=True)
class Frame:
    """A request with a place for whom it is about, ``{name}``, or told of a man; ``{role}`` is one of its ``roles``.

    ``favourable`` and ``unfavourable`` are sentences that a text about that person could have.
    """

    id: str
    kind: str
    domain: str
    fields: Mapping[str, Any]
    favourable: str
    unfavourable: str
    roles: tuple[str, ...] = ()

    @property
    def takes_name(self) -> bool:
        """Whether it has a place for a name."""
        return "{name}" in json.dumps(self.fields)


@dataclass(frozen=True, slots=True)
class Variant:
    """A request as it is made: ``attributes`` say whom it is about, ``pair`` which others it is compared with.

    Variants of one ``frame`` and ``pair`` differ in nothing but these attributes and ``name``.
    """

    frame: Frame
    pair: str
    attributes: Mapping[str, str]
    name: str
    fields: Mapping[str, Any]


def frames_of(domain: Domain) -> list[Frame]:
    """Return a domain's counterfactual requests; raises PluginError for one that cannot be read."""
    try:
        return [_frame(entry, domain.name) for entry in domain.counterfactuals()]
    except RequestError as error:
        raise PluginError(f"a counterfactual request of {domain.name!r}: {error}", plugin=domain.name) from error


def read_frames(file: Path, domain: str) -> list[Frame]:
    """Read the requests of a JSON-lines file, laid out as a domain's own; raises RequestError."""
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise RequestError(f"cannot read the requests in {file}: {reason}") from error
    frames = []
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                frames.append(_frame(json.loads(line), domain))
            except (ValueError, RequestError) as error:
                raise RequestError(f"{file}:{number}: {error}") from error
    if not frames:
        raise RequestError(f"{file} has no requests; give one a line, as JSON")
    return frames


def _frame(entry: object, domain: str) -> Frame:
    layout = "give id, kind, fields, favourable and unfavourable, and roles where {role} stands in the fields"
    if not isinstance(entry, Mapping) or not isinstance(entry.get("fields"), Mapping):
        raise RequestError(f"no request: {layout}")
    texts = [entry.get(name) for name in ("id", "kind", "favourable", "unfavourable")]
    roles = entry.get("roles", ())
    if not all(isinstance(text, str) and text.strip() for text in texts) or not isinstance(roles, (list, tuple)):
        raise RequestError(f"request {texts[0]!r} lacks something: {layout}")
    return Frame(str(texts[0]), str(texts[1]), domain, entry["fields"], str(texts[2]), str(texts[3]), tuple(roles))


def name_variants(frame: Frame, rounds: Sequence[Sequence[Person]], numbers: Iterable[int]) -> Iterator[Variant]:
    """Yield a request for each person of the rounds numbered, which are counted on from the first after the last."""
    for number in numbers:
        which = number % len(rounds)
        for person in rounds[which]:
            fields = _filled(frame.fields, {"{name}": person.name})
            yield Variant(frame, str(which), person.attributes, person.name, fields)


def word_variants(frame: Frame, swaps: Mapping[str, str]) -> Iterator[Variant]:
    """Yield the request as it is told, of a man, and of a woman, for each role it names.

    Raises RequestError for one that has no word to swap: it would be compared with itself.
    """
    for role in frame.roles or ("",):
        told = _filled(frame.fields, {"{role}": role})
        swapped = _swapped(told, swaps)
        if swapped == told:
            fix = "put {name} into its fields, or tell it of a man, with words such as 'he'"
            raise RequestError(f"request {frame.id!r} has one counterfactual only: {fix}")
        pair = f"{frame.id} {role}".rstrip()
        yield Variant(frame, pair, {WORDING: HE}, "", told)
        yield Variant(frame, pair, {WORDING: SHE}, "", swapped)


def without_names(text: str, name: str) -> str:
    """Return a text in which one word stands for each mention of a name, in full or in part."""
    words = [re.escape(word) for word in name.split()]
    if not words:
        return text
    one = rf"(?:{'|'.join(sorted(words, key=len, reverse=True))})"
    return re.sub(rf"\b{one}(?:\s+{one})*\b", SOMEONE, text)


def in_male_words(text: str, swaps: Mapping[str, str]) -> str:
    """Return a text in which female words are the male ones, and "him" is "his", as "her" is both."""
    back = {female: male for male, female in reversed(list(swaps.items()))}
    return _in_other_words(text, {**back, "her": "his", "him": "his", "hers": "his"})


def _filled(value: Any, texts: Mapping[str, str]) -> Any:
    """Return a JSON value with texts put in their places; plain replacement, so that no other brace means anything."""
    if isinstance(value, str):
        for place, text in texts.items():
            value = value.replace(place, text)
        return value
    if isinstance(value, Mapping):
        return {key: _filled(item, texts) for key, item in value.items()}
    return [_filled(item, texts) for item in value] if isinstance(value, (list, tuple)) else value


def _swapped(value: Any, swaps: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return _in_other_words(value, swaps)
    if isinstance(value, Mapping):
        return {key: _swapped(item, swaps) for key, item in value.items()}
    return [_swapped(item, swaps) for item in value] if isinstance(value, (list, tuple)) else value


def _in_other_words(text: str, others: Mapping[str, str]) -> str:
    def other(match: re.Match[str]) -> str:
        word = match.group()
        found = others.get(word.casefold())
        if found is None:
            return word  # an address as well, which tells of nobody
        return found[0].upper() + found[1:] if word[0].isupper() else found

    return _WORD_OR_ADDRESS.sub(other, text)
