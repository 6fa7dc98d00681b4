"""Makes the model known to transformers."""

from __future__ import annotations


def register() -> None:
    """Register configuration and models with the Auto classes of transformers; may be called again."""
    from transformers import AutoConfig, AutoModel, AutoModelForCausalLM

    from dalle_kit.modeling.configuration import DalleConfig
    from dalle_kit.modeling.encoder import DalleEncoder
    from dalle_kit.modeling.model import DalleForConditionalGeneration

    AutoConfig.register(DalleConfig.model_type, DalleConfig, exist_ok=True)
    AutoModel.register(DalleConfig, DalleEncoder, exist_ok=True)
    AutoModelForCausalLM.register(DalleConfig, DalleForConditionalGeneration, exist_ok=True)
