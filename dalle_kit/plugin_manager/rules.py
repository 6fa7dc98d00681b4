"""What plugins may not do; a module of its own, so that the command line reads it at no cost."""

import os

#: First words of the core's own commands, of today and of its plans. No domain and no plugin's command has them.
RESERVED_COMMANDS = (
    "audit",
    "batch",
    "completion",
    "config",
    "doctor",
    "eval",
    "examples",
    "explain",
    "help",
    "history",
    "lsp",
    "models",
    "plugins",
    "reproduce",
    "revise",
    "serve",
    "templates",
    "train",
)

#: Formats that every domain has; only a domain itself may bring its own version of them.
RESERVED_FORMATS = ("json", "text")

#: ``bundled:`` in a template's name reaches the domain's own templates behind a user's.
RESERVED_LOADERS = ("bundled",)

STRICT_VARIABLE = "DALLE_KIT_STRICT_PLUGINS"


def is_strict() -> bool:
    """Return whether ``DALLE_KIT_STRICT_PLUGINS`` asks that any plugin's problem be an error."""
    return os.environ.get(STRICT_VARIABLE, "").strip().lower() not in {"", "0", "false", "no"}
