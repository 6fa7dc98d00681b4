"""write_atomically under real faults: full disks, file size limits, kills, links, rivals."""

import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from dalle_kit.errors import OutputError
from dalle_kit.files import write_atomically
from tests.disks import small_disk


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


posix_only = pytest.mark.skipif(os.name != "posix", reason="needs POSIX files")


def test_writes_the_bytes_as_they_are(tmp_path: Path) -> None:
    write_atomically(tmp_path / "mail.eml", b"a\r\nb\n\x00\xff")
    assert (tmp_path / "mail.eml").read_bytes() == b"a\r\nb\n\x00\xff"
    assert names(tmp_path) == ["mail.eml"]


def test_keeps_an_existing_file_and_says_how_to_overwrite(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old", encoding="utf-8")
    with pytest.raises(OutputError, match=r"a\.txt exists; .*--force"):
        write_atomically(target, b"new")
    assert target.read_text(encoding="utf-8") == "old"
    write_atomically(target, b"new", force=True)
    assert target.read_bytes() == b"new"
    assert names(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("force", [False, True])
def test_refuses_a_folder_and_a_missing_folder(tmp_path: Path, force: bool) -> None:
    with pytest.raises(OutputError, match="is a folder"):
        write_atomically(tmp_path, b"x", force=force)
    with pytest.raises(OutputError, match="folder does not exist"):
        write_atomically(tmp_path / "none" / "a.txt", b"x", force=force)


def test_a_file_in_the_place_of_a_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match="cannot write"):
        write_atomically(tmp_path / "file" / "a.txt", b"x")


@pytest.mark.parametrize("name", ["a\0b", "n" * 300])
def test_impossible_names_are_one_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(OutputError, match="cannot write"):
        write_atomically(tmp_path / name, b"x")


def test_a_name_of_full_length_can_be_written(tmp_path: Path) -> None:
    write_atomically(tmp_path / ("n" * 250), b"x")
    assert names(tmp_path) == ["n" * 250]


@posix_only
def test_unwritable_folder_is_an_error(tmp_path: Path) -> None:
    folder = tmp_path / "locked"
    folder.mkdir()
    folder.chmod(0o500)
    script = (
        "import os, sys; from pathlib import Path; from dalle_kit.files import write_atomically\n"
        "if os.getuid() == 0: os.setuid(65534)\n"
        "try: write_atomically(Path(sys.argv[1]) / 'a.txt', b'x')\n"
        "except Exception as error: print(type(error).__name__, error)"
    )
    tmp_path.chmod(0o755)
    for parent in list(tmp_path.parents)[:3]:
        if parent.stat().st_uid == os.getuid() and parent != Path("/tmp"):
            parent.chmod(parent.stat().st_mode | 0o055)
    done = subprocess.run([sys.executable, "-c", script, str(folder)], capture_output=True, text=True, check=True)
    assert "OutputError cannot write" in done.stdout
    assert "ermission" in done.stdout
    assert names(folder) == []


@posix_only
def test_failed_write_leaves_the_old_file_and_no_partial(tmp_path: Path) -> None:
    script = """
import resource, signal, sys
from pathlib import Path
from dalle_kit.files import write_atomically
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
for name in ("old.txt", "new.txt"):
    try:
        write_atomically(Path(sys.argv[1]) / name, b"x" * 5000, force=True)
    except Exception as error:
        print(type(error).__name__, error)
"""
    (tmp_path / "old.txt").write_bytes(b"old")
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout.count("OutputError cannot write") == 2
    assert names(tmp_path) == ["old.txt"]
    assert (tmp_path / "old.txt").read_bytes() == b"old"


def test_full_disk_says_so(tmp_path: Path) -> None:
    with small_disk(tmp_path, "16k"):
        (tmp_path / "a.txt").write_bytes(b"old")
        with pytest.raises(OutputError, match="the disk is full"):
            write_atomically(tmp_path / "a.txt", b"x" * 100_000, force=True)
        assert names(tmp_path) == ["a.txt"]
        assert (tmp_path / "a.txt").read_bytes() == b"old"


@posix_only
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_devices_are_written_to_and_never_replaced() -> None:
    write_atomically(Path("/dev/null"), b"x", force=True)
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)
    with pytest.raises(OutputError, match="the disk is full"):
        write_atomically(Path("/dev/full"), b"x", force=True)


@posix_only
def test_a_killed_writer_leaves_the_target_as_it_was(tmp_path: Path) -> None:
    script = """
import os, sys
from pathlib import Path
import dalle_kit.files as files
def hang(handle):
    print("writing", flush=True)
    sys.stdin.read()
files.os.fsync = hang
files.write_atomically(Path(sys.argv[1]), b"x" * 100_000, force=True)
"""
    target = tmp_path / "a.txt"
    target.write_bytes(b"old")
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(target)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"writing\n"
        process.send_signal(signal.SIGKILL)
    assert target.read_bytes() == b"old"
    write_atomically(target, b"new", force=True)
    assert target.read_bytes() == b"new"


@posix_only
def test_links_stay_links(tmp_path: Path) -> None:
    real = tmp_path / "folder" / "real.txt"
    real.parent.mkdir()
    real.write_bytes(b"old")
    link = tmp_path / "link.txt"
    link.symlink_to(real)
    with pytest.raises(OutputError, match="exists"):
        write_atomically(link, b"new")
    write_atomically(link, b"new", force=True)
    assert link.is_symlink()
    assert real.read_bytes() == b"new"


@posix_only
def test_dangling_links_and_loops_are_handled(tmp_path: Path) -> None:
    dangling = tmp_path / "dangling"
    dangling.symlink_to(tmp_path / "target.txt")
    with pytest.raises(OutputError, match="exists"):
        write_atomically(dangling, b"new")
    write_atomically(dangling, b"new", force=True)
    assert (tmp_path / "target.txt").read_bytes() == b"new"
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    with pytest.raises(OutputError):
        write_atomically(loop, b"new", force=True)


@posix_only
def test_permissions_follow_the_umask_or_the_old_file(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_atomically(tmp_path / "new.txt", b"x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new.txt").stat().st_mode) == 0o640
    old = tmp_path / "old.txt"
    old.write_bytes(b"")
    old.chmod(0o604)
    write_atomically(old, b"x", force=True)
    assert stat.S_IMODE(old.stat().st_mode) == 0o604


def test_of_many_rivals_exactly_one_wins_whole(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    texts = [bytes([65 + number]) * 50_000 for number in range(8)]
    lost: list[OutputError] = []
    start = threading.Barrier(len(texts))

    def write(text: bytes) -> None:
        start.wait()
        try:
            write_atomically(target, text)
        except OutputError as error:
            lost.append(error)

    threads = [threading.Thread(target=write, args=(text,)) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(lost) == len(texts) - 1
    assert target.read_bytes() in texts
    assert names(tmp_path) == ["a.txt"]
