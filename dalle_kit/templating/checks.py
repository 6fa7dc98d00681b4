"""Checking a domain's templates without a model: parse every file, look for names there are none of, render samples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jinja2 import meta, nodes

from dalle_kit.errors import DalleKitError, TemplateError, nearest
from dalle_kit.templating.slots import Rendering
from dalle_kit.templating.sources import SUFFIX, TemplateFile
from dalle_kit.templating.templates import KINDS, Templates

if TYPE_CHECKING:
    from dalle_kit.domain import Domain, Request


@dataclass(frozen=True, slots=True)
class TemplateReport:
    """What a check of a domain's templates found.

    ``files`` were parsed, ``rendered`` (values of ``--template``) were rendered with example requests; ``note`` says
    why there are none of these, empty when there are.
    """

    domain: str
    files: tuple[str, ...]
    rendered: tuple[str, ...]
    problems: tuple[DalleKitError, ...]
    note: str


def check_templates(templates: Templates, domain: Domain) -> TemplateReport:
    """Parse and render all templates of a domain; what is wrong is in the report, nothing is raised."""
    requests, note = example_requests(domain)
    problems: dict[str, DalleKitError] = {}
    files: tuple[TemplateFile, ...] = ()
    rendered: list[str] = []
    with _noted(problems):
        files = templates.files(domain.name)
        context = {name for request in requests for name in templates.context(domain, request)}
        for file in files:
            for problem in _faults(templates, domain, file, context if requests else None):
                problems.setdefault(str(problem), problem)
        rendered += templates.names(domain.name) if requests else ()
    for name in rendered:
        for request in requests:
            with _noted(problems):
                templates.shape(domain, request, template=name)
    names = tuple(file.name for file in files)
    return TemplateReport(domain.name, names, tuple(rendered), tuple(problems.values()), note)


@contextmanager
def _noted(problems: dict[str, DalleKitError]) -> Iterator[None]:
    try:
        yield
    except DalleKitError as error:
        problems.setdefault(str(error), error)


def example_requests(domain: Domain) -> tuple[tuple[Request, ...], str]:
    """Return example requests of a domain, and if there are none, why.

    They are the ``examples`` of the request model (in its ``json_schema_extra``), else two made up from its fields:
    one with the required fields only, one with all.
    """
    schema = domain.request.model_json_schema()
    given = schema.get("examples")
    if isinstance(given, list):
        trials: list[Mapping[str, Any]] = [each for each in given if isinstance(each, Mapping)]
    else:
        properties, required = schema.get("properties", {}), schema.get("required", [])
        full = {name: example_value(field, schema) for name, field in properties.items()}
        trials = [{name: full[name] for name in required}, full]
    requests, problem = [], ""
    for fields in trials:
        try:
            requests.append(domain.parse(fields))
        except DalleKitError as error:
            problem = f"no example request can be made ({error}); give the request model examples"
    return tuple(requests), "" if requests else problem


#: Texts of the formats that JSON Schema names.
_TEXTS = {
    "date-time": "2026-06-12T09:30:00",
    "date": "2026-06-12",
    "time": "09:30:00",
    "duration": "PT30M",
    "email": "ana@example.com",
    "uri": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}


def example_value(field: Mapping[str, Any], schema: Mapping[str, Any]) -> Any:
    """Return a value that a field's JSON Schema allows, as far as a short look at it tells."""
    if "$ref" in field:
        return example_value(schema["$defs"][field["$ref"].rpartition("/")[2]], schema)
    for key in ("examples", "enum"):
        if field.get(key):
            return field[key][0]
    if "const" in field:
        return field["const"]
    if "anyOf" in field:
        return example_value(field["anyOf"][0], schema)
    kind = field.get("type")
    if kind == "array":
        return [example_value(field.get("items", {}), schema)]
    if kind == "object":
        return {name: example_value(inner, schema) for name, inner in field.get("properties", {}).items()}
    if kind in ("integer", "number"):
        return field.get("minimum", field.get("default") or 1)
    if kind == "string":
        return _TEXTS.get(field.get("format", ""), "example")
    return {"boolean": True, "null": None}.get(str(kind), "example")


def _faults(
    templates: Templates, domain: Domain, file: TemplateFile, context: set[str] | None
) -> Iterator[DalleKitError]:
    """Yield a syntax error, or the names in one file that nothing defines, also where no example would use them."""
    environment = templates.environment
    rendering = Rendering("document", frozenset())
    try:
        with environment.translated(rendering, file.place):
            environment.get_template(file.name)
            tree = environment.parse(file.text, file.name, file.place)
    except DalleKitError as error:
        yield error
        return
    yield from _unknown_fields(tree, domain, file)
    if context is None or next(tree.find_all(nodes.Extends), None) is not None:
        return
    kind = file.name.rpartition("/")[2].removesuffix(SUFFIX)
    if kind in KINDS:
        known = {"request", *context, *environment.globals, *(("outline", "slots") if kind == "prompt" else ())}
        yield from _unknown_variables(tree, known, file)


def _unknown_fields(tree: nodes.Template, domain: Domain, file: TemplateFile) -> Iterator[TemplateError]:
    known = [*domain.request.model_fields, *domain.request.model_computed_fields]
    for node in tree.find_all(nodes.Getattr):
        if isinstance(node.node, nodes.Name) and node.node.name == "request" and node.attr not in known:
            yield _fault(f"there is no field {node.attr!r}", node.attr, sorted(known), file, node.lineno)


def _unknown_variables(tree: nodes.Template, known: set[str], file: TemplateFile) -> Iterator[TemplateError]:
    guarded = {test.node.name for test in tree.find_all(nodes.Test) if isinstance(test.node, nodes.Name)}
    defaults = [each for each in tree.find_all(nodes.Filter) if each.name in ("default", "d")]
    guarded |= {each.node.name for each in defaults if isinstance(each.node, nodes.Name)}
    for name in sorted(meta.find_undeclared_variables(tree) - known - guarded):
        lines = [node.lineno for node in tree.find_all(nodes.Name) if node.name == name and node.ctx == "load"]
        yield _fault(f"{name!r} is not defined", name, sorted(known), file, min(lines))


def _fault(what: str, name: str, known: list[str], file: TemplateFile, line: int) -> TemplateError:
    near = nearest(name, known)
    fix = f": did you mean {near!r}?" if near else f": there are {', '.join(known)}"
    return TemplateError(f"{what}{fix}", template=file.place, line=line)
