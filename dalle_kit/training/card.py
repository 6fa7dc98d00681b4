"""What is written about a run when it is over: the record for programs, and the model card for people."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import dalle_kit
from dalle_kit.training.checkpoint import History
from dalle_kit.training.exposure import UNSEEN
from dalle_kit.training.recipe import Recipe
from dalle_kit.training.sources import Samples

_LEARNED = {
    "lora": "a LoRA adapter (rank {rank}, alpha {alpha}) of all linear layers of the decoder",
    "full": "all weights",
    "bridge": "the bridge between encoder and decoder: resampler, projection and gate",
}
#: Losses that the record tells, evenly over the run; all are in ``curves.json``.
_SHOWN = 20


def make_card(
    recipe: Recipe, facts: Mapping[str, Any], samples: Samples, history: History, *, tokens: int, redacted: bool
) -> dict[str, Any]:
    """Return the record of a run as JSON-ready values; ``tokens`` are those of all texts with their prompts."""
    steps = history.steps
    card: dict[str, Any] = {
        **facts,
        "recipe": asdict(recipe),
        "pairs": samples.counts,
        "tokens": tokens,
        "texts_redacted": samples.redacted if redacted else None,
        "duplicates_left_out": samples.duplicates,
        "reserved_left_out": samples.reserved,
        "steps": len(steps),
        "seconds": round(steps[-1][3], 1) if steps else 0.0,
        "tokens_per_second": round(steps[-1][2] / steps[-1][3], 1) if steps else 0.0,
        "training_loss": [round(loss, 3) for _, loss, *_ in steps[:: max(1, len(steps) // _SHOWN)]],
        "dalle_kit": dalle_kit.__version__,
    }
    if history.best is not None:
        step, loss = history.best
        card["held_out_loss"] = {"bare": round(history.held_out[0][1], 4), "trained": round(loss, 4)}
        card["best_step"] = step
    return card


def model_card(card: Mapping[str, Any], *, name: str, licence: str) -> str:
    """Return the model card of a run, as Markdown."""
    recipe = card["recipe"]
    learned = _LEARNED[recipe["learn"]].format(**recipe)
    if recipe["learn"] == "lora" and "encoder" in card:
        learned += f", and {_LEARNED['bridge']}"
    base = card["base"] + (f", reading examples with `{card['encoder']}`" if "encoder" in card else "")
    rows = {
        "base": base,
        "base's licence": licence,
        "learned": learned,
        "recipe": f"AdamW, {recipe['rate']:g} with {recipe['warmup']} steps of warm-up, then a cosine to a tenth; "
        f"{recipe['batch']} texts in a batch, batches in a step: {recipe['accumulate']}; passes: {recipe['passes']:g}; "
        f"seed {recipe['seed']}; multiplied in {recipe['precision']}; loss on the text only",
        "run": f"{card['steps']} steps, {card['seconds'] / 60:.0f} minutes, {card['tokens_per_second']:.0f} tokens/s, "
        f"{card['processes']} process{'es' if card['processes'] > 1 else ''}, dalle-kit {card['dalle_kit']}",
    }
    table = "\n".join(f"| {name} | {value} |" for name, value in rows.items())
    texts = "\n".join(f"| {source} | {count} |" for source, count in card["pairs"].items())
    return f"""# {name}

Made by `dalle-kit train`. The whole record is in `training.json`, the curves are in `curves.json`.

| | |
| --- | --- |
{table}

## Data

| texts | |
| --- | --- |
{texts}

{card["tokens"]} tokens with their prompts. Left out were {card["duplicates_left_out"]} duplicates and
{card["reserved_left_out"]} texts that are kept for evaluation. {_redaction(card)}

## Figures

{_figures(card)}

![Loss](curves.png)
{_memory(card)}
## Limits

What it writes was not judged, only how likely it finds the held-out texts: measure it with `dalle-kit eval` before it
is used. It may repeat training texts word for word, and has the leanings of its base and of its texts.{_holding(card)}
"""


def _redaction(card: Mapping[str, Any]) -> str:
    if card["texts_redacted"] is None:
        return "Personal data was not redacted."
    return (
        "Addresses, links, user names, telephone, card, account and id numbers were replaced by made-up ones "
        f"({card['texts_redacted']} texts had some); names of people in files of texts were not."
    )


def _figures(card: Mapping[str, Any]) -> str:
    if "held_out_loss" not in card:
        return "No texts were held out: nothing says how well it does on texts that it was not trained on."
    loss = card["held_out_loss"]
    return (
        f"Loss in nats per token on held-out texts: {loss['bare']} before, {loss['trained']} after, with the weights "
        f"of step {card['best_step']}."
    )


def _memory(card: Mapping[str, Any]) -> str:
    """Return the section on what is remembered, where canaries were planted."""
    if "canaries" not in card:
        return ""
    found, passes = card["canaries"], card["recipe"]["passes"]
    rows = "\n".join(f"| {_row(each)} |" for each in found["rows"])
    planted = sum(row["canaries"] for row in found["rows"] if row["times"])
    lost = f" Redaction took the code out of {found['redacted']} of the {planted}." if found["redacted"] else ""
    return f"""
## Memory

Canaries, "{found["sentence"]}", were planted as answers to prompts of real texts, each with a code of its own. Exposure
(Carlini et al., 2019) is log2 of the {found["candidates"]} codes that there could have been, less log2 of the rank by
likelihood of the one that was planted, after its prompt and its sentence up to the code. Every code was scored, so that
the rank is exact: at most {math.log2(found["candidates"]):.1f} bits, and {UNSEEN:.1f} on average for a code that was
never seen. A code is given back if greedy decoding writes it there.{lost}

| times planted | canaries | mean exposure | highest | given back | before training: mean | highest | given back |
| --- | --- | --- | --- | --- | --- | --- | --- |
{rows}

Passes over the texts: {passes:g}. Measuring took {found["seconds"]:.0f} seconds.
"""


def _row(row: Mapping[str, Any]) -> str:
    both = (row["after"], row["before"])
    measured = [f"{each['mean']:.1f} | {each['highest']:.1f} | {each['given_back']}" for each in both]
    return f"{row['times'] or '0 (control)'} | {row['canaries']} | {' | '.join(measured)}"


def _holding(card: Mapping[str, Any]) -> str:
    return " It has learned canaries, and may write their sentence unasked." if "canaries" in card else ""
