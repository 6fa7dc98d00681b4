#!/usr/bin/env python3
"""Train ``dalle-base``: an adapter of SmolLM2 and the bridge between it and an encoder of examples.

scripts/train_dalle_base.py FOLDER

The decoder begins with the adapter of ``smollm2-135m-writer``, the bridge from nothing; both learn together, from the
texts of the domains, from gaps in code, and from texts by one author, of which each is learned from others. A run that
was stopped goes on when the same command is given again. When it is over, FOLDER/parts holds what was learned, and the
hashes are printed that an AdapterSource and a BridgeSource name. What came of it so far is told in docs/modeling.md.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from dalle_kit import Kit
from dalle_kit.cli.main import main as dalle_kit
from dalle_kit.models import adapters
from dalle_kit.models.adapters.files import adapter_hash
from dalle_kit.models.bridge import bridge_hash
from dalle_kit.models.controls import rename_controls

#: Control tokens that SmolLM2 has and never uses, by the names that show where a gap is.
INFILLING = {"<issue_start>": "<fim_prefix>", "<issue_comment>": "<fim_suffix>", "<issue_closed>": "<fim_middle>"}
#: Texts of each domain, and how they are learned: an hour and a quarter on two cores that others use as well.
_SETTINGS = "--rank 16 --rate 5e-4 --passes 1 --limit 1500 --evaluations 4 --patience 20 --save-every 4".split()


def main() -> None:
    """Train, and print the hashes."""
    folder = Path(sys.argv[1])
    base = folder / "smollm2-135m"
    if not base.exists():
        stored = Path(Kit().registry.ensure("smollm2-135m").path)
        shutil.copytree(stored, base, ignore=shutil.ignore_patterns("dalle-kit.json"))
        rename_controls(base, INFILLING)
    writer = Path(adapters.__file__).parent / "writer"
    command = ["train", "email", "news", "code complete", "--model", str(base), "--encoder", "minilm-l6"]
    command += ["--learn", "lora", "--begin-with", str(writer), *_SETTINGS, "--output", str(folder)]
    if dalle_kit(command):
        sys.exit(1)
    for name in ("README.md", "training.json", "adapter_config.json"):
        source = folder / name if (folder / name).exists() else folder / "parts" / name
        text = source.read_text(encoding="utf-8").replace(str(base), base.name)
        (folder / "parts" / name).write_bytes(text.encode("utf-8"))
    print(f"adapter {adapter_hash(folder / 'parts')}\nbridge {bridge_hash(folder / 'parts')}")


if __name__ == "__main__":
    main()
