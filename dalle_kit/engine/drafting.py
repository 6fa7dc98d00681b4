"""Guessing the next tokens from the text so far: what followed the last time the same words stood there.

Prompt-lookup decoding (Saxena, 2023): facts of the request recur in the text, and their tokens need not be computed one
by one. A guess is only ever a guess: what it says is chosen anew, and the rest forgotten.
"""

from __future__ import annotations

#: The tokens that have to be the same as an earlier time, the surest first.
_SIZES = (3, 2)

#: The most tokens of a draft.
_LONGEST = 8

#: The most tokens for which nothing is drafted after drafts that were wrong.
_PAUSE = 8


class Drafter:
    """Drafts what comes after ``tokens``, which may grow: longer while drafts are right, none for a while after not."""

    def __init__(self, tokens: list[int]) -> None:
        self.drafted = self.accepted = 0
        self._tokens = tokens
        self._known = 0  # of the tokens, so many have their place in the index
        self._following: dict[tuple[int, ...], int] = {}  # where it went on after some tokens, the last time
        self._length, self._misses, self._pause = 4, 0, 0

    def propose(self, most: int) -> list[int]:
        """Return what the next tokens may be, ``most`` at most; none where nothing is known."""
        self._index()
        if self._pause:
            self._pause -= 1
            return []
        for size in _SIZES:
            place = self._following.get(tuple(self._tokens[-size:]))
            if place is not None:
                return self._tokens[place : place + min(most, self._length)]
        return []

    def learn(self, accepted: int, drafted: int) -> None:
        """Take note of how many tokens of a draft were right."""
        self.drafted, self.accepted = self.drafted + drafted, self.accepted + accepted
        if accepted:
            self._misses = 0
            self._length = min(_LONGEST, 2 * drafted) if accepted == drafted else max(1, accepted)
        else:
            self._misses += 1
            self._length = max(1, self._length // 2)
            self._pause = min(_PAUSE, 2**self._misses)

    def _index(self) -> None:
        """Note where each run of tokens goes on; the text's last one is not known to go on yet."""
        tokens, following = self._tokens, self._following
        for place in range(max(self._known, _SIZES[-1]), len(tokens)):
            for size in _SIZES:
                if size <= place:
                    following[tuple(tokens[place - size : place])] = place
        self._known = len(tokens)
