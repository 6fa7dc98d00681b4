"""A group that has a command for each domain, named as the domain is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dalle_kit.cli.common import WholeLineGroup

if TYPE_CHECKING:
    from dalle_kit.command_table import DomainEntry


class DomainGroup(WholeLineGroup):
    """The commands of all domains; a subclass says how one is made."""

    def make(self, entry: DomainEntry) -> click.Command:
        """Return the command of a domain."""
        raise NotImplementedError

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the first words of the domains' names."""
        return list(dict.fromkeys(entry.name.split()[0] for entry in _entries()))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a domain's command, None if there is none of that name."""
        from dalle_kit.cli.root import nest

        entries = [entry for entry in _entries() if entry.name.split()[0] == cmd_name]
        return nest(cmd_name, entries, make=self.make) if entries else None


def _entries() -> list[DomainEntry]:
    from dalle_kit.command_table import command_table

    return list(command_table().domains)
