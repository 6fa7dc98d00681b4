"""SECURITY.md claims nothing that is not tried."""

from __future__ import annotations

import ast
import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
NAMED = re.compile(r"`([\w/]+\.py)::(test_\w+)`")


def test_each_claim_names_a_test_that_is_there() -> None:
    text = (TESTS.parent / "SECURITY.md").read_text(encoding="utf-8")
    named = NAMED.findall(text)
    assert len(named) > 25
    for file, name in named:
        tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
        assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, f"{file}::{name}"
    guarded = text.partition("## What is guarded")[2].partition("## What is not guarded")[0]
    claims = [part for part in guarded.strip().split("\n\n") if part.startswith("**")]
    assert len(claims) > 7 and all(NAMED.search(claim) for claim in claims)
