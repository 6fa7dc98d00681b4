"""How fast it writes: first token and tokens per second, beside transformers.generate on the same weights and tokens.

python benchmarks/decode.py [--rounds 5] [--tokens 128] [--rows 16]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from typing import Any

import torch
from common import EMAIL, MODEL, interleave, machine, ratio, spread, table

from dalle_kit import GenerationOptions, Kit, Skeleton, Slot
from dalle_kit.engine.decoding import Job, decode
from dalle_kit.engine.engine import Engine


def ours(engine: Engine, prompts: Sequence[Sequence[int]], count: int) -> Callable[[], float]:
    """Return a measure of the seconds in which we write ``count`` tokens after each prompt, none of which ends it."""
    skeleton = Skeleton((Slot("text"),))

    def measure() -> float:
        jobs = [Job(tuple(prompt), skeleton, GenerationOptions(max_tokens=count)) for prompt in prompts]
        rows = [engine.row(job, index=index, ends=frozenset()) for index, job in enumerate(jobs)]
        start = time.perf_counter()
        for _ in decode(engine.generative(), rows, room=len(prompts[0]) + count):
            pass
        return time.perf_counter() - start

    return measure


def theirs(model: Any, prompts: Sequence[Sequence[int]], count: int) -> Callable[[], float]:
    """Return a measure of the seconds transformers takes for the same."""
    tokens = torch.tensor(prompts, device=model.device)
    options = {"max_new_tokens": count, "min_new_tokens": count, "do_sample": False, "pad_token_id": 0}

    def measure() -> float:
        start = time.perf_counter()
        model.generate(tokens, attention_mask=torch.ones_like(tokens), **options)
        return time.perf_counter() - start

    return measure


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tokens", type=int, default=128)
    parser.add_argument("--rows", type=int, default=16)
    arguments = parser.parse_args()
    kit = Kit(model=MODEL)
    engine = kit.load()
    source = engine.tokenizer.encode_prompt(kit.shape("email", EMAIL).prompt)
    # Prompts of one length that differ from their first token on, so that none can be read once for all.
    prompts = [[1000 + row, *source[1:]] for row in range(arguments.rows)]

    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(engine.path, dtype=torch.float32).to(engine.device)
    shapes = {"first": (1, 1), "single": (arguments.tokens, 1), "batch": (arguments.tokens // 4, arguments.rows)}
    measures: dict[str, Callable[[], float]] = {}
    for name, (count, size) in shapes.items():
        measures[f"our {name}"] = ours(engine, prompts[:size], count)
        measures[f"their {name}"] = theirs(model, prompts[:size], count)
    taken = interleave(measures, rounds=arguments.rounds)

    mine, peers = taken["our first"], taken["their first"]
    title = f"first token after a prompt of {len(source)} tokens, s"
    rows = [[title, spread(mine), spread(peers), ratio(mine, peers)]]
    for name in ("single", "batch"):
        count, size = shapes[name]
        mine, peers = ([count * size / seconds for seconds in taken[f"{who} {name}"]] for who in ("our", "their"))
        title = f"{count} tokens, {size} at once, prompt included, tokens/s"
        rows.append([title, spread(mine, digits=1), spread(peers, digits=1), ratio(mine, peers)])
    print(machine(), table(["", "dalle-kit", "transformers.generate", "ratio"], rows), sep="\n\n")


if __name__ == "__main__":
    main()
