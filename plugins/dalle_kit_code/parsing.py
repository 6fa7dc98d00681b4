"""Parsing with tree-sitter: whether code is well formed, what it imports and what it defines."""

from __future__ import annotations

import ast
import importlib
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

import tree_sitter

from dalle_kit_code.languages import Grammar, Language

#: A definition of so many lines or fewer is shown whole, of a longer one what stands before its body.
_SHORT = 5

_WORD = re.compile(r"\w+")

#: How deep definitions are looked for below what is no definition itself.
_DEPTH = 4


@dataclass(frozen=True, slots=True)
class Definition:
    """Something a file defines: its name, and its beginning or whole as code."""

    name: str
    head: str


@lru_cache(maxsize=16)
def _language(grammar: Grammar) -> tree_sitter.Language:
    module = importlib.import_module(grammar.module)
    return tree_sitter.Language(getattr(module, grammar.function)())


def _parse(grammar: Grammar, text: str) -> tree_sitter.Tree:
    # A lone surrogate cannot come from a file, but from a caller.
    return tree_sitter.Parser(_language(grammar)).parse(text.encode("utf-8", "replace"))


@lru_cache(maxsize=16)
def faults(text: str, language: Language) -> int:
    """Return how many errors the parser of a language finds, 0 for code that is well formed or cannot be parsed.

    Where the grammar finds none and the language has a strict parser, that one's refusal is an error too.
    """
    if language.grammar is None:
        return 0
    root = _parse(language.grammar, text).root_node
    if root.has_error:
        return max(1, sum(1 for _ in _errors(root))) + 1
    strict = _STRICT.get(language.grammar.strict)
    return 0 if strict is None or strict(text) else 1


def _errors(root: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    pending = [root]
    while pending:
        node = pending.pop()
        if node.is_error or node.is_missing:
            yield node
        pending += [child for child in node.children if child.has_error or child.is_missing]


def _is_python(text: str) -> bool:
    """Say whether the running Python takes a text for a module; its grammar of tree-sitter allows any indentation."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            ast.parse(text.removeprefix("\ufeff"))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False
    return True


_STRICT: Mapping[str, Callable[[str], bool]] = {"python": _is_python}


def imports(text: str, language: Language) -> list[str]:
    """Return the statements at the top of a file by which it imports, in order."""
    if language.grammar is None:
        return []
    root = _parse(language.grammar, text).root_node
    return [_text(node) for node in root.children if node.type in language.grammar.imports]


def definitions(text: str, language: Language) -> list[Definition]:
    """Return what a file defines outside of functions, members of classes included, in order."""
    if language.grammar is None:
        return []
    nodes = _defining(_parse(language.grammar, text).root_node, language.grammar, _DEPTH)
    return [Definition(name, _head(node)) for node in nodes if (name := _name(node))]


def first_named(text: str, start: int, language: Language) -> Iterator[str]:
    """Yield the names that a text from ``start`` on says before any definition, where no earlier place has them.

    What is called, and what belongs to something else, as an attribute does, is not among them.
    """
    if language.grammar is None:
        return
    begin = len(text[:start].encode("utf-8", "replace"))
    seen = set(_WORD.findall(text[:start]))
    pending = [_parse(language.grammar, text).root_node]
    while pending:
        node = pending.pop()
        if node.start_byte >= begin and node.child_by_field_name("body") and node.type in language.grammar.definitions:
            return
        name = _text(node) if node.type == "identifier" and node.start_byte >= begin else ""
        if name and name not in seen and not _is_of_another(node):
            seen.add(name)
            yield name
        pending += [child for child in reversed(node.children) if child.end_byte > begin]


def _is_of_another(node: tree_sitter.Node) -> bool:
    """Say whether a name stands for what is called, an attribute, or an argument's name."""
    parent = node.parent
    fields = ("function", "attribute", *(("name",) if parent and parent.type == "keyword_argument" else ()))
    return parent is not None and any(parent.child_by_field_name(field) == node for field in fields)


def _defining(node: tree_sitter.Node, grammar: Grammar, depth: int) -> Iterator[tree_sitter.Node]:
    for child in node.named_children:
        body = child.child_by_field_name("body")
        if child.type in grammar.definitions:
            yield child
            if "class" in child.type and body is not None:
                yield from _defining(body, grammar, 2)
        elif depth:
            yield from _defining(child, grammar, depth - 1)


def _name(node: tree_sitter.Node) -> str:
    """Return the name that a definition gives, "" where it gives none, or several."""
    for field in ("name", "left"):
        found = node.child_by_field_name(field)
        if found is not None:
            return _text(found) if "identifier" in found.type else ""
    first = next(iter(node.named_children), None)
    return _name(first) if first is not None and first.type.endswith("declarator") else ""


def _head(node: tree_sitter.Node) -> str:
    text = _text(node)
    body = node.child_by_field_name("body")
    if text.count("\n") < _SHORT:
        return text
    if body is not None:
        return text[: len(text) - len(_text(body))].rstrip() + " ..."
    return "\n".join(text.split("\n")[:_SHORT])


def _text(node: tree_sitter.Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")
