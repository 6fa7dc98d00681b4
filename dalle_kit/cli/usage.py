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
        field = _field_of_rows(error.option_name.lstrip("-").replace("-", "_"), context)
        if field:
            fix = f"give --set {field}=VALUE for all rows, or a column of that name"
            return f"no option {error.option_name}: {fix}; {see}"
        found = _meant(error.option_name.lstrip("-"), context)
        return f"no option {error.option_name}: {f'did you mean --{found}? ' if found else ''}{see}"
    return f"{error.format_message().rstrip('.')}; {see}"


def _field_of_rows(word: str, context: click.Context) -> str | None:
    """Return the field of a batch's rows that is an option of the domain's own command, "points" for ``--point``."""
    fields = frozenset[str]().union(*(getattr(param, "fields", ()) for param in context.command.params))
    return next((each for each in (word, f"{word}s") if each in fields), None)


def _meant(word: str, context: click.Context) -> str | None:
    """Return the long option that was meant: one whose help begins by saying that it is such a thing, or the nearest.

    However near the letters are, a title is no ``--style``: the help of ``--headline`` begins "The headline, or title".
    """
    is_such = re.compile(rf"(?:the |an? )?(?:[\w-]+, or )?{re.escape(word)}\b", re.IGNORECASE)
    for option in context.command.params if word else ():
        if is_such.match(getattr(option, "help", None) or ""):
            return max(option.opts, key=len).lstrip("-")
    return nearest(word, _long_options(context))


def _long_options(context: click.Context) -> list[str]:
    """Return the names of a command's long options, without their dashes: these would make all of them look alike."""
    flags = [flag for param in context.command.get_params(context) for flag in (*param.opts, *param.secondary_opts)]
    return [flag[2:] for flag in flags if flag.startswith("--")]
