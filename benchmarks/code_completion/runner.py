"""The other side of ``sandbox``: reads a job from stdin, runs it within limits, says on stdout how it ended.

It is run as a script, by a Python that sees the standard library alone.
"""

from __future__ import annotations

import io
import json
import os
import sys
import types

#: What a program that is only to be tested has no need of, by the beginning of its audit event.
_REFUSED = (
    "socket.",
    "subprocess.",
    "os.exec",
    "os.fork",
    "os.kill",
    "os.posix_spawn",
    "os.spawn",
    "os.startfile",
    "os.system",
    "os.chmod",
    "os.link",
    "os.mkdir",
    "os.remove",
    "os.rename",
    "os.rmdir",
    "os.symlink",
    "os.truncate",
    "shutil.",
    "ctypes.",
    "pty.",
    "winreg.",
)
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def main() -> None:
    """Run the job."""
    job = json.loads(sys.stdin.buffer.read())
    answer = os.dup(1)
    sys.stdin = io.StringIO()
    nowhere = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123 - open for as long as this runs
    os.dup2(nowhere.fileno(), 1)
    sys.stdout = sys.stderr = nowhere
    limit(job["processor"], job["memory"])
    sys.addaudithook(refuse)
    outcome, message = run(job)
    said = json.dumps({"outcome": outcome, "message": message})
    os.write(answer, f"{job['secret']} {said}".encode())
    os._exit(0)  # threads that a program started must not keep it alive


def run(job: dict[str, str]) -> tuple[str, str]:
    """Run program and tests; return the outcome and, where they failed, the reason."""
    module = types.ModuleType("completed")
    module.__package__ = job["package"]
    sys.modules["completed"] = module
    if job["library"]:
        sys.path.append(job["library"])
    try:
        for name in ("program", "tests"):
            exec(compile(job[name], name, "exec"), vars(module))
    except MemoryError:
        return "out of memory", "MemoryError"
    except BaseException as error:  # SystemExit too: the tests have not come to their end
        return "failed", f"{type(error).__name__}: {error!s:.200}"
    return "passed", ""


def limit(processor: int, memory: int) -> None:
    """Set the operating system's limits, where it has them: seconds of processor time, bytes of memory, no files."""
    try:
        import resource
    except ImportError:  # Windows
        return
    resource.setrlimit(resource.RLIMIT_CPU, (processor, processor + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform != "darwin":  # macOS refuses it
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))


def refuse(event: str, arguments: tuple[object, ...]) -> None:
    """Refuse what would reach beyond this process; raises PermissionError."""
    if event.startswith(_REFUSED):
        raise PermissionError(f"{event} is not allowed here")
    if event == "open":
        _, mode, flags = arguments
        writes = isinstance(flags, int) and flags & _WRITING
        if writes or (isinstance(mode, str) and set(mode) & set("wax+")):
            raise PermissionError("writing files is not allowed here")


if __name__ == "__main__":
    main()
