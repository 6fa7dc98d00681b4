"""Which file a name means: the user's before the domain's own, `bundled:`, plugins' loaders, variants."""

import os
import time
from typing import Any

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dalle_kit.errors import TemplateError, UnknownNameError
from dalle_kit.templating.sources import folder_of, is_safe


def text_of(shaped: Any) -> str:
    outline: str = shaped.skeleton.outline()
    return outline


def test_the_users_file_comes_first_and_the_other_stays_the_domains(setup: Any) -> None:
    path = setup.write("document.j2", "mine", user=True)
    shaped = setup.shape()
    assert text_of(shaped) == "mine"
    assert shaped.sources == (str(path), "bundled:note/prompt.j2")


def test_an_override_extends_what_it_replaces(setup: Any) -> None:
    setup.write("document.j2", "{% block top %}old{% endblock %} {% block end %}end{% endblock %}")
    path = setup.write(
        "document.j2",
        '{% extends "bundled:note/document.j2" %}{% block top %}new {{ super() }}{% endblock %}',
        user=True,
    )
    shaped = setup.shape()
    assert text_of(shaped) == "new old end"
    assert shaped.sources[:2] == (str(path), "bundled:note/document.j2")
    assert text_of(setup.shape("bundled:default")) == "old end"


def test_names_inside_templates_are_the_domains_or_full(setup: Any) -> None:
    setup.write("parts/end.j2", "end")
    for name in ("parts/end.j2", "note/parts/end.j2", "bundled:note/parts/end.j2"):
        assert text_of(setup.document("{% include '" + name + "' %}")) == "end"
    setup.write("parts/end.j2", "my end", user=True)
    assert text_of(setup.document("{% include 'parts/end.j2' %}")) == "my end"
    assert text_of(setup.document("{% include 'bundled:note/parts/end.j2' %}")) == "end"


def test_a_variant_may_have_one_file_or_both(setup: Any) -> None:
    setup.write("brief/document.j2", "brief {{ slot('body') }}")
    shaped = setup.shape("brief")
    assert (text_of(shaped), shaped.template) == ("brief ...", "note/brief")
    assert shaped.sources == ("bundled:note/brief/document.j2", "bundled:note/prompt.j2")
    setup.write("loud/prompt.j2", "LOUD", user=True)
    assert setup.shape("loud").prompt.text == "LOUD"
    assert setup.templates.names("note") == ("default", "brief", "loud")


def test_a_replaced_variant_is_reached_as_bundled(setup: Any) -> None:
    setup.write("brief/document.j2", "theirs")
    setup.write("brief/document.j2", "mine", user=True)
    setup.write("prompt.j2", "my prompt", user=True)
    assert text_of(setup.shape("brief")) == "mine"
    shaped = setup.shape("bundled:brief")
    assert text_of(shaped) == "theirs"
    assert shaped.sources[1] == "bundled:note/prompt.j2"
    assert "bundled:brief" in setup.templates.names("note")


@pytest.mark.parametrize(
    "name", ["brif", "bundled:brif", "corp:brief", "../brief", "a/b", "", ":", "brief:", "C:\\x", "."]
)
def test_an_unknown_variant_names_the_nearest(setup: Any, name: str) -> None:
    setup.write("brief/document.j2", "x")
    if name == "":
        assert setup.shape(name).template == "note"
        return
    with pytest.raises(UnknownNameError, match="no template named") as caught:
        setup.shape(name)
    if name == "brif":
        assert caught.value.nearest == "brief"


def test_a_folder_of_parts_is_no_variant(setup: Any) -> None:
    setup.write("parts/end.j2", "end")
    with pytest.raises(UnknownNameError):
        setup.shape("parts")


def test_plugins_loaders_are_reached_by_name_only(setup: Any) -> None:
    setup.loaders["corp"] = jinja2.DictLoader(
        {
            "note/document.j2": "corp: {% include 'logo.j2' %} {% include 'note/end.j2' %}",
            "note/brief/document.j2": "corp brief {% include 'bundled:note/document.j2' %}",
            "note/logo.j2": "LOGO",
            "note/end.j2": "END",
        }
    )
    setup.write("end.j2", "own end")
    assert text_of(setup.shape()) == "About Tea\n...\n"
    shaped = setup.shape("corp:default")
    assert text_of(shaped) == "corp: LOGO END"
    assert shaped.template == "corp:note"
    assert shaped.sources[-1] == "bundled:note/prompt.j2"
    assert text_of(setup.shape("corp:brief")) == "corp brief About Tea\n...\n"
    assert text_of(setup.document("{% include 'corp:note/logo.j2' %}{% include 'end.j2' %}")) == "LOGOown end"
    assert setup.templates.names("note") == ("default", "corp:brief", "corp:default")


def test_a_loader_cannot_take_the_name_of_the_bundled_templates(setup: Any) -> None:
    setup.loaders["bundled"] = jinja2.DictLoader({"note/document.j2": "stolen"})
    assert text_of(setup.shape("bundled:default")) == "About Tea\n...\n"


def test_a_failing_loader_is_named(setup: Any) -> None:
    def fail(name: str) -> str:
        raise OSError("no share")

    setup.loaders["corp"] = jinja2.FunctionLoader(fail)
    with pytest.raises(TemplateError, match="the loader 'corp' failed: OSError: no share"):
        setup.shape("corp:default")


def test_changed_and_new_files_are_seen_by_a_running_program(setup: Any) -> None:
    templates = setup.templates
    request = setup.domain.parse({"subject": "Tea"})

    def now() -> str:
        return text_of(templates.shape(setup.domain, request))

    assert now() == "About Tea\n...\n"
    path = setup.write("document.j2", "mine", user=True)
    assert now() == "mine"
    path.write_text("newer", encoding="utf-8")
    os.utime(path, ns=(time.time_ns(), time.time_ns() + 10_000_000))
    assert now() == "newer"
    path.unlink()
    assert now() == "About Tea\n...\n"


def test_files_and_find_show_where_each_comes_from(setup: Any) -> None:
    setup.write("document.j2", "mine", user=True)
    setup.loaders["corp"] = jinja2.DictLoader({"note/brief/document.j2": "x"})
    found = {file.name: file.source for file in setup.templates.files()}
    assert found == {
        "note/document.j2": "user",
        "bundled:note/document.j2": "bundled",
        "note/prompt.j2": "bundled",
        "corp:note/brief/document.j2": "corp",
    }
    assert setup.templates.find("note/document.j2").text == "mine"
    with pytest.raises(UnknownNameError, match=r"did you mean 'note/prompt\.j2'"):
        setup.templates.find("note/promt.j2")


def test_crlf_and_byte_order_mark_make_no_difference(setup: Any) -> None:
    assert setup.document("\ufeffa\r\nb").skeleton.parts == ("a\nb",)


def test_nested_domains_have_a_folder_of_their_own() -> None:
    assert folder_of("code complete") == "code.complete"


@given(st.text(st.sampled_from("ab./\\:\0")))
def test_a_safe_path_stays_in_its_folder(path: str) -> None:
    if is_safe(path):
        assert all(part not in ("", ".", "..") for part in path.split("/"))
        assert not set(path) & set("\\:\0")
