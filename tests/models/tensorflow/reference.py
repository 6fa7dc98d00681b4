"""Small checkpoints written by TensorFlow, and what TensorFlow computes with them; run by a Python that has it.

    python reference.py FOLDER

makes FOLDER/gpt2, bert, t5 and t5-1.1, each in its published layout (names, files, tokenizer), with ``expected.npz``
beside it: the tokens that were read and the outputs. The networks are written out here from the papers and the
published code, in TensorFlow's own operations, and share nothing with the toolkit. Needs tensorflow and sentencepiece.
"""

from __future__ import annotations

import io
import json
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import sentencepiece
import tensorflow as tf

v1 = tf.compat.v1

WIDTH, HEADS, LAYERS, INNER, CONTEXT = 16, 2, 2, 32, 24
TEXTS = ["the cat sat on the mat", "a meeting on friday at noon", "costs rose by ten per cent", "hello world again"]
Get = Callable[..., Any]


class Variables:
    """Variables made on first use, with values that make choices clear, on two devices by turns."""

    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng(seed)
        self.made: dict[str, Any] = {}

    def __call__(self, name: str, *shape: int, around: float = 0.0) -> Any:
        if name not in self.made:
            scale = 0.1 if len(shape) == 1 else 0.6 / math.sqrt(shape[-2]) if len(shape) > 2 else 0.3
            if name.endswith(("/q", "/k")):
                scale = 0.15  # T5's scores are not divided by anything; large ones would magnify each rounding
            value = (around + self._random.normal(scale=scale, size=shape)).astype("f4")
            with tf.device(f"/cpu:{len(self.made) % 2}"):
                self.made[name] = v1.get_variable(name, initializer=value)
        return self.made[name]


def layer_norm(x: Any, gain: Any, bias: Any, epsilon: float) -> Any:
    mean = tf.reduce_mean(x, axis=-1, keepdims=True)
    variance = tf.reduce_mean(tf.square(x - mean), axis=-1, keepdims=True)
    return (x - mean) * tf.math.rsqrt(variance + epsilon) * gain + bias


def tanh_gelu(x: Any) -> Any:
    return 0.5 * x * (1 + tf.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * tf.pow(x, 3))))


def split_heads(x: Any) -> Any:
    batch, length, width = x.shape
    return tf.transpose(tf.reshape(x, [batch, length, HEADS, width // HEADS]), [0, 2, 1, 3])


def merge_heads(x: Any) -> Any:
    batch, heads, length, width = x.shape
    return tf.reshape(tf.transpose(x, [0, 2, 1, 3]), [batch, length, heads * width])


def attend(query: Any, key: Any, value: Any, scores: Any) -> Any:
    """Return what is attended to; ``scores`` are added to those of queries and keys (B, H, T, S)."""
    weights = tf.nn.softmax(tf.matmul(query, key, transpose_b=True) + scores)
    return merge_heads(tf.matmul(weights, value))


def causal(length: int) -> Any:
    return (tf.linalg.band_part(tf.ones([length, length]), -1, 0) - 1) * 1e9


def gpt2(get: Get, tokens: Any, size: int) -> Any:
    """Radford et al., 2019; the layout of github.com/openai/gpt-2."""

    def conv1d(x: Any, name: str, outputs: int) -> Any:
        inputs = x.shape[-1]
        weight = get(f"{name}/w", 1, inputs, outputs)
        return tf.einsum("bti,io->bto", x, weight[0]) + get(f"{name}/b", outputs)

    def norm(x: Any, name: str) -> Any:
        return layer_norm(x, get(f"{name}/g", WIDTH, around=1.0), get(f"{name}/b", WIDTH), 1e-5)

    embedding = get("model/wte", size, WIDTH)
    length = tokens.shape[1]
    x = tf.gather(embedding, tokens) + get("model/wpe", CONTEXT, WIDTH)[:length]
    for layer in range(LAYERS):
        place = f"model/h{layer}"
        both = conv1d(norm(x, f"{place}/ln_1"), f"{place}/attn/c_attn", 3 * WIDTH)
        query, key, value = (split_heads(part) for part in tf.split(both, 3, axis=2))
        scaled = query / math.sqrt(WIDTH / HEADS)
        x += conv1d(attend(scaled, key, value, causal(length)), f"{place}/attn/c_proj", WIDTH)
        inner = tanh_gelu(conv1d(norm(x, f"{place}/ln_2"), f"{place}/mlp/c_fc", 4 * WIDTH))
        x += conv1d(inner, f"{place}/mlp/c_proj", WIDTH)
    return tf.matmul(norm(x, "model/ln_f"), tf.tile(embedding[None], [x.shape[0], 1, 1]), transpose_b=True)


def bert(get: Get, tokens: Any, mask: Any, size: int) -> tuple[Any, Any]:
    """Devlin et al., 2018; the layout of github.com/google-research/bert. Returns the states and the pooled one."""

    def dense(x: Any, name: str, outputs: int) -> Any:
        return tf.einsum("...i,io->...o", x, get(f"{name}/kernel", x.shape[-1], outputs)) + get(f"{name}/bias", outputs)

    def norm(x: Any, name: str) -> Any:
        return layer_norm(x, get(f"{name}/gamma", WIDTH, around=1.0), get(f"{name}/beta", WIDTH), 1e-12)

    def gelu(x: Any) -> Any:
        return 0.5 * x * (1 + tf.math.erf(x / math.sqrt(2)))

    length = tokens.shape[1]
    x = tf.gather(get("bert/embeddings/word_embeddings", size, WIDTH), tokens)
    x += get("bert/embeddings/token_type_embeddings", 2, WIDTH)[0]
    x += get("bert/embeddings/position_embeddings", CONTEXT, WIDTH)[:length]
    x = norm(x, "bert/embeddings/LayerNorm")
    scores = (1 - tf.cast(mask, tf.float32))[:, None, None, :] * -10000.0
    for layer in range(LAYERS):
        place = f"bert/encoder/layer_{layer}"
        query, key, value = (
            split_heads(dense(x, f"{place}/attention/self/{part}", WIDTH)) for part in ("query", "key", "value")
        )
        attended = attend(query / math.sqrt(WIDTH / HEADS), key, value, scores)
        x = norm(x + dense(attended, f"{place}/attention/output/dense", WIDTH), f"{place}/attention/output/LayerNorm")
        inner = gelu(dense(x, f"{place}/intermediate/dense", INNER))
        x = norm(x + dense(inner, f"{place}/output/dense", WIDTH), f"{place}/output/LayerNorm")
    return x, tf.tanh(dense(x[:, 0], "bert/pooler/dense", WIDTH))


class T5:
    """Raffel et al., 2019; the names of github.com/google-research/text-to-text-transfer-transformer."""

    def __init__(self, get: Get, *, size: int, gated: bool) -> None:
        self._get, self._size, self._gated = get, size, gated
        self._norm_name = "rms_norm" if gated else "layer_norm"

    def __call__(self, source: Any, target: Any) -> Any:
        embedding = self._get("shared/embedding", self._size, WIDTH)
        memory = self._stack("encoder", tf.gather(embedding, source), None)
        x = self._stack("decoder", tf.gather(embedding, target), memory)
        if self._gated:
            return tf.einsum("bti,iv->btv", x, self._get("decoder/logits/kernel", WIDTH, self._size))
        return tf.einsum("bti,vi->btv", x / math.sqrt(WIDTH), embedding)

    def _stack(self, stack: str, x: Any, memory: Any) -> Any:
        length = x.shape[1]
        scores = self._positions(stack, length) + (causal(length) if stack == "decoder" else 0.0)
        for block in range(LAYERS):
            place = f"{stack}/block_{block:03d}"
            normed = self._norm(x, f"{place}/layer_000/{self._norm_name}")
            x += self._attention(f"{place}/layer_000/SelfAttention", normed, normed, scores)
            if memory is not None:
                normed = self._norm(x, f"{place}/layer_001/{self._norm_name}")
                x += self._attention(f"{place}/layer_001/EncDecAttention", normed, memory, 0.0)
            last = f"{place}/layer_00{1 if memory is None else 2}"
            x += self._feed_forward(f"{last}/DenseReluDense", self._norm(x, f"{last}/{self._norm_name}"))
        return self._norm(x, f"{stack}/{'rms_norm' if self._gated else 'final_layer_norm'}")

    def _norm(self, x: Any, name: str) -> Any:
        variance = tf.reduce_mean(tf.square(x), axis=-1, keepdims=True)
        return x * tf.math.rsqrt(variance + 1e-6) * self._get(f"{name}/scale", WIDTH, around=1.0)

    def _attention(self, name: str, x: Any, memory: Any, scores: Any) -> Any:
        def project(y: Any, part: str, outputs: int) -> Any:
            return tf.einsum("bti,io->bto", y, self._get(f"{name}/{part}", y.shape[-1], outputs))

        query = split_heads(project(x, "q", INNER))  # wider than the model, as in the larger ones
        key, value = (split_heads(project(memory, part, INNER)) for part in "kv")
        return project(attend(query, key, value, scores), "o", WIDTH)

    def _feed_forward(self, name: str, x: Any) -> Any:
        def dense(y: Any, part: str, outputs: int) -> Any:
            return tf.einsum("bti,io->bto", y, self._get(f"{name}/{part}/kernel", y.shape[-1], outputs))

        if self._gated:
            inner = tanh_gelu(dense(x, "wi_0", INNER)) * dense(x, "wi_1", INNER)
        else:
            inner = tf.nn.relu(dense(x, "wi", INNER))
        return dense(inner, "wo", WIDTH)

    def _positions(self, stack: str, length: int) -> Any:
        """Return the bias of each head for each distance (1, H, T, T): near ones have buckets of their own."""
        buckets, furthest = 32, 128
        table = self._get(f"{stack}/block_000/layer_000/SelfAttention/relative_attention_bias", HEADS, buckets)
        distance = np.arange(length)[None, :] - np.arange(length)[:, None]
        offset = np.zeros_like(distance)
        if stack == "encoder":
            buckets //= 2
            offset, distance = np.where(distance > 0, buckets, 0), np.abs(distance)
        else:
            distance = np.maximum(-distance, 0)
        exact = buckets // 2
        far = np.log(np.maximum(distance, 1) / exact) / math.log(furthest / exact) * (buckets - exact)
        bucket = np.where(distance < exact, distance, np.minimum(exact + far.astype(int), buckets - 1)) + offset
        return tf.transpose(tf.gather(tf.transpose(table), bucket), [2, 0, 1])[None]


def save(folder: Path, name: str, variables: Variables, outputs: dict[str, Any], inputs: dict[str, Any]) -> None:
    """Run the graph, and write the checkpoint as training leaves it: with its counters and moments, in two files."""
    some = next(iter(variables.made))
    with tf.device("/cpu:0"):
        step = v1.get_variable("global_step", initializer=np.int64(7))
        moment = v1.get_variable(
            f"{some}/{'adam_m' if name == 'bert_model.ckpt' else 'Adam'}", initializer=np.ones(3, "f4")
        )
    with v1.Session(config=v1.ConfigProto(device_count={"CPU": 2})) as session:
        session.run(v1.global_variables_initializer())
        expected = {key: session.run(value) for key, value in outputs.items()}
        saver = v1.train.Saver([*variables.made.values(), step, moment], sharded=True)
        state = "checkpoint" if name != "bert_model.ckpt" else "unused"
        saver.save(session, str(folder / name), latest_filename=state, write_meta_graph=False)
    (folder / "unused").unlink(missing_ok=True)
    np.savez_compressed(folder / "expected.npz", **inputs, **expected)


def make_gpt2(folder: Path) -> None:
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in plain]
    letters = [chr(byte) for byte in plain] + [chr(256 + index) for index in range(len(others))]
    merges = ["t h", "th e", "\u0120 the", "o n", "l l"]
    tokens = [*letters, *(merge.replace(" ", "") for merge in merges), "<|endoftext|>"]
    encoder = {token: number for number, token in enumerate(tokens)}
    (folder / "encoder.json").write_text(json.dumps(encoder), encoding="utf-8")
    (folder / "vocab.bpe").write_text("#version: 0.2\n" + "\n".join(merges) + "\n", encoding="utf-8")
    settings = {"n_vocab": len(tokens), "n_ctx": CONTEXT, "n_embd": WIDTH, "n_head": HEADS, "n_layer": LAYERS}
    (folder / "hparams.json").write_text(json.dumps(settings), encoding="utf-8")
    read = np.random.default_rng(1).integers(0, len(tokens), size=(2, 9))
    get = Variables(0)
    logits = gpt2(get, tf.constant(read), len(tokens))
    save(folder, "model.ckpt", get, {"logits": logits}, {"tokens": read})


def make_bert(folder: Path) -> None:
    words = sorted({word for text in TEXTS for word in text.split()})
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *(f"##{letter}" for letter in letters)]
    tokens += [word for word in words if word not in tokens]
    (folder / "vocab.txt").write_text("\n".join(tokens) + "\n", encoding="utf-8")
    settings = {
        "attention_probs_dropout_prob": 0.1,
        "hidden_act": "gelu",
        "hidden_dropout_prob": 0.1,
        "hidden_size": WIDTH,
        "initializer_range": 0.02,
        "intermediate_size": INNER,
        "max_position_embeddings": CONTEXT,
        "num_attention_heads": HEADS,
        "num_hidden_layers": LAYERS,
        "type_vocab_size": 2,
        "vocab_size": len(tokens),
    }
    (folder / "bert_config.json").write_text(json.dumps(settings), encoding="utf-8")
    read = np.random.default_rng(2).integers(0, len(tokens), size=(2, 8))
    mask = np.array([[1] * 8, [1] * 5 + [0] * 3])
    get = Variables(3)
    states, pooled = bert(get, tf.constant(read), tf.constant(mask), len(tokens))
    get("cls/predictions/output_bias", len(tokens))
    get("cls/seq_relationship/output_weights", 2, WIDTH)
    save(folder, "bert_model.ckpt", get, {"states": states, "pooled": pooled}, {"tokens": read, "mask": mask})


def make_t5(folder: Path, *, gated: bool) -> None:
    model = io.BytesIO()
    rules = folder / "rules.tsv"
    rules.write_text("FB01\t66 69\n2014\t2D\nA0\t20\n", encoding="utf-8")  # a ligature, a dash, a blank
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(TEXTS * 5),
        model_writer=model,
        vocab_size=32,
        model_type="unigram",
        normalization_rule_tsv=str(rules),
        pad_id=0,
        eos_id=1,
        unk_id=2,
        bos_id=-1,
        minloglevel=2,
    )
    rules.unlink()
    (folder / "sentencepiece.model").write_bytes(model.getvalue())
    processor = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    texts = [*TEXTS, "  the  cat\u2014on a\u00a0mat ", "of\ufb01ce caf\u00e9", ""]
    pieces = {text: [*processor.encode(text), 1] for text in texts}
    (folder / "pieces.json").write_text(json.dumps(pieces), encoding="utf-8")
    size = 256
    random = np.random.default_rng(4)
    source, target = random.integers(3, 32, size=(2, 20)), random.integers(3, 32, size=(2, 11))
    target[:, 0] = 0
    get = Variables(5)
    logits = T5(get, size=size, gated=gated)(tf.constant(source), tf.constant(target))
    activation = "('gelu', 'linear')" if gated else "'relu'"
    settings = f"# Parameters for DenseReluDense:\nDenseReluDense.activation = {activation}\n"
    (folder / "operative_config.gin").write_text(settings, encoding="utf-8")
    save(folder, "model.ckpt-100", get, {"logits": logits}, {"source": source, "target": target})


def main(target: Path) -> None:
    makers: dict[str, Callable[[Path], None]] = {
        "gpt2": make_gpt2,
        "bert": make_bert,
        "t5": lambda folder: make_t5(folder, gated=False),
        "t5-1.1": lambda folder: make_t5(folder, gated=True),
    }
    for name, make in makers.items():
        folder = target / name
        folder.mkdir(parents=True)
        with tf.Graph().as_default():
            make(folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
