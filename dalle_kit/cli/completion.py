"""``dalle-kit completion``: the script that teaches a shell to complete commands, options and choices."""

from __future__ import annotations

import click
from click.shell_completion import BashComplete, CompletionItem, FishComplete, ZshComplete, add_completion_class


class _Bash(BashComplete):
    """Completion for bash, which has "=" as a word of its own between an option and its value."""

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the words before the one at the cursor, and that."""
        words, incomplete = super().get_completion_args()
        return [word for word in words if word != "="], incomplete


class _Zsh(ZshComplete):
    """Completion for zsh, which puts what is offered in the place of ``--tone=f`` as a whole."""

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem]:
        """Return what is offered for a word, with its option where it has one."""
        return _with_option(super().get_completions(args, incomplete), incomplete)


class _Fish(FishComplete):
    """Completion for fish, which offers only what begins like the word."""

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem]:
        """Return what is offered for a word, with its option where it has one."""
        return _with_option(super().get_completions(args, incomplete), incomplete)


def _with_option(found: list[CompletionItem], incomplete: str) -> list[CompletionItem]:
    option, equals, _ = incomplete.partition("=")
    if not (equals and option.startswith("--")):
        return found
    return [
        CompletionItem(f"{option}={each.value}", each.type, each.help) if each.type == "plain" else each
        for each in found
    ]


def know_options_with_values() -> None:
    """Let click complete ``--option=value`` as each shell hands it over."""
    for each in (_Bash, _Zsh, _Fish):
        add_completion_class(each)


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
