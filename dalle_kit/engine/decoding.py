"""Many documents at a time: rows join a running batch and leave it, each with a state of its own."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from dalle_kit.engine.devices import memory_errors
from dalle_kit.engine.guidance import Guidance
from dalle_kit.engine.logits import Logits
from dalle_kit.engine.results import Piece
from dalle_kit.engine.rows import Row, agreeing
from dalle_kit.engine.sampling import Scores
from dalle_kit.errors import DeviceError

#: Tokens with which two rows have to begin alike for the second to go on from a copy of the first.
_WORTH_COPYING = 16

#: Tokens of prompts that are read in a step: where nobody writes meanwhile, and where others wait for their next token.
_READ_ALONE, _READ_BESIDE = 2048, 512
_READ_ALONE_ON_CPU, _READ_BESIDE_ON_CPU = 256, 64

#: The most places of a batch in which drafts are computed: with more a step has enough to do. Measured on two cores, a
#: step for one token waits for memory, and one for two texts computes as long as it reads.
_DRAFTING, _DRAFTING_ON_CPU = 4, 1


class Session(Protocol):
    """Rows of tokens of different lengths and the attention cache of each."""

    @property
    def logits(self) -> Logits:
        """After the last token of each row (B, V), float32."""

    @property
    def lengths(self) -> list[int]:
        """Tokens in each row."""

    def join(
        self,
        sources: Sequence[Sequence[int]],
        targets: Sequence[Sequence[int]],
        *,
        guides: Sequence[Guidance] = (),
        most: int | None = None,
    ) -> list[list[int]]:
        """Read further rows, which come after the others, with the guidance of each where there is any.

        Where the model can read in parts, not many more than ``most`` tokens of each are computed. Returns what is left
        to be fed of each.
        """

    def feed(self, tokens: Sequence[Sequence[int]], *, tails: Sequence[int] | None = None) -> Logits:
        """Append tokens to each row, none to one that waits; return the logits after the last ``tails`` of each.

        They are (sum(tails), V), one row's after another's; by default one of each row that is given tokens. The
        ``logits`` of a row that waits stay as they are.
        """

    def recalls(self, tokens: Sequence[int], guidance: Guidance) -> int:
        """Return how many of a text's first tokens would not be computed again if it joined, guided in this way."""

    def crop(self, row: int, length: int) -> None:
        """Forget a row's tokens beyond ``length``; its ``logits`` are of no use before it is given others."""

    def select(self, rows: Sequence[int]) -> None:
        """Keep the given rows, in this order; a row given twice is copied. There may be none."""


class GenerativeModel(Protocol):
    """What the decoder needs of a model."""

    @property
    def family(self) -> str:
        """``causal``; ``seq2seq`` for one that reads the prompt apart, ``dalle`` for one that reads it twice."""

    @property
    def context(self) -> int | None:
        """How many tokens it reads, None where that is not limited."""

    def open(
        self,
        sources: Sequence[Sequence[int]],
        targets: Sequence[Sequence[int]],
        *,
        room: int,
        guides: Sequence[Guidance] = (),
    ) -> Session:
        """Read the prompts and the certain text that the output begins with, with the guidance of each if any."""


class SteerableModel(GenerativeModel, Protocol):
    """A model that shows what its decoder's blocks compute, and adds to it what it is given."""

    @property
    def blocks(self) -> tuple[int, int]:
        """How many blocks there are, and their width; raises ModelError where they are not known."""

    def states(self, source: Sequence[int], target: Sequence[int], guidance: Guidance) -> Logits:
        """Return the states after each block (T, L, D), float32, of the tokens of an output after its prompt."""


@dataclass(frozen=True, slots=True, eq=False)
class _Member:
    """A row of a batch, and of each of its places the tokens after the prompt: computed, or to be read when it joins.

    ``start`` is the first of its places, ``length`` how many tokens are computed there; ``scores`` are the latest. Of
    a row that is being read ``unread`` are the last tokens, of each of its places, and there are no scores yet.
    """

    row: Row
    texts: list[list[int]]
    start: int = 0
    length: int = 0
    scores: Scores | None = None
    unread: list[list[int]] = field(default_factory=list)

    @property
    def goes_on(self) -> bool:
        """Whether there is something to compute for it, and somebody wants it."""
        return not (self.row.done or self.row.left or self.row.failure)

    def next_texts(self) -> list[list[int]]:
        """Return the tokens of its next places, the pending ones among them."""
        if self.scores is None:
            return self.texts
        before = self.length - len(self.texts[0])
        keep = None if self.row.keep is None else self.row.keep - before
        taken = zip(self.row.parents, self.row.pending, strict=True)
        return [[*self.texts[parent][:keep], *pending] for parent, pending in taken]

    def accept(self) -> None:
        """Let the row choose; what goes wrong with that is its own matter, but for an interruption."""
        assert self.scores is not None
        try:
            self.row.accept(self.scores, self.length)
        except BaseException as error:
            self.row.failure = error
            if not isinstance(error, Exception):
                raise


@dataclass(frozen=True, slots=True)
class _Seat:
    """How a member goes on: with ``texts`` at its places, which are copies of ``places`` of the session.

    Of these the first ``keep`` tokens are kept, all if that is None, and ``tokens`` are to be computed, with the scores
    after the last ``tail`` of them; ``unread`` are left for later steps. One that has no places yet is read anew.
    """

    member: _Member
    texts: list[list[int]]
    places: list[int]
    keep: int | None
    tokens: list[list[int]]
    tail: int
    unread: list[list[int]] = field(default_factory=list)


class Batch:
    """A running batch: rows wait for a place, are read, take part in each step, and leave when they are done.

    No more than ``places`` are taken at once (by a row alone that needs more: those), so that memory stays bounded; a
    row takes one, or as many as it searches with beams. What rows begin with in common is read once, and a long prompt
    part by part, between the tokens of the others. ``room`` is about how many tokens a row will grow to. Where memory
    runs out, fewer rows are computed together. A row that cannot be computed even alone, or whose constraint cannot be
    followed, fails and leaves the others as they are.
    """

    drafts = True  # the texts are the same without

    def __init__(self, model: GenerativeModel, *, places: int, room: int = 0, device: str = "cpu") -> None:
        self.room = room
        self._drafting = _DRAFTING_ON_CPU if device == "cpu" else _DRAFTING
        self._alone, self._beside = _READ_ALONE, _READ_BESIDE
        if device == "cpu":
            self._alone, self._beside = _READ_ALONE_ON_CPU, _READ_BESIDE_ON_CPU
        self._model, self._places, self._device = model, places, device
        self._limit = places
        self._waiting: deque[_Member] = deque()  # also some that have joined or left
        self._running: list[_Member] = []
        self._due: deque[_Member] = deque()  # have scores, and are to choose by them
        self._session: Session | None = None
        self._attempted: list[_Member] = []
        self._is_causal = model.family == "causal"
        # The tokens that a row has in common with another that it has nothing in common with, and how many more than
        # that are worth a copy. An encoder-decoder at least need not read the same prompt twice.
        self._unlike, self._worth = (0, _WORTH_COPYING) if self._is_causal else (-1, 1)

    def add(self, rows: Iterable[Row]) -> None:
        """Let rows wait for their places; another thread may compute meanwhile."""
        self._waiting.extend(_Member(row, [list(row.pending[0])]) for row in rows if not row.done)

    @property
    def is_over(self) -> bool:
        """Whether no row is left that somebody wants."""
        return not any(member.goes_on for members in (self._running, tuple(self._waiting)) for member in members)

    def forget(self) -> None:
        """Let go of all rows and the memory they take."""
        self._waiting.clear()
        self._due.clear()
        self._running, self._attempted, self._session, self._limit = [], [], None, self._places

    def step(self) -> None:
        """Compute the pending tokens of all rows, read some of those that join, and let each that is read choose.

        An error that is not of a single row is raised; the next step then begins with the rows as they were.
        """
        if not self._due and not self.is_over:
            try:
                with memory_errors(self._device):
                    self._compute()
            except DeviceError as error:
                self._retreat(error)
        while self._due:
            self._due.popleft().accept()

    def _retreat(self, error: DeviceError) -> None:
        """Go on with fewer rows at once; one that was alone fails."""
        places = [member.row.places for member in self._attempted if member.goes_on]
        if len(places) > 1:
            self._limit = max(1, sum(places) // 2)
        else:
            for member in self._attempted:
                member.row.failure = error

    def _compute(self) -> None:
        """Bring the session to where the rows want it, and get the scores of each."""
        session, self._session = self._session, None  # half a step would be of no use
        if session is None:
            self._queue_again()
        seats = self._going() if session is not None else []
        seats += self._joining(session, seats)
        self._attempted = [seat.member for seat in seats]
        most = self._share(seats)
        seats = [_shortened(seat, most) for seat in seats]
        if session is None:
            session = self._model.open([], [], room=self.room)
        seats = self._arranged(session, seats, most)
        running = _scored(session, seats)
        due = deque(member for member in running if member.scores is not None)
        self._session, self._running, self._due = session, running, due

    def _queue_again(self) -> None:
        """Let what was running wait, to be read again with all that is certain."""
        again = []
        for member in self._running:
            if member.goes_on:
                member.row.forget_draft()
                again.append(_Member(member.row, member.next_texts()))
        self._waiting.extendleft(reversed(again))
        self._running = []

    def _share(self, seats: Sequence[_Seat]) -> int:
        """Return how many tokens of each row that is being read are read in this step."""
        reading = sum(seat.member.scores is None for seat in seats)
        return max(1, (self._alone if reading == len(seats) else self._beside) // max(1, reading))

    def _going(self) -> list[_Seat]:
        """Return the seats of the rows that go on, in an order in which few of them have to be moved."""
        members = [member for member in self._running if member.goes_on]
        if self.drafts and sum(len(member.row.pending) for member in members) <= self._drafting:
            for member in members:
                if member.scores is not None:
                    member.row.draft()
        seats = []
        for member in members:
            row = member.row
            if member.scores is None:
                places = list(range(member.start, member.start + len(member.texts)))
                seats.append(_Seat(member, member.texts, places, None, member.unread, 1))
                continue
            places = [member.start + parent for parent in row.parents]
            seats.append(_Seat(member, member.next_texts(), places, row.keep, row.pending, row.tail))
        if any(len(seat.places) > 1 for seat in seats):
            return seats
        staying = {seat.places[0]: seat for seat in seats if seat.places[0] < len(seats)}
        moving = [seat for seat in seats if seat.places[0] >= len(seats)]
        return [staying.get(place) or moving.pop() for place in range(len(seats))]

    def _joining(self, session: Session | None, seats: list[_Seat]) -> list[_Seat]:
        """Return the seats of the rows that join, in their turn, as long as there are places.

        One that begins as another that is being read waits for that: it then goes on from a copy.
        """
        present = {member.row for member in self._running}
        while self._waiting and (not self._waiting[0].goes_on or self._waiting[0].row in present):
            self._waiting.popleft()
        free = self._limit - sum(seat.member.row.places for seat in seats)
        copied: list[_Seat] = []
        anew: list[_Seat] = []
        reading = [seat.member for seat in seats if seat.member.scores is None]
        for index in range(len(self._waiting)):
            member = self._waiting[index]
            if not member.goes_on or member.row in present:
                continue
            present.add(member.row)  # one that was running when a step failed is there twice, the first time as it is
            if member.row.places > free and (seats or copied or anew):
                break
            seat, alike = self._seat(session, member)
            if any(self._alike(member, each, each.texts[0]) >= alike + self._worth for each in reading):
                continue
            (copied if seat.places else anew).append(seat)
            reading.append(member)
            free -= member.row.places
        return [*copied, *anew]

    def _seat(self, session: Session | None, member: _Member) -> tuple[_Seat, int]:
        """Return the seat of a row that joins: after a copy of what begins as it does, if that is worth it.

        Also returns how many tokens need not be computed.
        """
        most, donor = self._unlike, None
        if session is not None and self._is_causal:
            most = session.recalls(self._read(member, member.texts[0]), member.row.job.guidance)
        if len(member.texts) == 1:
            for each in self._running:
                for number, text in enumerate(each.texts):
                    alike = min(self._alike(member, each, text), self._computed(each, number))
                    if alike >= most + (self._worth if donor is None else 1):
                        most, donor = alike, (each, number)
        if donor is None:
            return _Seat(member, member.texts, [], None, [[] for _ in member.texts], 0), most
        other, number = donor
        before = other.length - self._computed(other, number)
        rest = self._read(member, member.texts[0])[most:]
        return _Seat(member, member.texts, [other.start + number], before + most, [rest], 1), most

    def _computed(self, member: _Member, number: int) -> int:
        """Return how many tokens of what ``_read`` returns are computed at one of a row's places."""
        return len(self._read(member, member.texts[number])) - sum(map(len, member.unread[number : number + 1]))

    def _alike(self, member: _Member, other: _Member, text: list[int]) -> int:
        """Return with how many tokens a row begins as another with some text does; the last is always computed.

        Rows that are guided in different ways have nothing in common.
        """
        job, others = member.row.job, other.row.job
        if job.guidance != others.guidance or (not self._is_causal and job.source != others.source):
            return self._unlike
        tokens = self._read(member, member.texts[0])
        return min(agreeing(tokens, self._read(other, text)), len(tokens) - 1)

    def _read(self, member: _Member, text: list[int]) -> list[int]:
        """Return what the decoder reads of a row with some text."""
        return [*member.row.job.source, *text] if self._is_causal else text

    def _arranged(self, session: Session, seats: Sequence[_Seat], most: int) -> list[_Seat]:
        """Give the seats their places in the session, and begin to read the rows that come anew."""
        places = [place for seat in seats for place in seat.places]
        if places != list(range(len(session.lengths))):
            session.select(places)
        for place, keep in enumerate(seat.keep for seat in seats for _ in seat.places):
            if keep is not None:
                session.crop(place, keep)
        anew = [seat for seat in seats if not seat.places]
        if not anew:
            return list(seats)
        jobs = [(seat.member.row.job, text) for seat in anew for text in seat.texts]
        sources, targets = [job.source for job, _ in jobs], [text for _, text in jobs]
        unread = iter(session.join(sources, targets, guides=[job.guidance for job, _ in jobs], most=most))
        begun = {id(seat): replace(seat, unread=[next(unread) for _ in seat.texts]) for seat in anew}
        return [begun.get(id(seat), seat) for seat in seats]


def _shortened(seat: _Seat, most: int) -> _Seat:
    """Return the seat of a row that is being read with no more tokens than are read in this step."""
    if seat.member.scores is not None or not seat.places:
        return seat
    now, later = [tokens[:most] for tokens in seat.tokens], [tokens[most:] for tokens in seat.tokens]
    return replace(seat, tokens=now, unread=later)


def _scored(session: Session, seats: Sequence[_Seat]) -> list[_Member]:
    """Compute the seats' tokens and return their members as they are then, with the scores of those that are read."""
    tokens = [new for seat in seats for new in seat.tokens]
    tails = [seat.tail if new else 0 for seat in seats for new in seat.tokens]
    fed = Scores(session.feed(tokens, tails=tails)) if any(tokens) else None
    starts = [*itertools.accumulate((len(seat.tokens) for seat in seats), initial=0)]
    now_read = [seat.member.scores is None and not any(seat.unread) for seat in seats]
    places = [
        place
        for (start, end), is_read in zip(itertools.pairwise(starts), now_read, strict=True)
        if is_read
        for place in range(start, end)
    ]
    read = Scores(session.logits[places]) if places else None
    members, lengths, in_fed, in_read = [], session.lengths, 0, 0
    for seat, start, is_read in zip(seats, starts, now_read, strict=False):
        count, scores = len(seat.tokens), None
        computed = in_fed + sum(tails[start : start + count])
        if is_read and read is not None:
            scores, in_read = read.part(in_read, in_read + count), in_read + count
        elif not any(seat.unread) and fed is not None:
            scores = fed.part(in_fed, computed)
        in_fed = computed
        members.append(_Member(seat.member.row, seat.texts, start, lengths[start], scores, seat.unread))
    return members


def decode(model: GenerativeModel, rows: Sequence[Row], *, room: int) -> Iterator[Piece]:
    """Fill all slots of all rows together, yielding the texts' pieces as they become certain.

    ``room`` is the number of tokens that the longest row may grow to.
    """
    batch = Batch(model, places=sum(row.places for row in rows), room=room)
    batch.add(rows)
    while True:
        for row in rows:
            yield from row.drain()
            if row.failure is not None:
                raise row.failure
        if batch.is_over:
            return
        batch.step()
