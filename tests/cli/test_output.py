from __future__ import annotations

from pathlib import Path

import pytest

from dalle_kit import OutputError
from dalle_kit.cli.output import deliver


def test_a_text_that_cannot_be_written_after_all_goes_to_stdout(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(OutputError, match="the text is on stdout instead"):
        deliver("Dear Ana,\n", tmp_path / "gone" / "draft.txt", force=False, quiet=True)
    assert capsys.readouterr().out == "Dear Ana,\n"
