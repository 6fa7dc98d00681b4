"""How many requests a server gets at once, how many in a minute, and when one that failed may be sent again."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from dalle_kit.errors import ServerError

#: Seconds of the first wait; each further one is twice as long, up to the longest.
_FIRST, _LONGEST = 0.5, 20.0

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a server is waited for, in seconds.

    ``connect`` is for a connection, ``silence`` for the next piece of a text; ``waiting`` is how long one request waits
    in all between its ``tries``. A second silence ends them.
    """

    connect: float = 10.0
    silence: float = 120.0
    waiting: float = 120.0
    tries: int = 8


class Again(Exception):
    """A request failed in a way that may be over soon; ``after`` is when the server says so, in seconds.

    It ``was_silent`` where nothing was said in time.
    """

    def __init__(
        self, message: str, *, after: float | None = None, status: int | None = None, was_silent: bool = False
    ) -> None:
        self.message, self.after, self.status, self.was_silent = message, after, status, was_silent
        super().__init__(message)


class Pace:
    """Lets ``together`` requests run at once and ``per_minute`` of them begin; belongs to one event loop."""

    def __init__(self, *, together: int, per_minute: int) -> None:
        self._places = asyncio.Semaphore(together)
        self._apart = 60.0 / per_minute if per_minute else 0.0
        self._next = self._held_until = 0.0

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Have a place among the requests that run, once it is time for a further one."""
        async with self._places:
            loop = asyncio.get_running_loop()
            while (wait := max(self._held_until, self._next) - loop.time()) > 0:
                await asyncio.sleep(wait)
            self._next = max(self._next, loop.time()) + self._apart
            yield

    def hold(self, seconds: float) -> None:
        """Let no request begin for a while: the server has said that it would refuse it."""
        self._held_until = max(self._held_until, asyncio.get_running_loop().time() + seconds)

    def heed(self, headers: Mapping[str, str]) -> None:
        """Let no request begin before the server's count of them begins anew, where it says that none is left."""
        after = duration(headers.get("x-ratelimit-reset-requests", ""))
        if headers.get("x-ratelimit-remaining-requests") == "0" and after is not None:
            self.hold(min(after, 60.0))


class Retries:
    """The tries of one request; after ``Patience.tries`` of them, or when they have waited long enough, it fails.

    The waits are drawn, so that requests that failed together do not come again together.
    """

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._tries, self._silences, self._waited = 0, 0, 0.0

    async def pause(self, failure: Again) -> None:
        """Wait until the request may be sent again; raises ServerError when it is given up."""
        self._tries += 1
        self._silences += failure.was_silent
        backoff = min(_LONGEST, _FIRST * 2 ** (self._tries - 1)) * random.uniform(0.5, 1.0)
        wait = backoff if failure.after is None else failure.after + random.uniform(0.0, 0.5)
        left = self._patience.waiting - self._waited
        if self._tries >= self._patience.tries or self._silences > 1 or wait > left:
            wish = f", and asks to come again in {failure.after:.0f} s" if failure.after and wait > left else ""
            tries = "" if self._tries == 1 else f"; given up after {self._tries} tries"
            fix = "; the setting remote_timeout waits longer" if failure.was_silent else ""
            raise ServerError(f"{failure.message}{wish}{tries}{fix}", status=failure.status) from failure
        self._waited += wait
        await asyncio.sleep(wait)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds after which a server wants a request again, None where it does not say."""
    text = headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]+)?", text):
        return float(text)
    try:
        date = parsedate_to_datetime(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return max(0.0, (date - datetime.now(UTC)).total_seconds())


def duration(text: str) -> float | None:
    """Return the seconds of a duration such as ``1m30.5s``, ``250ms`` or ``7``; None for what is none."""
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]+)?", text):
        return float(text)
    if not re.fullmatch(r"([0-9]{1,9}(\.[0-9]+)?(ms|s|m|h|d))+", text):
        return None
    return sum(float(number) * _UNITS[unit] for number, unit in re.findall(r"([0-9.]+)(ms|s|m|h|d)", text))
