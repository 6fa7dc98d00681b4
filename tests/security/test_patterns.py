"""Every regular expression of ours, fed with what it repeats: no text may take it minutes.

Each pattern is taken apart. What stands before a repetition, what it repeats, many times, and something that it does
not expect make a text; how long the pattern takes for it, in the way that it is used, is measured, in the processor's
time.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import pkgutil
import re
import re._constants as codes  # type: ignore[import-not-found]
import re._parser as parser  # type: ignore[import-not-found]
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dalle_kit.errors import DalleKitError
from dalle_kit.testing import ScriptedKit

PACKAGES = ("dalle_kit", "dalle_kit_code", "dalle_kit_email", "dalle_kit_news")
METHODS = {"search", "match", "fullmatch", "sub", "subn", "split", "findall", "finditer"}
#: These take a pattern through a whole text, as finditer does.
THROUGH = {"sub", "subn", "split", "findall", "finditer"}
#: Characters of an attack, and the seconds it may take. A time that grows with the square stays far below, one that
#: grows with the cube does not; that whole requests and texts take no longer than they should is tried further down.
LENGTH, SECONDS = 1_000, 0.3

Found = dict[tuple[Any, int], tuple[set[str], set[str]]]


def modules() -> Iterator[tuple[str, Path, ast.Module]]:
    for package in PACKAGES:
        root = importlib.import_module(package)
        yield package, Path(str(root.__file__)), ast.parse(Path(str(root.__file__)).read_text(encoding="utf-8"))
        for info in pkgutil.walk_packages(root.__path__, f"{package}."):
            spec = importlib.util.find_spec(info.name) if ".scaffold." not in info.name else None
            if spec is not None and spec.origin and spec.origin.endswith(".py"):
                file = Path(spec.origin)
                yield info.name, file, ast.parse(file.read_text(encoding="utf-8"))


def is_heavy(tree: ast.Module) -> bool:
    """Say whether importing a module takes torch, which costs seconds; its literal patterns are found all the same."""
    imported = [name.name for node in tree.body if isinstance(node, ast.Import) for name in node.names]
    imported += [str(node.module) for node in tree.body if isinstance(node, ast.ImportFrom)]
    return any(name.split(".")[0] in ("torch", "transformers", "spacy", "onnx") for name in imported)


def patterns() -> Found:
    """Return all patterns, where they are, and which methods of theirs are used."""
    found: Found = defaultdict(lambda: (set(), set()))
    used: dict[str, set[str]] = defaultdict(set)
    anywhere: dict[str, set[str]] = defaultdict(set)
    for name, file, tree in modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr in METHODS and isinstance(node.value, ast.Name):
                used[node.value.id].add(node.attr)
                if node.value.id.islower() and node.value.id != "re":
                    anywhere[name].add(node.attr)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
                owner, literal = node.func.value, node.args[0]
                text = literal.value if isinstance(literal, ast.Constant) else None
                if isinstance(owner, ast.Name) and owner.id == "re" and isinstance(text, (str, bytes)):
                    flags = [each for each in (*node.args[1:], *(key.value for key in node.keywords)) if is_flag(each)]
                    given = eval(" | ".join(map(ast.unparse, flags)) or "0", {"re": re})
                    pattern: re.Pattern[Any] = re.compile(text, given)
                    places, methods = found[pattern.pattern, pattern.flags]
                    places.add(f"{name}:{node.lineno}")
                    methods |= {node.func.attr} & METHODS
        if file.name == "__main__.py" or is_heavy(tree):
            continue
        for key, value in vars(importlib.import_module(name)).items():
            for pattern in within(value):
                places, methods = found[pattern.pattern, pattern.flags]
                places.add(f"{name}.{key}")
                methods |= used[key] or anywhere[name]
    return found


def is_flag(node: ast.expr) -> bool:
    return all(not isinstance(each, ast.Name) or each.id == "re" for each in ast.walk(node)) and "re." in ast.unparse(
        node
    )


def within(value: Any, depth: int = 0) -> Iterator[re.Pattern[Any]]:
    if isinstance(value, re.Pattern):
        yield value
    elif depth < 4 and isinstance(value, dict):
        for each in (*value, *value.values()):
            yield from within(each, depth + 1)
    elif depth < 4 and isinstance(value, (tuple, list, set, frozenset)):
        for each in value:
            yield from within(each, depth + 1)


def shortest(tree: Iterable[Any]) -> str:
    """Return a short text for a part of a pattern; what it looks at without taking it is left out."""
    return "".join(one(code, value) for code, value in tree)


def one(code: Any, value: Any) -> str:
    if code is codes.LITERAL:
        return chr(value)
    if code is codes.IN:
        return members(value)[0]
    if code in (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT):
        return shortest(value[2]) * int(min(value[0], 50))
    if code is codes.SUBPATTERN:
        return shortest(value[3])
    if code is codes.BRANCH:
        return shortest(value[1][0])
    if code is codes.ATOMIC_GROUP:
        return shortest(value)
    return "a" if code in (codes.ANY, codes.NOT_LITERAL) else ""


def members(items: list[Any]) -> list[str]:
    """Return characters of a class."""
    letters = "a1 A-.,\t\n<\"'x(/_:é"
    if items[0][0] is codes.NEGATE:
        taken = {chr(value) for code, value in items if code is codes.LITERAL}
        spaces = any(code is codes.CATEGORY and value is codes.CATEGORY_SPACE for code, value in items)
        return [each for each in letters if each not in taken and not (spaces and each.isspace())][:3] or ["é"]
    samples = {codes.CATEGORY_DIGIT: "1", codes.CATEGORY_SPACE: " ", codes.CATEGORY_WORD: "a"}
    found = []
    for code, value in items:
        if code is codes.LITERAL:
            found.append(chr(value))
        elif code is codes.RANGE:
            found.append(chr(value[0]))
        else:
            found.append(samples.get(value, "-"))
    return found[:4]


def bodies(tree: Iterable[Any]) -> list[str]:
    """Return texts for what is repeated."""
    texts = [""]
    for code, value in tree:
        if code is codes.IN:
            choices = members(value)
        elif code is codes.BRANCH:
            choices = [shortest(branch) for branch in value[1]][:4]
        elif code is codes.SUBPATTERN:
            choices = bodies(value[3])
        elif code in (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT):
            choices = [each * max(value[0], 1) for each in bodies(value[2])]
        else:
            choices = [one(code, value)]
        texts = [text + choice for text in texts for choice in (choices or [""])][:4]
    return [text for text in dict.fromkeys(texts) if text]


def repetitions(tree: Iterable[Any], before: str = "") -> Iterator[tuple[str, str]]:
    """Yield what stands before each long repetition, and what it repeats."""
    for code, value in tree:
        if code in (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT):
            if value[1] >= 40:
                yield from ((before, body) for body in bodies(value[2]))
            yield from repetitions(value[2], before)
        elif code is codes.SUBPATTERN:
            yield from repetitions(value[3], before)
        elif code is codes.ATOMIC_GROUP:
            yield from repetitions(value, before)
        elif code in (codes.ASSERT, codes.ASSERT_NOT):
            yield from repetitions(value[1], before)
        elif code is codes.BRANCH:
            for branch in value[1]:
                yield from repetitions(branch, before)
        before += one(code, value)


def attacks(pattern: re.Pattern[Any]) -> Iterator[Any]:
    for before, body in dict.fromkeys(repetitions(parser.parse(pattern.pattern, pattern.flags))):
        for start, after in ((before, "\0"), ("", "\0")):
            text = start + body * (LENGTH // len(body)) + after
            yield text if isinstance(pattern.pattern, str) else text.encode("utf-8")


def seconds(pattern: re.Pattern[Any], method: str, text: Any) -> float:
    start = time.thread_time()
    if method in THROUGH:
        for _ in pattern.finditer(text):
            pass
    else:
        getattr(pattern, method)(text)
    return time.thread_time() - start


def slow(pattern: re.Pattern[Any], methods: set[str]) -> str | None:
    """Return what a pattern takes too long for, None if there is nothing."""
    for method in {"finditer" if each in THROUGH else each for each in methods} or {"search"}:
        for text in attacks(pattern):
            if seconds(pattern, method, text) > SECONDS and seconds(pattern, method, text) > SECONDS:
                return f"{method} of {text[:30]!r}..."
    return None


def test_no_pattern_of_ours_takes_long() -> None:
    found = patterns()
    assert len(found) > 250  # all of them are looked at
    faults = {}
    for (pattern, flags), (places, methods) in found.items():
        fault = slow(re.compile(pattern, flags), methods)
        if fault:
            faults[min(places)] = fault
    assert not faults


@pytest.mark.parametrize("pattern", [r"(a+)+\Z", r"(?:a|a)*b", r"\s*\n*\s*\n*\s*\Z", r"(.*)(.*)(.*)x"])
def test_a_pattern_that_takes_long_would_be_found(pattern: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "LENGTH", 22 if "a" in pattern else 400)
    monkeypatch.setitem(globals(), "SECONDS", 0.05)
    assert slow(re.compile(pattern), {"match"})


#: What models that have lost their way write, and what somebody may send: the worst of what the patterns repeat.
TEXTS = ["!", "\t", "-", "1, ", "A\u2019", "a@b.", "[a](a"]


@pytest.mark.parametrize("text", TEXTS)
def test_checks_of_what_a_model_writes_take_no_longer_than_they_should(session_home: Path, text: str) -> None:
    written = text * (3_000 // len(text))
    kit = ScriptedKit(lambda prompt, slot: slot.choices[0] if slot.choices else written)
    request = {"to": "ana@example.com", "subject": "Tea", "points": ["come at 5"]}
    start = time.thread_time()
    kit.generate("email", request, seed=1, max_tokens=100_000, candidates=1)
    assert time.thread_time() - start < 5


@pytest.mark.parametrize("text", TEXTS[2:])
def test_what_is_asked_for_takes_no_longer_than_it_should(session_home: Path, text: str) -> None:
    asked = text * (3_000 // len(text))
    kit = ScriptedKit(lambda prompt, slot: slot.choices[0] if slot.choices else "Tea is at 5.")
    start = time.thread_time()
    for domain, request in (
        ("email", {"to": "ana@example.com", "subject": "Tea", "points": [asked]}),
        ("news", {"headline": "Tea is out", "facts": [asked]}),
    ):
        try:
            kit.generate(domain, request, seed=1, candidates=1)
        except DalleKitError:
            pass
    assert time.thread_time() - start < 5
