"""How well the author's own text is taken out of a reply: the import of examples against its peers.

python -m venv peers; peers/bin/pip install -e . mail-parser-reply email-reply-parser quotequail
peers/bin/python benchmarks/reply_stripping.py

The replies are those of talon's source distribution: its files of standard replies, and the replies in its tests of
plain text that say what is to remain. A result counts as right if it has the expected words. Signatures, which talon
leaves, are taken from what it expects of two of the files. A peer that is not installed is left out. The archive is
fetched with pip, which runs its setup script for its metadata. The rules of dalle-kit were written with these replies
at hand, those of its peers were not.
"""

from __future__ import annotations

import ast
import email
import email.iterators
import hashlib
import importlib
import io
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath

from common import table

from dalle_kit.examples.html_text import html_lines
from dalle_kit.examples.replies import own_lines, own_text

_REQUIREMENT = "talon==1.4.4"
_SHA256 = "263d122609747691e9f75726ea565f5da8a40146a7a81eb5883e51b8224b0e5c"
_TESTS = "tests/text_quotations_test.py"

#: What the tests expect and an import of examples does not want: a limit of talon's on the lines it reads, and a
#: forwarded message as if it were the author's.
_OTHER_AIMS = ("test_too_many_lines", "test_dont_parse_quotations_for_forwarded_messages")

#: What all replies in HTML say.
_HTML_REPLY = "Hi. I am fine.\n\nThanks,\nAlex"

Case = tuple[str, str, str]
Strip = Callable[[str], str]


def archive() -> dict[str, bytes]:
    """Return the files of the archive by their paths in it; raises SystemExit where it is not what was pinned."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-build-isolation"]
        subprocess.run([*command, "--no-binary", ":all:", "--dest", folder, _REQUIREMENT], check=True)
        data = next(Path(folder).glob("talon-*.tar.gz")).read_bytes()
    if hashlib.sha256(data).hexdigest() != _SHA256:
        raise SystemExit(f"{_REQUIREMENT} has another SHA-256 than {_SHA256}")
    files = {}
    with tarfile.open(fileobj=io.BytesIO(data)) as packed:
        for entry in packed:
            stream = packed.extractfile(entry)
            if stream is not None:
                files[str(PurePosixPath(*PurePosixPath(entry.name).parts[1:]))] = stream.read()
    return files


def standard_replies(files: dict[str, bytes]) -> Iterator[Case]:
    """Yield the replies that real programs have written, all of which say "Hello"."""
    for path, data in sorted(files.items()):
        if path.startswith("tests/fixtures/standard_replies/") and path.endswith(".eml"):
            message = email.message_from_bytes(data)
            part = next(email.iterators.typed_subpart_iterator(message, subtype="plain"))
            payload = part.get_payload(decode=True)
            assert isinstance(payload, bytes)
            yield path, payload.decode(part.get_content_charset("utf-8"), "replace"), "Hello"


def tested_replies(files: dict[str, bytes]) -> Iterator[Case]:
    """Yield the replies in the tests whose text and expected rest are written out."""
    for test in ast.parse(files[_TESTS]).body:
        if isinstance(test, ast.FunctionDef) and test.name.startswith("test") and test.name not in _OTHER_AIMS:
            for number, (text, expected) in enumerate(_compared(test), 1):
                yield f"{test.name}:{number}", text, expected


def _compared(test: ast.FunctionDef) -> Iterator[tuple[str, str]]:
    """Yield the text and the expected rest of each comparison in a test."""
    known: dict[str, object] = {}
    for statement in test.body:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            known[statement.targets[0].id] = _value(statement.value, known)
        if not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call)):
            continue
        call = statement.value
        name = ast.unparse(call.func)
        if name == "_check_pattern_original_message":
            yield f"Test reply\n\n-----{_value(call.args[0], known)}-----\n\nTest", "Test reply"
        elif name == "eq_" and len(call.args) > 1:
            sides = sorted(call.args[:2], key=lambda side: "extract_from_plain" in ast.unparse(side))
            if isinstance(sides[1], ast.Call) and ast.unparse(sides[1].func).endswith("extract_from_plain"):
                expected, text = _value(sides[0], known), _value(sides[1].args[0], known)
                if isinstance(expected, str) and isinstance(text, str):
                    yield text, expected


def _value(node: ast.expr, known: dict[str, object]) -> object:
    if isinstance(node, ast.Name):
        return known.get(node.id)
    with suppress(ValueError):
        return ast.literal_eval(node)
    return None


def candidates() -> Iterator[tuple[str, Strip]]:
    """Yield the import of examples, and the peers that are installed."""
    yield "dalle-kit", own_text
    with suppress(ImportError):
        peer = importlib.import_module("email_reply_parser").EmailReplyParser
        yield "email-reply-parser", peer.parse_reply
    with suppress(ImportError):
        languages = ["en", "de", "fr", "it", "es", "pl", "nl", "sv", "da", "cs"]
        parser = importlib.import_module("mailparser_reply").EmailReplyParser(languages=languages)
        yield "mail-parser-reply", lambda text: parser.parse_reply(text=text) or ""
    with suppress(ImportError):
        quotequail = importlib.import_module("quotequail")
        yield "quotequail", lambda text: (quotequail.unwrap(text) or {"text_top": text}).get("text_top", "")


def main() -> None:
    """Print the table, and what dalle-kit gets wrong."""
    files = archive()
    groups = (list(standard_replies(files)), list(tested_replies(files)))
    rows, wrong = [], []
    for name, strip in candidates():
        cells, start = [], time.perf_counter()
        for cases in groups:
            failed = [case for case in cases if strip(case[1]).split() != case[2].split()]
            cells.append(f"{len(cases) - len(failed)} of {len(cases)}")
            wrong += [case for case in failed if name == "dalle-kit"]
        each = 1000 * (time.perf_counter() - start) / sum(map(len, groups))
        rows.append([name, *cells, f"{each:.2f}"])
    sys.stdout.write(f"{table(['', 'standard replies', 'replies of the tests', 'ms each'], rows)}\n")
    pages = [data for path, data in files.items() if path.startswith("tests/fixtures/html_replies/") and data]
    right = [own_lines(html_lines(page.decode("utf-8", "replace"))).split() == _HTML_REPLY.split() for page in pages]
    sys.stdout.write(f"\nreplies in HTML, by dalle-kit: {sum(right)} of {len(right)}\n")
    for name, text, expected in wrong:
        sys.stdout.write(f"\n{name}: expected {expected!r}, found {own_text(text)!r}\n")


if __name__ == "__main__":
    main()
