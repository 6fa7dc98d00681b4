"""From a slot to the grammars that its text is held to."""

from __future__ import annotations

import json
import re
from typing import Any

import llguidance

from dalle_kit.engine.constraints.lark import exactly, forbidden, one_of, terminal
from dalle_kit.engine.constraints.prose import Grammar, Prose, prose_grammar
from dalle_kit.records import Slot

#: One space after a comma or colon and none elsewhere: a model that may write blanks may write nothing else.
_JSON_STYLE: Any = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}
_JSON_CHARACTERS = frozenset('{}[]":,0123456789')


def is_prose(slot: Slot) -> bool:
    """Say whether a slot's text is held to be sentences."""
    whole = slot.choices or any(each is not None for each in (slot.regex, slot.grammar, slot.schema))
    bounded = slot.sentences or slot.words or slot.forbid or slot.mentions or slot.known is not None
    return bool(bounded and not whole)


def is_free(slot: Slot) -> bool:
    """Say whether nothing is asked of a slot's text."""
    whole = slot.choices or any(each is not None for each in (slot.regex, slot.grammar, slot.schema))
    return not (whole or is_prose(slot) or _start(slot))


def grammar_of(slot: Slot, *, lead: str, alphabet: frozenset[str] | None) -> Grammar:
    """Return what the text of a slot that is not free is held to, after ``lead`` (a space or nothing).

    ``alphabet`` are the characters that the tokenizer can write, None if it can write all. Raises ValueError, with the
    reason, for what cannot be met.
    """
    start = _start(slot)
    _require_writable((start,), alphabet)
    if is_prose(slot):
        prose = Prose(slot.sentences, slot.words, slot.forbid, start, slot.known, slot.mentions)
        return prose_grammar(prose, lead=lead, alphabet=alphabet)
    if slot.schema is not None:
        return _json_schema(slot.schema, lead, alphabet)
    if slot.grammar is not None:
        return _composed(lead + start, {"lark_grammar": slot.grammar})
    _require_writable(slot.choices, alphabet)
    regex = one_of(slot.choices) if slot.choices else slot.regex
    return _regex(r"(?s:.*)" if regex is None else regex, lead + start, slot.forbid, alphabet)


def _start(slot: Slot) -> str:
    return slot.starts_with if slot.verbatim else slot.starts_with.strip()


def _require_writable(texts: tuple[str, ...], alphabet: frozenset[str] | None) -> None:
    """Raise ValueError if the tokenizer can write none of some texts."""
    if alphabet is None or not texts:
        return
    missing = [sorted(set(text) - alphabet) for text in texts]
    if all(missing):
        shown = "a line break" if "\n" in missing[0] else repr(missing[0][0])
        raise ValueError(f"the model's tokenizer cannot write {shown}; choose another model")


def _regex(regex: str, start: str, forbid: tuple[str, ...], alphabet: frozenset[str] | None) -> Grammar:
    conditions = [terminal(f"{exactly(start)}(?:{regex})")]
    if forbid:
        conditions.append("~" + terminal(forbidden(forbid)))
    if alphabet is not None:
        conditions.append(terminal(f"[{''.join(exactly(character) for character in sorted(alphabet))}]*"))
    return Grammar("start: TEXT\nTEXT: " + " & ".join(conditions))


def _json_schema(schema: Any, lead: str, alphabet: frozenset[str] | None) -> Grammar:
    if alphabet is not None and not alphabet >= _JSON_CHARACTERS:
        missing = " ".join(sorted(_JSON_CHARACTERS - alphabet))
        raise ValueError(f"the model's tokenizer cannot write {missing}, which JSON needs; choose another model")
    grammar = llguidance.LLMatcher.grammar_from_json_schema(_closed(schema), overrides=_JSON_STYLE)
    return _composed(lead, json.loads(grammar)["grammars"][0]) if lead else Grammar(grammar)


def _closed(schema: Any) -> Any:
    """Return a schema whose objects have no properties but those it names: others would be made up, without end."""
    if not isinstance(schema, dict):
        return schema
    closed = dict(schema)
    for key in ("properties", "$defs", "definitions"):
        if isinstance(schema.get(key), dict):
            closed[key] = {name: _closed(inner) for name, inner in schema[key].items()}
    for key in ("anyOf", "oneOf", "prefixItems"):
        if isinstance(schema.get(key), list):
            closed[key] = [_closed(inner) for inner in schema[key]]
    for key in ("items", "additionalProperties"):
        closed.update({key: _closed(schema[key])} if key in schema else {})
    if "properties" in schema and not {"allOf", "$ref", "patternProperties", "anyOf", "oneOf"} & set(schema):
        closed.setdefault("additionalProperties", False)
    return closed


def _composed(start: str, grammar: dict[str, Any]) -> Grammar:
    """Return a grammar for a text that begins with ``start`` and goes on as another grammar says."""
    begin = f"/{exactly(start)}/ " if start else ""
    parts = [{"lark_grammar": f"start: {begin}@body"}, {**grammar, "name": "body"}]
    return Grammar(json.dumps({"grammars": parts}))


def reason(error: str) -> str:
    """Return the gist of an error of llguidance as one line."""
    lines = [line.strip() for line in error.split("<state>")[0].splitlines() if line.strip()]
    explained = next((line for line in lines if line.startswith("error: ")), lines[0] if lines else "")
    text = re.sub(r"^at \d+\(\d+\): |^error: ", "", explained)
    unsupported = re.fullmatch(r"Unimplemented keys: \[(.*)\]", text)
    if unsupported:
        keys = unsupported[1].replace('"', "'")
        return f"its keywords {keys} are not supported" if "," in keys else f"its keyword {keys} is not supported"
    if "too many expressions" in text or "fuel" in text or "too complex" in text.lower() or "exceeded" in text:
        return f"it is too large or has too many ways to match ({text})"
    return text
