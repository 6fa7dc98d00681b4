"""A format of a package of its own, installed with pip, for the news and blogs that come with the toolkit."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.packaging.conftest import ThinEnvironment

PACKAGE = Path(__file__).parents[2] / "examples/dalle-kit-ninjs"
ARTICLE = (
    *("--headline", "Old Mill Bridge closed", "--fact", "closed until 14 June", "--byline", "Ana Silva"),
    *("--section", "Transport", "--source", "council minutes", "--quote", '"At last." -- Bo Li', "--kicker"),
    *("--format", "ninjs", "--max-tokens", "24", "-q"),
)


def test_ninjs_is_a_format_of_news_and_blogs_once_it_is_installed(
    workshop: ThinEnvironment, tmp_path: Path, elsewhere: Path, default_model_home: Path
) -> None:
    package = tmp_path / "package"
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("build", "*.egg-info", "__pycache__"))
    workshop.install(str(package))
    home = {"DALLE_KIT_HOME": str(default_model_home), "OMP_NUM_THREADS": "1"}
    written = {
        domain: json.loads(workshop.run("dalle-kit", domain, *ARTICLE, cwd=elsewhere, env=home).stdout)
        for domain in ("news", "blog")
    }
    for item in written.values():
        assert item["uri"].startswith("urn:uuid:") and item["standard"]["version"] == "3.1"
        assert item["pubStatus"] == "withheld" and item["by"] == "Ana Silva"
        assert item["digitalSourceType"]["uri"].endswith("/trainedAlgorithmicMedia")
        assert item["headlines"] == [
            {"role": "main", "value": "Old Mill Bridge closed"},
            {"role": "kicker", "value": "Transport"},
        ]
        (body,) = item["bodies"]
        assert body["contentType"] == "text/plain" and 'Bo Li said: "At last."' in body["value"]
        assert "14 June" in body["value"]
    assert written["news"]["uri"] != written["blog"]["uri"]
    assert "ok" in workshop.run("dalle-kit", "plugins", "check", "ninjs", cwd=elsewhere, env=home).stdout
    workshop.run("python", "-m", "pip", "uninstall", "--yes", "--quiet", "dalle-kit-ninjs", cwd=elsewhere)
    refused = workshop.run("dalle-kit", "news", *ARTICLE, cwd=elsewhere, check=False, env=home)
    assert refused.returncode == 2 and "ninjs" in refused.stderr
