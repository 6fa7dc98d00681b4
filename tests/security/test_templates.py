"""Templates that try to reach Python, and ones that try to take all time or memory."""

from __future__ import annotations

import resource
import time
from pathlib import Path
from types import SimpleNamespace

import jinja2
import pytest
from pydantic import Field

from dalle_kit import sandbox
from dalle_kit.domain import Domain, Request
from dalle_kit.errors import ModelError, TemplateError
from dalle_kit.records import Message, Prompt
from dalle_kit.templating.templates import Shaped, Templates

#: Published ways out of Jinja's sandbox, and what they are built of.
ESCAPES = [
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ ''|attr('__class__') }}",
    "{{ ''['__class__'] }}",
    "{{ request|attr('_fields') }}",
    "{{ request._fields }}",
    "{{ cycler.__init__.__globals__ }}",
    "{{ joiner.__init__.__globals__.os }}",
    "{{ namespace.__init__.__globals__ }}",
    "{{ lipsum.__globals__ }}",
    "{{ self.__init__ }}",
    "{{ self._TemplateReference__context }}",
    "{{ '{0.__class__}'.format(1) }}",
    "{{ '{0.__class__}'.format_map({'0':1}) }}",
    "{{ ''|map(attribute='__class__')|list }}",
    "{{ ['a']|map(attribute='__class__')|list }}",
    "{{ [request]|map(attribute='__class__.__mro__')|list }}",
    "{{ slot.__globals__ }}",
    "{{ turn.__wrapped__ }}",
    "{{ slot.__code__ }}",
    "{{ slot.__kwdefaults__ }}",
    "{% macro m() %}{% endmacro %}{{ m.__init__.__globals__ }}",
    "{% macro m() %}{% endmacro %}{{ m._func }}",
    "{% macro m() %}{% endmacro %}{{ m._environment }}",
    "{{ ''|attr('format')|attr('__self__') }}",
    "{{ ('%c'*9)|format(95,95,99,108,97,115,115,95,95) }}{{ ''|attr(('%c'*9)|format(95,95,99,108,97,115,115,95,95)) }}",
    "{{ dict.mro() }}",
    "{{ dict.__base__ }}",
    "{{ range.__class__ }}",
    "{{ [].append(1) }}",
    "{{ {}.update(a=1) }}",
    "{{ (1).__class__ }}",
    "{{ 1|attr('__class__') }}",
    "{{ loop.__class__ }}",
    "{% for x in [1] %}{{ loop._iterable }}{% endfor %}",
    "{% for x in [1] %}{{ loop.__init__.__globals__ }}{% endfor %}",
    "{{ [''.format]|map('attr','__self__')|list }}",
    "{{ ['{0.__class__}'.format]|first }}",
    "{{ ['__class__']|map('attr')|list }}",
    "{{ [1]|sort(attribute='__class__') }}",
    "{{ [request]|selectattr('__class__')|list }}",
    "{{ [1]|sum(attribute='__class__') }}",
    "{{ [1]|unique(attribute='__class__')|list }}",
    "{{ [1]|max(attribute='__class__') }}",
    "{{ [1]|map(attribute='real.__class__')|join }}",
    "{% set ns = namespace() %}{{ ns._Namespace__attrs }}",
    "{% set ns = namespace() %}{% set ns.__class__ = 1 %}{{ ns.__class__ }}",
    "{{ caller.__class__ }}",
    "{{ varargs.__class__ }}",
    "{{ config }}",
    "{{ url_for.__globals__ }}",
    "{{ environment }}",
    "{{ context }}",
    "{{ self.environment }}",
    "{% import 'document.j2' as m %}{{ m.__loader__ }}",
    "{{ undefined_thing.__class__ }}",
    "{{ request.subject.__class__ }}",
    "{% include '/etc/passwd' %}",
    "{% include '../../../etc/passwd' %}",
    "{% include 'note/../../x.j2' %}",
    "{% include 'note\\\\..\\\\x' %}",
    "{% import 'os' as os %}",
    "{% include 'bundled:../../pyproject.toml' %}",
    "{% include 'C:/x' %}",
    "{{ request.subject.format.__self__ }}",
    "{{ ''.join.__self__ }}",
    "{{ slot('a', schema=dict) }}",
    "{{ slot('a', schema=cycler) }}",
    "{{ 'x'.encode().decode.__self__ }}",
    "{{ request.__class__ }}",
    "{{ 'a'.__len__() }}",
    "{{ ().__class__.__bases__[0] }}",
    "{{ request.subject['__class__'] }}",
    "{{ dict(a=1)['__class__'] }}",
]

#: What takes all time or memory, each in another way.
BOMBS = [
    "{{ 'a' * 10**9 }}",
    "{{ 10**9 * 'a' }}",
    "{{ [1] * 10**9 }}",
    "{{ 'a'|center(10**9) }}",
    "{{ 'a'.center(10**9) }}",
    "{{ 'a'.ljust(10**9) }}",
    "{{ 'a'.zfill(10**9) }}",
    "{{ '%1000000000s'|format('a') }}",
    "{{ '%1000000000s' % 'a' }}",
    "{{ '%*d' % (1000000000, 1) }}",
    "{{ '%*d'|format(1000000000, 1) }}",
    "{{ '{:1000000000}'.format(1) }}",
    "{{ '\\t'.expandtabs(10**9) }}",
    "{% for x in range(10**9) %}a{% endfor %}",
    "{{ range(10**9)|list }}",
    "{% for a in range(99999) %}" * 3 + "{% endfor %}" * 3,
    "{% set ns = namespace(x='a'*1000) %}{% for i in range(99) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
    "{% set ns = namespace(x='a'*1000) %}{% for i in range(99) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
    "{% set ns = namespace(x=[1]) %}{% for i in range(99) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x }}",
    "{% set ns = namespace(x=[1]) %}{% for i in range(99) %}{% set ns.x = ns.x + ns.x %}{% endfor %}{{ ns.x }}",
    "{% set ns = namespace(x=(1,)) %}{% for i in range(99) %}{% set ns.x = (ns.x, ns.x) %}{% endfor %}",
    "{% set ns = namespace(x={}) %}{% for i in range(99) %}{% set ns.x = {1: ns.x, 2: ns.x} %}{% endfor %}{{ ns.x }}",
    "{% set ns = namespace(x=1) %}{% for i in range(99) %}{% set ns.x = dict(a=ns.x, b=ns.x) %}{% endfor %}{{ ns.x }}",
    "{% set ns = namespace(x=9) %}{% for i in range(99) %}{% set ns.x = ns.x * ns.x %}{% endfor %}{{ ns.x }}",
    "{% macro f(n) %}{% if n %}{{ f(n-1) }}{{ f(n-1) }}{% endif %}{% endmacro %}{{ f(60) }}",
    "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
    "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}",
    "{% for x in [1,2] recursive %}{% if loop.depth < 60 %}{{ loop([1,2]) }}{% endif %}{% endfor %}",
    "{% set x = ('a'*1000000) %}{% for i in range(99999) %}{{ x }}{% endfor %}",
    "{{ ('a'*1000000)|replace('a', 'b'*1000000) }}",
    "{{ ('a'*1000000).replace('a', 'b'*1000000) }}",
    "{{ ('a'*1000000).join(range(99999)|map('string')) }}",
    "{{ range(99999)|join('a'*1000000) }}",
    "{{ ('\\n'*1000000)|indent(100000) }}",
    "{{ ('\\n'*1000000)|indent('a'*100000, true, true) }}",
    "{{ range(99999)|map('center', 100000)|list }}",
    "{{ range(99999)|map('center', 100000)|join }}",
    "{{ [1]|batch(10**9, 'x')|list }}",
    "{{ [1]|slice(10**9)|list }}",
    "{{ range(9999)|list|tojson(indent=10**9) }}",
    "{{ range(9999)|list|tojson(indent=100000) }}",
    "{{ 1|round(10**9) }}",
    "{{ ('a '*1000000)|wordwrap(1, wrapstring='b'*1000000) }}",
    "{{ ('%s'*100000)|format('a'*100000) }}",
    "{{ ('%(a)s'*100000)|format(a='a'*100000) }}",
    "{{ ('http://a.b '*10000)|urlize(target='a'*100000) }}",
    "{{ ('a'*100000).translate({97: 'b'*1000000}) }}",
    "{{ range(99999)|map('string')|map('center', 100000)|map('length')|sum }}",
    "{{ ['a'*1000000]|map('replace','a','b'*1000000)|list }}",
    "{{ (range(99999)|list)|map('list')|list }}",
    "{% include 'document.j2' %}",
    "{% import 'document.j2' as x %}",
    "{% extends 'document.j2' %}",
    "{{ self.a() }}{% block a %}{{ self.a() }}{% endblock %}",
    "{% block a %}{{ self.a() }}{{ self.a() }}{% endblock %}",
    "{{ [[[",
    "{% set x = 'ab' %}{% filter replace('a', 'b'*100000) %}{{ 'a'*100000 }}{% endfilter %}",
    "{% for i in range(99999) %}{{ i ~ ('a'*100000) }}{% endfor %}",
    "{% set ns=namespace(l=[]) %}{% for i in range(99999) %}{% set ns.l = ns.l + [i ~ ('a'*100000)] %}{% endfor %}",
]

#: What a parser goes down into, again and again.
NESTED = {
    "brackets": "{{ " + "(" * 100_000 + "1" + ")" * 100_000 + " }}",
    "lists": "{{ " + "[" * 5_000 + "]" * 5_000 + " }}",
    "negations": "{{ " + "not " * 50_000 + "1 }}",
    "sums": "{{ " + "1 + " * 5_000 + "1 }}",
    "attributes": "{{ request" + ".b" * 20_000 + " }}",
    "conditions": "{% if 1 %}" * 3_000 + "{% endif %}" * 3_000,
    "loops": "{% for x in [1] %}" * 300 + "{% endfor %}" * 300,
    "filters": "{{ 1" + "|upper" * 20_000 + " }}",
    "captures": "{% set x = 'a' * 1000 %}" + "{% set x %}{{ x }}{{ x }}{% endset %}" * 60,
    "text": "{{ '" + "a" * 900_000,
    "length": "a" * 1_100_000,
}


class NoteRequest(Request):
    subject: str = Field(description="What it is about.")


class Folder:
    """A user's template folder for one domain."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.domain = Domain(
            name="note", summary="Notes.", request=NoteRequest, templates="dalle_kit_templates", context=lambda _: {}
        )
        self.loaders: dict[str, jinja2.BaseLoader] = {}
        self.write("prompt.j2", "Write.\n{{ outline }}")

    def write(self, name: str, text: str) -> None:
        place = self.folder / "note" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")

    def shape(self, *, subject: str = "Tea", template: str | None = None) -> Shaped:
        plugins = SimpleNamespace(domains={"note": self.domain}, template_loaders=self.loaders)
        request = self.domain.parse({"subject": subject})
        return Templates(plugins, user_folder=self.folder).shape(self.domain, request, template=template)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "_SECONDS", 0.3)


def refused(folder: Folder, text: str) -> str:
    folder.write("document.j2", text)
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.thread_time()
    with pytest.raises(TemplateError) as caught:
        folder.shape()
    assert time.thread_time() - start < 5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 600_000  # kB
    assert "\n" not in str(caught.value)
    return str(caught.value)


#: What comes to nothing: Jinja gives an undefined value, or compares without it.
HARMLESS = ("[]", "[Undefined]", "1", "[1]")


@pytest.mark.parametrize("text", ESCAPES)
def test_a_template_cannot_reach_python(folder: Folder, text: str) -> None:
    folder.write("document.j2", text)
    try:
        assert folder.shape().skeleton.outline() in HARMLESS
    except TemplateError as error:
        assert "\n" not in str(error)


@pytest.mark.parametrize("text", BOMBS)
def test_a_bomb_ends_in_one_line(folder: Folder, impatient: None, text: str) -> None:
    refused(folder, text)


@pytest.mark.parametrize("kind", NESTED)
def test_what_is_nested_or_long_without_end_is_refused(folder: Folder, impatient: None, kind: str) -> None:
    refused(folder, NESTED[kind])


def test_a_bomb_in_an_included_file_a_variant_or_a_plugins_loader_ends_as_well(folder: Folder, impatient: None) -> None:
    bomb = "{{ 'a' * 10**9 }}"
    folder.write("parts/bomb.j2", bomb)
    assert "parts/bomb.j2" in refused(folder, "{% include 'parts/bomb.j2' %}")
    folder.write("big/document.j2", bomb)
    with pytest.raises(TemplateError, match="more than 10,000,000 characters"):
        folder.shape(template="big")
    folder.loaders["acme"] = jinja2.DictLoader({"note/document.j2": bomb})
    with pytest.raises(TemplateError, match="more than 10,000,000 characters"):
        folder.shape(template="acme:default")


def test_files_that_include_each_other_end(folder: Folder) -> None:
    folder.write("a.j2", "{% include 'b.j2' %}{% include 'b.j2' %}")
    folder.write("b.j2", "{% include 'a.j2' %}{% include 'a.j2' %}")
    assert "without end" in refused(folder, "{% include 'a.j2' %}")


@pytest.mark.parametrize("subject", ["{{ 7 * 7 }}", "{% include '/etc/passwd' %}", "{{ slot('x') }}", "{# hidden"])
def test_what_a_user_writes_is_never_rendered(folder: Folder, subject: str) -> None:
    folder.write("document.j2", "About {{ request.subject }}.")
    assert folder.shape(subject=subject).skeleton.outline() == f"About {subject}."


def test_a_template_is_read_from_no_place_but_its_folder(folder: Folder, tmp_path: Path) -> None:
    outside = tmp_path / "secret.j2"
    outside.write_text("secret", encoding="utf-8")
    for name in ("../secret.j2", "note/../../secret.j2", str(outside), f"note//{outside}", "..\\secret.j2"):
        assert "there is no template" in refused(folder, "{% include " + repr(name) + " %}")


def test_limits_leave_room_for_what_documents_need(folder: Folder) -> None:
    folder.write(
        "document.j2",
        "{% for n in range(20000) %}{{ n }}, {% endfor %}{{ request.subject | replace('a', 'bb') | length }}"
        "{{ '%05.1f' | format(3.14) }}{{ 'x'.center(20) }}{{ ('line\n' * 500) | indent(4) | length }}",
    )
    assert "19999, 200000003.1" in folder.shape(subject="a" * 100_000).skeleton.outline()


@pytest.mark.parametrize(
    "template",
    [
        "{{ ''.__class__ }}",
        "{{ messages[0].content * 10**9 }}",
        "{{ cycler.__init__.__globals__ }}",
        "{{ " + "(" * 9999,
    ],
)
def test_a_models_chat_template_is_as_confined(template: str) -> None:
    from tokenizers import Tokenizer as Backend
    from tokenizers import models

    from dalle_kit.engine.tokenization import Tokenizer

    tokenizer = Tokenizer(Backend(models.BPE()), chat_template=template)
    with pytest.raises(ModelError, match="chat template cannot show this prompt"):
        tokenizer.prompt_text(Prompt((Message("user", "hello"),)))
