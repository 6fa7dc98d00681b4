"""Code is not written after the very file it is written into: what is to be written may stand in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from dalle_kit import Kit
from dalle_kit.examples import Found, MemorySet
from dalle_kit.examples.code import pieces
from dalle_kit.testing import ScriptedKit

CART = '''"""The cart."""


def total_price(cart, rate):
    """Return what a cart costs with its tax."""
    net = sum(article.price * count for article, count in cart.lines)
    return round(net * (1 + rate / 100), 2)


def weight_of(cart):
    """Return what a cart weighs."""
    return sum(article.grams * count for article, count in cart.lines)
'''
STOCK = '''def total_stock(stock):
    """Return how much is there."""
    return sum(place.count for place in stock.places)
'''
#: The answer is gone, and so is a whole function.
OPEN = CART.partition("    return round")[0]


def code(path: str, text: str) -> list[Found]:
    return [Found(text=piece, kind="code", origin=f"{path}:{line}") for line, piece in pieces(text, "Python")]


def origins(kit: Kit, path: str | None, *texts: Found) -> list[str]:
    request = {"place": {"text": OPEN, "path": path}, "language": "python"}
    shaped = kit.shape("code complete", request, like=MemorySet("style", texts), steer="prompt")
    assert "round(net" not in shaped.prompt.text
    return [each.origin for each in shaped.examples]


@pytest.mark.parametrize("path", ["cart.py", "shop/cart.py", "/src/shop/cart.py", r"..\shop\cart.py"])
def test_the_file_itself_is_no_example_by_whatever_name_it_goes(home: Path, path: str) -> None:
    assert origins(Kit(), path, *code("src/shop/cart.py", CART), *code("src/shop/stock.py", STOCK)) == [
        "src/shop/stock.py:1"
    ]


@pytest.mark.parametrize("path", [None, "shop/basket.py"])
def test_a_copy_of_what_stands_in_the_file_is_no_example(home: Path, path: str | None) -> None:
    (answer, other) = code("old/cart.py", CART)
    assert origins(Kit(), path, answer, other, *code("old/stock.py", STOCK)) == [other.origin, "old/stock.py:1"]


def test_where_no_code_is_of_another_file_that_is_said(home: Path) -> None:
    kit = ScriptedKit(lambda prompt, slot: "return net")
    request = {"place": {"text": OPEN, "path": "cart.py"}}
    document = kit.generate("code complete", request, like=MemorySet("style", code("shop/cart.py", CART)))
    (said,) = (each for each in document.findings if each.check == "examples")
    assert said.message == "none of the examples is code of another file: it is written without"
    assert not document.provenance.examples
