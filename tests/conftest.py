"""What many tests share: the real default model, homes of their own, and small models of the real architectures."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

if TYPE_CHECKING:
    from tokenizers import Tokenizer as Backend

    from dalle_kit import Kit
    from dalle_kit.engine.engine import Engine
    from dalle_kit.models.spec import StoredModel

# How long an example takes says how busy the machine is, not whether the code is right.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

# A shell's background job inherits that Ctrl-C is ignored, and tests of interruptions interrupt themselves.
if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# As the Kit does it; here torch may be imported before the first Kit.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

# Test processes share the cores.
if workers := os.environ.get("PYTEST_XDIST_WORKER_COUNT"):
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // int(workers))))

# Set before anything reads it: no test may touch the settings of the person who runs it.
for name in [name for name in os.environ if name.startswith("DALLE_KIT_") and name != "DALLE_KIT_TEST_HOME"]:
    del os.environ[name]


@pytest.fixture(scope="session")
def default_model_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A DALLE_KIT_HOME with the default model, the bare one and the encoder in it, pulled as a user pulls them.

    DALLE_KIT_TEST_HOME names a folder that keeps it from one run to the next. The processes of one run share it.
    """
    from dalle_kit.config import Settings

    kept = os.environ.get("DALLE_KIT_TEST_HOME")
    run = tmp_path_factory.getbasetemp()
    home = Path(kept) if kept else (run.parent if "PYTEST_XDIST_WORKER" in os.environ else run) / "models-home"
    for name in dict.fromkeys(("smollm2-135m", "minilm-l6", Settings().model)):
        subprocess.run(
            [sys.executable, "-m", "dalle_kit.cli.main", "models", "pull", name],
            env={**os.environ, "DALLE_KIT_HOME": str(home)},
            check=True,
            timeout=600,
        )
    return home


@pytest.fixture(scope="session", autouse=True)
def session_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The DALLE_KIT_HOME of tests that have none of their own: no cache of the person who runs them is written to."""
    folder = tmp_path_factory.mktemp("session")
    os.environ["DALLE_KIT_HOME"] = str(folder)
    yield folder
    del os.environ["DALLE_KIT_HOME"]


@pytest.fixture
def home(tmp_path: Path, default_model_home: Path, session_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh DALLE_KIT_HOME that shares the pulled models and what was compiled."""
    folder = tmp_path / "home"
    (folder / "cache").mkdir(parents=True)
    (session_home / "cache" / "native").mkdir(parents=True, exist_ok=True)
    (folder / "models").symlink_to(default_model_home / "models", target_is_directory=True)
    (folder / "cache" / "native").symlink_to(session_home / "cache" / "native", target_is_directory=True)
    monkeypatch.setenv("DALLE_KIT_HOME", str(folder))
    return folder


@pytest.fixture(scope="module")
def loaded_kit(default_model_home: Path) -> Kit:
    """A Kit with the default model, loaded, which needs no DALLE_KIT_HOME any more."""
    from dalle_kit import Kit

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DALLE_KIT_HOME", str(default_model_home))
        kit = Kit()
        kit.load()
        return kit


@pytest.fixture(scope="session")
def default_model_path(default_model_home: Path) -> Path:
    """The folder of the default model without its adapter, in the layout of transformers."""
    return default_model_home / "models" / "smollm2-135m"


TEXTS = [
    "Dear Ana, the review moved to Thursday at 14:00 in room B12.",
    "Please bring the cost sheet. Thank you! Grüße, naïve café, 数据, 🙂.",
    "one two three four five six seven eight nine ten",
]


@pytest.fixture(scope="session")
def byte_bpe() -> Backend:
    """A byte-level BPE tokenizer trained on a few texts, as GPT-2's and Llama 3's are."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=["<s>", "</s>", "<pad>"], initial_alphabet=pre_tokenizers.ByteLevel.alphabet()
    )
    backend.train_from_iterator(TEXTS * 20, trainer)
    return backend


@pytest.fixture(scope="session")
def unigram() -> Backend:
    """A SentencePiece-like tokenizer with metaspaces, as T5's is; it ends every text with ``</s>``."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

    backend = Tokenizer(models.Unigram())
    backend.pre_tokenizer = pre_tokenizers.Metaspace()
    backend.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=300, special_tokens=["<pad>", "</s>", "<unk>"], unk_token="<unk>", show_progress=False
    )
    backend.train_from_iterator(TEXTS * 20, trainer)
    backend.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    return backend


def build(kind: str, backend: Backend) -> Any:
    """Make a model of transformers with random weights; large ones, so that its choices are clear."""
    import torch

    torch.manual_seed(0)
    make = {"gpt2": _gpt2, "t5": _t5, "bart": _bart}.get(kind, _llama)
    model = make(kind, backend.get_vocab_size(), {"bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 2})
    with torch.no_grad():
        for weights in model.parameters():
            if weights.dim() > 1:
                weights.mul_(4.0)
    return model.eval()


def _gpt2(kind: str, size: int, common: dict[str, int]) -> Any:
    from transformers import GPT2Config, GPT2LMHeadModel

    return GPT2LMHeadModel(GPT2Config(vocab_size=size, n_embd=32, n_layer=2, n_head=4, n_positions=128, **common))


def _llama(kind: str, size: int, common: dict[str, int]) -> Any:
    import transformers as hf

    qwen = kind == "qwen2"
    config, model = (hf.Qwen2Config, hf.Qwen2ForCausalLM) if qwen else (hf.LlamaConfig, hf.LlamaForCausalLM)
    return model(
        config(
            vocab_size=size,
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            max_position_embeddings=2048 if kind == "llama-long" else 128,
            tie_word_embeddings=qwen,
            **common,
        )
    )


def _t5(kind: str, size: int, common: dict[str, int]) -> Any:
    from transformers import T5Config, T5ForConditionalGeneration

    ids = {"decoder_start_token_id": 0, "eos_token_id": 1, "pad_token_id": 0}
    return T5ForConditionalGeneration(
        T5Config(vocab_size=size, d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4, **ids)
    )


def _bart(kind: str, size: int, common: dict[str, int]) -> Any:
    from transformers import BartConfig, BartForConditionalGeneration

    config = BartConfig(
        vocab_size=size,
        d_model=32,
        encoder_layers=2,
        decoder_layers=2,
        encoder_attention_heads=4,
        decoder_attention_heads=4,
        encoder_ffn_dim=64,
        decoder_ffn_dim=64,
        max_position_embeddings=128,
        decoder_start_token_id=1,
        **common,
    )
    model = BartForConditionalGeneration(config)
    model.generation_config.forced_bos_token_id = 0
    return model


def save(model: Any, backend: Backend, folder: Path) -> StoredModel:
    """Save a checkpoint as transformers does, with a tokenizer beside it."""
    from dalle_kit.models.spec import StoredModel

    model.save_pretrained(folder)
    backend.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(json.dumps({"eos_token": "</s>"}), encoding="utf-8")
    return StoredModel(name=folder.name, path=str(folder))


class Checkpoints:
    """Checkpoints made on demand, each with the model of transformers it was saved from."""

    def __init__(self, folder: Path, byte_bpe: Backend, unigram: Backend) -> None:
        self._folder, self._byte_bpe, self._unigram = folder, byte_bpe, unigram
        self._made: dict[str, tuple[Any, Engine]] = {}

    def __call__(self, kind: str) -> tuple[Any, Engine]:
        from dalle_kit.engine.engine import Engine

        if kind not in self._made:
            backend = self._unigram if kind == "t5" else self._byte_bpe
            model = build(kind, backend)
            stored = save(model, backend, self._folder / kind)
            self._made[kind] = model, Engine.load(stored, device="cpu")
        return self._made[kind]


@pytest.fixture(scope="session")
def checkpoints(tmp_path_factory: pytest.TempPathFactory, byte_bpe: Backend, unigram: Backend) -> Checkpoints:
    return Checkpoints(tmp_path_factory.mktemp("checkpoints"), byte_bpe, unigram)
