"""How torch's threads wait for each other."""

from __future__ import annotations

import os


def wait_politely() -> None:
    """Let threads sleep, not spin, while they wait; takes effect only before torch is first imported.

    Spinning threads of a two-core machine on which anything else runs steal the time from those they wait for:
    measured, decoding falls to a tenth of its speed. A setting of the user's own is left as it is.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
