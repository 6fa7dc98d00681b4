"""A kill at each of the moments at which the file is changed, one after the other."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

#: Counts what a process does to files, and kills it before the call that ``left`` says.
COUNTER = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <unistd.h>

int left = -1;

static void count(void)
{
    if (left >= 0 && left-- == 0)
        kill(getpid(), SIGKILL);
}

#define COUNTED(type, name, given, taken) \
    type name given { count(); return ((type (*) given) dlsym(RTLD_NEXT, #name)) taken; }

COUNTED(ssize_t, write, (int file, const void *data, size_t size), (file, data, size))
COUNTED(ssize_t, pwrite64, (int file, const void *data, size_t size, off64_t place), (file, data, size, place))
COUNTED(int, ftruncate64, (int file, off64_t size), (file, size))
COUNTED(int, unlink, (const char *path), (path))

/* What was written outlives a kill without them, and they take long. */
int fsync(int file) { count(); return 0; }
int fdatasync(int file) { count(); return 0; }
"""

#: Does each thing again and again, each time killed a call later, until it is done, and looks at what is left.
KILLED = """
import ctypes, json, os, shutil, sys
from pathlib import Path
from dalle_kit import History
from tests.history.conftest import document, holding, is_whole

left = ctypes.c_int.in_dll(ctypes.CDLL(None), "left")
folder, kept = Path(sys.argv[1]), Path(sys.argv[2])
history = History(folder / "history.sqlite")
words = {number: f"Zw{number}z" for number in range(1, 6)}
texts = {number: f"{word} " * 600 for number, word in words.items()}
counts = {}


def kill_at_each_call(what, use, before, after):
    counts[what] = 0
    while True:
        shutil.rmtree(folder, ignore_errors=True)
        if kept.exists():
            shutil.copytree(kept, folder)
        child = os.fork()
        if child == 0:
            left.value = counts[what]
            use()
            left.value = -1
            os._exit(0)
        _, status = os.waitpid(child, 0)
        there = {entry.id: entry.document["text"] for entry in history.entries()}
        assert there in ([after] if status == 0 else [before, after]), (what, counts, status, list(there))
        if history.path.exists():
            assert is_whole(history) or not there, (what, counts)
            gone = [words[number] for number in before if number not in there]
            assert holding(history, *gone) == [], (what, counts, gone)
        if status == 0:
            return
        assert os.WTERMSIG(status) == 9, status
        history.add(document("It goes on."))
        counts[what] += 1


first = {1: texts[1]}
kill_at_each_call("begin", lambda: history.add(document(texts[1])), {}, first)
for number in (2, 3, 4):
    history.add(document(texts[number]))
shutil.copytree(folder, kept)
there = {number: texts[number] for number in (1, 2, 3, 4)}
kill_at_each_call("add", lambda: history.add(document(texts[5])), there, texts)
kill_at_each_call("remove", lambda: history.remove([2, 4]), there, {1: texts[1], 3: texts[3]})
kill_at_each_call("prune", lambda: history.prune(keep=0), there, {})
print(json.dumps(counts))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="counts the calls of Linux")
def test_a_kill_before_any_call_that_changes_the_file_leaves_it_as_it_was_or_as_it_was_to_be(tmp_path: Path) -> None:
    compiler = shutil.which("cc") or pytest.skip("there is no C compiler here")
    (tmp_path / "counter.c").write_text(COUNTER, encoding="utf-8")
    library = str(tmp_path / "counter.so")
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, str(tmp_path / "counter.c"), "-ldl"], check=True)
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path / "history"), str(tmp_path / "kept")],
        env={**os.environ, "LD_PRELOAD": library},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    counts = json.loads(done.stdout)
    assert set(counts) == {"begin", "add", "remove", "prune"} and min(counts.values()) > 10, counts
