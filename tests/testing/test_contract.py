"""The contract of a domain: what comes with the toolkit keeps it, and each way to break it is named with its place."""

from __future__ import annotations

import functools
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, cast

import pydantic
import pytest

from dalle_kit import Document, Domain, Draft, Finding, Format, Request, RequestError, UnknownNameError, hookspecs
from dalle_kit.config import Settings
from dalle_kit.plugin_manager.manager import load_plugins
from dalle_kit.testing import check_domain, check_plugin, domain_faults, plugin_faults
from dalle_kit.testing.hook_rules import CROSS_CUTTING

#: Any package with a document and a prompt that need little of a request.
TEMPLATES = "tests_testing_templates"


class Note(Request):
    """A request that keeps the contract."""

    to: str = pydantic.Field(description="Who it is for.")
    points: tuple[str, ...] = pydantic.Field((), description="A thing to say.")


@pytest.fixture(autouse=True)
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The package of the templates, importable."""
    monkeypatch.setenv("DALLE_KIT_HOME", str(tmp_path / "home"))
    folder = tmp_path / "site" / TEMPLATES
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("", encoding="utf-8")
    (folder / "document.j2").write_text('{{ request.to }}: {{ slot("body") }}', encoding="utf-8")
    (folder / "prompt.j2").write_text("{{ request.points | length }}", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    # Its folder is another one in each test.
    sys.modules.pop(TEMPLATES, None)
    return folder


def domain(**parts: Any) -> Domain:
    return Domain(**{"name": "note", "summary": "A note", "request": Note, "templates": TEMPLATES, **parts})


def test_a_domain_that_keeps_the_contract_passes() -> None:
    check_domain(domain())


@pytest.mark.parametrize("name", [info.name for info in load_plugins(Settings()).infos if info.built_in])
def test_what_comes_with_the_toolkit_keeps_the_contract(name: str) -> None:
    assert plugin_faults(load_plugins(Settings()), name) == []


def test_a_template_that_cannot_take_the_empty_texts_that_the_request_allows_is_named(package: Path) -> None:
    point = '{{ slot("p" ~ loop.index, about=point) }}'
    (package / "document.j2").write_text(f"{{% for point in request.points %}}{point}{{% endfor %}}", encoding="utf-8")

    class Many(Note):
        points: tuple[str, ...] = pydantic.Field(description="A thing to say.", min_length=1)

    (fault,) = domain_faults(domain(request=Many))
    assert "'points': ('',)" in fault.message and "none of them empty" in fault.message

    class Said(Note):
        points: tuple[Annotated[str, pydantic.Field(min_length=1)], ...] = pydantic.Field(description="A thing to say.")

    assert domain_faults(domain(request=Said)) == []


def grow(request: Any, draft: Draft) -> Draft:
    return draft.replace("body", draft.texts["body"] + "!")


def drop(request: Any, draft: Draft) -> Draft:
    return Draft(draft.skeleton, {})


def stumble(request: Any, draft: Draft) -> Draft:
    return draft.replace("body", draft.texts["body"].split()[0])


def nothing(request: Any, draft: Draft) -> Any:
    return None


def loud(request: Any, draft: Draft) -> Draft:
    print("finishing")
    return draft


def in_place(request: Any, draft: Draft) -> Draft:
    cast("dict[str, str]", draft.texts)["body"] = "changed"
    return draft


def elsewhere(request: Any, draft: Draft) -> Iterable[Finding]:
    yield Finding("far", "error", "too far", "body", (0, 1_000_000))


def nowhere(request: Any, draft: Draft) -> Iterable[Finding]:
    yield Finding("lost", "error", "no such slot", "boddy")


def endless(request: Any) -> tuple[Any, str] | None:
    return Note(to=request.to + "x"), "nothing"


def refuse(request: Any) -> None:
    raise RequestError("never")


def broken_json(document: Document) -> str:
    return "{"


def counter() -> Callable[[Document], str]:
    times: list[int] = []

    def render(document: Document) -> str:
        times.append(1)
        return str(len(times))

    return render


class Bare(Request):
    """A request whose field says nothing."""

    to: str = pydantic.Field(description="Recipient")


class Wrong(Request):
    """A request whose example is none."""

    model_config = pydantic.ConfigDict(json_schema_extra={"examples": [{"to": "Ana"}, {"from": "Bo"}]})

    to: str = pydantic.Field(description="Who it is for.")


class Demanding(Request):
    """A request that nothing can be made up for."""

    to: str = pydantic.Field(description="Who it is for.", pattern="^[0-9]{5}$")


class Lossy(Request):
    """A request that is another one after it was written as JSON."""

    to: str = pydantic.Field(description="Who it is for.")

    @pydantic.field_validator("to")
    @classmethod
    def _quoted(cls, value: str) -> str:
        return f"<{value}>"


BREACHES: dict[str, tuple[dict[str, Any], str, str]] = {
    "a field without a description": ({"request": Bare}, "requests", "Bare.to is described as 'Recipient'"),
    "an example that is not valid": ({"request": Wrong}, "requests", "example 2"),
    "no example at all": ({"request": Demanding}, "requests", "give the request model examples"),
    "a request that does not survive JSON": ({"request": Lossy}, "requests", "'to' does not survive JSON"),
    "a summary of two lines": ({"summary": "A\nnote"}, "requests", "not one line"),
    "context that fails": ({"context": lambda request: {"x": 1 / 0}}, "templates", "ZeroDivisionError"),
    "context that refuses every request": ({"context": refuse}, "templates", "the examples too: never"),
    "sources that fail": ({"sources": lambda request: [1 / 0]}, "requests", "its sources cannot be told: ZeroDiv"),
    "people that are one text": ({"people": lambda request: "Ana"}, "requests", "gave 'Ana'; give a list of texts"),
    "a gap that is none": ({"gap": lambda request: 7}, "requests", "its gap cannot be told: TypeError: it returned 7"),
    "plain texts that are none": ({"plain": lambda: [7]}, "cases", "plain texts cannot be used"),
    "counterfactuals that fail": ({"counterfactuals": lambda: [1 / 0]}, "cases", "counterfactuals cannot be used"),
    "a format whose needs fail": (
        {"formats": (Format("md", lambda document: "x", require=lambda request: [][0]),)},
        "formats",
        "'md' cannot say what it needs: IndexError",
    ),
    "finish that is not idempotent": ({"finish": grow}, "finish", "not idempotent"),
    "finish that drops a slot": ({"finish": drop}, "finish", "returns the slots"),
    "finish that fails on no text": ({"finish": stumble}, "finish", "given nothing, it fails: IndexError"),
    "finish that returns nothing": ({"finish": nothing}, "finish", "which is no Draft"),
    "finish that changes the draft itself": ({"finish": in_place}, "finish", "return draft.replace(SLOT, TEXT)"),
    "finish that prints": ({"finish": loud}, "output", "it prints 'finishing' to stdout"),
    "a finding outside of the text": ({"check": elsewhere}, "check", "'far' points at (0, 1000000)"),
    "a finding in no slot": ({"check": nowhere}, "check", "there are body"),
    "a check that is none": ({"check": lambda request, draft: ["x"]}, "check", "which is no Finding"),
    "shortening without end": ({"shorten": endless}, "shorten", "after 1000 times"),
    "cases that are not valid": ({"cases": lambda: [{"id": "a", "fields": {}}]}, "cases", "case 'a'"),
    "cases of one name": ({"cases": lambda: [{"id": "a", "fields": {"to": "A"}}] * 2}, "cases", "there twice"),
    "a format that fails": ({"formats": (Format("md", lambda document: str(1 / 0)),)}, "formats", "ZeroDivisionError"),
    "a format that is never the same": ({"formats": (Format("md", counter()),)}, "formats", "the second time"),
    "a format that nobody can have": (
        {"formats": (Format("md", lambda document: "x", require=refuse),)},
        "formats",
        "needs more than any example",
    ),
    "JSON that is none": (
        {"formats": (Format("ld", broken_json, "", ".jsonld", "application/ld+json"),)},
        "formats",
        "not what its name or its media type 'application/ld+json' says",
    ),
    "a suffix that is none": ({"formats": (Format("md", str, "", "md"),)}, "formats", "the suffix 'md'"),
    "a media type that is none": ({"formats": (Format("md", str, "", ".md", "words"),)}, "formats", "'words'"),
}


@pytest.mark.parametrize(
    "name", ["finish that is not idempotent", "finish that returns nothing", "a check that is none"]
)
def test_what_is_wrong_with_every_text_is_told_once(name: str) -> None:
    parts, rule, message = BREACHES[name]
    assert (
        len([fault for fault in domain_faults(domain(**parts)) if fault.rule == rule and message in fault.message]) == 1
    )


def test_a_check_that_returns_none_has_found_nothing() -> None:
    check_domain(domain(check=lambda request, draft: None))


@pytest.mark.parametrize("breach", BREACHES)
def test_a_breach_is_named_with_its_rule_and_its_place(breach: str) -> None:
    parts, rule, message = BREACHES[breach]
    faults = domain_faults(domain(**parts))
    found = [fault for fault in faults if fault.rule == rule and message in fault.message]
    assert found, faults
    assert "\n" not in found[0].message
    assert re.search(rf"{re.escape(__file__)}:\d+\Z", found[0].where), found[0].where
    with pytest.raises(AssertionError, match=rule):
        check_domain(domain(**parts))


def test_the_place_of_a_field_is_its_line() -> None:
    (fault,) = (fault for fault in domain_faults(domain(request=Bare)) if fault.rule == "requests")
    file, _, line = fault.where.rpartition(":")
    assert Path(file).read_text(encoding="utf-8").splitlines()[int(line) - 1].strip().startswith("to: str")


def test_a_template_that_fails_for_the_least_of_a_request_is_named_with_its_line(package: Path) -> None:
    (package / "prompt.j2").write_text("x\n{{ request.points[0] }}", encoding="utf-8")
    (fault,) = domain_faults(domain())
    assert fault.rule == "templates" and f"{TEMPLATES}" not in fault.message and "note/prompt.j2:2" in fault.message


@pytest.mark.parametrize("held", ['regex="(a"', 'grammar="start: ("', 'schema={"type": "objekt"}'])
def test_a_pattern_that_is_none_is_named_with_its_slot(package: Path, held: str) -> None:
    (package / "document.j2").write_text(f'{{{{ slot("body", {held}) }}}}', encoding="utf-8")
    (fault,) = domain_faults(domain())
    assert fault.rule == "templates"
    assert fault.message.startswith(f"template 'note': slot 'body': its {held.partition('=')[0]} ")
    assert " cannot be used: " in fault.message and "\n" not in fault.message


def test_every_variant_is_rendered(package: Path) -> None:
    (package / "brief").mkdir()
    (package / "brief" / "document.j2").write_text("{{ request.too }}", encoding="utf-8")
    assert any("brief/document.j2:1" in fault.message and "'to'" in fault.message for fault in domain_faults(domain()))


def test_texts_that_a_slots_pattern_takes_are_tried(package: Path) -> None:
    def careless(request: Any, draft: Draft) -> Draft:
        return grow(request, draft) if draft.texts["body"] else draft

    (package / "document.j2").write_text('{{ slot("body", regex="[A-Z].+") }}', encoding="utf-8")
    assert {fault.rule for fault in domain_faults(domain(finish=careless))} == {"finish"}


def test_a_format_is_tried_with_what_a_slots_schema_takes(package: Path) -> None:
    schema = {"type": "object", "properties": {"to": {"type": "string"}, "chairs": {"type": "integer"}}}
    (package / "document.j2").write_text('{{ slot("body", schema=schema) }}', encoding="utf-8")

    def row(*names: str) -> Domain:
        written = Format("row", lambda document: ",".join(str(document.value("body")[name]) for name in names))
        return domain(context=lambda request: {"schema": schema}, formats=(written,))

    check_domain(row("to", "chairs"))
    (fault,) = domain_faults(row("to", "tables"))
    assert fault.rule == "formats" and "KeyError: 'tables'" in fault.message


def test_a_function_that_its_plugin_wraps_is_called_as_it_is_wrapped() -> None:
    def loud(render: Callable[[str], str]) -> Callable[[Document], str]:
        @functools.wraps(render)
        def wrapped(document: Document) -> str:
            return render(document.text)

        return wrapped

    @loud
    def shout(text: str) -> str:
        return text.upper()

    assert domain_faults(domain(formats=(Format("md", shout),))) == []


def test_refusing_a_request_is_no_breach() -> None:
    def picky(request: Any) -> Mapping[str, object]:
        if request.points:
            raise RequestError("no points, please", field="points")
        return {}

    assert domain_faults(domain(context=picky)) == []


def test_an_unknown_plugin_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'email'"):
        check_plugin("emial")


def test_every_cross_cutting_hook_is_under_the_contract() -> None:
    hooks = {name for name in vars(hookspecs) if name.startswith("dalle_kit_")}
    assert set(CROSS_CUTTING) == {name for name in hooks if not name.startswith("dalle_kit_register_")}
