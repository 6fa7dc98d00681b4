"""How fast texts are written on a GPU, beside transformers, and how far that is from what the machine allows.

python benchmarks/gpu.py [--model FOLDER] [--json figures.json] [--seconds 400]

Each writes the same number of tokens after each prompt, greedily, in bfloat16, in turns (A B A B ...). Without a folder
of a checkpoint the weights are random ones of SmolLM2-135M's sizes, since no time depends on what they say. The static
cache of transformers, which is compiled for each number of texts, comes late, as long as there is time, and what counts
kernels comes last. The figures are written whenever there are new ones.
"""

from __future__ import annotations

import argparse
import datetime
import json
import math
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from common import spread, table
from torch import Tensor

from dalle_kit.engine.devices import prepare
from dalle_kit.engine.graphs import round_rows, round_tokens
from dalle_kit.engine.llama import LlamaModel
from dalle_kit.engine.llama_config import LlamaConfig
from dalle_kit.engine.llama_step import step
from dalle_kit.engine.sampling import Scores

_BATCHES = (1, 16, 64, 256)
_PROMPT, _COUNT = 57, 128
#: Rounds of each batch, fewer where they would take more than so many seconds.
_ROUNDS, _PATIENCE = 5, 45.0
_REPEATS = 50
#: Texts and tokens after which the numbers of both are compared.
_COMPARED, _FED = 4, 24
_OURS, _DYNAMIC, _STATIC = "dalle-kit", "transformers, dynamic cache", "transformers, static cache"
_SIZES = {
    "model_type": "llama",
    "hidden_size": 576,
    "intermediate_size": 1536,
    "num_hidden_layers": 30,
    "num_attention_heads": 9,
    "num_key_value_heads": 3,
    "max_position_embeddings": 8192,
    "rms_norm_eps": 1e-5,
    "rope_parameters": {"rope_theta": 100000.0, "rope_type": "default"},
    "vocab_size": 49152,
    "tie_word_embeddings": True,
}

#: Writes a number of tokens after each prompt; returns the seconds to the first token and to the last.
Writer = Callable[[Sequence[Sequence[int]], int], tuple[float, float]]


@dataclass
class Measured:
    """What was measured of one writer at one batch, in seconds of each round."""

    first: list[float] = field(default_factory=list)
    total: list[float] = field(default_factory=list)

    def speeds(self, batch: int) -> list[float]:
        """Return the tokens a second of all texts together, reading their prompts included."""
        return [batch * _COUNT / seconds for seconds in self.total]

    def step(self) -> float:
        """Return the median of the seconds that each token after the first took."""
        pairs = zip(self.first, self.total, strict=True)
        return statistics.median((total - first) / (_COUNT - 1) for first, total in pairs)


@dataclass
class Batch:
    """What was measured of a number of texts at once; ``compiled`` is what was measured later, beside what compiles."""

    batch: int
    writers: dict[str, Measured]
    limits: dict[str, float] = field(default_factory=dict)
    compiled: dict[str, Measured] = field(default_factory=dict)


@dataclass
class Figures:
    """All that was measured so far; ``copied`` is in bytes a second, ``read`` are the bytes of weights in a step."""

    about: str
    copied: float
    read: int
    difference: float | None = None
    batches: list[Batch] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def write(self, file: Path | None) -> None:
        """Write them where that is asked for."""
        if file is not None:
            file.write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")


def now() -> float:
    """Return the time when all that was asked of the GPU is done."""
    torch.cuda.synchronize()
    return time.perf_counter()


def ours(model: LlamaModel, *, recorded: bool) -> Writer:
    """Return how this toolkit writes, with its steps recorded as CUDA graphs or without."""

    def write(prompts: Sequence[Sequence[int]], count: int) -> tuple[float, float]:
        prepare("cuda")
        graphs = model.graphs
        start = now()
        model.graphs = graphs if recorded else None
        try:
            session = model.open(prompts, [()] * len(prompts), room=_PROMPT + count)
        finally:
            model.graphs = graphs
        chosen = Scores(session.logits).best
        first = now() - start
        for _ in range(count - 1):
            chosen = Scores(session.feed([[token] for token in chosen])).best
        return first, now() - start

    return write


def theirs(model: Any, **settings: Any) -> Writer:
    """Return how transformers writes with the given settings of ``generate``."""
    from transformers import StoppingCriteriaList

    def write(prompts: Sequence[Sequence[int]], count: int) -> tuple[float, float]:
        firsts: list[float] = []

        def watch(ids: Tensor, scores: Any, **others: Any) -> Tensor:
            if not firsts:
                firsts.append(now())
            return torch.zeros(len(ids), dtype=torch.bool, device=ids.device)

        torch.backends.cuda.enable_cudnn_sdp(True)  # as it is where nobody has changed it
        start = now()
        tokens = torch.tensor(prompts, device="cuda")
        made = model.generate(
            tokens,
            attention_mask=torch.ones_like(tokens),
            max_new_tokens=count,
            do_sample=False,
            pad_token_id=0,
            stopping_criteria=StoppingCriteriaList([watch]),
            **settings,
        )
        total = now() - start
        assert made.shape[1] == tokens.shape[1] + count
        return firsts[0] - start, total

    return write


def load(folder: str | None) -> tuple[Any, LlamaModel]:
    """Return one model twice: of transformers, and ours with the same weights."""
    import transformers

    torch.manual_seed(0)
    if folder is None:
        config = transformers.LlamaConfig(**{name: value for name, value in _SIZES.items() if name != "model_type"})
        model = transformers.LlamaForCausalLM(config)
    else:
        model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16)
    model = model.to("cuda", torch.bfloat16).eval()
    model.generation_config.eos_token_id = None  # no text ends by itself, and none is kept from it at each token
    settings = _SIZES if folder is None else json.loads((Path(folder) / "config.json").read_text(encoding="utf-8"))
    sizes = LlamaConfig.parse(settings)
    if sizes is None:
        raise SystemExit(f"{folder} is no plain model of the Llama family; choose another --model")
    return model, LlamaModel(sizes, dict(model.state_dict()))


def prompts(batch: int, vocabulary: int, *, seed: int) -> list[list[int]]:
    """Return random prompts."""
    generator = torch.Generator().manual_seed(seed)
    found: list[list[int]] = torch.randint(vocabulary, (batch, _PROMPT), generator=generator).tolist()
    return found


def measure(
    batch: int, writers: dict[str, Writer], vocabulary: int, notes: list[str], *, warm_ups: int = 1
) -> dict[str, Measured]:
    """Let all write in turns, after some warm-ups each; who fails takes no further part."""
    found = {name: Measured() for name in writers}
    left = dict(writers)
    start = time.perf_counter()
    for number in range(-warm_ups, _ROUNDS):
        if number == 0:
            start = time.perf_counter()
        if number > 0 and (time.perf_counter() - start) * (number + 1) / number > _PATIENCE:
            break
        for name, write in tuple(left.items()):
            try:
                first, total = write(prompts(batch, vocabulary, seed=1000 * batch + number), _COUNT)
            except Exception as error:
                notes.append(failure(f"{name}, {batch} texts", error))
                del left[name]
                continue
            if number >= 0:
                found[name].first.append(first)
                found[name].total.append(total)
            print(f"{batch:4} {name}: {first:.4f} {total:.4f} s", file=sys.stderr, flush=True)
    return {name: measured for name, measured in found.items() if measured.total}


def failure(what: str, error: Exception) -> str:
    """Return what is noted of something that did not work."""
    return f"{what}: {type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"


@contextmanager
def noted(what: str, notes: list[str]) -> Iterator[None]:
    """Go on where something does not work, with a note of it."""
    try:
        yield
    except Exception as error:
        notes.append(failure(what, error))


def timed(work: Callable[[], object]) -> float:
    """Return the median of the seconds that the GPU takes for some work."""
    for _ in range(3):
        work()
    times: list[float] = []
    before = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
    after = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
    for _ in range(_REPEATS):
        before.record()
        work()
        after.record()
        torch.cuda.synchronize()
        times.append(before.elapsed_time(after) / 1000)
    return statistics.median(times)


def bandwidth() -> float:
    """Return the bytes a second that a copy within the GPU's memory reads and writes."""
    source = torch.ones(2**28, dtype=torch.float32, device="cuda")
    target = torch.empty_like(source)
    return 2 * source.nbytes / timed(lambda: target.copy_(source))


@torch.inference_mode()
def kernels(model: LlamaModel, batch: int) -> int:
    """Return how many kernels a step consists of."""
    cache = torch.zeros(cache_shape(model, batch), dtype=model.dtype, device="cuda")
    tokens = torch.zeros(batch, 1, dtype=torch.int64, device="cuda")
    step(model, tokens, tokens, cache)
    activities = [torch.profiler.ProfilerActivity.CUDA]
    with torch.profiler.profile(activities=activities) as profile:
        step(model, tokens, tokens, cache)
        torch.cuda.synchronize()
    return sum(event.device_type.name == "CUDA" for event in profile.events())


def launches(count: int) -> float:
    """Return the seconds that a CUDA graph of as many kernels takes that do next to nothing, one after another."""
    number = torch.zeros(1, device="cuda")
    graph = torch.cuda.CUDAGraph()
    number.add_(1)
    with torch.cuda.graph(graph):
        for _ in range(count):
            number.add_(1)
    return timed(graph.replay)


def replays(model: LlamaModel) -> float:
    """Return the seconds that the GPU takes for the latest recorded step, without what chooses tokens."""
    assert model.graphs is not None and model.graphs._recordings is not None
    with torch.inference_mode():
        return timed(tuple(model.graphs._recordings._replays.values())[-1])


def weight_bytes(model: LlamaModel) -> int:
    """Return the bytes of weights that a step reads: all but an embedding that is not the head too."""
    matrices = [matrix for layer in model.layers for matrix, _ in (*layer.qkv, layer.out, *layer.gate_up, layer.down)]
    return sum(matrix.nbytes for matrix in (*matrices, model.head))


def cache_shape(model: LlamaModel, batch: int) -> tuple[int, ...]:
    """Return the shape of the cache that a recorded step of so many texts reads."""
    config, size = model.config, round_tokens(_PROMPT + _COUNT)
    return config.layers, 2, round_rows(batch), config.kv_heads, size, config.head_width


def cache_bytes(model: LlamaModel, batch: int) -> int:
    """Return the bytes of the cache that a recorded step of so many texts reads."""
    return math.prod(cache_shape(model, batch)) * model.dtype.itemsize


@torch.no_grad()
def difference(network: Any, model: LlamaModel) -> float:
    """Return how far our logits, with recorded steps, are from those of transformers, as a share of their spread."""
    prepare("cuda")
    texts = prompts(_COMPARED, len(model.head), seed=0)
    session = model.open([text[:-_FED] for text in texts], [()] * _COMPARED, room=_PROMPT)
    found = [session.logits]
    found += [session.feed([[text[place]] for text in texts]) for place in range(-_FED, 0)]
    expected = network(torch.tensor(texts, device="cuda"), use_cache=False).logits[:, -_FED - 1 :].float()
    return float((torch.stack(found, dim=1) - expected).abs().mean() / expected.std())


def add_limits(found: Batch, model: LlamaModel, copied: float) -> None:
    """Add the seconds that a step takes on the GPU, and that it takes at least to read its weights and its cache."""
    found.limits["replay"] = replays(model)
    found.limits["bandwidth"] = (weight_bytes(model) + cache_bytes(model, found.batch)) / copied


def add_launches(found: Batch, model: LlamaModel) -> None:
    """Add how many kernels a step consists of, and how long as many take that do nothing.

    What counts them may make all launches slower, so nothing is timed afterwards but these.
    """
    found.limits["kernels"] = kernels(model, found.batch)
    found.limits["launch"] = launches(int(found.limits["kernels"]))


def tables(figures: Figures) -> str:
    """Return what is printed of the figures."""
    speeds = [row for each in figures.batches for row in speed_rows(each)]
    limited = [each for each in figures.batches if {"replay", "launch"} <= each.limits.keys() and _OURS in each.writers]
    least = list(map(limit_row, limited))
    differ = "" if figures.difference is None else f"{figures.difference:.2%} of their spread"
    head = ("texts at once", "a step, ms", "of it the recorded part, ms", "bandwidth limit, ms", "launch limit, ms")
    return "\n".join(
        (
            table(("texts at once", "runtime", "tokens/s", "first token, ms", f"times {_DYNAMIC}"), speeds),
            "",
            table(head, least),
            "",
            f"{figures.about}; {_PROMPT} tokens of prompt, {_COUNT} written; median (minimum to maximum).",
            f"A copy moves {figures.copied / 1e9:,.0f} GB/s; "
            f"a step reads {figures.read / 1e6:,.0f} MB of weights, and its cache.",
            f"Logits differ from those of transformers by {differ or 'nobody knows how much'}.",
            *figures.notes,
        )
    )


def arguments() -> argparse.Namespace:
    """Read what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", metavar="FOLDER", help="a checkpoint of the Llama family in transformers' layout")
    parser.add_argument("--json", metavar="FILE", type=Path, help="where to write all figures")
    parser.add_argument("--seconds", type=float, default=400.0, help="after so many no static cache is begun with")
    return parser.parse_args()


def main() -> int:
    """Measure, print the tables, and write the figures where that is asked for."""
    options, start = arguments(), time.perf_counter()
    if not torch.cuda.is_available():
        print("this benchmark needs a GPU with CUDA; torch finds none here", file=sys.stderr)
        return 2
    import transformers

    network, model = load(options.model)
    device, day = torch.cuda.get_device_name(), datetime.date.today().isoformat()
    versions = f"torch {torch.__version__}, transformers {transformers.__version__}"
    about = f"{day}, {device}, {versions}, {options.model or 'random weights'}"
    figures = Figures(about, bandwidth(), weight_bytes(model))
    with noted("the comparison of logits", figures.notes):
        figures.difference = difference(network, model)
    recorded = ours(model, recorded=True)
    writers = {_OURS: recorded, f"{_OURS}, nothing recorded": ours(model, recorded=False), _DYNAMIC: theirs(network)}
    for batch in _BATCHES:
        found = Batch(batch, measure(batch, writers, len(model.head), figures.notes))
        figures.batches.append(found)
        with noted(f"limits, {batch} texts", figures.notes):
            add_limits(found, model, figures.copied)
        figures.write(options.json)
    writers = {_OURS: recorded, _STATIC: theirs(network, cache_implementation="static")}
    for found in figures.batches:
        if time.perf_counter() - start > options.seconds:
            figures.notes.append(f"{_STATIC}, {found.batch} texts: there was no time left")
            continue
        torch.compiler.reset()  # so that it is compiled for this number of texts, not for any
        network.__dict__.pop("_compiled_call", None)
        found.compiled = measure(found.batch, writers, len(model.head), figures.notes, warm_ups=2)
        figures.write(options.json)
    for found in figures.batches:
        with noted(f"launches, {found.batch} texts", figures.notes):
            add_launches(found, model)
        figures.write(options.json)
    print(tables(figures))
    return 0


def speed_rows(found: Batch) -> list[list[str]]:
    """Return the rows of the first table for a batch."""
    rows = []
    slow = found.writers.get(_DYNAMIC)
    named = [*found.writers.items(), *((name, each) for name, each in found.compiled.items() if name == _STATIC)]
    for name, each in named:
        speeds, ratio = each.speeds(found.batch), ""
        if slow is not None:
            ratio = f"{statistics.median(speeds) / statistics.median(slow.speeds(found.batch)):.1f}"
        first = spread([1000 * seconds for seconds in each.first], digits=1)
        rows.append([str(found.batch), name, spread(speeds, digits=0), first, ratio])
    return rows


def limit_row(found: Batch) -> list[str]:
    """Return the row of the second table for a batch."""
    seconds, limit = found.writers[_OURS].step(), found.limits

    def share(name: str) -> str:
        return f"{1000 * limit[name]:.3f} ({limit[name] / seconds:.0%} of the step)"

    launch = f"{share('launch')}, {limit['kernels']:.0f} kernels"
    return [str(found.batch), f"{1000 * seconds:.3f}", f"{1000 * limit['replay']:.3f}", share("bandwidth"), launch]


if __name__ == "__main__":
    sys.exit(main())
