"""``dalle-kit config``: the settings in force, where each comes from, and changing them."""

from __future__ import annotations

from typing import Any

import click

from dalle_kit.cli.common import ListingGroup, json_option, print_json, print_text, say

#: What is shown in the place of a key.
_SECRET = "(set)"


@click.group(cls=ListingGroup)
def config() -> None:
    """Read and change the settings.

    An environment variable such as DALLE_KIT_MODEL or DALLE_KIT_IDENTITY_SENDER is stronger than the settings file, an
    option of a command stronger than both.
    """


@config.command("list")
@json_option
def list_settings(as_json: bool = False) -> None:
    """List all settings in force and where each comes from (the default)."""
    from dalle_kit.config import SECRETS, explain_settings

    # Lists are shown to others; 'get' tells the key.
    found = {
        key: each._replace(value=_SECRET) if key in SECRETS and each.value else each
        for key, each in explain_settings().items()
    }
    if as_json:
        print_json({key: {"value": each.value, "origin": each.origin} for key, each in found.items()})
        return
    rows = [(key, _text(each.value), each.origin) for key, each in found.items()]
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    for key, value, origin in rows:
        say(f"{key:<{widths[0]}}  {value:<{widths[1]}}  {origin}")


@config.command()
@click.argument("key")
@json_option
def get(key: str, as_json: bool) -> None:
    """Print one setting's value."""
    from dalle_kit.config import explain_settings, known_keys
    from dalle_kit.errors import ConfigError, UnknownNameError

    found = explain_settings()
    if key not in found:
        if key.partition(".")[0] in ("identity", "aliases") and "." in key:
            raise ConfigError(f"{key} is not set; set it with: dalle-kit config set {key} VALUE")
        raise UnknownNameError("setting", key, list(dict.fromkeys([*found, *known_keys()])))
    if as_json:
        print_json(found[key].value)
        return
    value = found[key].value
    say(", ".join(value) if isinstance(value, tuple) else value)


@config.command("set")
@click.argument("key")
@click.argument("value")
@json_option
def set_setting(key: str, value: str, as_json: bool) -> None:
    """Write a setting to the settings file; several names are separated by commas."""
    from dalle_kit.config import explain_settings, set_value
    from dalle_kit.errors import ConfigError, UnknownNameError
    from dalle_kit.paths import find_paths

    fields = _identity_fields()
    if key in fields:
        raise ConfigError(f"no setting named {key!r}: did you mean 'identity.{key}'?")
    table, _, name = key.partition(".")
    choices = fields.get(name) if table == "identity" else None
    if choices and value not in choices:
        raise UnknownNameError(name, value, choices)
    doubt = ""
    if key == "model" or table == "aliases":
        value, doubt = _model_named(value)
    set_value(key, value)
    setting = explain_settings()[key]
    if as_json:
        print_json({"key": key, "value": setting.value, "origin": setting.origin})
    if setting.origin != str(find_paths().settings):
        say(f"Note: {setting.origin} is set and stronger than the settings file", err=True)
    if doubt:
        say(f"Note: it is kept, and nothing is written with it yet: {doubt}", err=True)
    if table == "identity" and fields and name not in fields:
        say(f"Note: no domain reads {key}; they read {', '.join(sorted(fields))}", err=True)


@config.command()
@click.argument("key")
@json_option
def unset(key: str, as_json: bool) -> None:
    """Take a setting out of the settings file, so that its default is in force again."""
    from dalle_kit.config import unset_value

    removed = unset_value(key)
    if as_json:
        print_json({"key": key, "removed": removed})
    elif not removed:
        say(f"{key} was not in the settings file", err=True)


@config.command()
@json_option
def path(as_json: bool) -> None:
    """Print the path of the settings file."""
    from dalle_kit.paths import find_paths

    file = str(find_paths().settings)
    if as_json:
        print_json(file)
    else:
        print_text(f"{file}\n")


def _model_named(name: str) -> tuple[str, str]:
    """Return a model's name as it can be kept, and why there is none of it; it may come with a plugin or a disk."""
    from dalle_kit.cli.models import lasting_name, registry
    from dalle_kit.errors import DalleKitError, ModelError, UnknownNameError

    try:
        return lasting_name(registry(), name), ""
    except (ModelError, UnknownNameError) as error:
        return name, str(error)
    except DalleKitError:
        return name, ""  # what mends the settings has to work


def _identity_fields() -> dict[str, set[str]]:
    """Return the fields that the saved identity may fill, each with its choices; none while the settings are broken.

    A field that takes any text in one of the domains has no choices.
    """
    from dalle_kit.command_table import command_table
    from dalle_kit.errors import DalleKitError
    from dalle_kit.schemas import resolve

    try:
        schemas = [entry.schema for entry in command_table().domains]
    except DalleKitError:
        return {}  # what mends them has to work
    found: dict[str, list[list[str]]] = {}
    for schema in schemas:
        for name, field in schema["properties"].items():
            if field.get("option", {}).get("identity"):
                found.setdefault(name, []).append([str(choice) for choice in resolve(field, schema).get("enum", ())])
    return {name: set().union(*choices) if all(choices) else set() for name, choices in found.items()}


def _text(value: Any) -> str:
    """Return a value as ``config set`` takes it, on one line."""
    text = ", ".join(value) if isinstance(value, tuple) else str(value)
    return text.replace("\r", "\\r").replace("\n", "\\n")
