"""LoRA adapters: small changes to a model, trained and shipped apart from it."""

from dalle_kit.models.adapters.lora import Adapter, Pair, load_adapter, merge, save_adapter

__all__ = ["Adapter", "Pair", "load_adapter", "merge", "save_adapter"]
