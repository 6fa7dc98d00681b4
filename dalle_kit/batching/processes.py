"""Rows written by processes of this machine, each with a Kit of its own; one that is killed takes no row with it."""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from dalle_kit.batching.row import Row
from dalle_kit.batching.writer import Plan, Written, failed, write_row
from dalle_kit.engine.devices import choose_device
from dalle_kit.engine.native.cores import usable_cores
from dalle_kit.errors import DalleKitError, ModelError
from dalle_kit.models.spec import Progress, silent
from dalle_kit.models.weights import weight_files

if TYPE_CHECKING:
    from dalle_kit.kit import Kit

#: Makes the Kit of a process, given where its progress is told; it is pickled.
KitMaker = Callable[..., "Kit"]

#: So many processes may end under a row before it is given up; the first time it may have been another row's doing.
TRIES = 3

#: Rows for which starting a process is worth its while, and bytes that each takes beside its weights, for 16 rows.
_WORTH, _EACH = 8, 600 * 2**20

#: Where Linux says how much memory a container may take, in its two ways.
_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")

#: Seconds after which the wait for news is looked at again, and that a process has to end by itself.
_PATIENCE = 1.0

#: Seconds between two signs of life that a process gives while a row goes on, and without any before it is ended.
_BEAT, _SILENCE = 5.0, 600.0


def choose_workers(kit: Kit, domain: str, rows: int, *, device: str = "auto") -> int:
    """Return how many processes write so many rows best: one a core, where these, memory and the rows allow it.

    Python checks and repairs on one core at a time, while the model's part of a row takes all of them.
    """
    if kit.server_for(domain) is not None or choose_device(device) != "cpu":
        return 1
    stored = kit.registry.find(kit.model_for(domain))
    weights = sum(file.stat().st_size for file in weight_files(Path(stored.path))) if stored else 0
    room = _memory() // 2 // (weights + _EACH)
    return max(1, min(usable_cores(), rows // _WORTH, room))


def threads_of(workers: int) -> int:
    """Return how many threads each of so many processes has for the model."""
    return max(1, usable_cores() // workers)


def _memory() -> int:
    """Return the bytes of memory of the machine, or of the container that this process is in."""
    found: list[int] = []
    with contextlib.suppress(AttributeError, ValueError, OSError):  # Windows
        found.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    for path in _LIMITS:
        with contextlib.suppress(ValueError, OSError):  # "max" is none
            found.append(int(Path(path).read_text(encoding="ascii")))
    return min(found, default=0)


def in_processes(
    make_kit: KitMaker, plan: Plan, rows: Sequence[Row], *, workers: int, progress: Progress = silent
) -> Generator[Written]:
    """Write rows in so many processes; ``make_kit(progress=...)`` makes the Kit of each.

    A row whose process was killed is written again, by itself; where three were killed under it, it has failed.
    Raises ModelError where a process cannot begin, or what goes wrong is wrong with all rows.
    """
    crew = _Crew(make_kit, plan, rows, progress)
    try:
        for _ in range(min(workers, len(rows))):
            crew.start()
        while crew.is_busy and not crew.is_ready:
            for _ in crew.news():
                pass  # nothing is written before a process is ready
    except BaseException:
        crew.end()
        raise
    return _written(crew)


def _written(crew: _Crew) -> Generator[Written]:
    try:
        while crew.is_busy:
            yield from crew.news()
        if crew.wrong:
            raise ModelError(crew.wrong)
    finally:
        crew.end()


@dataclass(eq=False, slots=True)
class _Worker:
    """A process, the rows it is writing, and those that it is to write one by one: others were killed under them.

    ``silent`` is for how many seconds it has said nothing, as far as it was listened to; it ``hung`` where that was
    too long.
    """

    process: BaseProcess
    alone: deque[Row]
    flight: dict[int, Row] = field(default_factory=dict)
    is_ready: bool = False
    silent: float = 0.0
    hung: bool = False


class _Crew:
    """The processes and the rows that wait for them."""

    def __init__(self, make_kit: KitMaker, plan: Plan, rows: Sequence[Row], progress: Progress) -> None:
        self._arguments = (make_kit, plan)
        self._together, self._progress = plan.together, progress
        self._waiting = deque(rows)
        self._workers: dict[Connection, _Worker] = {}
        self._killed: Counter[int] = Counter()
        self._stillborn = 0
        self.wrong = ""  # what goes wrong with all rows: those under way come to their end, and no other is begun

    @property
    def is_busy(self) -> bool:
        """Whether a row is left."""
        return bool(self._waiting) or any(each.flight or each.alone for each in self._workers.values())

    @property
    def is_ready(self) -> bool:
        """Whether a process has its model."""
        return any(each.is_ready for each in self._workers.values())

    def start(self, alone: Sequence[Row] = ()) -> None:
        """Start a process, which begins with rows that it writes one by one."""
        process, connection = start_process(work, *self._arguments)
        self._workers[connection] = _Worker(process, deque(alone))

    def news(self) -> Iterator[Written]:
        """Wait a while for the processes, yield what is written, and give them more to do."""
        start = time.monotonic()
        found = cast("list[Connection]", wait(list(self._workers), _PATIENCE))
        self._end_silent(found, min(time.monotonic() - start, _PATIENCE))  # this process may have slept itself
        for connection in found:
            worker = self._workers[connection]
            try:
                kind, *values = connection.recv()
            except (EOFError, OSError, pickle.UnpicklingError):  # also amid a message
                yield from self._replace(connection)
                continue
            if kind == "progress":
                self._progress(*values)
            elif kind == "wrong":
                self._give_up(worker, *values)
            elif kind == "ready":
                worker.is_ready = True
            elif kind == "written":
                (written,) = values
                del worker.flight[written[0]["row"]]
                self._stillborn = 0
                yield written
            self._feed(connection, worker)

    def _end_silent(self, heard: Sequence[Connection], seconds: float) -> None:
        """Kill the processes that hang: their rows go on in others, as those of any that is killed."""
        for connection, worker in self._workers.items():
            worker.silent = worker.silent + seconds if worker.flight and connection not in heard else 0.0
            if worker.silent > _SILENCE:
                worker.hung = True
                worker.process.kill()

    def _give_up(self, worker: _Worker, message: str, number: int | None) -> None:
        """Begin no further row, where one has failed as all would; raises ModelError where a process cannot begin."""
        if number is None:
            raise ModelError(message)
        del worker.flight[number]
        self.wrong = self.wrong or message
        self._waiting.clear()
        for each in self._workers.values():
            each.alone.clear()

    def _feed(self, connection: Connection, worker: _Worker) -> None:
        """Give a process rows; those that it writes alone come first, each when nothing else is under way."""
        with contextlib.suppress(OSError):  # it has just ended: the next news tells
            while worker.is_ready and not any(self._killed[number] for number in worker.flight):
                if worker.alone and not worker.flight:
                    row = worker.alone.popleft()
                elif self._waiting and not worker.alone and len(worker.flight) < self._together:
                    row = self._waiting.popleft()
                else:
                    return
                worker.flight[row.number] = row
                connection.send(row)

    def _replace(self, connection: Connection) -> Iterator[Written]:
        """Give the rows of a process that has ended to a new one; yield those that are given up."""
        worker = self._workers.pop(connection)
        connection.close()
        worker.process.join()
        end = _end_of(worker)
        if not worker.is_ready:
            self._stillborn += 1
            if self._stillborn >= TRIES:
                fix = "take fewer --workers, or --workers 1 to see what is wrong"
                raise ModelError(f"{TRIES} processes in a row did not load the model: the last {end}; {fix}")
        alone = []
        for row in worker.flight.values():
            self._killed[row.number] += 1
            if self._killed[row.number] < TRIES:
                alone.append(row)
            else:
                yield failed(row, f"{row.place}: the process that wrote it {end}, {TRIES} times"), None
        alone += worker.alone
        if (alone or self._waiting) and not self.wrong:
            self.start(alone)

    def end(self) -> None:
        """End the processes: what is done is done, and nothing of the rest is kept."""
        for worker in self._workers.values():
            worker.process.kill()
        for connection, worker in self._workers.items():
            worker.process.join()
            connection.close()
        self._workers.clear()


def _end_of(worker: _Worker) -> str:
    if worker.hung:
        return f"said nothing for {_SILENCE / 60:g} minutes"
    code = worker.process.exitcode
    if code is not None and code < 0:
        with contextlib.suppress(ValueError):
            return f"was killed ({signal.Signals(-code).name})"
    return f"ended (exit code {code})"


def start_process(target: Callable[..., None], *arguments: Any) -> tuple[BaseProcess, Connection]:
    """Start a process of Python with one end of a connection and the arguments; return it and the other end.

    Ctrl-C is for this process alone. When this one is gone, however, the other's end of the connection says so.
    """
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=target, args=(theirs, *arguments), daemon=True)
    with _interruptions_held():
        process.start()
    theirs.close()
    return process, ours


@contextlib.contextmanager
def _interruptions_held() -> Iterator[None]:
    """Have the processes that are started meanwhile not hear of Ctrl-C; this one hears of it afterwards."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows: they ignore it as soon as they run
        yield
        return
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()  # when it starts it lets the signals through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def work(connection: Connection, make_kit: KitMaker, plan: Plan) -> None:
    """Write the rows that come, in a process of its own, until whoever sends them is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    lock = threading.Lock()

    def tell(*message: Any) -> None:
        with lock, contextlib.suppress(OSError):
            connection.send(message)

    beat = time.monotonic()

    def goes_on() -> bool:
        nonlocal beat
        if time.monotonic() - beat > _BEAT:
            beat = time.monotonic()
            tell("goes on")
        return False  # it is never stopped

    def write(row: Row) -> None:
        try:
            tell("written", write_row(kit, plan, row, stopped=goes_on))
        except BaseException as error:
            tell("wrong", told(error), row.number)

    try:
        kit = make_kit(progress=partial(tell, "progress"))
        kit.load(plan.domain)
        tell("ready")
    except BaseException as error:
        tell("wrong", told(error), None)
        return
    threads = ThreadPoolExecutor(plan.together)
    while True:
        try:
            row = connection.recv()
        except (EOFError, OSError):
            os._exit(0)  # what is under way is for nobody any more
        threads.submit(write, row)


def told(error: BaseException) -> str:
    """Return an error as it is told to another process."""
    return str(error) if isinstance(error, DalleKitError) else f"internal error: {type(error).__name__}: {error}"
