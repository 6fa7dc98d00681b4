"""A slot's text out of what a server writes: ended where it has to, and held to what the slot asks for."""

from __future__ import annotations

import re
from dataclasses import replace

from dalle_kit.engine.constraints import finished_part, is_free
from dalle_kit.engine.constraints.grammars import is_prose
from dalle_kit.engine.constraints.judging import meets
from dalle_kit.engine.remote.events import Delta
from dalle_kit.engine.stopping import SlotText
from dalle_kit.passages import joined, passages
from dalle_kit.records import GenerationOptions, Slot

#: Characters that a token has at most, on average: a server that writes on and on is not listened to any longer.
_TOKEN = 40


class Answer:
    """The text of a slot as it grows out of an answer.

    ``after`` is the text before the slot, ``begun`` the beginning of its text that the model was given; one that
    ``echoes`` may say either again. ``shown`` is what has become certain of it; ``ended`` says that no more is wanted.
    """

    def __init__(self, slot: Slot, options: GenerationOptions, *, after: str, begun: str, echoes: bool) -> None:
        self._slot, self._after, self._begun, self._echoes = slot, after.strip(), begun, echoes
        self._most = options.max_tokens * _TOKEN
        stops = (*slot.stop, *options.stop)
        if slot.verbatim:
            self._text = SlotText(stops, after=after, verbatim=" " if begun.endswith(" ") else "")
        else:
            self._text = SlotText(stops, after=f"{begun} " if begun else after)
        self._raw = self._certain = ""
        self._length = 0
        self.reason = ""
        self.tokens = 0
        self.thought = False
        self.facts: dict[str, object] = {}

    @property
    def ended(self) -> bool:
        """Whether the text is whole, whatever else the server would write."""
        return bool(self.reason)

    @property
    def shown(self) -> str:
        """As much of the slot's text as has become certain."""
        return self._cut(self._certain)

    def take(self, delta: Delta) -> None:
        """Take the next piece of the answer."""
        self.thought = self.thought or delta.thought
        self.facts |= delta.facts or {}
        self.tokens += bool(delta.text)
        self._raw += delta.text
        self._length += len(delta.text)
        if delta.text and not self._is_echo():
            self._certain += self._text.push(self._fresh())
        if self._text.ended or self._is_full():
            self.reason = "stop"
        elif delta.reason is not None:
            self.reason = "end" if delta.reason in ("stop", "eos_token", "stop_sequence") else delta.reason
        elif self._length > self._most:
            self.reason = "length"

    def finish(self) -> str:
        """Return the slot's text."""
        if not self.ended:
            self.reason = "end"
        self._certain += self._text.push(self._fresh(last=True)) + self._text.finish()
        text = self._cut(self._certain)
        if self.reason == "length" and is_prose(self._slot):
            text = finished_part(text)
        return text

    def _is_echo(self) -> bool:
        """Say whether all that is there may be the beginning of what stood before the slot."""
        return self._echoes and any(each.startswith(self._raw.strip()) for each in self._told)

    @property
    def _told(self) -> list[str]:
        lines = [self._after, *self._after.splitlines()[-1:], self._begun]
        return [each for each in lines if each]

    def _fresh(self, *, last: bool = False) -> str:
        """Return what has come since the last time, without what stood before the slot."""
        if last and self._is_echo():
            return ""
        text, self._raw = self._raw, ""
        if self._echoes:
            self._echoes = False
            for each in self._told:
                text = text.lstrip().removeprefix(each)
        return text

    def _is_full(self) -> bool:
        """Say whether more has come than the slot takes."""
        most = self._slot.sentences[1] if self._slot.sentences and is_prose(self._slot) else None
        return most is not None and len(passages(self._whole(self._certain))) > most

    def _cut(self, text: str) -> str:
        """Return a text with its beginning, and no more sentences than the slot takes."""
        whole = self._whole(text)
        if not (self._slot.sentences and is_prose(self._slot)):
            return whole
        row = passages(whole)
        return joined(row[: self._slot.sentences[1]]) if len(row) > self._slot.sentences[1] else whole

    def _whole(self, text: str) -> str:
        if self._slot.verbatim or not self._begun or not text:
            return text
        apart = " " if is_prose(self._slot) and text[0] not in ",;.:!?'" else ""
        return self._begun + apart + text


def held(slot: Slot, text: str) -> str | None:
    """Return as much of a text as a local model could have written into a slot, None where that is nothing.

    Of sentences each is judged by itself; a verbatim text is for its domain to judge.
    """
    if slot.verbatim or is_free(slot):
        return text
    if slot.choices:
        return _choice(slot.choices, text)
    if not is_prose(slot):
        return text if meets(slot, text) else None
    row = passages(text)
    alone = replace(slot, sentences=(1, 1), words=None, mentions=(), starts_with="", stop=(), beams=1)
    kept = joined([each for each in row if meets(alone, each.sentence)])
    return kept.strip() or None


def _choice(choices: tuple[str, ...], text: str) -> str | None:
    """Return the choice that a text is, or begins with: models like to add a full stop, or quotes."""
    told = _bare(text)
    for choice in sorted(choices, key=len, reverse=True):
        if re.match(rf"{re.escape(_bare(choice))}(?!\w)", told):
            return choice
    return None


def _bare(text: str) -> str:
    return " ".join(text.strip().strip("\"'`*\u201c\u201d").split()).casefold()
