"""The root of the command line: which commands there are, each of them loaded only when it is used."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from dalle_kit.cli.common import WholeLineGroup
from dalle_kit.errors import DalleKitError, PluginError, nearest

if TYPE_CHECKING:
    from dalle_kit.command_table import CommandTable, DomainEntry

#: The core's commands: the module that holds each one, and its line in the help.
CORE = {
    "models": ("dalle_kit.cli.models", "Fetch, list, name and remove models."),
    "plugins": ("dalle_kit.cli.plugins", "See the installed plugins and what is wrong with them."),
    "templates": ("dalle_kit.cli.templates", "List, show, check and make templates."),
    "examples": ("dalle_kit.cli.examples", "Keep texts to write like: add, search, show, export them."),
    "config": ("dalle_kit.cli.config", "Read and change the settings."),
    "batch": ("dalle_kit.cli.batch", "Write a text for each row of a table; goes on after a kill."),
    "revise": ("dalle_kit.cli.revise", "Change a finished text: shorter, another tone, a sentence anew."),
    "explain": ("dalle_kit.cli.explain", "Write, and say what each sentence rests on."),
    "eval": ("dalle_kit.cli.evaluate", "Measure how well a domain is written; compare settings."),
    "audit": ("dalle_kit.cli.audit", "Measure bias: the same request about different people."),
    "reproduce": ("dalle_kit.cli.reproduce", "Make a recorded text again, and say what differs."),
    "history": ("dalle_kit.cli.history", "List, search and remove what was written."),
    "serve": ("dalle_kit.cli.serve", "Serve an HTTP API, which clients of OpenAI's speak, and a page."),
    "lsp": ("dalle_kit.cli.lsp", "Complete code in an editor, as a language server."),
    "train": ("dalle_kit.cli.train", "Train a model, or an adapter of one, on your texts."),
    "doctor": ("dalle_kit.cli.doctor", "Say what is in use on this machine and what is wrong."),
    "completion": ("dalle_kit.cli.completion", "Print the completion script of a shell."),
}


class RootGroup(click.Group):
    """The group of all commands: the core's, the domains' and the plugins' own."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands, the domains' first."""
        return [name for _, rows in self._sections() for name, _ in rows]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, importing what it needs; None if there is none of that name."""
        if cmd_name in CORE:
            command: click.Command = getattr(importlib.import_module(CORE[cmd_name][0]), cmd_name)
            return command
        table = _table()
        entries = [entry for entry in table.domains if entry.name.split()[0] == cmd_name]
        if entries:
            return nest(cmd_name, entries)
        if cmd_name in {entry.name for entry in table.commands}:
            return _plugin_command(cmd_name)
        return None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is invoked; where there is none, a plugin that has failed may be the reason.

        It is if it has the command's name, and may be where no command is near in name.
        """
        try:
            return super().resolve_command(ctx, args)
        except click.exceptions.NoSuchCommand as error:
            problems = _table().problems
            own = [problem for problem in problems if problem.startswith(f"plugin {args[0]!r} ")]
            if own or (problems and nearest(args[0], self.list_commands(ctx)) is None):
                raise PluginError(f"no command {args[0]!r}, but {(own or problems)[0]}", plugin="") from error
            raise

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands in sections, without loading any of them."""
        for title, rows in self._sections():
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what is wrong with plugins or settings, if anything is."""
        try:
            problems: Iterable[str] = _table().problems
        except DalleKitError as error:
            problems = [str(error)]
        for problem in problems:
            formatter.write_paragraph()
            formatter.write_text(f"Problem: {problem}")

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return the commands, or the options, that begin like ``incomplete``."""
        rows = [row for _, rows in self._sections() for row in rows if row[0].startswith(incomplete)]
        return [CompletionItem(name, help=text) for name, text in rows] + click.Command.shell_complete(
            self, ctx, incomplete
        )

    def _sections(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """Return the sections of the help, each with its commands and their short help."""
        writing: dict[str, str] = {}
        added: dict[str, str] = {}
        try:
            table = _table()
        except DalleKitError:
            # Broken settings must not hide the commands that mend them.
            pass
        else:
            for entry in table.domains:
                first, *rest = entry.name.split()
                if rest and first in writing:
                    writing[first] += f", {' '.join(rest)}"
                else:
                    writing[first] = f"Write {first}: {' '.join(rest)}" if rest else entry.summary
            added = {entry.name: entry.help for entry in table.commands}
        return [
            ("Write", sorted(writing.items())),
            ("Manage", [(name, text) for name, (_, text) in CORE.items()]),
            ("Added by plugins", sorted(added.items())),
        ]


def _table() -> CommandTable:
    from dalle_kit.command_table import command_table

    return command_table()


def nest(
    path: str, entries: list[DomainEntry], *, make: Callable[[DomainEntry], click.Command] | None = None
) -> click.Command:
    """Return the command of the domain named ``path``, or a group of the domains whose names continue it.

    ``make`` makes a domain's command, if it is not the one that writes.
    """
    from dalle_kit.cli.domain_command import domain_command

    if entries[0].name == path:
        return (make or domain_command)(entries[0])
    depth = len(path.split())
    group = WholeLineGroup(path.split()[-1], help=f"Write {path}.")
    for word in dict.fromkeys(entry.name.split()[depth] for entry in entries):
        inner = f"{path} {word}"
        below = [entry for entry in entries if f"{entry.name} ".startswith(f"{inner} ")]
        group.add_command(nest(inner, below, make=make), word)
    return group


def _plugin_command(name: str) -> click.Command | None:
    from dalle_kit.config import load_settings
    from dalle_kit.plugin_manager.manager import load_plugins

    plugins = load_plugins(load_settings())
    command = plugins.commands.get(name)
    if command is not None:
        owner = next(info.name for info in plugins.infos if name in info.commands)
        command.invoke = partial(_invoked, command.invoke, name, owner)  # type: ignore[method-assign]
    return command


def _invoked(invoke: Callable[[click.Context], Any], name: str, plugin: str, ctx: click.Context) -> Any:
    """Run a plugin's command; what fails in it is the plugin's, but for what click and the toolkit say by errors."""
    try:
        return invoke(ctx)
    except (click.ClickException, click.exceptions.Exit, click.Abort, DalleKitError, OSError):
        raise
    except Exception as error:
        from dalle_kit.plugin_manager.faults import described

        raise PluginError(
            f"plugin {plugin!r} failed in its command {name!r}: {described(error)}", plugin=plugin
        ) from error


def _print_version(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        from dalle_kit import __version__

        click.echo(f"dalle-kit {__version__}")
        ctx.exit()


@click.group(
    cls=RootGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    add_help_option=True,
)
@click.option("--debug", is_flag=True, expose_value=False, help="Show where an error arose; may stand anywhere.")
@click.option(
    "--version", is_flag=True, expose_value=False, is_eager=True, callback=_print_version, help="Print the version."
)
def cli(**_: Any) -> None:
    """Write e-mails and other texts on your own machine, with a model that runs on it."""
