"""The runtimes under measure: their workers, how many threads suit each, and rounds in which they take turns."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import texts
from workers import Peer, PeerError, Worker

from dalle_kit.engine.tokenization import Tokenizer

OURS = "dalle-kit"
#: A trial of a number of threads: prompts of so many tokens, so many written after each, by so many texts at once.
_PROMPT, _COUNT, _MANY = 57, 24, 8


@dataclass
class Bench:
    """What is measured with: ``rounds`` for each row, ``letters`` of the mail merge; collects notes and curves."""

    peers: Sequence[Peer]
    tokenizer: Tokenizer
    rounds: int
    letters: int
    notes: list[str] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)
    curves: dict[str, dict[str, list[tuple[float, float]]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._workers: dict[str, Worker] = {}
        self._threads: dict[tuple[str, bool], int] = {}
        self._counter = itertools.count()

    def close(self) -> None:
        """End all workers."""
        for worker in self._workers.values():
            worker.close()

    @property
    def names(self) -> list[str]:
        """The runtimes' names, ours first."""
        return [peer.name for peer in self.peers]

    def peer(self, name: str) -> Peer:
        """Return a runtime by name."""
        return next(peer for peer in self.peers if peer.name == name)

    def taken(
        self, title: str, measure: Callable[[str], float], *, names: Sequence[str] | None = None, warm_ups: int = 1
    ) -> dict[str, list[float]]:
        """Measure each runtime once a round, A B A B ..., so that a drifting machine is fair to all.

        A runtime that fails drops out of the row, and a note says why.
        """
        taken: dict[str, list[float]] = {name: [] for name in names or self.names}
        for number in range(warm_ups + self.rounds):
            for name in list(taken):
                try:
                    value = measure(name)
                except PeerError as error:
                    self.notes.append(f"{title}: {error}")
                    del taken[name]
                    continue
                if number >= warm_ups:
                    taken[name].append(value)
        return taken

    def write(self, name: str, prompts: Sequence[Sequence[int]], count: int, *, shared: int = 0) -> tuple[float, float]:
        """Have a runtime write with its best number of threads; return the seconds to the first and the last token."""
        threads = self.threads(name, many=len(prompts) > 1)
        return self._write(name, prompts, count, shared=shared, threads=threads)

    def worker(self, name: str) -> Worker:
        """Return a runtime's worker, started if it is not yet."""
        if name not in self._workers:
            self._workers[name] = Worker(self.peer(name))
        return self._workers[name]

    def prompts(self, count: int, length: int, *, shared: int = 0) -> list[list[int]]:
        """Return prompts of one length that no cache knows beyond the first ``shared`` tokens."""
        prompt = texts.long_prompt(self.tokenizer, length)
        return [texts.fresh(prompt, number=next(self._counter), shared=shared) for _ in range(count)]

    def threads(self, name: str, *, many: bool) -> int:
        """Return with how many threads a runtime is quickest, for one text or many; ours decides that itself."""
        if name == OURS:
            return 0
        if (name, many) not in self._threads:
            seconds = {count: self._trial(name, count, width=_MANY if many else 1) for count in thread_counts()}
            self._threads[name, many] = min(seconds, key=lambda count: seconds[count])
        return self._threads[name, many]

    def threads_found(self) -> str:
        """Return what was found best, as a note."""
        found = [
            f"{name} {count} for {'several texts' if many else 'one text'}"
            for (name, many), count in sorted(self._threads.items())
        ]
        return f"threads found quickest: {', '.join(found)}"

    def _trial(self, name: str, threads: int, *, width: int) -> float:
        seconds = []
        for _ in range(3):
            prompts = self.prompts(width, _PROMPT)
            seconds.append(self._write(name, prompts, _COUNT, shared=0, threads=threads)[1])
        return min(seconds)

    def _write(
        self, name: str, prompts: Sequence[Sequence[int]], count: int, *, shared: int, threads: int
    ) -> tuple[float, float]:
        answer = self.worker(name).ask("write", threads=threads, prompts=prompts, count=count, shared=shared)
        return answer["first"], answer["seconds"]


def thread_counts() -> list[int]:
    """Return the numbers of threads to try: 1, 2, 4 ... and all cores."""
    cores = os.cpu_count() or 1
    return sorted({cores, *(2**power for power in range(cores.bit_length()) if 2**power < cores)})
