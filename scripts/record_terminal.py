"""Record docs/terminal.svg: commands in a real terminal (tmux), as they look when they are done.

python scripts/record_terminal.py [FILE]

It needs tmux, and the default model on this machine. The picture names the reader's fonts and fetches none.
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.text import Text

from dalle_kit.config import ENV_PREFIX
from dalle_kit.paths import find_paths

COLUMNS, LINES = 106, 40
PROMPT = "$"
TITLE = "dalle-kit"
COMMANDS = (
    'dalle-kit email --to "Priya Raman <priya@example.com>" --subject "Q3 budget review" --sender Tom \\\n'
    '    --point "review is now on Thursday 14:00" --point "we meet in room B12" \\\n'
    '    --point "bring the cost sheet"',
    'dalle-kit email --to "Ana Ferreira <ana@example.com>" --sender Tom --closing "" \\\n'
    '    --point "the meeting is on Monday" --point "the meeting is on Tuesday"',
)


def screen() -> str:
    """Run the commands in a terminal of their own and return its screen, with its colours as escape sequences."""
    server = f"record-{os.getpid()}"

    def tmux(*arguments: str) -> str:
        return subprocess.run(["tmux", "-L", server, *arguments], check=True, stdout=subprocess.PIPE, text=True).stdout

    with tempfile.TemporaryDirectory() as home:
        # The models of this machine, and nobody's settings.
        Path(home, "models").symlink_to(find_paths().models, target_is_directory=True)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(ENV_PREFIX)}
        path = f"{Path(sys.executable).parent}:{kept['PATH']}"
        shell = ["env", "-i", f"PATH={path}", f"DALLE_KIT_HOME={home}", "TERM=xterm-256color", "LANG=C.UTF-8"]
        shell += [rf"PS1=\n\[\e[1;32m\]{PROMPT}\[\e[0m\] ", "PS2=", "bash", "--norc", "--noprofile", "-i"]
        try:
            tmux("new-session", "-d", "-s", "s", "-x", str(COLUMNS), "-y", str(LINES), *shell)
            for command in ("dalle-kit email --to a@example.com --point x --local > /dev/null 2>&1; clear", *COMMANDS):
                for line in command.split("\n"):
                    tmux("send-keys", "-t", "s", "-l", line)
                    tmux("send-keys", "-t", "s", "Enter")
                wait_for_prompt(lambda: tmux("capture-pane", "-t", "s", "-p"))
            return tmux("capture-pane", "-t", "s", "-p", "-e")
        finally:
            subprocess.run(["tmux", "-L", server, "kill-server"], check=False)


def wait_for_prompt(shown: Callable[[], str]) -> None:
    """Wait until the last line of the screen is a prompt, and stays so; raises TimeoutError after two minutes."""
    quiet = 0
    for _ in range(1200):
        time.sleep(0.1)
        quiet = quiet + 1 if shown().rstrip().endswith(f"\n{PROMPT}") else 0
        if quiet == 10:
            return
    raise TimeoutError("the commands did not end within two minutes")


def picture(ansi: str) -> str:
    """Return a screen as SVG, without the fonts that rich's format would fetch."""
    lines = ansi.strip().splitlines()[:-1]  # without the last prompt
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    for line in lines:
        console.print(Text.from_ansi(line), soft_wrap=True)
    svg = console.export_svg(title=TITLE, unique_id="terminal")
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    return svg.replace("Fira Code", "ui-monospace, DejaVu Sans Mono, Menlo, Consolas")


def main() -> None:
    """Write the picture."""
    file = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[1] / "docs/terminal.svg"
    file.write_text(picture(screen()), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
