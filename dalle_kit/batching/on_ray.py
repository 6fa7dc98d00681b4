"""Rows written on Ray Data (https://docs.ray.io): by processes of this machine, or of all machines of a cluster."""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import math
import os
import pickle
import secrets
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import TYPE_CHECKING, Any

from dalle_kit.batching.facts import CHANGED, SAMPLE, facts_of
from dalle_kit.batching.processes import KitMaker, start_process, told
from dalle_kit.batching.row import Row
from dalle_kit.batching.writer import Plan, Written, failed, in_threads
from dalle_kit.errors import ConfigError, ModelError
from dalle_kit.models.spec import Progress, silent
from dalle_kit.recording import fields_of

if TYPE_CHECKING:
    from dalle_kit.kit import Kit

#: Bytes of shared memory that a Ray of our own keeps rows and texts in.
_STORE = 128 * 2**20

#: Seconds in which a cluster has to answer.
_ANSWERING = 5.0

#: Seconds that a Ray of our own has to end in before its processes are killed.
_ENDING = 15.0

#: So often Ray gives rows whose actor was killed to another one; what is left then is written row by row, as often.
_RETRIES = 1


def on_ray(
    make_kit: KitMaker,
    plan: Plan,
    rows: Sequence[Row],
    *,
    workers: int | None = None,
    address: str | None = None,
    progress: Progress = silent,
) -> Generator[Written]:
    """Write rows with so many actors of a Ray cluster, by default one for each of its cores.

    Without an address a cluster is started on this machine, and ended.

    Each actor makes its Kit once, by ``make_kit()``. Rows whose actor was killed are written again, each by itself in
    the end; one under which actors are killed again and again has failed. Raises ConfigError where Ray is not
    installed or not to be reached, ModelError where what goes wrong is wrong with all rows.
    """
    if any(importlib.util.find_spec(name) is None for name in ("ray", "pyarrow", "pandas")):
        raise ConfigError("--engine ray needs what is not installed: pip install 'dalle-kit[ray]'")
    if address == "local":  # which Ray would start itself, open to the network
        address = None
    if address is not None:
        _check_answers(address)
    progress("starting Ray" if address is None else f"joining the Ray cluster at {address}", 0, None)
    # Ray keeps sockets in it, whose paths may not be long.
    folder = tempfile.mkdtemp(prefix="dalle-kit-ray-", dir=None if sys.platform == "win32" else "/tmp")
    process, connection = start_process(drive, _Job(make_kit, plan, tuple(rows), workers, address, folder))
    driver = _Driver(process, connection, folder)
    try:
        driver.next()
    except BaseException:
        driver.end()
        raise
    return _written(driver)


def _check_answers(address: str) -> None:
    """Raise ConfigError where nobody answers at an address: Ray itself would try for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if port.isdigit():
        try:
            socket.create_connection((host.strip("[]"), int(port)), _ANSWERING).close()
        except (OSError, OverflowError) as error:
            raise ConfigError(f"no Ray answers at {address}: {error}; give the address of a cluster's head") from error


def _written(driver: _Driver) -> Generator[Written]:
    try:
        while (written := driver.next()) is not None:
            yield written
    finally:
        driver.end()


@dataclass(frozen=True, slots=True)
class _Driver:
    """The process that speaks to Ray, and the folder of its Ray's sockets, logs and spilled objects."""

    process: BaseProcess
    connection: Connection
    folder: str

    def next(self) -> Any:
        """Return the next thing that it tells; raises the error that it tells."""
        try:
            kind, value = self.connection.recv()
        except (EOFError, OSError) as error:
            raise ModelError("the process that speaks to Ray has ended; the same command goes on") from error
        if kind == "wrong":
            raise ModelError(value)
        return value

    def end(self) -> None:
        """Have it end what it has started; Ray's own processes end with it where it has to be killed."""
        self.connection.close()
        self.process.join(_ENDING)
        self.process.kill()
        self.process.join()
        shutil.rmtree(self.folder, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class _Job:
    """All that the process that speaks to Ray needs."""

    make_kit: KitMaker
    plan: Plan
    rows: tuple[Row, ...]
    workers: int | None
    address: str | None
    folder: str


def drive(connection: Connection, job: _Job) -> None:
    """Speak to Ray, in a process of its own: what Ray and its processes print goes nowhere."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    main = threading.get_ident()

    def watch() -> None:
        with contextlib.suppress(EOFError, OSError):
            connection.recv()  # nothing ever comes, but the end
        signal.pthread_kill(main, signal.SIGTERM)
        time.sleep(_ENDING)  # where Ray does not let go
        shutil.rmtree(job.folder, ignore_errors=True)
        os._exit(1)

    signal.signal(signal.SIGTERM, _leave)
    threading.Thread(target=watch, daemon=True).start()
    try:
        with _cluster(job):
            signal.signal(signal.SIGTERM, _leave)  # Ray has put its own there
            connection.send(("ready", None))
            for kind, value in _results(job):
                connection.send((kind, value))
        connection.send(("end", None))
    except BaseException as error:
        with contextlib.suppress(OSError):  # nobody may listen any more
            connection.send(("wrong", told(error)))
    finally:
        shutil.rmtree(job.folder, ignore_errors=True)


def _leave(number: int, frame: Any) -> None:
    raise SystemExit


@contextlib.contextmanager
def _cluster(job: _Job) -> Iterator[None]:
    """Join a cluster, or start one on this machine, which only this process has the key of."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    own: dict[str, Any] = {}
    if job.address is None:
        # It listens on the loopback interface alone, as Ray does on other systems than Linux.
        os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
        os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
        own = {"num_cpus": job.workers, "include_dashboard": False, "object_store_memory": _STORE}
        own["_temp_dir"] = job.folder
    import ray

    try:
        ray.init(address=job.address or "local", log_to_driver=False, logging_level=logging.ERROR, **own)
    except (ConnectionError, OSError, RuntimeError, ValueError) as error:
        where = "here" if job.address is None else f"at {job.address}"
        reason = " ".join(str(error).split())
        raise ConfigError(f"no Ray {where}: {reason:.200}; give the address of a cluster's head") from error
    try:
        yield
    finally:
        ray.shutdown()


def _results(job: _Job) -> Iterator[tuple[str, Any]]:
    """Yield what comes of the rows, as messages; those that are lost with their actors are tried once more, alone."""
    import ray.data

    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.max_errored_blocks = -1  # rows whose actor is killed are missing then, and the others go on
    left = {row.number: row for row in job.rows}
    for together in (job.plan.together, 1):
        for message in _passed(job, list(left.values()), together):
            if message[0] == "wrong":
                yield message
                return
            if left.pop(message[1][0]["row"], None):
                yield message
        if not left:
            return
    for row in left.values():
        line = failed(row, f"{row.place}: the process that wrote it was killed, again and again")
        yield "written", (line, None)


def _passed(job: _Job, rows: Sequence[Row], together: int) -> Iterator[tuple[str, Any]]:
    """Yield the messages of actors that write the rows, so many of them at once each."""
    import ray

    blocks = math.ceil(len(rows) / together)
    there: Mapping[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
    cores = max(1, int(there.get("CPU", 1)))
    size = min(job.workers or cores, cores, blocks)
    items = [{"row": pickle.dumps(row)} for row in rows]
    written = ray.data.from_items(items, override_num_blocks=blocks).map_batches(
        Actor,
        fn_constructor_args=(job.make_kit, job.plan, _facts(job.make_kit(), job.plan, rows[:SAMPLE]), rows[:SAMPLE]),
        batch_size=None,
        compute=ray.data.ActorPoolStrategy(size=size),
        num_cpus=1,
        max_task_retries=_RETRIES,
    )
    for item in written.iter_rows():
        yield pickle.loads(item["written"])


class Actor:
    """What writes rows on a machine of a cluster: it makes its Kit, and loads the model, once."""

    def __init__(self, make_kit: KitMaker, plan: Plan, facts: Mapping[str, Any], sample: Sequence[Row]) -> None:
        self._plan, self._problem = plan, ""
        try:
            self._kit = make_kit()
            here = _facts(self._kit, plan, sample)
            for name, value in facts.items():
                if value != here[name]:
                    raise ModelError(f"{CHANGED[name]}, compared with where the command was given")
            self._kit.load(plan.domain)
        except Exception as error:
            self._problem = f"{socket.gethostname()}: {told(error)}"

    def __call__(self, batch: Mapping[str, Sequence[bytes]]) -> dict[str, list[bytes]]:
        """Write a batch of rows; raises nothing, since Ray would write that into its logs."""
        messages: list[tuple[str, Any]] = [("wrong", self._problem)]
        if not self._problem:
            try:
                rows = [pickle.loads(row) for row in batch["row"]]
                messages = [("written", written) for written in in_threads(self._kit, self._plan, rows)]
            except Exception as error:
                messages = [("wrong", f"{socket.gethostname()}: {told(error)}")]
        return {"written": [pickle.dumps(message) for message in messages]}


def _facts(kit: Kit, plan: Plan, rows: Sequence[Row]) -> dict[str, Any]:
    """Return what has to be the same on every machine; a model's files have times of their own on each."""
    parse = kit.plugins.domain(plan.domain).parse
    facts = facts_of(kit, plan, [parse(fields_of(row.fields)) for row in rows])
    return {**facts, "model_files": facts["model_files"] if isinstance(facts["model_files"], str) else None}
