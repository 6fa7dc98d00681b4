"""What a server is asked for one slot: the prompt's turns, and in words what a local model is held to.

A model of a server reads the turns in its own chat format. What stands before the slot is the beginning of its answer
where the server goes on with such a one (``continue_final_message`` of vLLM, TGI, SGLang and llama.cpp); else it is
told as the text so far. A text with a gap, and every prompt of a model without a chat format, is plain text to go on
with.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dalle_kit.records import GenerationOptions, Prompt, Slot

#: Options that OpenAI's API has not, but servers of one's own have; sent only where they are not as by default.
_FURTHER = ("top_k", "min_p", "repetition_penalty")

#: The most texts that end an answer, in OpenAI's API; further ones end it here.
_STOPS = 4


@dataclass(frozen=True, slots=True)
class Way:
    """How a server is spoken to: whether it ``talks``, goes on with a begun answer, and takes our own slots."""

    talks: bool = True
    continues: bool = False
    takes_slots: bool = False


@dataclass(frozen=True, slots=True)
class Asking:
    """A request for the text of a slot: the path, its body, and what stands before the text it will be answered with.

    ``begun`` is the beginning of the slot's text that was given to the model already; ``echoes`` says that the answer
    may begin with what stands before it.
    """

    path: str
    body: Mapping[str, Any]
    begun: str
    echoes: bool = False


def ask(
    prompt: str | Prompt, before: str, slot: Slot, options: GenerationOptions, *, model: str, way: Way, words: bool
) -> Asking:
    """Return the request for a slot that stands after the text ``before``; ``words`` tell what it is held to."""
    begun = slot.starts_with if slot.verbatim else slot.starts_with.strip()
    body: dict[str, Any] = {"model": model, "stream": True, **_options(options, slot)}
    plain = isinstance(prompt, str) or prompt.infills or not way.talks
    if plain:
        # The words of most tokenizers begin with the space before them.
        body["prompt"] = (_plain(prompt) + before + begun).removesuffix(" ")
        return Asking("/completions", body, begun)
    assert isinstance(prompt, Prompt)
    if slot.schema is not None:
        schema = {"name": "text", "schema": dict(slot.schema)}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    certain = (before + begun).removesuffix(" ")
    messages = [{"role": each.role, "content": each.content} for each in prompt.messages]
    so_far = certain if certain and not way.continues else ""
    if words:
        messages = _with_words(messages, slot, so_far)
    if way.continues and certain:
        messages.append({"role": "assistant", "content": certain})
        body |= {"add_generation_prompt": False, "continue_final_message": True}
    return Asking("/chat/completions", {**body, "messages": messages}, begun, echoes=bool(so_far))


def ask_ours(prompt: Prompt, before: str, slot: Slot, options: GenerationOptions, *, model: str) -> Asking:
    """Return the request to a server of our own, which holds the text to the slot as a local model is."""
    messages = [{"role": each.role, "content": each.content} for each in prompt.messages]
    body = {"model": model, "stream": True, **_options(options, slot), "slot": slot_fields(slot)}
    body |= {"messages": [*messages, {"role": "assistant", "content": before}], "continue_final_message": True}
    return Asking("/chat/completions", body, "")


def slot_fields(slot: Slot) -> dict[str, Any]:
    """Return what a slot's text is held to, as JSON-ready values."""
    names = "regex grammar schema choices sentences words forbid starts_with known mentions beams verbatim stop".split()
    plain = Slot(slot.name)
    return {name: value for name in names if (value := getattr(slot, name)) != getattr(plain, name)}


def _plain(prompt: str | Prompt) -> str:
    """Return a prompt as a model without a chat format reads it."""
    if isinstance(prompt, str):
        return prompt
    return prompt.text if prompt.infills else prompt.text + "\n\n"


def _options(options: GenerationOptions, slot: Slot) -> dict[str, Any]:
    plain = GenerationOptions()
    found: dict[str, Any] = {"max_tokens": options.max_tokens, "temperature": options.temperature}
    if options.temperature:
        found |= {"seed": options.seed, "top_p": options.top_p}
    found |= {name: value for name in _FURTHER if (value := getattr(options, name)) != getattr(plain, name)}
    stops = list(dict.fromkeys((*slot.stop, *options.stop)))
    return found | ({"stop": stops} if 0 < len(stops) <= _STOPS else {})


def _with_words(messages: list[dict[str, str]], slot: Slot, so_far: str) -> list[dict[str, str]]:
    """Return the turns with what is asked for in this slot behind the last of the user's."""
    lines = [*_held_to(slot), "Write only this, with nothing before or after it."]
    if so_far:
        lines = ["The text so far:", "", so_far.strip("\n"), "", "Write what comes next.", *lines]
    told = "\n".join(lines)
    *earlier, last = messages or [{"role": "user", "content": ""}]
    if last["role"] != "user":
        return [*messages, {"role": "user", "content": told}]
    return [*earlier, {"role": "user", "content": f"{last['content']}\n\n{told}".lstrip()}]


def _held_to(slot: Slot) -> list[str]:
    """Return in words what the text of a slot is held to."""
    lines = []
    if slot.sentences:
        lines.append(f"Now write {_range(slot.sentences, 'sentence')}.")
    elif slot.words:
        lines.append(f"Now write {_range(slot.words, 'word')}.")
    if slot.about:
        lines += ["Say this, and nothing else:", *(f"- {point}" for point in slot.about)]
    if slot.known is not None:
        lines.append("Use no name, number, date or place that is not told above. Use no brackets, dashes or lists.")
    if slot.choices:
        lines += ["Answer with one of these, as it stands:", *slot.choices]
    if slot.regex is not None:
        lines.append(f"It has to match this regular expression: {slot.regex}")
    if slot.grammar is not None:
        lines += ["It has to follow this Lark grammar:", slot.grammar]
    barred = [each for each in slot.forbid if not (each.startswith("[") and each.endswith("]"))]
    if barred:
        lines += ["Do not write any of these:", *(f"- {each}" for each in barred)]
    return lines


def _range(bounds: tuple[int, int], what: str) -> str:
    least, most = bounds
    if least == most:
        return f"one {what}" if most == 1 else f"{most} {what}s"
    return f"{least} to {most} {what}s"
