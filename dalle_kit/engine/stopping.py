"""Finding where a text ends while it is still being written."""

from __future__ import annotations


class SlotText:
    """The text of a slot as it grows: ends it at a stop string, and holds back what may not be part of it.

    ``after`` is the certain text before the slot. White space is trimmed at the slot's end, and at its start where
    ``after`` ends in white space already (or is empty). A stop string is found across pieces, and nothing of it is
    ever emitted: text that may turn out to be its beginning waits. Where ``verbatim`` is not None nothing is trimmed,
    and the text goes on behind ``verbatim``, with which what is written begins.
    """

    def __init__(self, stops: tuple[str, ...], *, after: str = "", verbatim: str | None = None) -> None:
        self._stops = stops
        self._trim_end = verbatim is None
        self._trim_start = self._trim_end and (not after or after[-1].isspace())
        self._begin = verbatim or ""
        self._raw = ""
        self._emitted = 0
        self._end: int | None = None

    @property
    def length(self) -> int:
        """Characters received so far, trimmed ones and those of a stop string included."""
        return len(self._raw)

    @property
    def ended(self) -> bool:
        """Whether a stop string was found."""
        return self._end is not None

    @property
    def span(self) -> tuple[int, int]:
        """Start and end of the slot's text within the characters received."""
        end = self._end if self._end is not None else len(self._raw)
        text = self._raw[:end]
        start = len(text) - len(text.lstrip()) if self._trim_start else min(self._first, end)
        return start, max(start, len(text.rstrip() if self._trim_end else text))

    @property
    def text(self) -> str:
        """The slot's text so far, trimmed, without the stop string."""
        start, end = self.span
        return self._raw[start:end]

    def received(self, start: int, end: int) -> str:
        """Return some of the characters received, as they came."""
        return self._raw[start:end]

    def cut(self, length: int) -> None:
        """End the text after its first ``length`` characters; pieces that went out earlier may have held more."""
        if length < len(self.text):
            self._end = self.span[0] + length

    def push(self, piece: str) -> str:
        """Take the next piece; return what has become certain and was not returned before.

        What comes after the end is not taken.
        """
        if self.ended:
            return ""
        searched = len(self._raw) - max((len(stop) for stop in self._stops), default=0)
        self._raw += piece
        searched = max(self._first, searched)
        # The one that is complete first, so that it does not matter how the text was cut into pieces.
        found = [(at + len(stop), at) for stop in self._stops if (at := self._raw.find(stop, searched)) >= 0]
        if found:
            self._end = min(found)[1]
        certain = self._raw if self.ended else self._raw[: len(self._raw) - self._held()]
        return self._release(len(certain.rstrip()))

    def finish(self) -> str:
        """Return what was held back; no piece follows."""
        return self._release(len(self._raw))

    @property
    def _first(self) -> int:
        """How many characters are received that the text only goes on from."""
        # A tokenizer may drop the blank that a text begins with.
        whole = self._raw.startswith(self._begin) or self._begin.startswith(self._raw)
        return len(self._begin if whole else self._begin.removeprefix(" "))

    def _release(self, limit: int) -> str:
        start, end = self.span
        begin, stop = max(start, self._emitted), min(end, limit)
        if stop <= begin:
            return ""
        self._emitted = stop
        return self._raw[begin:stop]

    def _held(self) -> int:
        """Return how many characters at the end may be the beginning of a stop string."""
        longest = 0
        for stop in self._stops:
            for size in range(min(len(stop) - 1, len(self._raw)), longest, -1):
                if self._raw.endswith(stop[:size]):
                    longest = size
                    break
        return longest
