"""Each way a template can be wrong is one line with file, line and name."""

from typing import Any

import pytest

from dalle_kit.errors import TemplateError


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("ok\n{% if %}", 2, "Expected an expression"),
        ("ok\n{% for x in y %}", 2, "end"),
        ("a\nb\n{{ subjet }}", 3, r"'subjet' is not defined: there are"),
        ("a\n{{ reqest.subject }}", 2, "'reqest' is not defined: did you mean 'request'?"),
        ("a\n{{ request.subjet }}", 2, "there is no field 'subjet': did you mean 'subject'?"),
        ("{{ request.zzz }}", 1, "there is no field 'zzz': there are points, sender, subject"),
        ("{{ request['subjet'] }}", 1, "did you mean 'subject'"),
        ("{% if request.sendr %}x{% endif %}", 1, "did you mean 'sender'"),
        ("\n{{ 'x' | uper }}", 2, "there is no filter 'uper': did you mean 'upper'?"),
        ("{% if 1 is od %}{% endif %}", 1, "there is no test 'od'"),
        ("\n\n{{ 1 + 'a' }}", 3, "TypeError: unsupported operand"),
        ("{{ 1 // 0 }}", 1, "ZeroDivisionError"),
        ("a\n{% include 'missing.j2' %}", 2, "there is no template 'missing.j2'"),
        ("{% include ['a.j2', 'b.j2'] %}", 1, "none of the templates 'a.j2', 'b.j2' exists"),
        ("{% extends 'base.j2' %}", 1, "there is no template 'base.j2'"),
        ("{% include '../secret.j2' %}", 1, "there is no template"),
        ("{% include 'nowhere:x.j2' %}", 1, "there is no template"),
        ("{{ slot() }}", 1, "missing 1 required positional argument: 'name'"),
        ("{{ slot('Body') }}", 1, "slot name 'Body': use lower-case"),
        ("{{ slot(3) }}", 1, "slot name 3"),
        ("{{ slot(bdy) }}", 1, "'bdy' is not defined"),
        ("{{ slot('a', max_tokens=n) }}", 1, "'n' is not defined"),
        ("{{ slot('a', max_tokens=0) }}", 1, "slot 'a': max_tokens: 0 is not allowed; give a whole number from 1"),
        ("{{ slot('a', temprature=1) }}", 1, "no argument named 'temprature': did you mean 'temperature'"),
        ("{{ slot('a', stop='x') }}", 1, "slot 'a': stop: 'x' is not allowed; give a tuple of texts"),
        ("{{ slot('a', stop=['']) }}", 1, "none of them empty"),
        ("{{ slot('a') }}\n{{ slot('a') }}", 2, "slot 'a' is there twice"),
        ("{{ turn('user') }}", 1, r"turn\(\) belongs in prompt\.j2"),
        ("{{ slot('a') | upper }}", None, "slot 'a' was changed by a filter or never printed"),
        ("{{ slot('a') | truncate(5) }}", None, "slot 'a' was changed"),
        ("{{ slot('a') | length }}", None, "slot 'a' was changed"),
        ("{% set x = slot('a') %}", None, "slot 'a' was changed by a filter or never printed"),
        ("{% set x = slot('a') %}{{ x }}{{ x }}", None, "slot 'a' is printed more than once"),
        ("{% filter title %}{{ slot('a') }}{% endfilter %}", None, "slot 'a' was changed"),
        ("{% include 'document.j2' %}", None, "includes or extends itself without end"),
        ("{% extends 'note/document.j2' %}", None, "write 'bundled:...'"),
    ],
)
def test_a_wrong_document(setup: Any, text: str, line: int | None, message: str) -> None:
    with pytest.raises(TemplateError, match=message) as caught:
        setup.document(text)
    assert caught.value.template == "bundled:note/document.j2"
    assert caught.value.line == line
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{ slot('a') }}", r"slot\(\) belongs in document\.j2"),
        ("{{ turn('sytem') }}", "no role named 'sytem': did you mean 'system'"),
        ("{{ turn(who) }}", "'who' is not defined"),
        ("{{ turn('user') | upper }}x", "turn 'user' was changed by a filter"),
        ("{{ outlin }}", "did you mean 'outline'"),
    ],
)
def test_a_wrong_prompt(setup: Any, text: str, message: str) -> None:
    with pytest.raises(TemplateError, match=message) as caught:
        setup.prompt(text)
    assert caught.value.template == "bundled:note/prompt.j2"


def test_the_users_file_is_named_by_its_path(setup: Any) -> None:
    path = setup.write("document.j2", "a\n{{ request.subjet }}", user=True)
    with pytest.raises(TemplateError, match="did you mean 'subject'") as caught:
        setup.shape()
    assert (caught.value.template, caught.value.line) == (str(path), 2)


def test_an_error_in_an_included_or_imported_file_names_that_file(setup: Any) -> None:
    setup.write("parts/a.j2", "\n\n{{ request.subjet }}")
    with pytest.raises(TemplateError) as caught:
        setup.document("\n{% include 'parts/a.j2' %}")
    assert (caught.value.template, caught.value.line) == ("bundled:note/parts/a.j2", 3)
    setup.write("parts/b.j2", "{% macro m() %}\n{{ 1 // 0 }}{% endmacro %}")
    with pytest.raises(TemplateError) as caught:
        setup.document("{% import 'parts/b.j2' as b %}{{ b.m() }}")
    assert (caught.value.template, caught.value.line) == ("bundled:note/parts/b.j2", 2)
    setup.write("parts/c.j2", "\n{% if %}")
    with pytest.raises(TemplateError) as caught:
        setup.document("{% include 'parts/c.j2' %}")
    assert (caught.value.template, caught.value.line) == ("bundled:note/parts/c.j2", 2)


def test_an_imported_file_is_told_how_to_see_the_request(setup: Any) -> None:
    setup.write("macros.j2", "{% macro hello() %}{{ request.subject }}{% endmacro %}")
    with pytest.raises(TemplateError, match="'request' is not defined in an imported file; import it 'with context'"):
        setup.document("{% import 'macros.j2' as m %}{{ m.hello() }}")
    assert setup.document("{% import 'macros.j2' as m with context %}{{ m.hello() }}").skeleton.parts == ("Tea",)


def test_slots_are_refused_at_the_top_of_an_imported_file(setup: Any) -> None:
    setup.write("macros.j2", "{% set x = slot('body') %}")
    for context in ("", " with context"):
        with pytest.raises(TemplateError, match="call it in a macro"):
            setup.document("{% import 'macros.j2' as m" + context + " %}{{ m.x }}")


def test_a_template_that_is_not_utf8(setup: Any) -> None:
    setup.write("document.j2", "", user=True).write_bytes(b"caf\xe9")
    with pytest.raises(TemplateError, match="is not UTF-8 text \\(byte 3\\)"):
        setup.shape()


def test_a_domain_without_templates_says_which_file_is_missing(setup: Any) -> None:
    (setup.package / "prompt.j2").unlink()
    with pytest.raises(TemplateError, match=r"there is no template 'note/prompt\.j2'"):
        setup.shape()


def test_a_package_that_cannot_be_imported_is_named(setup: Any) -> None:
    object.__setattr__(setup.domain, "templates", "no_such_package_here")
    with pytest.raises(
        TemplateError, match="the package 'no_such_package_here' of the domain 'note' cannot be imported"
    ):
        setup.shape()
