"""How many threads a step takes: as many as make it quickest, found out while texts are written."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict, deque

from dalle_kit.engine.native.cores import usable_cores

#: Steps of more tokens are arithmetic enough for every core.
_FEW_TOKENS = 8

#: A choice is judged by the median of its last times, and tried again after so many steps of another.
_KEPT, _AGAIN = 5, 50


class Pace:
    """The choice of a number of threads up to ``most``, for steps of few tokens.

    These wait for memory, and where other programs keep cores busy fewer threads may well be quicker. It is made for
    each number of tokens by itself: what many threads gain grows with it. What a step computes does not depend on it.
    """

    def __init__(self, most: int = 0) -> None:
        self._most = most or usable_cores()
        self._choices = [self._most]
        while self._choices[-1] > 1:
            self._choices.append(self._choices[-1] // 2)
        # Of each number of tokens: the last seconds with each number of threads.
        self._times: dict[int, dict[int, deque[float]]] = defaultdict(
            lambda: {choice: deque(maxlen=_KEPT) for choice in self._choices}
        )
        self._steps: Counter[int] = Counter()

    def threads(self, tokens: int) -> int:
        """Return how many threads a step of so many tokens is to take."""
        if tokens > _FEW_TOKENS:
            return self._most
        times, steps = self._times[tokens], self._steps[tokens]
        unknown = next((choice for choice in self._choices if len(times[choice]) < 2), None)
        if unknown is not None:
            return unknown
        if steps % _AGAIN == 0:
            return self._choices[steps // _AGAIN % len(self._choices)]
        return min(self._choices, key=lambda choice: statistics.median(times[choice]))

    def note(self, tokens: int, threads: int, seconds: float) -> None:
        """Hear how long a step took."""
        if tokens <= _FEW_TOKENS:
            self._steps[tokens] += 1
            self._times[tokens][threads].append(seconds)
