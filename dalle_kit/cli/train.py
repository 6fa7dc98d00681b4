"""``dalle-kit train``: an adapter of a model, trained on the domains' corpora."""

from __future__ import annotations

from pathlib import Path

import click

from dalle_kit.cli.common import json_option, print_json, progress_bar

_ABOVE_ZERO = click.FloatRange(0, min_open=True)


@click.command()
@click.argument("domains", nargs=-1, required=True, metavar="DOMAIN...")
@click.option("--output", required=True, type=click.Path(path_type=Path, file_okay=False), help="Folder to write to.")
@click.option("--model", default="smollm2-135m", show_default=True, help="The model to train an adapter of.")
@click.option("--passes", type=_ABOVE_ZERO, default=2.0, show_default=True, help="How often each text is seen.")
@click.option("--rank", type=click.IntRange(1), default=16, show_default=True, help="Rank of the adapter's matrices.")
@click.option("--rate", type=_ABOVE_ZERO, default=6e-4, show_default=True, help="Highest learning rate.")
@click.option("--batch", type=click.IntRange(1), default=8, show_default=True, help="Texts in a step.")
@click.option("--seed", default=0, show_default=True, help="Fixes the order of the texts and the adapter's beginning.")
@click.option("--limit", type=click.IntRange(1), help="Texts of each domain, at most.")
@json_option
def train(
    domains: tuple[str, ...],
    output: Path,
    model: str,
    passes: float,
    rank: int,
    rate: float,
    batch: int,
    seed: int,
    limit: int | None,
    as_json: bool,
) -> None:
    """Train an adapter on the texts of one or more domains; run it again to go on with a run that was stopped."""
    from dalle_kit.engine.threads import wait_politely

    wait_politely()
    try:
        import peft  # noqa: F401
    except ImportError as error:
        raise click.UsageError("training needs more packages: pip install 'dalle-kit[train]'") from error
    from dalle_kit.kit import Kit
    from dalle_kit.training.loop import Recipe, Step
    from dalle_kit.training.run import train_adapter

    recipe = Recipe(rank=rank, alpha=2 * rank, rate=rate, passes=passes, batch=batch, seed=seed)
    with progress_bar() as progress:

        def report(step: Step) -> None:
            progress(f"training, loss {step.loss:.2f}", step.number, step.of)
            if step.number % 20 == 0:
                click.echo(f"step {step.number} of {step.of}: loss {step.loss:.3f}, {step.tokens} tokens", err=True)

        card = train_adapter(
            Kit(model=model), domains, output, recipe=recipe, limit=limit, progress=progress, report=report
        )
    if as_json:
        print_json(card)
    else:
        loss = card["held_out_loss"]
        click.echo(f"{output}: {card['tokens']} tokens a pass, held-out loss {loss['bare']} -> {loss['trained']}")
