"""The documentation's first example runs as it stands."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[2] / "docs/modeling.md"


def test_the_example_of_use_runs() -> None:
    example = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)[0]
    names: dict[str, Any] = {}
    exec(compile(example, PAGE.name, "exec"), names)
    assert names["written"].shape == (1, 3 + 8)


def test_importing_the_package_loads_neither_torch_nor_transformers() -> None:
    import subprocess
    import sys

    code = "import sys, dalle_kit.modeling; print(*{'torch', 'transformers'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
