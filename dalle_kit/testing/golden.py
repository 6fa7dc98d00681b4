"""Golden files: what a test saw when its author last looked, to be compared with what it sees now."""

from __future__ import annotations

import difflib
from pathlib import Path

from dalle_kit.records import Document, Prompt

UPDATE_FLAG = "--update-golden"


def compare_golden(file: Path, actual: str | bytes, *, update: bool = False) -> None:
    """Compare a text or bytes with a golden file, whose line ends may be Windows' for a text that has none of those.

    ``update`` writes the file instead. Raises AssertionError with the difference, and where the file is not there.
    """
    __tracebackhide__ = True  # pytest shows the author's line, not this one
    if update:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(actual.encode("utf-8") if isinstance(actual, str) else actual)
        return
    if not file.is_file():
        raise AssertionError(f"there is no golden file {file}; look at what comes and run pytest with {UPDATE_FLAG}")
    expected = file.read_bytes()
    if isinstance(actual, bytes):
        if actual != expected:
            at = next((at for at, (a, b) in enumerate(zip(actual, expected, strict=False)) if a != b), None)
            place = min(len(actual), len(expected)) if at is None else at
            raise AssertionError(
                f"{file} differs from byte {place} on; if that is meant, run pytest with {UPDATE_FLAG}"
            )
        return
    before = expected.decode("utf-8")
    if "\r\n" not in actual:
        before = before.replace("\r\n", "\n")
    if actual != before:
        old, new = (text.replace("\r", "\\r").split("\n") for text in (before, actual))  # \\r: else nobody sees it
        lines = difflib.unified_diff(old, new, f"{file}", "now", lineterm="")
        message = f"{file.name} has changed; if that is meant, run pytest with {UPDATE_FLAG}:"
        raise AssertionError("\n".join([message, *lines]))


def prompt_text(prompt: Prompt) -> str:
    """Return a prompt with its turns and their roles, as golden files show it."""
    return "".join(
        f"[{' '.join(filter(None, (message.role, message.name)))}]\n{message.content}\n" for message in prompt.messages
    )


def document_text(document: Document) -> str:
    """Return a document's text and findings, as golden files show it; nothing that changes from run to run."""
    findings = [
        f"{finding.severity}: {finding.check}: {finding.message}"
        + (f" [{finding.slot} {finding.span[0]}-{finding.span[1]}]" if finding.slot and finding.span else "")
        for finding in document.findings
    ]
    return "\n".join([document.text.rstrip("\n"), "", "[findings]", *(findings or ["none"]), ""])
