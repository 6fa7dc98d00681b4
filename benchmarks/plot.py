"""Draw how cost grows, from the figures of run.py; matplotlib is among the peers' requirements.

python benchmarks/plot.py CURVES.json PLOT.png
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

_PANELS = {
    "prompt": ("tokens of the prompt", "seconds to the first token"),
    "output": ("tokens written", "seconds in all"),
    "batch": ("texts at once", "tokens/s, prompts included"),
}


def main() -> None:
    """Read the curves and write the picture."""
    source, target = sys.argv[1:]
    curves = json.loads(Path(source).read_text(encoding="utf-8"))
    figure, panels = pyplot.subplots(1, len(_PANELS), figsize=(15, 4.5), layout="constrained")
    for panel, (kind, (across, up)) in zip(panels, _PANELS.items(), strict=True):
        measured = curves.get(kind, {})
        for name, points in measured.items():
            xs, ys = zip(*points, strict=True)
            panel.plot(xs, ys, marker="o", label=name, linewidth=2.5 if name == "dalle-kit" else 1.2)
        panel.set(xscale="log", yscale="log", xlabel=across, ylabel=up)
        across_all = sorted({x for points in measured.values() for x, _ in points})
        panel.set_xticks(across_all, [f"{x:g}" for x in across_all])
        panel.xaxis.minorticks_off()
        panel.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        panel.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        panel.yaxis.set_minor_formatter(NullFormatter())
        panel.grid(alpha=0.3)
    panels[0].legend()
    figure.savefig(target, dpi=120)


if __name__ == "__main__":
    main()
