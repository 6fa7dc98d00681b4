"""A limit on the time that writing may take."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from dalle_kit.errors import OptionError


class Budget:
    """So many seconds from now on; None is as many as it takes. Raises OptionError for what is no time.

    It learns from what was written how long a document takes, and says what still fits. Once ``stopped`` says so, the
    time is up as well.
    """

    def __init__(self, seconds: float | None = None, *, stopped: Callable[[], bool] | None = None) -> None:
        number = isinstance(seconds, (int, float)) and not isinstance(seconds, bool)
        if seconds is not None and not (number and math.isfinite(seconds) and seconds > 0):
            raise OptionError("budget", seconds, "a number of seconds above 0")
        self.seconds = seconds
        self.spent = False  # whether something was cut or left out because of it
        self._end = math.inf if seconds is None else time.monotonic() + seconds
        self._each = 0.0
        self._stopped = stopped or (lambda: False)

    @property
    def stopped(self) -> bool:
        """Whether nobody wants any more."""
        return self._stopped()

    @property
    def over(self) -> bool:
        """Whether the time is up."""
        return self.stopped or time.monotonic() >= self._end

    def learn(self, seconds: float, *, rows: int) -> None:
        """Take note that writing so many rows together took so long."""
        self._each = seconds / max(1, rows)

    def room(self, wanted: int) -> int:
        """Return how many of the rows wanted can still be written, each taking as long as those before."""
        left = 0.0 if self.stopped else self._end - time.monotonic()
        if math.isinf(left):
            return wanted
        fitting = wanted if left > 0 and self._each == 0 else int(max(0.0, left) / max(self._each, 1e-9))
        if fitting < wanted:
            self.spent = True
        return min(wanted, fitting)
