"""How soon it starts: imports, help, loading, and a cold command's first token, beside transformers' in the same run.

python benchmarks/startup.py [--rounds 5]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time

from common import EMAIL, MODEL, interleave, machine, model_folder, ratio, spread, table

#: Each prints the seconds from its process's start to what it measures.
OUR_FIRST_TOKEN = """
import json, os, time
from dalle_kit import Kit
stream = Kit(model=os.environ["MODEL"]).stream("email", json.loads(os.environ["EMAIL"]))
next(stream)  # the greeting, which no model writes
next(stream)
print(time.time() - float(os.environ["START"]))
"""
THEIR_FIRST_TOKEN = """
import json, os, time
from transformers import AutoModelForCausalLM, AutoTokenizer
tokenizer = AutoTokenizer.from_pretrained(os.environ["FOLDER"])
model = AutoModelForCausalLM.from_pretrained(os.environ["FOLDER"], dtype="float32")
inputs = tokenizer(os.environ["PROMPT"], return_tensors="pt", add_special_tokens=False)
model.generate(**inputs, max_new_tokens=1, do_sample=False)
print(time.time() - float(os.environ["START"]))
"""
OUR_LOAD = """
import os, time
from dalle_kit import Kit
import torch
kit = Kit(model=os.environ["MODEL"])
start = time.time()
kit.load()
print(time.time() - start)
"""
THEIR_LOAD = """
import os, time
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer
AutoModelForCausalLM, AutoTokenizer
start = time.time()
AutoTokenizer.from_pretrained(os.environ["FOLDER"])
AutoModelForCausalLM.from_pretrained(os.environ["FOLDER"], dtype="float32")
print(time.time() - start)
"""


def script(code: str, environment: dict[str, str]) -> float:
    """Run code in a process of its own; return the seconds it prints."""
    start = {"START": str(time.time())}
    result = subprocess.run(
        [sys.executable, "-c", code], env={**environment, **start}, check=True, capture_output=True, text=True
    )
    return float(result.stdout.split()[-1])


def process(arguments: list[str], environment: dict[str, str]) -> float:
    """Return the wall seconds of a whole process."""
    start = time.perf_counter()
    subprocess.run(arguments, env=environment, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    folder = model_folder()
    from dalle_kit import Kit

    kit = Kit(model=MODEL)
    environment = {
        **os.environ,
        "MODEL": MODEL,
        "FOLDER": folder,
        "EMAIL": json.dumps(EMAIL),
        "PROMPT": kit.prompt_text(kit.shape("email", EMAIL)),
        "TRANSFORMERS_VERBOSITY": "error",
    }
    python = [sys.executable, "-c"]
    command = [sys.executable, "-m", "dalle_kit.cli.main"]
    taken = interleave(
        {
            "python": lambda: process([*python, "pass"], environment),
            "our import": lambda: process([*python, "import dalle_kit"], environment),
            "their import": lambda: process([*python, "import transformers"], environment),
            "torch": lambda: process([*python, "import torch"], environment),
            "help": lambda: process([*command, "--help"], environment),
            "email help": lambda: process([*command, "email", "--help"], environment),
            "our load": lambda: script(OUR_LOAD, environment),
            "their load": lambda: script(THEIR_LOAD, environment),
            "our first": lambda: script(OUR_FIRST_TOKEN, environment),
            "their first": lambda: script(THEIR_FIRST_TOKEN, environment),
        },
        rounds=rounds,
    )
    rows = [["`python -c pass` (the floor), s", spread(taken["python"]), "", ""]]
    for title, ours, theirs in (
        ("import of the package, s", "our import", "their import"),
        ("`dalle-kit --help`, s", "help", None),
        ("`dalle-kit email --help`, s", "email help", None),
        ("`import torch` (in both rows below), s", "torch", "torch"),
        ("load model and tokenizer, imports not counted, s", "our load", "their load"),
        ("cold process to first token of an e-mail, s", "our first", "their first"),
    ):
        peer = [spread(taken[theirs]), ratio(taken[ours], taken[theirs])] if theirs and theirs != ours else ["", ""]
        rows.append([title, spread(taken[ours]), *peer])
    print(machine(), table(["", "dalle-kit", "transformers", "ratio"], rows), sep="\n\n")


if __name__ == "__main__":
    main()
