"""Memory: what an encoder reads in examples moves the decoder's states, in place of the examples themselves.

Encoder(examples) less Encoder(plain texts of the same kind) goes through a memory map, which was learned to give what
tells the decoder's own states on such texts from those on others. It takes none of the context, and no decoder has to
read the examples.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from dalle_kit.errors import ModelError
from dalle_kit.models.memory_map import read_memory_map
from dalle_kit.models.spec import MEMORY_FILE
from dalle_kit.records import Steering

if TYPE_CHECKING:
    from dalle_kit.engine.reading import SentenceEncoder


def remember(
    folder: Path, examples: Sequence[str], plain: npt.NDArray[np.float32], encoder: SentenceEncoder
) -> Steering:
    """Return the memory of examples for the decoder in a folder; ``plain`` (W,) is the encoder's mean of plain texts.

    Raises ModelError for a memory map that is damaged, or learned for another encoder.
    """
    found = read_memory_map(folder / MEMORY_FILE)
    if encoder.sha256 != found.encoder or found.reads.shape[1:] != plain.shape:
        raise ModelError(
            f"the memory of {folder.name} was learned for another encoder than {encoder.name} as it is here; steer by "
            "'prompt', or pull both models again"
        )
    return Steering(found.memory(encoder.means(examples).mean(0) - plain))
