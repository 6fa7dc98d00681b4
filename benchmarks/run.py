"""How fast it is: this toolkit and its peers in turns, on one model, in one run, as a table and a plot.

python benchmarks/run.py [--rows first,single128] [--rounds 5] [--plot growth.png] [--json figures.json]

The peers are those of benchmarks/requirements.txt, installed beside the toolkit or where --peers says.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import preparing
from bench import OURS, Bench
from common import MODEL, machine, table
from report import head, line
from rows import LLAMA, ROWS, Row
from workers import Peer

from dalle_kit import Kit

_PLOT = Path(__file__).with_name("plot.py")
#: What has to be importable for a peer to take part; our own environment has transformers.
_PACKAGES = {
    LLAMA: "llama_cpp",
    "ctranslate2": "ctranslate2",
    "openvino": "openvino_genai",
    "onnxruntime": "onnxruntime_genai",
}


def find_peers(python: str, work: Path, *, gguf: Path | None, notes: list[str]) -> list[Peer]:
    """Return ourselves and the peers that are installed, each with the model in its form; notes say who is missing."""
    peers = [Peer(OURS, sys.executable, MODEL)]
    for name, package in _PACKAGES.items():
        found = subprocess.run([python, "-c", f"import {package}"], capture_output=True, check=False)
        if found.returncode:
            notes.append(f"{name} takes no part: {package} cannot be imported by {Path(python).name}")
            continue
        try:
            if name in ("ctranslate2", "onnxruntime"):
                path = preparing.converted(work, name, python=python)
            else:
                path = gguf or preparing.gguf_file(work)
        except subprocess.CalledProcessError as error:
            notes.append(f"{name} takes no part: its converter failed with {error.returncode}")
            continue
        peers.append(Peer(name, python, str(path)))
    peers.insert(2, Peer("transformers", sys.executable, str(preparing.float32_folder(work))))
    return peers


def draw(bench: Bench, python: str, place: Path) -> None:
    """Draw the curves with the peers' matplotlib; a note says if that fails."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "curves.json"
        data.write_text(json.dumps(bench.curves), encoding="utf-8")
        drawn = subprocess.run([python, str(_PLOT), str(data), str(place)], capture_output=True, text=True, check=False)
    if drawn.returncode:
        bench.notes.append(f"no plot: {drawn.stderr.strip().splitlines()[-1]}")


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", default=",".join(ROWS), help=f"which, of {','.join(ROWS)}; default: all")
    parser.add_argument("--without", default="", help="peers to leave out, by name, with commas between them")
    parser.add_argument("--rounds", type=int, default=5, help="measures of each, after a warm-up; default: 5")
    parser.add_argument("--letters", type=int, default=1000, help="of the mail merge; default: 1000")
    parser.add_argument("--peers", default=sys.executable, metavar="PYTHON", help="the Python the peers are in")
    parser.add_argument("--gguf", type=Path, help="the model's GGUF file; default: fetched as the toolkit does")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "dalle-kit-benchmark")
    parser.add_argument("--plot", type=Path, metavar="PNG", help="where to draw how cost grows")
    parser.add_argument("--json", type=Path, help="where to write every measure")
    parsed = parser.parse_args(arguments)
    parsed.rows = [name for name in parsed.rows.split(",") if name]
    if unknown := sorted(set(parsed.rows) - set(ROWS)):
        parser.error(f"no row {', '.join(unknown)}; there are {', '.join(ROWS)}")
    parsed.without = {name for name in parsed.without.split(",") if name}
    return parsed


def main() -> None:
    """Measure and print."""
    arguments = parse()
    from dalle_kit.engine.tokenization import Tokenizer

    notes: list[str] = []
    peers = find_peers(arguments.peers, arguments.work, gguf=arguments.gguf, notes=notes)
    peers = [peer for peer in peers if peer.name not in arguments.without]
    tokenizer = Tokenizer.load(Kit(model=MODEL).registry.ensure(MODEL).path)
    bench = Bench(peers, tokenizer, arguments.rounds, arguments.letters, notes)
    rows: list[Row] = []
    try:
        for name in arguments.rows:
            print(f"{name} ...", file=sys.stderr, flush=True)
            found = ROWS[name](bench)
            for row in found:
                print(" | ".join(line(row, bench.names)), file=sys.stderr, flush=True)
            rows += found
    finally:
        bench.close()
    if arguments.plot and bench.curves:
        draw(bench, arguments.peers, arguments.plot)
    if arguments.json:
        figures = {"rows": [dataclasses.asdict(row) for row in rows], "growth": bench.curves, "notes": bench.notes}
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    written = [machine(), table(head(bench.names), [line(row, bench.names) for row in rows])]
    if bench.versions:
        written.append("; ".join(f"{name} {version}" for name, version in bench.versions.items()))
    print(*written, *bench.notes, bench.threads_found(), sep="\n\n")


if __name__ == "__main__":
    main()
