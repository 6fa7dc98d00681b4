"""What a request becomes: literals, slots and turns, with the user's text as it was."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dalle_kit.errors import PluginError, TemplateError
from dalle_kit.records import Skeleton, Slot

odd_text = st.text(st.characters(codec="utf-8")) | st.sampled_from(
    [
        '{{ slot("body") }}',
        "{% raw %}{{ x }}",
        "{# c #}",
        "{{ request }}",
        "slot" + "0" * 48,
        "a\r\nb\r",
        "\ufeff",
        "<&>",
    ]
)


def test_a_document_is_its_literals_and_slots_in_order(setup: Any) -> None:
    shaped = setup.document('Dear all,\n\n{{ slot("body", stop=["\\n\\n"], max_tokens=40) }}\n\nTom\n')
    slot = Slot("body", ("\n\n",), options={"max_tokens": 40})
    assert shaped.skeleton == Skeleton(("Dear all,\n\n", slot, "\n\nTom\n"))
    assert shaped.template == "note"


def test_adjacent_and_looped_slots(setup: Any) -> None:
    shaped = setup.document(
        '{% for p in request.points %}{{ slot("p%d" % loop.index) }}{% endfor %}', points=["a", "b"]
    )
    assert shaped.skeleton.parts == (Slot("p1"), Slot("p2"))


def test_a_document_without_slots_is_allowed_and_needs_no_prompt(setup: Any) -> None:
    setup.write("prompt.j2", "")
    shaped = setup.document("Only {{ request.subject }}.")
    assert shaped.skeleton.parts == ("Only Tea.",)
    assert shaped.prompt.messages == ()


def test_a_prompt_of_nothing_is_refused_when_there_are_slots(setup: Any) -> None:
    with pytest.raises(TemplateError, match=r"prompt\.j2: renders to nothing"):
        setup.prompt(" \n ")


def test_whitespace_is_as_written(setup: Any) -> None:
    text = "a  \n\n  {% if true %}\n\tb\n  {% endif %}\n\n"
    assert setup.document(text).skeleton.parts == ("a  \n\n  \n\tb\n  \n\n",)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(subject=odd_text, point=odd_text, sender=odd_text)
def test_what_users_write_comes_through_byte_for_byte(setup: Any, subject: str, point: str, sender: str) -> None:
    setup.write(
        "document.j2", '[{{ request.subject }}|{{ slot("body") }}|{{ request.points[0] }}|{{ request.sender }}]'
    )
    setup.write("prompt.j2", "{{ turn('system') }}<{{ request.subject }}>{{ turn('user') }}<{{ request.points[0] }}>")
    templates = setup.templates
    request = setup.domain.request.model_construct(subject=subject, points=(point,), sender=sender)
    shaped = templates.shape(setup.domain, request)
    assert shaped.skeleton.parts == (f"[{subject}|", Slot("body"), f"|{point}|{sender}]")
    assert [message.content for message in shaped.prompt.messages] == [f"<{subject}>", f"<{point}>"]


def test_the_mark_of_one_rendering_is_plain_text_in_the_next(setup: Any) -> None:
    seen: list[str] = []
    domain_context: Callable[[Any], dict[str, object]] = lambda request: {"spy": seen.append}  # noqa: E731
    object.__setattr__(setup.domain, "context", domain_context)
    setup.document('{% set mark = slot("body") %}{{ mark }}{{ spy(mark) or "" }}')
    with pytest.raises(TemplateError, match="another rendering"):
        setup.document('{{ request.subject }}{{ slot("body") }}', subject=seen[0])


def test_turns_have_roles_and_lose_outer_blank_lines_only(setup: Any) -> None:
    text = (
        "\n  first\n{{ turn('system') }}\n\n  You write.\n\n  Well.\n \n{{ turn('user') }}\n{{ turn('assistant') }}Yes:"
    )
    assert setup.prompt(text) == [
        ("user", "  first"),
        ("system", "  You write.\n\n  Well."),
        ("assistant", "Yes:"),
    ]


def test_the_prompt_sees_the_outline_and_the_slots(setup: Any) -> None:
    assert setup.prompt("{{ slots | join(',') }}: {{ outline }}") == [("user", "body: About Tea\n...")]


def test_context_variables_are_there_and_may_be_functions(make_setup: Any) -> None:
    setup = make_setup(lambda request: {"shout": str.upper, "greeting": "Hi"})
    assert setup.document("{{ greeting }} {{ shout(request.subject) }}").skeleton.parts == ("Hi TEA",)


@dataclass
class Person:
    name: str

    def delete(self) -> str:
        return "deleted"


def test_models_in_the_context_show_fields_and_no_methods(make_setup: Any) -> None:
    setup = make_setup({"person": Person("Ana"), "people": [Person("Bo")], "by": {"x": Person("Cy")}})
    shaped = setup.document("{{ person.name }} {{ people[0].name }} {{ by.x.name }}")
    assert shaped.skeleton.parts == ("Ana Bo Cy",)
    with pytest.raises(TemplateError, match="there is no field 'delete': there are name"):
        setup.document("{{ person.delete() }}")


@pytest.mark.parametrize("name", ["slot", "turn", "request", "outline", "slots"])
def test_context_may_not_take_the_cores_names(make_setup: Any, name: str) -> None:
    with pytest.raises(PluginError, match=f"'{name}', which is taken"):
        make_setup({name: 1}).shape()


def test_a_failing_context_names_the_domain(make_setup: Any) -> None:
    with pytest.raises(PluginError, match="the domain 'note' failed to prepare its templates: ZeroDivisionError"):
        make_setup(lambda request: {"x": 1 / 0}).shape()


@pytest.mark.parametrize(
    "attack",
    [
        "request.model_dump()",
        "request.__class__.__mro__",
        "request._fields",
        "request.points.__class__",
        "''.__class__.__mro__[1].__subclasses__()",
        "slot.__globals__",
        "'{0.__class__}'.format(request)",
        "request.points.append('x')",
        "range(10000000) | list",
    ],
)
def test_the_sandbox_holds(setup: Any, attack: str) -> None:
    with pytest.raises(TemplateError, match=r"document\.j2:1: "):
        setup.document("{{ " + attack + " }}", points=["a"])


def test_lists_of_the_context_cannot_be_changed(make_setup: Any) -> None:
    shared = ["a"]
    with pytest.raises(TemplateError):
        make_setup({"shared": shared}).document("{{ shared.append('b') }}")
    with pytest.raises(TemplateError, match="is unsafe"):
        make_setup({"table": {"a": 1}}).document("{{ table.update({'a': 2}) }}")
    assert shared == ["a"]


def test_one_templates_object_serves_many_threads(setup: Any) -> None:
    setup.write("macros.j2", "{% macro body(name) %}{{ slot(name) }}{% endmacro %}")
    setup.write(
        "document.j2",
        "{% from 'macros.j2' import body %}{{ request.subject }}"
        "{% for point in request.points %}{{ body(point) }};{% endfor %}",
    )
    templates = setup.templates
    wrong: list[object] = []

    def work(number: int) -> None:
        points = tuple(f"p{number}_{each}" for each in range(20))
        request = setup.domain.parse({"subject": str(number), "points": points})
        for _ in range(20):
            shaped = templates.shape(setup.domain, request)
            if tuple(slot.name for slot in shaped.skeleton.slots) != points or shaped.skeleton.parts[0] != str(number):
                wrong.append(shaped)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_the_same_request_gives_the_same_shape(setup: Any) -> None:
    assert setup.shape() == setup.shape()
