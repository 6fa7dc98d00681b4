"""What the guards cost in time: the same e-mails with each of them and without, one after the other in one run.

python benchmarks/guards.py [--cases N]

The requests are drawn from the domain's hand-written cases. Each way writes every request, in turns and each first as
often, so that what else the machine does meets all of them. The ratio is the median over the requests of the time with
a guard to that without.
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import Any

from common import spread, table

from dalle_kit import Kit
from dalle_kit.checks import Source
from dalle_kit.domain import told_texts
from dalle_kit.evaluation.cases import load_cases
from dalle_kit.privacy import leaks, load_finder

_WAYS: dict[str, dict[str, Any]] = {
    "off": {"privacy": "off"},
    "report": {"privacy": "report"},
    "redact": {"privacy": "redact"},
    "name-blind": {"privacy": "off", "name_blind": True},
}


def main() -> None:
    """Write the requests in each way and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=20, help="how many requests")
    count = parser.parse_args().cases
    kit = Kit()
    cases = [case.request for case in load_cases(kit.plugins.domain("email"), "hand", limit=count)]
    for chosen in _WAYS.values():  # what is loaded once is not what a document costs
        kit.generate("email", cases[0], **chosen)
    seconds: dict[str, list[float]] = {way: [] for way in _WAYS}
    checking: list[float] = []
    finder = load_finder(names=False)
    for number, case in enumerate(cases):
        # Whoever is first reads what the others know.
        ways = list(_WAYS)[number % len(_WAYS) :] + list(_WAYS)[: number % len(_WAYS)]
        for way in ways:
            start = time.perf_counter()
            document = kit.generate("email", case, **_WAYS[way])
            seconds[way].append(time.perf_counter() - start)
        source = Source(told_texts(case))
        start = time.perf_counter()
        leaks(document.text, source, finder=finder)
        checking.append(1000 * (time.perf_counter() - start))
    rows = [
        (way, spread(spent), f"{statistics.median(a / b for a, b in zip(spent, seconds['off'], strict=True)):.3f}")
        for way, spent in seconds.items()
    ]
    print(table(("guard", "seconds a document", "ratio to off"), rows))
    print(f"\nThe check of personal data alone, by patterns: {spread(checking)} ms a document.")


if __name__ == "__main__":
    main()
