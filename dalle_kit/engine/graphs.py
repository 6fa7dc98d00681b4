"""Steps that are recorded once for each size and then repeated, without Python between their parts.

A GPU computes a small step faster than Python can ask for its parts one by one. A recording (a CUDA graph) repeats the
same work on the same memory. So whatever a step reads and writes lies where it is: the cache, the tokens that are
given, the states that come out. Sizes are rounded up to a few; rows that nobody takes and places beyond a row's end
are computed too, and never seen.
"""

from __future__ import annotations

import logging
import threading
import weakref
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeAlias

import torch
from torch import Tensor

_log = logging.getLogger(__name__)

#: What the number of rows and that of tokens given to a row are rounded up to; more rows to multiples of the last.
ROWS, COUNTS = (1, 2, 4, 8, 16, 32, 64, 128, 256), (1, 4, 16)

#: The tokens of the cache that a step sees are a multiple of this.
_SIZE = 256

#: Recordings kept at once: each takes a few MiB.
_MOST = 32

#: From tokens (B, T), their positions (B, T) and a cache to the states after the last block (B, T, D).
Step: TypeAlias = Callable[[Tensor, Tensor, Tensor], Tensor]

#: Does some work once, and returns what repeats it on the same memory.
Recorder: TypeAlias = Callable[[Callable[[], None]], Callable[[], None]]


def round_rows(rows: int) -> int:
    """Return for how many rows a step is computed."""
    return next((size for size in ROWS if size >= rows), -(-rows // ROWS[-1]) * ROWS[-1])


def round_tokens(tokens: int) -> int:
    """Return how many tokens of the cache a step sees."""
    return -(-tokens // _SIZE) * _SIZE


def round_count(count: int) -> int | None:
    """Return how many tokens each row is given; None for more than a recorded step takes."""
    return next((size for size in COUNTS if size >= count), None)


#: There may be one recording under way in a process, whichever model it is of.
_RECORDING = threading.Lock()


class CudaRecorder:
    """Records CUDA graphs, which share their memory: no two of one recorder may run at the same time."""

    def __init__(self) -> None:
        self._stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        self._pool = torch.cuda.graph_pool_handle()

    def __call__(self, compute: Callable[[], None]) -> Callable[[], None]:
        """Compute once, so that libraries set up what they need, then record; raises RuntimeError where that fails.

        Not on the stream that is recorded: what matrix products work in is kept for each stream, and torch lets go of
        it where some graph goes, whichever else still writes there. Made while recording, it is part of the graphs'
        own memory, which stays as long as any of them.
        """
        compute()
        current, graph = torch.cuda.current_stream(), torch.cuda.CUDAGraph()
        # Other threads may take memory meanwhile: only what this one does must not disturb the recording.
        capture = torch.cuda.graph(graph, pool=self._pool, stream=self._stream, capture_error_mode="thread_local")
        try:
            # Torch makes something that all graphs of a process share. Made in inference mode, it could be written to
            # in no other, and nobody else could record any more.
            with _RECORDING, torch.inference_mode(False), capture, torch.inference_mode():
                compute()
        finally:
            torch.cuda.set_stream(current)  # a recording that fails leaves its own
        return graph.replay


class _Recordings:
    """The recorded steps over one cache (layers, 2, B, K, S, H), and the memory they read and write."""

    def __init__(self, cache: Tensor, width: int, record: Recorder) -> None:
        self.cache, self._record = cache, record
        places, longest = cache.shape[2], COUNTS[-1]
        self._inputs = torch.zeros(places * (1 + longest), dtype=torch.int64, device=cache.device)
        self._states = cache.new_zeros(places * longest, width)
        self._offsets = torch.arange(longest, device=cache.device)
        self._replays: dict[tuple[int, int, int], Callable[[], None]] = {}  # the latest used at the end

    def compute(self, step: Step, tokens: Sequence[Sequence[int]], lengths: Sequence[int], *, count: int) -> Tensor:
        """Give each row its tokens, no more than ``count``; return the states (B, T, D)."""
        rows, size = round_rows(len(tokens)), round_tokens(max(lengths) + count)
        given = [
            [length, *new, *[0] * (count - len(new))] for length, new in zip(lengths, tokens, strict=True)
        ]  # a row's position and its tokens
        unused = [[0] * (1 + count)] * (rows - len(tokens))
        inputs = self._inputs[: rows * (1 + count)].view(rows, 1 + count)
        states = self._states[: rows * count].view(rows, count, -1)
        inputs.copy_(torch.tensor([*given, *unused]))
        kind = (rows, count, size)
        replay = self._replays.pop(kind, None)
        if replay is None:
            replay = self._record(partial(self._compute, step, inputs, states, size))
        else:
            replay()
        self._replays[kind] = replay
        if len(self._replays) > _MOST:
            del self._replays[next(iter(self._replays))]
        return states[: len(tokens)].clone()  # the next step writes over them

    def _compute(self, step: Step, inputs: Tensor, states: Tensor, size: int) -> None:
        """Do what is recorded: nothing in here depends on what the tensors hold."""
        rows, count, _ = states.shape
        positions = inputs[:, :1] + self._offsets[:count]  # (B, T)
        states.copy_(step(inputs[:, 1:], positions, self.cache[:, :, :rows, :, :size]))


class Graphs:
    """The recorded steps of a model and the cache they work on, lent to one session at a time.

    They outlive the session, so that the next one has no step to record that is recorded already.
    """

    def __init__(self, width: int, recorder: Callable[[], Recorder]) -> None:
        self._width, self._recorder = width, recorder
        self._lock = threading.Lock()
        self._recordings: _Recordings | None = None
        self._borrower: Callable[[], object | None] = _nobody
        self._works = True

    def lend(self, session: object) -> bool:
        """Say whether a session may use them; as long as it lives no other does."""
        with self._lock:
            if not self._works or self._borrower() is not None:
                return False
            self._borrower = weakref.ref(session)
            return True

    def take_cache(self, room: int) -> Tensor | None:
        """Return the cache of the session before, emptied; None, and forget it, where it has less than ``room``."""
        if self._recordings is not None and self._recordings.cache.shape[4] >= room:
            return self._recordings.cache.zero_()
        self._recordings = None
        return None

    def move(self, cache: Tensor) -> None:
        """Work on another cache from now on; what was recorded on the one before is forgotten."""
        self._recordings = None
        self._recordings = _Recordings(cache, self._width, self._recorder())

    def compute(
        self, step: Step, tokens: Sequence[Sequence[int]], lengths: Sequence[int], *, count: int
    ) -> Tensor | None:
        """Give each row its tokens, no more than ``count`` of ``COUNTS``; return the states (B, T, D).

        None where steps cannot be recorded here: then nothing is any more. None, too, where memory runs out.
        """
        if self._recordings is None:
            return None
        try:
            return self._recordings.compute(step, tokens, lengths, count=count)
        except torch.OutOfMemoryError:
            pass  # the step alone may have enough with what they took, and the next session tries again
        except RuntimeError as error:
            reason = str(error).strip().partition("\n")[0]
            _log.warning("texts are written more slowly: steps cannot be recorded as CUDA graphs (%s)", reason)
            self._works = False
        self._recordings = None
        return None

    def release(self, session: object) -> bool:
        """Give the memory back, unless another session is using it; return whether there was any."""
        with self._lock:
            if self._borrower() not in (None, session) or self._recordings is None:
                return False
            self._recordings, self._borrower = None, _nobody
            return True


def _nobody() -> None:
    return None
