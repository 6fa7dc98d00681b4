"""The encoder-decoder that learns from examples: DALL-E(x) = Encoder(x) + Decoder(Encoder(x)).

Attributes load on first use, so that importing the package imports neither torch nor transformers.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dalle_kit.modeling.configuration import DalleConfig, dalle_seed_config
    from dalle_kit.modeling.encoder import DalleEncoder, Memory
    from dalle_kit.modeling.folder import copy_tokenizers
    from dalle_kit.modeling.model import DalleForConditionalGeneration, DalleOutput
    from dalle_kit.modeling.registration import register

_HOME = {
    "DalleConfig": "configuration",
    "DalleEncoder": "encoder",
    "DalleForConditionalGeneration": "model",
    "DalleOutput": "model",
    "Memory": "encoder",
    "copy_tokenizers": "folder",
    "dalle_seed_config": "configuration",
    "register": "registration",
}

__all__ = [
    "DalleConfig",
    "DalleEncoder",
    "DalleForConditionalGeneration",
    "DalleOutput",
    "Memory",
    "copy_tokenizers",
    "dalle_seed_config",
    "register",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
