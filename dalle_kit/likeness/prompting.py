"""Examples as text in the prompt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dalle_kit.records import Message, Prompt

#: The request for a text of which nothing is said but what it is to be like; training and measuring use it, too.
ANOTHER = "Write another text like these."

_HEADING = "Write it like these:"


def with_texts(prompt: Prompt, texts: Sequence[str]) -> Prompt:
    """Return a prompt that shows examples: in the first turn of a conversation, or as contexts before a gap.

    The one that comes first is shown last, nearest to what is written.
    """
    if not texts or not prompt.messages:
        return prompt
    if prompt.infills:
        shown = tuple(Message("context", f"{text.rstrip()}\n\n\n") for text in reversed(texts))
        return replace(prompt, messages=shown + prompt.messages)
    first, *others = prompt.messages
    parts = [first.content, _HEADING, *reversed(texts)] if first.role == "system" else [_HEADING, *reversed(texts)]
    if first.role == "system":
        return replace(prompt, messages=(Message("system", "\n\n".join(parts), first.name), *others))
    return replace(prompt, messages=(Message("system", "\n\n".join(parts)), first, *others))
