"""``dalle-kit completion``: the script that teaches a shell to complete commands, options and choices."""

from __future__ import annotations

import click


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the completion script of a shell.

    \b
    bash: dalle-kit completion bash > ~/.local/share/bash-completion/completions/dalle-kit
    zsh:  dalle-kit completion zsh > ~/.zfunc/_dalle-kit      (with ~/.zfunc in $fpath)
    fish: dalle-kit completion fish > ~/.config/fish/completions/dalle-kit.fish
    """  # noqa: D301  (click reads the character itself)
    from click.shell_completion import get_completion_class

    from dalle_kit.cli.main import COMPLETION_VARIABLE, PROGRAM

    kind = get_completion_class(shell)
    assert kind is not None  # click brings all three
    click.echo(kind(ctx.find_root().command, {}, PROGRAM, COMPLETION_VARIABLE).source())
