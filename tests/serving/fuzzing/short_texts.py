"""What schemathesis does before each request: texts of two tokens, so that many requests take little time."""

from __future__ import annotations

from typing import Any

import schemathesis

MOST = 2


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    """Lower the number of tokens that is asked for, where it is one that would be written."""
    body = case.body
    if isinstance(body, dict) and case.operation.method.lower() == "post" and case.path != "/infill":
        for name in ("max_tokens", "max_completion_tokens"):
            given = body.get(name)
            is_large = isinstance(given, int) and not isinstance(given, bool) and given > MOST
            if is_large or (name == "max_tokens" and given is None):
                body[name] = MOST
