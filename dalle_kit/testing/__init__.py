"""Testing of plugins: a model whose words are scripted, golden files, and the contract every domain keeps.

``pytest -p dalle_kit.testing.pytest_plugin`` adds the fixtures. Needs no torch and no model.
"""

from dalle_kit.testing.contract import check_domain, check_plugin, domain_faults, plugin_faults
from dalle_kit.testing.faults import Fault
from dalle_kit.testing.golden import compare_golden, document_text, prompt_text
from dalle_kit.testing.scripted import ScriptedEngine, ScriptedKit

__all__ = [
    "Fault",
    "ScriptedEngine",
    "ScriptedKit",
    "check_domain",
    "check_plugin",
    "compare_golden",
    "document_text",
    "domain_faults",
    "plugin_faults",
    "prompt_text",
]
