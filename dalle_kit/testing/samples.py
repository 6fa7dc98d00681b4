"""Requests and texts that a domain has to cope with: the least and the most of a request, what models really write."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from dalle_kit.domain import Domain, Request
from dalle_kit.errors import DalleKitError, OptionError
from dalle_kit.records import Draft, Skeleton, Slot
from dalle_kit.templating.checks import example_requests, example_value
from dalle_kit.testing.scripted import check_allowed

#: What a model may write where a text is wanted, by what is the matter with it.
TEXTS: Mapping[str, str] = {
    "a sentence": "The review moves to Thursday.",
    "nothing": "",
    "blanks around": "  \n The review moves to Thursday. \n\n",
    "paragraphs and a list": "The review moves.\n\nIt is at noon.\n- room B12\n- cost sheet",
    "repetition": "It is at noon. It is at noon. It is at noon. It is at noon.",
    "chatter and a fence": 'Sure! Here is the text:\n\n```text\nvalue = [1, "two"]\n```\nHope this helps!',
    "a broken end": "The review moves to Thursday. Please bring the cost",
    "many scripts": "Größe \u201eM\u201c, na\u00efve caf\u00e9 \u2014 \u6570\u636e \U0001f642\tEnde.",
    "code": "    return [x\n        for x in y]\n\nprint(x",
    "great length": "The review moves to Thursday at noon in room B12. " * 60,
}


def sample_requests(domain: Domain) -> tuple[tuple[Request, ...], str]:
    """Return a domain's example requests, the least that is allowed, the same with empty texts, and the most.

    And if there are none, why.
    """
    examples, note = example_requests(domain)
    if not examples:
        return (), note
    plain = [_plain(request) for request in examples]
    least = min((_least(domain, fields) for fields in plain), key=len)
    most = _most(domain, max(plain, key=len), plain)
    found = [*examples]
    for fields in (least, _blank(domain, least), most):
        request = domain.parse(fields)
        if request not in found:
            found.append(request)
    return tuple(found), ""


def sample_drafts(skeleton: Skeleton) -> Iterator[tuple[str, Draft]]:
    """Yield drafts of a skeleton with each of the texts in its slots, and what is the matter with the text."""
    if skeleton.slots:
        for kind, text in TEXTS.items():
            yield kind, Draft(skeleton, {slot.name: _held(slot, text) for slot in skeleton.slots})
    else:
        yield "no slots", Draft(skeleton, {})


def _held(slot: Slot, text: str) -> str:
    """Return a text that the slot may have: one of its choices, nothing where its pattern does not take the text.

    What has a schema is JSON, or nothing where nothing was written: it may be cut off at any place.
    """
    if slot.choices:
        return slot.choices[0]
    if slot.schema is not None:
        return json.dumps(example_value(slot.schema, slot.schema)) if text else ""
    if slot.grammar is not None:
        return ""
    begun = slot.verbatim or text.startswith(slot.starts_with)
    held = text if begun else slot.starts_with + text
    try:
        check_allowed(slot, held)
    except OptionError:
        return ""
    return held


def _plain(request: Request) -> dict[str, Any]:
    """Return the fields a request was made from that differ from their defaults."""
    return request.model_dump(exclude_defaults=True, round_trip=True)


def _least(domain: Domain, fields: dict[str, Any]) -> dict[str, Any]:
    """Return fields without all that can be left out."""
    for name in list(fields):
        fewer = {key: value for key, value in fields.items() if key != name}
        if _is_valid(domain, fewer):
            fields = fewer
    return fields


def _blank(domain: Domain, fields: dict[str, Any]) -> dict[str, Any]:
    """Return fields with nothing in their texts and in their lists' texts, where the domain takes them so."""
    for name, value in list(fields.items()):
        blank: object = ""
        if isinstance(value, (tuple, list)):
            blank = ["" if isinstance(each, str) else each for each in value]
        if isinstance(value, (str, tuple, list)) and _is_valid(domain, emptied := {**fields, name: blank}):
            fields = emptied
    return fields


def _most(domain: Domain, fields: dict[str, Any], others: list[dict[str, Any]]) -> dict[str, Any]:
    """Return fields with as many more as can be added, from other requests or made up from the JSON Schema."""
    schema = domain.request.model_json_schema()
    for name, described in schema.get("properties", {}).items():
        if name not in fields:
            values = [each[name] for each in others if name in each] or [example_value(described, schema)]
            if values[0] is not None and _is_valid(domain, more := {**fields, name: values[0]}):
                fields = more
    return fields


def _is_valid(domain: Domain, fields: Mapping[str, Any]) -> bool:
    try:
        domain.parse(fields)
    except DalleKitError:
        return False
    return True
