"""The command ``lsp``: completions in the editor, through the language server protocol."""

from __future__ import annotations

import signal
from dataclasses import replace
from typing import Any

import click

from dalle_kit.errors import ConfigError


@click.command()
@click.option("--domain", metavar="NAME", help="What writes; one that needs a source and nothing else.")
@click.option("--model", metavar="NAME", help="The model that writes.")
@click.option("--device", metavar="NAME", help="Where it runs: auto, cpu, cuda or mps.")
@click.option("--dtype", metavar="NAME", help="The numbers it computes with.")
@click.option("--quant", metavar="NAME", help="The bits its weights are kept in.")
@click.option(
    "--budget", type=click.FloatRange(0.1, 600), metavar="SECONDS", help="What a completion may take  [default: 4]"
)
@click.option(
    "--context", type=click.IntRange(32, 1_000_000), metavar="TOKENS", help="What the model is shown  [default: 640]"
)
@click.option("--stdio", is_flag=True, expose_value=False, help="Speak over stdin and stdout, as it does anyway.")
def lsp(
    domain: str | None,
    model: str | None,
    device: str | None,
    dtype: str | None,
    quant: str | None,
    budget: float | None,
    context: int | None,
) -> None:
    """Complete code in an editor, as a language server on stdin and stdout.

    Editors start it; see docs/editor.md for VS Code, Neovim and Emacs.
    """
    try:
        import pygls  # noqa: F401
    except ImportError as error:
        raise ConfigError(
            f"a language server needs what is not installed: pip install 'dalle-kit[lsp]' ({error})"
        ) from error
    from dalle_kit.editing.completing import Completer, Limits, choose_domain
    from dalle_kit.editing.loading import Reporter
    from dalle_kit.editing.server import Server
    from dalle_kit.editing.stdio import take_stdio
    from dalle_kit.kit import Kit

    # There is nothing to be saved, and a thread that waits for stdin would not let the process end.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    inbox, outbox = take_stdio()
    given: dict[str, Any] = {"seconds": budget, "context": context}
    limits = replace(Limits(), **{name: value for name, value in given.items() if value is not None})
    reporter = Reporter()
    kit = Kit(model=model, device=device, dtype=dtype, quant=quant, progress=reporter)
    completer = Completer(kit, choose_domain(kit.plugins, domain), limits)
    click.get_current_context().exit(Server(completer, reporter).serve(inbox, outbox))
