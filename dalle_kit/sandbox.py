"""The Jinja sandbox of all templates: nothing to reach Python by, and nothing that takes the machine's time or memory.

Jinja's own sandbox keeps a template from Python, not from being too large. Here no value becomes larger than a limit:
what multiplies is measured before it is computed, everything else when it is made. What a template computes under
``allowance`` is counted together, and the processor's time for it.
"""

from __future__ import annotations

import functools
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

import jinja2
from jinja2 import nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.runtime import Context, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace

#: No value has more characters and items than this, no number more bits, no padding more blanks.
LARGEST: Final = 10_000_000
_ITEMS, _BITS, _WIDEST = 300_000, 10_000, 100_000
#: What all values of one rendering may come to (characters and items), and its time (seconds of the processor's).
_TOTAL, _SECONDS = 100_000_000, 10.0

#: What multiplies a text by another, or by a number; of some, by texts only.
_MULTIPLIES: Final = {"replace", "join", "indent", "tojson", "format", "urlize", "wordwrap"}
_BY_TEXTS_ONLY: Final = {"urlize", "wordwrap"}
#: Methods of texts that are hard to bound; filters and ``~`` do what templates need of them.
_REFUSED: Final = {"format", "format_map", "expandtabs", "translate", "maketrans"}
_DIGITS = re.compile(r"[0-9]{1,30}")


class TooMuch(jinja2.TemplateError):
    """A template asks for more than any document needs."""


class _Allowance:
    """What is left to a rendering."""

    def __init__(self) -> None:
        self._left, self._until = _TOTAL, time.thread_time() + _SECONDS

    def spend(self, amount: int) -> None:
        self._left -= amount
        if self._left < 0:
            raise TooMuch(f"makes more than {_TOTAL:,} characters; make it shorter")
        if time.thread_time() > self._until:
            raise TooMuch(f"takes more than {_SECONDS:.0f} seconds; let it repeat less")


_allowance: ContextVar[_Allowance | None] = ContextVar("dalle_kit_allowance", default=None)


@contextmanager
def allowance() -> Iterator[None]:
    """Count together what templates compute while the block runs in this thread, and end it where that is too much."""
    token = _allowance.set(_Allowance())
    try:
        yield
    finally:
        _allowance.reset(token)


def spend(amount: int) -> None:
    """Count characters, items or steps; raises TooMuch where there have been too many, or too much time has gone."""
    found = _allowance.get()
    if found is not None:
        found.spend(amount)


class _Namespace(Namespace):
    """Jinja's, but that printing it does not print what is in it: that can be itself, again and again."""

    def __repr__(self) -> str:
        return "<namespace>"


class LimitedCodeGenerator(CodeGenerator):
    """Jinja's, but that loops, joined texts and new collections pass through the environment."""

    def visit_For(self, node: nodes.For, frame: Frame) -> None:
        """Count the turns of a loop."""
        node.iter = nodes.Call(nodes.EnvironmentAttribute("counted"), [node.iter], [], None, None)
        node.iter.set_environment(self.environment)
        super().visit_For(node, frame)

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:
        """Measure what ``~`` joins."""
        self.write("environment.concat(map(str, (")
        for each in node.nodes:
            self.visit(each, frame)
            self.write(", ")
        self.write(")))")

    def visit_List(self, node: nodes.List, frame: Frame) -> None:
        """Measure a list: lists of lists grow quickly."""
        self._measured(super().visit_List, node, frame)

    def visit_Tuple(self, node: nodes.Tuple, frame: Frame) -> None:
        """Measure a tuple, unless it is what values are assigned to."""
        if node.ctx == "load":
            self._measured(super().visit_Tuple, node, frame)
        else:
            super().visit_Tuple(node, frame)

    def visit_Dict(self, node: nodes.Dict, frame: Frame) -> None:
        """Measure a dictionary."""
        self._measured(super().visit_Dict, node, frame)

    def _measured(self, visit: Callable[[Any, Frame], None], node: nodes.Expr, frame: Frame) -> None:
        self.write("environment.measured(")
        visit(node, frame)
        self.write(")")


class LimitedSandbox(ImmutableSandboxedEnvironment):
    """Jinja's immutable sandbox with limits; a template that goes beyond one raises TooMuch."""

    code_generator_class = LimitedCodeGenerator
    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.globals["namespace"] = _Namespace
        self.globals.pop("lipsum", None)  # random text: the same request would not give the same prompt
        self.filters.update({name: _limited(name, filter) for name, filter in self.filters.items()})

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Tell whether a template may have an attribute."""
        return super().is_safe_attribute(obj, attr, value) and not (isinstance(obj, (str, bytes)) and attr in _REFUSED)

    def wrap_str_format(self, value: Any) -> None:
        """Leave ``str.format`` alone: it is refused as any unsafe attribute is."""

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:
        """Call what a template calls; the names are Jinja's, since any other may be one of ``kwargs``."""
        spend(1)
        owner = getattr(__obj, "__self__", None)
        if isinstance(owner, (str, bytes)):
            args = tuple(list(each) if isinstance(each, Iterator) else each for each in args)
            _check_operation(getattr(__obj, "__name__", ""), owner, (*args, *kwargs.values()))
        return measured(super().call(__context, __obj, *args, **kwargs))

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Compute ``+``, ``*``, ``**`` and ``%``, if the result is not too large."""
        if operator == "*":
            for one, other in ((left, right), (right, left)):
                if isinstance(one, int) and not isinstance(other, (int, float)):
                    _check(size(other) * one)
        elif operator == "**" and isinstance(left, int) and isinstance(right, int):
            _check_bits(left.bit_length() * right)
        elif operator == "%" and isinstance(left, (str, bytes)):
            _check_operation("format", left, right if isinstance(right, tuple) else (right,))
        return measured(super().call_binop(context, operator, left, right))

    @staticmethod
    def concat(pieces: Iterable[str]) -> str:
        """Join texts, if that is not too long."""
        texts = list(pieces)
        _check(sum(map(len, texts)))
        return "".join(texts)

    @staticmethod
    def counted(items: Iterable[Any]) -> Iterator[Any]:
        """Yield the items of a loop, counting them."""
        for item in items:
            spend(1)
            yield item

    @staticmethod
    def measured(value: Any) -> Any:
        """Return a value that is not too large."""
        return measured(value)


def measured(value: Any) -> Any:
    """Return a value, counted; raises TooMuch for one that is too large."""
    _check(size(value))
    if isinstance(value, int):
        _check_bits(value.bit_length())
    return value


def size(value: Any) -> int:
    """Return how many characters and items a value has, the same one within another counted each time."""
    if isinstance(value, (str, bytes)):
        return len(value)
    if not isinstance(value, (list, tuple, dict, set, frozenset)):
        return 1
    total, count, rest = 0, 0, [value]
    while rest:
        each = rest.pop()
        count += 1
        if isinstance(each, (str, bytes)):
            total += len(each)
        elif isinstance(each, Mapping):
            rest += [*each.keys(), *each.values()]
        elif isinstance(each, (list, tuple, set, frozenset)):
            rest += each
        if count + len(rest) > _ITEMS or total > LARGEST:
            raise TooMuch(f"makes a value of more than {_ITEMS:,} items; make it shorter")
    return total + count


def _limited(name: str, filter: Callable[..., Any]) -> Callable[..., Any]:
    """Return a filter that looks at what it is given, and at what it gives."""
    first = 1 if hasattr(filter, "jinja_pass_arg") else 0

    @functools.wraps(filter)
    def limited(*args: Any, **kwargs: Any) -> Any:
        spend(1)
        if len(args) > first:
            value = args[first]
            if name == "join" and not isinstance(value, (str, Undefined)):
                # What is still to come of a generator is counted as it comes.
                value = list(value)
                args = (*args[:first], value, *args[first + 1 :])
            _check_operation(name, value, (*args[first + 1 :], *kwargs.values()))
        return measured(filter(*args, **kwargs))

    return limited


def _check_operation(name: str, value: Any, arguments: Iterable[Any]) -> None:
    """Raise TooMuch where a filter or a text's method would make too much of a value."""
    given = list(arguments)
    for each in given:
        if isinstance(each, int) and abs(each) > _WIDEST:
            raise TooMuch(f"{name}: {each if each.bit_length() < 64 else 'the number'} is too large")
    if name in _MULTIPLIES:
        factors = [size(each) for each in given if not isinstance(each, int)]
        if name not in _BY_TEXTS_ONLY:
            factors += [abs(each) for each in given if isinstance(each, int)]
        if name == "format":
            factors += [int(digits) for digits in _DIGITS.findall(str(value))]
        _check(size(value) * max([1, *factors]))


def _check(amount: int) -> None:
    if amount > LARGEST:
        raise TooMuch(f"makes a value of more than {LARGEST:,} characters; make it shorter")
    spend(max(1, amount))


def _check_bits(bits: int) -> None:
    if bits > _BITS:
        raise TooMuch("computes with a number that is too large")
