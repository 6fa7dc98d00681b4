"""``dalle-kit doctor``: what is in use on this machine, what is wrong, and the fix for each."""

from __future__ import annotations

import dataclasses
from typing import Any

import click

from dalle_kit.cli.common import json_option, print_json, say


@click.command()
@json_option
@click.pass_context
def doctor(context: click.Context, as_json: bool) -> None:
    """Say what is in use on this machine and what is wrong; exit code 2 if anything is."""
    from dalle_kit.diagnosis import diagnose

    found = diagnose()
    if as_json:
        problems = [dataclasses.asdict(problem) for problem in found.problems]
        print_json({"ok": not problems, **found.facts, "problems": problems})
    else:
        for section, facts in found.facts.items():
            say(section.capitalize())
            for name, value in facts.items():
                say(f"  {name.replace('_', ' '):<14} {_text(name, value)}")
        say("Problems" if found.problems else "No problems found.")
        for problem in found.problems:
            say(f"  {problem.what}\n    fix: {problem.fix}")
    if found.problems:
        context.exit(2)


def _text(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value / 1e6:,.0f} MB" if name.endswith("bytes") else str(value)
