from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest

from dalle_kit.serving.desk import Desk
from dalle_kit.serving.failures import Refusal
from dalle_kit.serving.limits import Limits

Start = Callable[[threading.Event], Iterator[int]]


def run(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(asyncio.wait_for(work, 20))


def counting(count: int) -> Start:
    return lambda stop: iter(range(count))


def endless(stop: threading.Event) -> Iterator[int]:
    number = 0
    while True:
        yield number
        number += 1
        time.sleep(0.001)


async def take(desk: Desk, start: Start) -> list[int]:
    return [item async for item in desk.run(start)]


async def until(holds: Callable[[], bool]) -> None:
    while not holds():
        await asyncio.sleep(0.001)


def test_all_that_is_made_comes_in_order() -> None:
    async def work() -> None:
        desk = Desk(Limits(running=2))
        assert await take(desk, counting(500)) == list(range(500))
        await until(lambda: desk.running == 0)

    run(work())


def test_what_goes_wrong_in_the_thread_is_raised_after_what_came_before() -> None:
    def failing(stop: threading.Event) -> Iterator[int]:
        yield 1
        raise ValueError("broken")

    async def work() -> list[int]:
        desk, seen = Desk(Limits(running=1)), []
        with pytest.raises(ValueError, match="broken"):
            async for item in desk.run(failing):
                seen.append(item)
        assert await take(desk, counting(2)) == [0, 1]  # the place is free again
        return seen

    assert run(work()) == [1]


def test_no_more_run_than_there_are_places_and_the_others_take_their_turn() -> None:
    most, now, lock, order = 0, 0, threading.Lock(), list[int]()

    def worker(number: int) -> Start:
        def start(stop: threading.Event) -> Iterator[int]:
            nonlocal most, now
            with lock:
                now += 1
                most = max(most, now)
                order.append(number)
            time.sleep(0.01)
            yield number
            with lock:
                now -= 1

        return start

    async def work() -> None:
        desk = Desk(Limits(running=3, waiting=20))
        found = await asyncio.gather(*(take(desk, worker(number)) for number in range(20)))
        assert found == [[number] for number in range(20)]
        await until(lambda: desk.running == 0)

    run(work())
    assert most == 3
    assert order[3:] == sorted(order[3:])


def test_a_full_queue_refuses_and_says_so_before() -> None:
    async def work() -> None:
        desk = Desk(Limits(running=1, waiting=1))
        first = asyncio.ensure_future(take(desk, endless))
        await until(lambda: desk.running == 1)
        assert desk.takes_more
        second = asyncio.ensure_future(take(desk, counting(1)))
        await until(lambda: desk.waiting == 1)
        assert not desk.takes_more
        with pytest.raises(Refusal) as refused:
            await take(desk, counting(1))
        assert (refused.value.status, refused.value.code) == (503, "server_busy")
        first.cancel()
        assert await second == [0]

    run(work())


def test_who_leaves_the_queue_or_the_place_makes_room() -> None:
    async def work() -> None:
        desk = Desk(Limits(running=1, waiting=2))
        first = asyncio.ensure_future(take(desk, endless))
        await until(lambda: desk.running == 1)
        second = asyncio.ensure_future(take(desk, endless))
        third = asyncio.ensure_future(take(desk, counting(3)))
        await until(lambda: desk.waiting == 2)
        second.cancel()
        await until(lambda: desk.waiting == 1)
        first.cancel()
        assert await third == [0, 1, 2]
        await until(lambda: desk.running == 0)

    run(work())


def test_a_place_given_to_one_that_has_just_left_goes_to_the_next() -> None:
    async def work() -> None:
        desk = Desk(Limits(running=1, waiting=2))
        first = asyncio.ensure_future(take(desk, endless))
        await until(lambda: desk.running == 1)
        second, third = (asyncio.ensure_future(take(desk, counting(3))) for _ in range(2))
        await until(lambda: desk.waiting == 2)
        first.cancel()
        while desk.waiting == 2:
            await asyncio.sleep(0)
        assert not second.done()  # it was its turn in this moment
        second.cancel()
        assert await third == [0, 1, 2]
        await until(lambda: desk.running == 0)

    run(work())


@pytest.mark.parametrize("queued", [False, True])
def test_the_time_is_for_waiting_and_writing(queued: bool) -> None:
    async def work() -> None:
        desk = Desk(Limits(running=1, waiting=1, seconds=0.2))
        tasks = [asyncio.ensure_future(take(desk, endless)) for _ in range(1 + queued)]
        for task in tasks:
            with pytest.raises(Refusal) as refused:
                await task
            assert refused.value.status == 504
        await until(lambda: desk.running == 0)

    run(work())


def test_closing_refuses_who_waits_and_lets_who_is_written_for_finish() -> None:
    going = threading.Event()

    def start(stop: threading.Event) -> Iterator[int]:
        yield 1
        going.wait(10)
        yield 2

    async def work() -> None:
        desk = Desk(Limits(running=1, waiting=5))
        first = asyncio.ensure_future(take(desk, start))
        await until(lambda: desk.running == 1)
        second = asyncio.ensure_future(take(desk, counting(1)))
        await until(lambda: desk.waiting == 1)
        desk.close()
        for refused in (second, take(desk, counting(1))):
            with pytest.raises(Refusal, match="shutting down"):
                await refused
        assert not desk.takes_more
        going.set()
        assert await first == [1, 2]

    run(work())
