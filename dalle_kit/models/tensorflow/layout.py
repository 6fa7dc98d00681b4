"""What a checkpoint becomes: a configuration and weights, and the checks that all of them are there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dalle_kit.errors import ModelError
from dalle_kit.models.tensorflow.bundle import Bundle

if TYPE_CHECKING:
    from tokenizers import Tokenizer

#: Tensors of optimizers and counters, which training leaves in a checkpoint.
_TRAINING = re.compile(
    r"(.*/)?(global_step|beta[12]_power|counter|good_steps|bad_steps|loss_scale)|.*/(adam_[mv]|Adam(_1)?|Momentum)"
    r"|.*_slot_(v|vr|vc|m)|_CHECKPOINTABLE_OBJECT_GRAPH|save_counter.*"
)
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Weight:
    """One tensor of the new checkpoint: its source, and the source's shape; ``transpose`` swaps its two axes.

    A source that has further axes of length 1 in front has the shape all the same: OpenAI stores its matrices so.
    """

    name: str
    source: str
    shape: tuple[int, ...]
    transpose: bool = False

    @property
    def stored_shape(self) -> tuple[int, ...]:
        """The shape it has in the new checkpoint."""
        return tuple(reversed(self.shape)) if self.transpose else self.shape


@dataclass(frozen=True, slots=True)
class Layout:
    """A transformers checkpoint that is to be: settings, weights, the tokenizer and its settings.

    ``left_out`` matches names of tensors that it has no use for.
    """

    config: Mapping[str, Any]
    weights: tuple[Weight, ...]
    tokenizer: Tokenizer
    tokenizer_config: Mapping[str, Any]
    left_out: str = ""

    @property
    def size(self) -> int:
        """Bytes of the weights in float32."""
        total = 0
        for weight in self.weights:
            count = 4
            for length in weight.shape:
                count *= length
            total += count
        return total


def check_tensors(bundle: Bundle, layout: Layout) -> None:
    """Raise ModelError, with their names, for tensors that are missing, unexpected or of another shape."""
    expected = {weight.source: weight for weight in layout.weights}
    ignored = re.compile(layout.left_out) if layout.left_out else None
    missing = sorted(expected.keys() - bundle.tensors.keys())
    unexpected = sorted(
        name
        for name in bundle.tensors.keys() - expected.keys()
        if not _TRAINING.fullmatch(name) and not (ignored and ignored.fullmatch(name))
    )
    kind = layout.config["model_type"]
    if missing or unexpected:
        problems = [f"lacks {_listed(missing)}"] * bool(missing) + [f"also has {_listed(unexpected)}"] * bool(
            unexpected
        )
        raise ModelError(
            f"{bundle.index} is no whole {kind} checkpoint: it {' and '.join(problems)}; "
            "give the checkpoint as it was published, with the settings that lie beside it"
        )
    for name, weight in expected.items():
        found = bundle.tensors[name].shape
        if _without_leading_ones(found, len(weight.shape)) != weight.shape:
            raise ModelError(
                f"{bundle.index}: {name} has the shape {found}, the settings and the other tensors ask for "
                f"{weight.shape}; give the settings that belong to these weights"
            )


def read_settings(file: Path) -> dict[str, Any]:
    """Return a JSON file's object; raises ModelError where there is none that can be read."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelError(f"{file.parent} has no {file.name}, which belongs to its checkpoint; put it there") from error
    except (OSError, ValueError) as error:
        raise ModelError(f"{file} cannot be read ({error}); fetch it again") from error
    if not isinstance(found, dict):
        raise ModelError(f"{file} cannot be read: it holds no JSON object; fetch it again")
    return found


def whole_numbers(settings: Mapping[str, Any], names: Sequence[str], file: Path) -> list[int]:
    """Return settings that have to be positive whole numbers; raises ModelError for others."""
    for name in names:
        value = settings.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
            raise ModelError(f"{file}: {name} is {value!r}, a positive whole number is needed; fetch the file again")
    return [settings[name] for name in names]


def check_heads(width: int, heads: int, file: Path) -> None:
    """Raise ModelError for a width that cannot be divided among the heads."""
    if width % heads:
        raise ModelError(f"{file}: the width {width} is no multiple of the {heads} heads; fetch the file again")


def _without_leading_ones(shape: tuple[int, ...], rank: int) -> tuple[int, ...]:
    extra = len(shape) - rank
    return shape[extra:] if extra > 0 and set(shape[:extra]) == {1} else shape


def _listed(names: Iterable[str]) -> str:
    listed = list(names)
    rest = len(listed) - _SHOWN
    return ", ".join(listed[:_SHOWN]) + (f" and {rest} more" if rest > 0 else "")
