"""How soon a command shows the first of its text, with a server of the same user running and without.

python benchmarks/warm_command.py [--runs 10]

Each command runs on a terminal of its own, in turn with and without the server's help. The first word that it shows is
what is waited for; before the text of the default template's letter this is the greeting, which no model writes, so the
first word of the model's own is waited for as well.
"""

from __future__ import annotations

import argparse
import sys

from common import machine, spread, table
from server_load import server
from workers import run

COMMAND = [sys.executable, "-m", "dalle_kit.cli.main", "email", "--to", "Ana Ferreira <ana@example.com>"]
MORE = ["--subject", "Room for Friday", "--point", "room B12", "--point", "from 14:00", "--seed", "1"]

#: The greeting, and a word behind it.
UNTIL = {"greeting": r"Dear Ana", "first word of the model's": r"Dear Ana,\s+\w"}


def measure(runs: int) -> str:
    """Return what was measured, as Markdown."""
    found: dict[tuple[str, str], list[float]] = {}
    with server():
        for number in range(runs + 1):
            for way, flags in (("server", []), ("alone", ["--local"])):
                for what, until in UNTIL.items():
                    ended = run([*COMMAND, *MORE, *flags], until=until)
                    assert ended.shown is not None
                    if number:  # the first of each fills the caches of the disk
                        found.setdefault((what, way), []).append(ended.shown)
                        found.setdefault(("the end of the command", way), []).append(ended.seconds)
    rows = [
        [what, *(spread(found[what, way]) for way in ("server", "alone"))]
        for what in (*UNTIL, "the end of the command")
    ]
    return f"{machine()}\n\n{table(['seconds to', 'with a server', 'alone'], rows)}"


def main() -> None:
    """Measure, and print the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=10)
    print(measure(parser.parse_args().runs))


if __name__ == "__main__":
    main()
