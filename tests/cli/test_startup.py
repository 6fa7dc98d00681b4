"""What a cold command imports: the rest of its start is what it needs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

#: Each takes from a tenth of a second to several; none is needed to write an e-mail with the default model on the CPU.
UNWANTED = (
    "huggingface_hub scipy sympy sklearn pandas transformers torch._dynamo torch._inductor torchvision "
    "html.parser rich spacy onnxruntime dalle_kit.async_kit asyncio torch"
).split()


@pytest.mark.usefixtures("home")
def test_the_default_command_imports_nothing_that_it_does_not_need(tmp_path: Path) -> None:
    letter = tmp_path / "letter.txt"
    arguments = [
        "email",
        "--to",
        "ana@example.com",
        "--subject",
        "Report",
        "--point",
        "report ready",
        "-o",
        str(letter),
    ]
    script = (
        "import sys; from dalle_kit.cli.main import main\n"
        f"code = main({arguments!r})\n"
        f"print(code, [name for name in {UNWANTED!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert done.stdout.decode().splitlines()[-1] == "0 []", done.stderr
    assert "report" in letter.read_text(encoding="utf-8")
