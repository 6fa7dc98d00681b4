"""What a wrong command line is answered with: one line that names the nearest command or option and the help."""

from __future__ import annotations

import re

import click
from click.exceptions import NoSuchCommand, NoSuchOption

from dalle_kit.errors import nearest


def usage_message(error: click.ClickException) -> str:
    """Return the line for an error that click raised."""
    context = getattr(error, "ctx", None)
    if context is None:
        return error.format_message()
    see = f"see '{context.command_path} --help'"
    if isinstance(error, NoSuchCommand) and isinstance(context.command, click.Group):
        found = nearest(error.command_name, context.command.list_commands(context))
        return f"no command {error.command_name!r}: {f'did you mean {found!r}?' if found else see}"
    if isinstance(error, NoSuchOption):
        found = _meant(error.option_name.lstrip("-"), context)
        return f"no option {error.option_name}: {f'did you mean --{found}? ' if found else ''}{see}"
    return f"{error.format_message().rstrip('.')}; {see}"


def _meant(word: str, context: click.Context) -> str | None:
    """Return the long option that was meant: the nearest, or one that says first in its help that it is such a word.

    However near the letters are, a title is no ``--style``: the help of ``--headline`` begins "The headline, or title".
    """
    near = nearest(word, _long_options(context))
    if near and (near.startswith(word) or word.startswith(near)):
        return near
    for option in context.command.params:
        begins = re.match(r"[^.;:(]*", getattr(option, "help", None) or "")
        if begins and re.search(rf"\b{re.escape(word)}\b", begins[0], re.IGNORECASE):
            return max(option.opts, key=len).lstrip("-")
    return near if near and near[0] == word[:1] else None


def _long_options(context: click.Context) -> list[str]:
    """Return the names of a command's long options, without their dashes: these would make all of them look alike."""
    flags = [flag for param in context.command.get_params(context) for flag in (*param.opts, *param.secondary_opts)]
    return [flag[2:] for flag in flags if flag.startswith("--")]
