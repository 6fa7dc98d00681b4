"""Every hook a plugin can implement. The hook API has a version; a plugin may state the range it supports.

A plugin is a module (or an object in one) named by an entry point of the group ``dalle_kit``. It marks its functions
with ``dalle_kit.hookimpl``, takes any subset of a hook's arguments by name, and may set ``dalle_kit_api`` to a version
specifier such as ``">=1,<2"``.

The ``register`` hooks are called once for each plugin, built-in plugins first, then by name. The cross-cutting hooks
(``shape_prompt``, ``postprocess``, ``check``) are called one plugin at a time: ``tryfirst`` ones, then the others, then
``trylast`` ones, built-in plugins before the others and these by name. Each receives what the one before
returned; None leaves it unchanged. One that raises becomes an error finding in the document and the others still run,
unless the plugin is listed in the setting ``plugins.require``: then nothing is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    import click
    import jinja2

    from dalle_kit.domain import Domain, Request
    from dalle_kit.models.spec import ModelSpec
    from dalle_kit.records import Draft, Finding, Format, Prompt

PROJECT = "dalle_kit"
API_VERSION = "1.0"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def dalle_kit_register_domains(register: Callable[[Domain], None]) -> None:
    """Register the domains the plugin adds: call ``register(domain)`` for each."""


@hookspec
def dalle_kit_register_models(register: Callable[[ModelSpec], None]) -> None:
    """Register names of models and where they come from: call ``register(spec)`` for each."""


@hookspec
def dalle_kit_register_commands(cli: click.Group) -> None:
    """Add commands of the plugin's own to the command line: ``cli.add_command(...)``. Core names are reserved."""


@hookspec
def dalle_kit_register_template_loaders(register: Callable[[str, jinja2.BaseLoader], None]) -> None:
    """Register a Jinja loader under a name: ``--template NAME:TEMPLATE`` then reaches its templates."""


@hookspec
def dalle_kit_register_formats(register: Callable[[str, Format], None]) -> None:
    """Add a format to a domain, also to another plugin's: ``register(domain_name, format)``.

    A format that needs more than every request has says so in ``Format.require``, before anything is generated.
    """


@hookspec
def dalle_kit_register_checks(register: Callable[[str, Callable[[Any, Draft], Iterable[Finding]]], None]) -> None:
    """Add a check to a domain, also to another plugin's: ``register(domain_name, check)``."""


@hookspec
def dalle_kit_shape_prompt(domain: str, request: Request, prompt: Prompt) -> Prompt | None:
    """Change what the model is told, for any domain."""


@hookspec
def dalle_kit_postprocess(domain: str, request: Request, draft: Draft) -> Draft | None:
    """Change the generated texts of any domain, after the domain's own finishing."""


@hookspec
def dalle_kit_check(domain: str, request: Request, draft: Draft) -> Iterable[Finding] | None:
    """Return findings about a finished draft of any domain."""
