"""What the reference pages are made of: the public Python names, and the addresses of the server, in Markdown."""

from __future__ import annotations

import asyncio
import inspect
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from unittest import mock

import dalle_kit
from dalle_kit import Kit
from dalle_kit.config import Settings

#: The modules of the public names by what one does with them; those of all others are for writing.
GROUPS = {
    "Writing": (),
    "Documents": ("records",),
    "Plugins": ("domain", "hookspecs"),
    "Models": ("models.spec",),
    "Errors": ("errors",),
}

Schema = Mapping[str, Any]

_WIDTH = 100
_NAMES = "|".join(dalle_kit._HOME)
#: A public name in prose: as code, or with capitals within, so that no word of a sentence is taken for one.
_MENTION = re.compile(
    rf"`(?P<code>(?:{_NAMES})(?:\.\w+)?)`|(?<![\w`.])(?P<word>(?=\w+[a-z][A-Z])(?:{_NAMES}))(?![\w`])"
)


def api() -> str:
    """Return what is public in Python: each class and function, with its arguments and what is said about it."""
    parts = []
    for group in GROUPS:
        parts.append(f"## {group}")
        if group == "Errors":
            parts.append("As a tree: [Errors](../python.md#errors). The message is one line, with the fix.")
        for name, module in sorted(dalle_kit._HOME.items()):
            if group == _group(module.removeprefix("dalle_kit.")):
                parts += _entry(name, getattr(dalle_kit, name))
    return "\n\n".join(parts)


def _group(module: str) -> str:
    return next((group for group, modules in GROUPS.items() if module in modules), "Writing")


def _entry(name: str, thing: Any) -> Iterator[str]:
    """Yield the heading, the arguments and the words about a public name, and the same of its members."""
    yield f"### {name}"
    if name == "hookimpl":
        yield "Mark a function as the implementation of a hook: `@hookimpl`. All hooks: [hooks](../hooks.md)."
        return
    if not inspect.isclass(thing):
        yield _code(f"def {name}{_signature(thing)}")
    elif issubclass(thing, BaseException):
        own = "__init__" in vars(thing)
        arguments = _signature(vars(thing)["__init__"], is_method=True) if own else ""
        yield _code(f"class {name}({thing.__bases__[0].__name__})" + (f"\n\n{name}{arguments}" if own else ""))
    else:
        yield _code(f"class {name}" + (_signature(thing) if "__init__" in vars(thing) else ""))
    yield _prose(thing, name)
    if inspect.isclass(thing):
        yield from _members(name, thing)


def _members(name: str, thing: type[Any]) -> Iterator[str]:
    """Yield what is said about the public methods and properties that a class itself defines."""
    for member, value in vars(thing).items():
        plain = inspect.unwrap(getattr(value, "__func__", value)) if not isinstance(value, property) else value
        if member.startswith("_") or not inspect.getdoc(value) or member in getattr(thing, "model_fields", {}):
            continue
        if inspect.isfunction(plain):
            word = "async def" if inspect.iscoroutinefunction(plain) else "def"
            parts = [_code(f"{word} {member}{_signature(plain, is_method=not isinstance(value, staticmethod))}")]
        elif hasattr(value, "fget") or hasattr(value, "func"):
            returned = inspect.signature(getattr(value, "fget", None) or value.func).return_annotation
            parts = [_code(f"{member}: {_text(returned)}")]
        else:
            continue
        yield "\n\n".join([f"#### {name}.{member}", *parts, _prose(value, name)])


def _signature(function: Any, *, is_method: bool = False) -> str:
    """Return the arguments of a function, a line each where they are many."""
    signature = inspect.signature(function)
    parameters = list(signature.parameters.values())[1 if is_method else 0 :]
    parts, has_star = [], False
    for each in parameters:
        if each.kind is each.KEYWORD_ONLY and not has_star:
            parts.append("*")
        has_star = has_star or each.kind in (each.KEYWORD_ONLY, each.VAR_POSITIONAL)
        sign = "**" if each.kind is each.VAR_KEYWORD else "*" if each.kind is each.VAR_POSITIONAL else ""
        annotated = "" if each.annotation is each.empty else f": {_text(each.annotation)}"
        equals = f"{' = ' if annotated else '='}{_value(each.default)}"
        parts.append(f"{sign}{each.name}{annotated}{'' if each.default is each.empty else equals}")
    end = f" -> {_text(signature.return_annotation)}" if signature.return_annotation not in (None, "None") else ""
    end = "" if signature.return_annotation is signature.empty else end
    line = f"({', '.join(parts)}){end}"
    return line if len(line) < _WIDTH - 20 else "(\n" + "".join(f"    {part},\n" for part in parts) + f"){end}"


def _value(default: object) -> str:
    if inspect.isfunction(default):
        return default.__name__
    return "..." if "<" in repr(default) else repr(default)


def _text(annotation: object) -> str:
    return annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)


def _code(text: str) -> str:
    return f"```python\n{text}\n```"


def _prose(thing: object, itself: str) -> str:
    """Return a docstring as Markdown, with links to the other public names in it."""
    text = (inspect.getdoc(thing) or "").replace("``", "`")

    def link(found: re.Match[str]) -> str:
        name = found["code"] or found["word"]
        shown = f"`{name}`" if found["code"] else name
        return shown if name == itself else f"[{shown}](#{name.lower().replace('.', '')})"

    return _MENTION.sub(link, text)


def http() -> str:
    """Return the addresses of the server, what each takes and answers, and its errors, from its OpenAPI document."""
    document = openapi()
    schemas = document["components"]["schemas"]
    parts = ["## Addresses"]
    errors: dict[str, str] = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            answers = operation["responses"]
            errors |= {code: told["description"] for code, told in answers.items() if int(code) >= 400}
            parts += [f"### {method.upper()} {path}", _operation(operation)]
    parts += ["## Errors", "Each is an [ErrorAnswer](#erroranswer)."]
    parts.append(_table(("status", "when"), sorted(errors.items())))
    parts.append("## Bodies")
    for name in sorted(schemas):
        parts += [f"### {name}", *_schema(schemas[name])]
    return "\n\n".join(part for part in parts if part)


def openapi() -> dict[str, Any]:
    """Return the OpenAPI document of a server without a key, asked for as a client asks; loads no model."""
    import httpx

    from dalle_kit.serving.app import make_app
    from dalle_kit.serving.desk import Desk
    from dalle_kit.serving.limits import Limits

    with mock.patch.object(Kit, "load"):
        app = make_app(Kit(settings=Settings()), Desk(Limits()), limits=Limits())

    async def ask() -> dict[str, Any]:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
            answer = await client.get("/openapi.json")
            found: dict[str, Any] = answer.json()
            return found

    return asyncio.run(ask())


def _operation(operation: Schema) -> str:
    """Return what an address does, takes and answers."""
    said = [operation.get("summary", ""), operation.get("description", "")]
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    content = operation["responses"]["200"].get("content", {})
    if body:
        said.append(f"Takes {_kind(body)}.")
    if schema := content.get("application/json", {}).get("schema"):
        also = ", or server-sent events" if "text/event-stream" in content else ""
        said.append(f"Answers {_kind(schema)}{also}.")
    return " ".join(each.strip() for each in said if each.strip())


def _schema(schema: Schema) -> Iterator[str]:
    """Yield what is said about a body, and the table of its fields."""
    yield textwrap.dedent(schema.get("description", ""))
    required = schema.get("required", ())
    rows = [
        (
            f"`{name}`" + (" (required)" if name in required else ""),
            _kind(field),
            f"`{field['default']}`" if field.get("default") not in (None, "", [], {}) else "",
            field.get("description", ""),
        )
        for name, field in schema.get("properties", {}).items()
    ]
    if rows:
        yield _table(("field", "type", "default", "what it is"), rows)


def _kind(schema: Schema) -> str:
    """Return a type in words."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if kinds := schema.get("anyOf"):
        return " or ".join(dict.fromkeys(_kind(each) for each in kinds if each.get("type") != "null")) or "null"
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        return ", ".join(f"`{each}`" for each in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    kind: str = schema.get("type", "anything")
    return {"integer": "whole number", "boolean": "true or false", "string": "text"}.get(kind, kind)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    told = ([cell.replace("|", "\\|").replace("<", "&lt;") for cell in row] for row in rows)
    lines: list[Sequence[str]] = [head, ["---"] * len(head), *told]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
