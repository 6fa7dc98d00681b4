"""What the sizes of a model follow from; known without torch."""

from __future__ import annotations

#: The width of one of the resampler's heads, where the model's width allows it.
HEAD = 64


def count_heads(width: int) -> int:
    """Return how many heads a block of the resampler has: the most that share its width evenly, none below ``HEAD``."""
    return max(count for count in range(1, max(1, width // HEAD) + 1) if width % count == 0)
