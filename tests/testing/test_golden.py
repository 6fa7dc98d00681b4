"""Golden files, and the fixtures as a plugin's tests use them."""

from __future__ import annotations

from pathlib import Path

import pytest

from dalle_kit import Message, Prompt
from dalle_kit.testing import ScriptedKit, compare_golden, document_text, prompt_text

TESTS = """
from pathlib import Path
def test_email(scripted_kit, golden):
    kit = scripted_kit({"point_1": Path(__file__).with_name("said.txt").read_text(encoding="utf-8")})
    document = kit.generate("email", {"to": ["a@example.com"], "subject": "x", "points": ["it is on Friday"]})
    golden("email.txt", document)
    golden("prompt.txt", kit.engine.prompts[0])
    golden("email.bin", document.text.encode())

def test_home(dalle_kit_home):
    import os
    assert [name for name in os.environ if name.startswith("DALLE_KIT_")] == ["DALLE_KIT_HOME"]
    assert list(dalle_kit_home.iterdir()) == []
"""


def run(folder: Path, *flags: str) -> int:
    """Run the tests in a folder as pytest does by itself, in this process because that is faster."""
    (folder / "pytest.ini").write_text("[pytest]\naddopts = -p dalle_kit.testing.pytest_plugin\n", encoding="utf-8")
    return int(pytest.main(["-q", "--import-mode=importlib", "-p", "no:cacheprovider", str(folder), *flags]))


def test_golden_files_are_missed_made_kept_and_updated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DALLE_KIT_MODEL", "not-this-one")
    (tmp_path / "test_it.py").write_text(TESTS, encoding="utf-8")
    said = tmp_path / "said.txt"
    said.write_text("It will be on Friday.", encoding="utf-8")
    assert run(tmp_path) == 1
    missed = capsys.readouterr().out
    assert "1 passed" in missed and "--update-golden" in missed
    assert run(tmp_path, "--update-golden") == 0
    golden = tmp_path / "golden"
    before = (golden / "email.txt").read_text(encoding="utf-8")
    assert "It will be on Friday." in before and before.endswith("[findings]\nnone\n")
    assert (golden / "prompt.txt").read_text(encoding="utf-8").startswith("[system]\n")
    assert run(tmp_path) == 0
    said.write_text("It is going to be on Friday.", encoding="utf-8")
    capsys.readouterr()
    assert run(tmp_path) == 1
    changed = capsys.readouterr().out
    assert "-It will be on Friday." in changed and "+It is going to be on Friday." in changed
    assert run(tmp_path, "--update-golden") == 0
    assert (golden / "email.txt").read_text(encoding="utf-8") != before


def test_line_ends_of_windows_are_no_difference_in_texts_only(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_bytes(b"a\r\nb\r\n")
    compare_golden(file, "a\nb\n")
    with pytest.raises(AssertionError, match="from byte 1 on"):
        compare_golden(file, b"a\nb\n")
    with pytest.raises(AssertionError, match="from byte 6 on"):
        compare_golden(file, b"a\r\nb\r\nc")


def test_a_text_that_has_line_ends_of_windows_is_compared_with_them(tmp_path: Path) -> None:
    file = tmp_path / "event.ics"
    compare_golden(file, "a\r\nb\r\n", update=True)
    compare_golden(file, "a\r\nb\r\n")
    file.write_bytes(b"a\r\nb\n")
    with pytest.raises(AssertionError, match=r"\n-b\n\+b\\r"):
        compare_golden(file, "a\r\nb\r\n")


def test_a_prompt_is_shown_with_its_roles_and_names() -> None:
    prompt = Prompt((Message("context", "A\n", "src/a.py"), Message("prefix", "x = "), Message("suffix", "")))
    assert prompt_text(prompt) == "[context src/a.py]\nA\n\n[prefix]\nx = \n[suffix]\n\n"


def test_a_document_is_shown_with_its_findings_and_where_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DALLE_KIT_HOME", str(tmp_path))
    kit = ScriptedKit({"point_1": "It is on Friday in room B12."})
    request = {"to": ["a@example.com"], "subject": "x", "points": ["it is on Friday"]}
    document = kit.generate("email", request, repair=False)
    (finding,) = (finding for finding in document.findings if finding.check == "unsupported")
    line = f"{finding.severity}: unsupported: {finding.message} [point_1 24-27]"
    assert document_text(document).splitlines().count(line) == 1
