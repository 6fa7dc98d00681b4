"""Content generation that people run on their own machine and can trust.

Everything a plugin or an application needs is here; the modules behind it are internal. Attributes load on first
use, so that importing the package costs next to nothing.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dalle_kit.async_kit import AsyncKit
    from dalle_kit.config import Settings
    from dalle_kit.document_stream import DocumentStream
    from dalle_kit.domain import Domain, Example, Request, option
    from dalle_kit.errors import (
        ConfigError,
        ContextOverflowError,
        DalleKitError,
        DeviceError,
        DiskSpaceError,
        DownloadError,
        ExampleError,
        HistoryError,
        IntegrityError,
        ModelError,
        OptionError,
        OutputError,
        PluginError,
        PrivacyError,
        RequestError,
        RevisionError,
        ServerError,
        TemplateError,
        UnknownNameError,
    )
    from dalle_kit.examples.memory_set import make_examples, read_examples
    from dalle_kit.history import History
    from dalle_kit.hookspecs import hookimpl
    from dalle_kit.kit import Kit
    from dalle_kit.models.spec import (
        AdapterSource,
        BridgeSource,
        HubSource,
        LocalSource,
        MemorySource,
        ModelSpec,
        WheelSource,
    )
    from dalle_kit.records import (
        Document,
        Draft,
        ExampleUse,
        Finding,
        Format,
        Gap,
        GenerationOptions,
        Message,
        Prompt,
        Provenance,
        Skeleton,
        Slot,
        Steering,
    )
    from dalle_kit.source_place import NearbyFile, SourcePlace

__version__ = "0.1.0"

_EXPORTS = {
    "dalle_kit.async_kit": ("AsyncKit",),
    "dalle_kit.config": ("Settings",),
    "dalle_kit.document_stream": ("DocumentStream",),
    "dalle_kit.domain": ("Domain", "Example", "Request", "option"),
    "dalle_kit.errors": (
        "ConfigError",
        "ContextOverflowError",
        "DalleKitError",
        "DeviceError",
        "DiskSpaceError",
        "DownloadError",
        "ExampleError",
        "HistoryError",
        "IntegrityError",
        "ModelError",
        "OptionError",
        "OutputError",
        "PluginError",
        "PrivacyError",
        "RequestError",
        "RevisionError",
        "ServerError",
        "TemplateError",
        "UnknownNameError",
    ),
    "dalle_kit.examples.memory_set": ("make_examples", "read_examples"),
    "dalle_kit.history": ("History",),
    "dalle_kit.hookspecs": ("hookimpl",),
    "dalle_kit.kit": ("Kit",),
    "dalle_kit.models.spec": (
        "AdapterSource",
        "BridgeSource",
        "HubSource",
        "LocalSource",
        "MemorySource",
        "ModelSpec",
        "WheelSource",
    ),
    "dalle_kit.records": (
        "Document",
        "Draft",
        "ExampleUse",
        "Finding",
        "Format",
        "Gap",
        "GenerationOptions",
        "Message",
        "Prompt",
        "Provenance",
        "Skeleton",
        "Slot",
        "Steering",
    ),
    "dalle_kit.source_place": ("NearbyFile", "SourcePlace"),
}
_HOME = {name: module for module, names in _EXPORTS.items() for name in names}

__all__ = [
    "AdapterSource",
    "AsyncKit",
    "BridgeSource",
    "ConfigError",
    "ContextOverflowError",
    "DalleKitError",
    "DeviceError",
    "DiskSpaceError",
    "Document",
    "DocumentStream",
    "Domain",
    "DownloadError",
    "Draft",
    "Example",
    "ExampleError",
    "ExampleUse",
    "Finding",
    "Format",
    "Gap",
    "GenerationOptions",
    "History",
    "HistoryError",
    "HubSource",
    "IntegrityError",
    "Kit",
    "LocalSource",
    "MemorySource",
    "Message",
    "ModelError",
    "ModelSpec",
    "NearbyFile",
    "OptionError",
    "OutputError",
    "PluginError",
    "PrivacyError",
    "Prompt",
    "Provenance",
    "Request",
    "RequestError",
    "RevisionError",
    "ServerError",
    "Settings",
    "Skeleton",
    "Slot",
    "SourcePlace",
    "Steering",
    "TemplateError",
    "UnknownNameError",
    "WheelSource",
    "__version__",
    "hookimpl",
    "make_examples",
    "option",
    "read_examples",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
