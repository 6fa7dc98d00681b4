"""``dalle-kit train``: a model, or an adapter of one, trained on the domains' corpora and on files of texts."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dalle_kit.cli.common import json_option, print_json, progress_bar, say

if TYPE_CHECKING:
    from dalle_kit.models.spec import Progress
    from dalle_kit.training.loop import Step
    from dalle_kit.training.recipe import Learn, Recipe
    from dalle_kit.training.sources import Sources

_ABOVE_ZERO = click.FloatRange(0, min_open=True)
_FILE = click.Path(path_type=Path, dir_okay=False, exists=True)
#: Seconds between two lines where no bar can be drawn.
_A_LINE_EVERY = 30.0

OPTIONS = (
    click.argument("domains", nargs=-1, metavar="[DOMAIN]..."),
    click.option(
        "--output", required=True, type=click.Path(path_type=Path, file_okay=False), help="Folder to write to."
    ),
    click.option("--data", multiple=True, type=_FILE, help="Texts as JSON lines.  [repeatable]"),
    click.option("--held-out", multiple=True, type=_FILE, help="Texts to measure the loss on, instead of a share."),
    click.option("--model", default="smollm2-135m", show_default=True, help="The model to train."),
    click.option("--from-scratch", type=click.Choice(["dalle-seed"]), help="Train a new small model instead."),
    click.option(
        "--begin-with", type=click.Path(path_type=Path, file_okay=False, exists=True), help="An adapter to go on from."
    ),
    click.option("--encoder", help="Join an encoder of examples to the model.  [with bridge: minilm-l6]"),
    click.option(
        "--learn",
        type=click.Choice(["lora", "full", "bridge"]),
        help="An adapter, all weights, or what joins encoder and decoder.  [default: lora; full from scratch]",
    ),
    click.option("--passes", type=_ABOVE_ZERO, default=2.0, show_default=True, help="How often each text is seen."),
    click.option("--rank", type=click.IntRange(1), default=16, show_default=True, help="Rank of LoRA's matrices."),
    click.option("--rate", type=_ABOVE_ZERO, help="Highest learning rate.  [default: one that suits --learn]"),
    click.option("--batch", type=click.IntRange(1), default=8, show_default=True, help="Texts computed together."),
    click.option("--accumulate", type=click.IntRange(1), default=1, show_default=True, help="Batches in a step."),
    click.option("--longest", type=click.IntRange(2), default=420, show_default=True, help="Tokens of a text."),
    click.option(
        "--precision",
        type=click.Choice(["auto", "float32", "bfloat16"]),
        default="auto",
        show_default=True,
        help="What is multiplied in.",
    ),
    click.option("--save-every", type=_ABOVE_ZERO, default=10.0, show_default=True, help="Minutes to a checkpoint."),
    click.option(
        "--evaluations", type=click.IntRange(1), default=10, show_default=True, help="Measurements on held-out texts."
    ),
    click.option(
        "--patience", type=click.IntRange(1), default=3, show_default=True, help="Stop after so many without progress."
    ),
    click.option("--seed", default=0, show_default=True, help="Fixes the order of the texts and the new weights."),
    click.option("--limit", type=click.IntRange(1), help="Texts of each domain and file, at most."),
    click.option(
        "--canaries",
        type=click.IntRange(1, 100),
        help="Plant so many random codes 1, 2, 4, 8 and 16 times each, and measure what is remembered of them.",
    ),
    click.option("--no-redact", is_flag=True, help="Leave addresses, links and numbers of people in the texts."),
)


def _with_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(OPTIONS):
        command = option(command)
    return command


@click.command()
@_with_options
@json_option
def train(output: Path, as_json: bool, **given: Any) -> None:
    """Train a model on the texts of domains and files; run it again to go on with a run that was stopped.

    A line of a file is {"prompt": ..., "text": ...} or {"domain": ..., "fields": {...}, "text": ...}, with "examples":
    [...] if an encoder is to read some.
    """
    if not given["domains"] and not given["data"]:
        raise click.UsageError("name a domain whose texts to train on, or a file of texts with --data")
    from dalle_kit.engine.threads import wait_politely

    wait_politely()
    try:
        import accelerate  # noqa: F401
        import matplotlib  # noqa: F401
        import peft  # noqa: F401
    except ImportError as error:
        raise click.UsageError("training needs more packages: pip install 'dalle-kit[train]'") from error
    # One of several processes that were started together: the first one speaks for all.
    speaks = os.environ.get("RANK", "0") == "0"
    with progress_bar(wanted=speaks) as progress:
        card = _train(output, given, progress, _reporter(progress) if speaks else lambda step: None)
    if not speaks:
        return
    if as_json:
        print_json(card)
        return
    loss = card.get("held_out_loss")
    measured = f"held-out loss {loss['bare']} -> {loss['trained']}" if loss else "nothing was held out"
    say(f"{output}: {card['tokens']} tokens a pass, {card['tokens_per_second']:.0f} tokens/s, {measured}")
    if "canaries" in card:
        control, *_, often = ((row["times"], row["after"]["mean"]) for row in card["canaries"]["rows"])
        say(f"mean exposure of canaries planted {often[0]} times {often[1]} bits, of the control {control[1]}")


def _train(output: Path, given: dict[str, Any], progress: Progress, report: Callable[[Step], None]) -> dict[str, Any]:
    from dalle_kit.kit import Kit
    from dalle_kit.training.run import Choice, train_model

    return train_model(
        Kit(model=given["model"]),
        _sources(given),
        output,
        recipe=_recipe(given),
        choice=Choice(given["encoder"], given["from_scratch"] is not None, given["begin_with"]),
        save_every=60.0 * given["save_every"],
        progress=progress,
        report=report,
    )


def _sources(given: dict[str, Any]) -> Sources:
    from dalle_kit.training.sources import Sources

    return Sources(
        given["domains"],
        given["data"],
        given["held_out"],
        limit=given["limit"],
        redact=not given["no_redact"],
        canaries=given["canaries"] or 0,
    )


def _recipe(given: dict[str, Any]) -> Recipe:
    from dalle_kit.training.recipe import RATE_FROM_SCRATCH, RATES, Recipe

    scratch = given["from_scratch"] is not None
    learn: Learn = given["learn"] or ("full" if scratch else "lora")
    if scratch and learn != "full":
        raise click.UsageError(f"--learn {learn}: a new model has nothing to build on; all of it is trained")
    if scratch and given["encoder"]:
        raise click.UsageError("--encoder: the model that is trained from scratch has its own")
    rate = given["rate"] or (RATE_FROM_SCRATCH if scratch else RATES[learn])
    names = ("rank", "passes", "batch", "accumulate", "longest", "precision", "evaluations", "patience", "seed")
    return Recipe(learn=learn, rate=rate, alpha=2 * given["rank"], **{name: given[name] for name in names})


def _reporter(progress: Progress) -> Callable[[Step], None]:
    """Return what tells of each step: a bar where one can be drawn, and a line now and then."""
    import time

    last = 0.0

    def report(step: Step) -> None:
        nonlocal last
        left = f"{step.left / 60:.0f} min left" if step.left >= 90 else f"{step.left:.0f} s left"
        progress("training", step.number, step.of)
        now = time.monotonic()
        if step.held_out is not None or now - last >= _A_LINE_EVERY or step.number == step.of:
            last = now
            measured = f", held-out loss {step.held_out:.3f}" if step.held_out is not None else ""
            told = f"loss {step.loss:.3f}, {step.speed:.0f} tokens/s, {left}{measured}"
            say(f"step {step.number} of {step.of}: {told}", err=True)

    return report
