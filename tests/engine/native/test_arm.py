"""The C step as it is on ARM, run by an emulator where there is one; how fast it is there, that does not show."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dalle_kit.engine.native import compiling
from dalle_kit.engine.native.compiling import load_library
from dalle_kit.engine.native.model import NativeLlama
from dalle_kit.engine.native.pages import PAGE, Prefixes
from tests.engine.native.test_step import assert_close, equal, models, tokens

_COMPILERS = {"gcc": ["aarch64-linux-gnu-gcc"], "clang": ["clang", "--target=aarch64-linux-gnu"]}

#: With products of bytes, as all of Apple's and a Raspberry Pi 5 have them; without, as a Raspberry Pi 4 is.
_PROCESSORS = ("cortex-a76", "cortex-a72")

#: Runs a step on a memory that begins with its size, and where in it are the model, the batch and all addresses.
_PROGRAM = """
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
int dalle_kit_step(const void *model, const void *batch, int threads);
int main(void) {
    uint64_t head[5];
    if (fread(head, 1, sizeof head, stdin) != sizeof head) return 1;
    char *memory = aligned_alloc(64, (head[0] + 63) / 64 * 64);
    uint64_t *places = malloc(head[4] * 8);
    if (fread(memory, 1, head[0], stdin) != head[0] || fread(places, 8, head[4], stdin) != head[4]) return 1;
    for (uint64_t place = 0; place < head[4]; place++) *(uint64_t *)(memory + places[place]) += (uint64_t)memory;
    const int failed = dalle_kit_step(memory + head[1], memory + head[2], (int)head[3]);
    fwrite(memory, 1, head[0], stdout);
    return failed;
}
"""


class Emulated:
    """Computes the steps of a model as its library would, in a process of an emulator."""

    def __init__(self, program: Path, model: NativeLlama) -> None:
        self._program, self._model = program, model

    def __call__(self, model: Any, batch: Any, threads: int) -> int:
        memory, found, addresses = bytearray(), dict[int, int](), list[int]()

        def put(address: int, size: int) -> int:
            memory.extend(bytes(-len(memory) % 64))
            found[address] = len(memory)
            words = np.frombuffer(ctypes.string_at(address, size) + bytes(-size % 8), dtype=np.uint64).copy()
            for index in np.flatnonzero(np.isin(words, np.array([*found], dtype=np.uint64))):
                words[index] = found[int(words[index])]
                addresses.append(len(memory) + 8 * int(index))
            memory.extend(words.tobytes())
            return found[address]

        step = batch._obj
        for array in self._model._weights.values():
            put(array.ctypes.data, array.nbytes)
        put(ctypes.addressof(self._model._layers), ctypes.sizeof(self._model._layers))
        for name in ("tokens", "positions", "first_pages", "wanted"):
            put(getattr(step, name), 4 * (step.outputs if name == "wanted" else step.count))
        last = max(_at(step.first_pages, token) + _at(step.positions, token) // PAGE for token in range(step.count))
        pages = ctypes.cast(step.pages, ctypes.POINTER(ctypes.c_uint64))[: last + 1]
        results = {page: 4 * self._model.page_size for page in pages}
        results[step.logits] = 4 * step.outputs * self._model.vocabulary
        for address, size in results.items():
            put(address, size)
        put(step.pages, 8 * len(pages))
        places = [put(ctypes.addressof(each), ctypes.sizeof(each)) for each in (model._obj, step)]
        head = np.array([len(memory), *places, threads, len(addresses)], dtype=np.uint64).tobytes()
        run = subprocess.run(
            ["qemu-aarch64", "-cpu", "max", self._program],
            input=head + memory + np.array(addresses, dtype=np.uint64).tobytes(),
            capture_output=True,
            check=True,
            timeout=300,
        )
        for address, size in results.items():
            ctypes.memmove(address, run.stdout[found[address] :][:size], size)
        return 0


def _at(address: int, index: int) -> int:
    return int(ctypes.cast(address, ctypes.POINTER(ctypes.c_int32))[index])


@pytest.fixture(
    scope="module", params=[(compiler, each) for compiler in _COMPILERS for each in _PROCESSORS], ids="-".join
)
def program(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program for ARM, which needs gcc-aarch64-linux-gnu, clang for some, and qemu-user."""
    compiler, processor = request.param
    needed = ("aarch64-linux-gnu-gcc", _COMPILERS[compiler][0], "qemu-aarch64")
    if missing := [each for each in needed if shutil.which(each) is None]:
        pytest.skip(f"{missing[0]} is not installed")
    folder = tmp_path_factory.mktemp("arm")
    main, program = folder / "main.c", folder / "program"
    main.write_text(_PROGRAM, encoding="utf-8")
    flags = [flag for flag in compiling._FLAGS if flag not in ("-shared", "-fPIC")]
    native = [*_COMPILERS[compiler], *flags, f"-mcpu={processor}", "-Wall", "-Wextra", "-Werror"]
    subprocess.run([*native, "-static", "-o", program, main, compiling._SOURCE, "-lm"], check=True)
    return program


@pytest.mark.parametrize("bits", [4, 8])
def test_on_arm_it_computes_what_it_computes_here_and_the_same_to_the_bit_in_any_company(
    program: Path, bits: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = [tokens(1 + 7 * number % 40, seed=number) for number in range(9)]
    here, there = (models(load_library(), bits=bits, biased=bits == 4, threads=3)[0] for _ in range(2))
    monkeypatch.setattr(there, "_step", Emulated(program, there))
    sessions = [model.open(sources, [[]] * len(sources), room=64) for model in (here, there)]
    for token in (5, 6):
        assert_close(sessions[1].logits, sessions[0].logits, rtol=1e-3, atol=1e-2)
        for session in sessions:
            session.feed([[token]] * len(sources))
    there.prefixes = Prefixes()
    for number in (0, 3, 8):
        alone = there.open([sources[number]], [[5, 6]], room=64)
        assert equal(alone.logits, sessions[1].logits[number : number + 1])
