"""What is to be known of each language. All of it is data: another language is another entry, and no code.

A language with a ``grammar`` is read by its tree-sitter parser; the others get the rules that need none.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath, PureWindowsPath


@dataclass(frozen=True, slots=True, kw_only=True)
class Grammar:
    """How a language is parsed and what its parser calls the parts.

    ``module`` and ``function`` name the tree-sitter grammar. ``imports`` are the kinds of nodes that import;
    ``definitions`` those that define something, each with the fields that lead to its name and ``body`` to what may be
    left out of it. ``strict`` names a further parser, of this module ``parsing``, where the grammar takes too much.
    ``binds`` has the ways in which a line may begin that gives a name, ``{}``, its meaning.
    """

    module: str
    function: str
    imports: tuple[str, ...]
    definitions: tuple[str, ...]
    strict: str = ""
    binds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionStyle:
    """How a function is written: what a signature begins with, what stands round its body, where its description is.

    ``documentation`` is the first line, the beginning of each further one and the last; ``escapes`` is what must not
    stand in it, and what does instead.
    """

    keyword: str
    keywords: tuple[str, ...]
    opens: str
    closes: str
    documentation: tuple[str, str, str]
    inside: bool = False
    escapes: tuple[tuple[str, str], ...] = ()
    example: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """One language.

    ``comment`` begins a comment that ends with the line; ``enclosed`` are pairs that begin and end what is no code:
    comments, and strings that may span lines. ``quotes`` delimit strings that end with the line. A line that ends in
    one of ``opens`` begins a block. Lines that begin with one of ``goes_on`` belong to the statement above them though
    they are less indented, and nothing follows in a block after one that begins with one of ``leaves``.
    """

    name: str
    suffixes: tuple[str, ...]
    aliases: tuple[str, ...] = ()
    comment: str = "//"
    enclosed: tuple[tuple[str, str], ...] = (("/*", "*/"),)
    quotes: str = "\"'"
    opens: tuple[str, ...] = ("{",)
    goes_on: tuple[str, ...] = ()
    leaves: tuple[str, ...] = ("return", "break", "continue", "throw", "goto")
    indent: str = "    "
    grammar: Grammar | None = None
    function: FunctionStyle | None = None


_BLOCK_COMMENT = (("/*", "*/"),)
_PYTHON_LEAVES = ("return", "raise", "break", "continue", "pass")

_JSDOC = ("/**", " * ", " */")
_JAVASCRIPT_FUNCTION = FunctionStyle(
    keyword="function ",
    keywords=("function", "async", "export"),
    opens=" {",
    closes="}",
    documentation=_JSDOC,
    escapes=(("*/", "*\\/"),),
    example="add(a, b)",
)
_JAVASCRIPT_DEFINITIONS = (
    "function_declaration",
    "generator_function_declaration",
    "class_declaration",
    "method_definition",
    "lexical_declaration",
    "variable_declaration",
)
_TYPESCRIPT_DEFINITIONS = (
    *_JAVASCRIPT_DEFINITIONS,
    "abstract_class_declaration",
    "interface_declaration",
    "type_alias_declaration",
    "enum_declaration",
)
_JAVASCRIPT_BINDS = ("const {}", "let {}", "for (const {}")
_TEMPLATE_STRINGS = (*_BLOCK_COMMENT, ("`", "`"))

_PARSED = (
    Language(
        name="python",
        suffixes=(".py", ".pyi", ".pyw"),
        aliases=("py", "python3"),
        comment="#",
        enclosed=(('"""', '"""'), ("'''", "'''")),
        opens=(":",),
        goes_on=("else", "elif", "except", "finally", "case"),
        leaves=_PYTHON_LEAVES,
        grammar=Grammar(
            module="tree_sitter_python",
            function="language",
            imports=("import_statement", "import_from_statement", "future_import_statement"),
            definitions=("function_definition", "class_definition", "assignment"),
            strict="python",
            binds=("{}", "for {}", "import {}"),
        ),
        function=FunctionStyle(
            keyword="def ",
            keywords=("def", "async"),
            opens=":",
            closes="",
            documentation=('"""', "", '"""'),
            inside=True,
            escapes=(("\\", "\\\\"), ('"""', '\\"\\"\\"')),
            example="add(a: int, b: int) -> int",
        ),
    ),
    Language(
        name="javascript",
        suffixes=(".js", ".mjs", ".cjs", ".jsx"),
        aliases=("js", "node", "javascriptreact"),
        enclosed=_TEMPLATE_STRINGS,
        goes_on=("else", "catch", "finally"),
        indent="  ",
        grammar=Grammar(
            module="tree_sitter_javascript",
            function="language",
            imports=("import_statement",),
            definitions=_JAVASCRIPT_DEFINITIONS,
            binds=_JAVASCRIPT_BINDS,
        ),
        function=_JAVASCRIPT_FUNCTION,
    ),
    Language(
        name="typescript",
        suffixes=(".ts", ".mts", ".cts"),
        aliases=("ts",),
        enclosed=_TEMPLATE_STRINGS,
        goes_on=("else", "catch", "finally"),
        indent="  ",
        grammar=Grammar(
            module="tree_sitter_typescript",
            function="language_typescript",
            imports=("import_statement",),
            definitions=_TYPESCRIPT_DEFINITIONS,
            binds=_JAVASCRIPT_BINDS,
        ),
        function=_JAVASCRIPT_FUNCTION,
    ),
    Language(
        name="tsx",
        suffixes=(".tsx",),
        aliases=("typescriptreact",),
        enclosed=_TEMPLATE_STRINGS,
        goes_on=("else", "catch", "finally"),
        indent="  ",
        grammar=Grammar(
            module="tree_sitter_typescript",
            function="language_tsx",
            imports=("import_statement",),
            definitions=_TYPESCRIPT_DEFINITIONS,
            binds=_JAVASCRIPT_BINDS,
        ),
        function=_JAVASCRIPT_FUNCTION,
    ),
    Language(
        name="go",
        suffixes=(".go",),
        aliases=("golang",),
        enclosed=_TEMPLATE_STRINGS,
        indent="\t",
        grammar=Grammar(
            module="tree_sitter_go",
            function="language",
            imports=("import_declaration",),
            definitions=(
                "function_declaration",
                "method_declaration",
                "type_spec",
                "const_spec",
                "var_spec",
            ),
            binds=("{} :=", "for {}", "for _, {}"),
        ),
        function=FunctionStyle(
            keyword="func ",
            keywords=("func",),
            opens=" {",
            closes="}",
            documentation=("", "// ", ""),
            example="Add(a int, b int) int",
        ),
    ),
)

_UNPARSED = (
    Language(name="c", suffixes=(".c", ".h")),
    Language(name="c++", suffixes=(".cpp", ".cc", ".cxx", ".hpp", ".hh"), aliases=("cpp",)),
    Language(name="c#", suffixes=(".cs",), aliases=("csharp",)),
    Language(name="java", suffixes=(".java",)),
    Language(name="kotlin", suffixes=(".kt", ".kts"), enclosed=(*_BLOCK_COMMENT, ('"""', '"""'))),
    Language(name="scala", suffixes=(".scala",), enclosed=(*_BLOCK_COMMENT, ('"""', '"""'))),
    Language(name="swift", suffixes=(".swift",), enclosed=(*_BLOCK_COMMENT, ('"""', '"""')), quotes='"'),
    # A single quote begins a lifetime as well as a character.
    Language(name="rust", suffixes=(".rs",), aliases=("rs",), quotes='"'),
    Language(name="dart", suffixes=(".dart",), indent="  "),
    Language(name="php", suffixes=(".php",)),
    Language(name="css", suffixes=(".css", ".scss", ".less"), aliases=("scss", "less"), comment="//", indent="  "),
    Language(name="ruby", suffixes=(".rb",), aliases=("rb",), comment="#", enclosed=(), opens=("do", "{"), indent="  "),
    Language(
        name="shell",
        suffixes=(".sh", ".bash", ".zsh"),
        aliases=("bash", "sh", "shellscript"),
        comment="#",
        enclosed=(),
        opens=("then", "do", "{", "else"),
        goes_on=("else", "elif", "fi", "done", "esac"),
    ),
    Language(name="perl", suffixes=(".pl", ".pm"), comment="#", enclosed=()),
    Language(name="r", suffixes=(".r", ".R"), comment="#", enclosed=(), indent="  "),
    Language(
        name="julia", suffixes=(".jl",), comment="#", enclosed=(('"""', '"""'),), opens=(), goes_on=("else", "end")
    ),
    Language(
        name="lua",
        suffixes=(".lua",),
        comment="--",
        enclosed=(("--[[", "]]"), ("[[", "]]")),
        opens=("then", "do", "else"),
        goes_on=("else", "elseif", "end"),
    ),
    Language(name="sql", suffixes=(".sql",), comment="--", opens=("(",), leaves=()),
    Language(
        name="haskell",
        suffixes=(".hs",),
        comment="--",
        enclosed=(("{-", "-}"),),
        quotes='"',
        opens=("=", "do", "of"),
        leaves=(),
    ),
    Language(name="yaml", suffixes=(".yaml", ".yml"), comment="#", enclosed=(), opens=(":",), leaves=(), indent="  "),
    Language(name="toml", suffixes=(".toml",), comment="#", enclosed=(('"""', '"""'),), opens=("[",), leaves=()),
    Language(
        name="json", suffixes=(".json",), comment="", enclosed=(), quotes='"', opens=("{", "["), leaves=(), indent="  "
    ),
    Language(
        name="html",
        suffixes=(".html", ".htm", ".xml", ".vue", ".svelte"),
        comment="",
        enclosed=(("<!--", "-->"),),
        quotes="",
        opens=(">",),
        leaves=(),
        indent="  ",
    ),
    Language(name="markdown", suffixes=(".md",), comment="", enclosed=(), quotes="", opens=(), leaves=()),
    Language(
        name="text",
        suffixes=(".txt", ".rst"),
        aliases=("plaintext",),
        comment="",
        enclosed=(),
        quotes="",
        opens=(),
        leaves=(),
    ),
)

LANGUAGES = {language.name: language for language in (*_PARSED, *_UNPARSED)}

_BY_NAME = {alias: language for language in LANGUAGES.values() for alias in (language.name, *language.aliases)}
_BY_SUFFIX = {suffix.lower(): language for language in LANGUAGES.values() for suffix in language.suffixes}

NAMES: tuple[str, ...] = tuple(_BY_NAME)
SUFFIXES: tuple[str, ...] = tuple(_BY_SUFFIX)


def language_named(name: str) -> Language | None:
    """Return the language of a name, an alias or a suffix such as ``.py``, None if there is none."""
    folded = name.casefold()
    return _BY_NAME.get(folded) or _BY_SUFFIX.get(folded)


def language_of(path: str) -> Language | None:
    """Return the language that a path's suffix says, None if it says none."""
    return _BY_SUFFIX.get(suffix_of(path))


def suffix_of(path: str) -> str:
    """Return a path's suffix in small letters, with its dot; paths of Windows are understood everywhere."""
    name = PureWindowsPath(path).name if "\\" in path else PurePosixPath(path).name
    return PurePosixPath(name).suffix.lower()


def with_functions() -> Iterable[str]:
    """Return the names of the languages whose functions can be written from a signature."""
    return [language.name for language in LANGUAGES.values() if language.function is not None]
