"""The arguments of ``slot()``: how a template writes them, and what a slot then holds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pydantic
import pytest

from dalle_kit.errors import OptionError, OutputError, PluginError, TemplateError, UnknownNameError
from dalle_kit.records import Document, Slot


class Table(pydantic.BaseModel):
    size: int
    names: tuple[str, ...]


def only_slot(shaped: Any) -> Slot:
    (slot,) = shaped.skeleton.slots
    return slot  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("arguments", "field", "value"),
    [
        ("sentences=3", "sentences", (3, 3)),
        ("sentences=[2, 8]", "sentences", (2, 8)),
        ("words=(20, 40)", "words", (20, 40)),
        ("forbid=['[0-9]', 'soon']", "forbid", ("[0-9]", "soon")),
        ("choices=['yes', 'no']", "choices", ("yes", "no")),
        ("starts_with='We'", "starts_with", "We"),
        ("grammar='start: /a/'", "grammar", "start: /a/"),
        ("about=request.points", "about", ("two decisions", "room B12")),
        ("about=request.points[0]", "about", ("two decisions",)),
        ("examples=request.points", "examples", ("two decisions", "room B12")),
        ("about='a', otherwise='It is a.'", "otherwise", ("It is a.",)),
        ("schema={'enum': ['a', ('b', 1)]}", "schema", {"enum": ["a", ["b", 1]]}),
        ("max_tokens=5, temperature=1", "options", {"max_tokens": 5, "temperature": 1}),
    ],
)
def test_an_argument_becomes_a_field(setup: Any, arguments: str, field: str, value: object) -> None:
    shaped = setup.document(f'{{{{ slot("a", {arguments}) }}}}', points=["two decisions", "room B12"])
    assert getattr(only_slot(shaped), field) == value


def test_a_schema_comes_from_the_domains_context_as_a_mapping_or_a_model(make_setup: Any) -> None:
    setup = make_setup({"table": {"type": "object", "required": ["x"]}, "Table": Table})
    assert only_slot(setup.document('{{ slot("a", schema=table) }}')).schema == {"type": "object", "required": ["x"]}
    assert only_slot(setup.document('{{ slot("a", schema=Table) }}')).schema == Table.model_json_schema()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("sentences=0", "slot 'a': sentences: (0, 0) is not allowed; give the least and the most, from 1 to"),
        ("sentences=[5, 2]", "sentences: (5, 2) is not allowed"),
        ("sentences='two'", "sentences: 'two' is not allowed; give two whole numbers"),
        ("sentences=true", "sentences: True is not allowed"),
        ("words=[1, 2, 3]", "words: (1, 2, 3) is not allowed"),
        ("words=3, sentences=4", "words: (3, 3) is not allowed; give a number of sentences or of words, not both"),
        ("regex='a', choices=['b']", "choices: ('b',) is not allowed; give no choices beside regex"),
        ("regex='a', sentences=1", "sentences: (1, 1) is not allowed; give no sentences beside regex"),
        ("choices=['a'], grounded=true", "give no grounded beside choices"),
        ("schema={'type': 'integer'}, forbid=['x']", "give no forbid beside schema"),
        ("choices=['a'], starts_with='x'", "give no starts_with beside choices"),
        ("grounded='yes'", "grounded: 'yes' is not allowed; give true, false or a list of texts"),
        ("choices='yes'", "choices: 'yes' is not allowed; give a tuple of texts"),
        ("choices=['']", "none of them empty"),
        ("forbid=['[z-a]']", "forbid: '[z-a]' is not allowed; give a character class that is one"),
        ("schema=3", "schema: 3 is not allowed; give a JSON Schema as a mapping, or a pydantic model"),
        ("schema='x'", "schema: 'x' is not allowed"),
        ("regex=3", "regex: 3 is not allowed; give a text"),
        ("starts_with=3", "starts_with: 3 is not allowed; give a text"),
        ("about=['a', 'b'], otherwise=['c']", "otherwise: ('c',) is not allowed; give one sentence for each of the 2"),
        ("when='b'", "when: 'b' is not allowed; give a slot's name and a list of texts"),
        ("when=('b', ['x'])", "slot 'a': when: before it there is no slot named 'b'"),
        ("choices=chices", "'chices' is not defined"),
        ("choices=['a', chices]", "'chices' is not defined"),
        ("sentence=2", "no argument named 'sentence': did you mean 'sentences'"),
    ],
)
def test_a_wrong_argument_is_named(setup: Any, arguments: str, message: str) -> None:
    with pytest.raises(TemplateError) as caught:
        setup.document(f'{{{{ slot("a", {arguments}) }}}}')
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_grounded_slot_knows_the_request_and_the_texts_of_the_document(setup: Any) -> None:
    text = 'Hello Ana,\n\n{{ slot("a", grounded=true) }} {{ slot("b") }}\n\nRoom 7'
    first, second = setup.document(text, points=["two decisions", "room B12"]).skeleton.slots
    assert first.known == ("Tea", "two decisions", "room B12", "Hello Ana,\n\n", "\n\nRoom 7")
    assert second.known is None


def test_a_domain_says_itself_what_its_texts_may_rely_on(setup: Any) -> None:
    setup.domain = replace(setup.domain, sources=lambda request: [request.subject.upper()])
    assert only_slot(setup.document('{{ slot("a", grounded=true) }}')).known == ("TEA",)

    def broken(request: Any) -> Iterable[str]:
        raise KeyError("x")

    setup.domain = replace(setup.domain, sources=broken)
    with pytest.raises(PluginError, match="the domain 'note' failed to name its sources: KeyError"):
        setup.document('{{ slot("a", grounded=true) }}')


def test_examples_are_shown_in_the_last_turn_of_the_users(setup: Any) -> None:
    setup.write("document.j2", '{{ slot("a", examples=["One.", "Two."]) }}{{ slot("b", examples=["One.", "Two."]) }}')
    shown = "Examples of a, b:\n\nOne.\n\nTwo."
    assert setup.prompt("{{ turn('user') }}Write.{{ turn('assistant') }}Well.") == [
        ("user", f"Write.\n\n{shown}"),
        ("assistant", "Well."),
    ]
    assert setup.prompt("{{ turn('system') }}Be kind.") == [("system", "Be kind."), ("user", shown)]


def test_a_slot_may_depend_on_one_before_it(setup: Any) -> None:
    text = '{{ slot("kind", choices=["invoice", "offer"]) }}{{ slot("sum", when=("kind", ["invoice"])) }}'
    assert setup.document(text).skeleton.slots[1].when == ("kind", ("invoice",))
    assert setup.document(text.replace('["invoice"])', '"invoice")')).skeleton.slots[1].when == ("kind", ("invoice",))
    first, second = text.replace("}}{{", "}}|{{").split("|")
    with pytest.raises(TemplateError, match="before it there is no slot named 'kind'"):
        setup.document(second + first)


def test_points_may_each_have_a_slot(setup: Any) -> None:
    text = '{% for p in request.points %}{{ slot("p" ~ loop.index, about=p, sentences=1) }} {% endfor %}'
    slots = setup.document(text, points=["tea", "cake"]).skeleton.slots
    assert [(slot.name, slot.about) for slot in slots] == [("p1", ("tea",)), ("p2", ("cake",))]


def test_a_slot_made_in_python_is_checked_too() -> None:
    with pytest.raises(OptionError, match="words: 3 is not allowed"):
        Slot("a", words=3)  # type: ignore[arg-type]
    assert Slot("a", known=("",), sentences=(1, 2), otherwise=("",), about=("x",)).known == ("",)


def test_the_object_of_a_slot_with_a_schema() -> None:
    texts = {"a": '{"x": 1}', "b": "{"}
    unused: Any = None
    document = Document(domain="note", request=unused, text="", slots=texts, findings=(), provenance=unused, formats={})
    assert document.value("a") == {"x": 1}
    with pytest.raises(OutputError, match="the slot holds no JSON"):
        document.value("b")
    with pytest.raises(UnknownNameError, match="no slot named 'c'"):
        document.value("c")
