"""Which device and number type to compute with."""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import platform
import runpy
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args

from dalle_kit.errors import DeviceError, UnknownNameError

DEVICES = ("auto", "cpu", "cuda", "mps")
DTYPES = ("auto", "float32", "bfloat16", "float16")
Quant = Literal["auto", "none", "int8", "int4"]
QUANTS: tuple[Quant, ...] = get_args(Quant)


def available_devices() -> tuple[str, ...]:
    """Return the devices this machine can compute on, the fastest first."""
    if not _may_have_accelerator():
        return ("cpu",)
    import torch

    found = []
    if torch.cuda.is_available():
        found.append("cuda")
    if torch.backends.mps.is_available():
        found.append("mps")
    return (*found, "cpu")


def _may_have_accelerator() -> bool:
    """Say whether torch, which takes a second to import, has to be asked for devices; False is certain.

    It is where torch is built for the CPU alone, or for CUDA and the machine has no driver for that.
    """
    if sys.platform == "darwin":
        return platform.machine() == "arm64"
    build = _torch_build()
    if build.get("hip") or "cuda" not in build:
        return True
    return bool(build["cuda"]) and _can_be_loaded("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")


def _torch_build() -> dict[str, Any]:
    """Return what torch says it is built for, read without importing it; empty where that is not known."""
    spec = importlib.util.find_spec("torch")
    if spec is None or spec.origin is None:
        return {}
    try:
        return runpy.run_path(str(Path(spec.origin).with_name("version.py")))
    except Exception:  # whatever is wrong there, torch itself is to say
        return {}


def _can_be_loaded(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def choose_device(name: str = "auto") -> str:
    """Return the device to use; ``auto`` is the fastest there is.

    Raises UnknownNameError for a name that is none, DeviceError for a device this machine does not have.
    """
    if name not in DEVICES:
        raise UnknownNameError("device", name, DEVICES)
    available = available_devices()
    if name == "auto":
        return available[0]
    if name not in available:
        raise DeviceError(f"device {name!r} is not available here; choose {' or '.join(available)}, or auto")
    return name


def choose_dtype(name: str = "auto", *, device: str = "cpu") -> str:
    """Return the number type to use on ``device``; ``auto`` is float32 on the CPU and 16 bits on accelerators.

    Raises UnknownNameError for a name that is none, DeviceError for a type the device does not have.
    """
    if name not in DTYPES:
        raise UnknownNameError("dtype", name, DTYPES)
    if name == "auto":
        if device == "cuda":
            import torch

            # Of older GPUs torch would say so as well: it converts the numbers there, which is slow.
            return "bfloat16" if torch.cuda.is_bf16_supported(including_emulation=False) else "float16"
        return "float16" if device == "mps" else "float32"
    if name == "float16" and device == "cpu":
        raise DeviceError("dtype 'float16' is not computed on the CPU; choose float32 or bfloat16")
    return name


def prepare(device: str) -> None:
    """Set what torch has once for the whole process as models on a device need it."""
    if device != "cuda":
        return
    import torch

    # Where torch prefers cuDNN's attention, that makes a plan for every length it has not seen, and texts grow token by
    # token: a plan takes longer than a step.
    torch.backends.cuda.enable_cudnn_sdp(False)


def check_quant(name: str = "auto") -> Quant:
    """Return the name as what the weights are to be kept in; raises UnknownNameError for a name that is none."""
    found = next((quant for quant in QUANTS if quant == name), None)
    if found is None:
        raise UnknownNameError("quant", name, QUANTS)
    return found


@contextlib.contextmanager
def memory_errors(device: str) -> Iterator[None]:
    """Raise DeviceError where torch or numpy runs out of memory, in whichever way it says so."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:  # torch.OutOfMemoryError is a RuntimeError; its CPU part raises that
        signs = ("out of memory", "can't allocate memory", "CUBLAS_STATUS_ALLOC_FAILED")
        if not isinstance(error, MemoryError) and not any(sign in str(error) for sign in signs):
            raise
        raise DeviceError(
            f"{device} has too little memory for this; lower --candidates or --max-tokens, choose a smaller model, or "
            "another --device"
        ) from error
