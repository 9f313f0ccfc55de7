"""Files: made for their owner, rotated, moved away, and full."""

import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flightstream_audit.file import LineFile
from structlog.testing import capture_logs

LINE = b"x" * 99 + b"\n"

FILL = """
import resource, signal, sys
from pathlib import Path
from flightstream_audit.file import LineFile
file = LineFile(Path(sys.argv[1]), 10**9, 1)
file.open()
file.append(b"first line\\n")
resource.setrlimit(resource.RLIMIT_FSIZE, (20, resource.RLIM_INFINITY))
for _ in range(2):
    try:
        file.append(b"a line for which there is no room\\n")
    except OSError as exc:
        print(exc.strerror)
file.append(b"fits\\n")
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
file.append(b"last line\\n")
"""


@pytest.fixture
def open_file(tmp_path: Path) -> Iterator[Callable[..., LineFile]]:
    """Return a function that opens ``audit.jsonl``."""
    opened: list[LineFile] = []

    def start(max_bytes: int = 1000, keep: int = 3) -> LineFile:
        opened.append(LineFile(tmp_path / "audit.jsonl", max_bytes, keep))
        opened[-1].open()
        return opened[-1]

    yield start
    for file in opened:
        file.close()


def lines_of(folder: Path) -> dict[str, int]:
    """Return how many lines each file has."""
    return {path.name: path.read_bytes().count(b"\n") for path in sorted(folder.iterdir())}


@pytest.fixture
def no_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("no_umask")
def test_files_are_their_owners_alone(open_file, tmp_path):
    file = open_file(max_bytes=150)
    for _ in range(3):
        file.append(LINE)

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == dict.fromkeys(["audit.jsonl", "audit.jsonl.1", "audit.jsonl.2"], 0o600)


def test_lines_are_added_to_those_that_are_there(open_file, tmp_path):
    (tmp_path / "audit.jsonl").write_bytes(b"old\n")

    open_file().append(b"new\n")

    assert (tmp_path / "audit.jsonl").read_bytes() == b"old\nnew\n"


def test_files_are_rotated_before_they_are_too_large_and_the_oldest_goes(open_file, tmp_path):
    file = open_file(max_bytes=250, keep=3)
    for number in range(9):
        file.append(b"%099d\n" % number)

    assert lines_of(tmp_path) == {
        "audit.jsonl": 1,
        "audit.jsonl.1": 2,
        "audit.jsonl.2": 2,
        "audit.jsonl.3": 2,
    }
    assert (tmp_path / "audit.jsonl").read_bytes() == b"%099d\n" % 8
    assert (tmp_path / "audit.jsonl.3").read_bytes() == b"%099d\n%099d\n" % (2, 3)


def test_a_line_that_is_longer_than_a_file_has_one_of_its_own(open_file, tmp_path):
    file = open_file(max_bytes=50)
    for _ in range(2):
        file.append(LINE)

    assert lines_of(tmp_path) == {"audit.jsonl": 1, "audit.jsonl.1": 1}


def test_a_file_that_was_moved_away_is_begun_anew(open_file, tmp_path):
    file = open_file()
    file.append(b"one\n")
    os.rename(tmp_path / "audit.jsonl", tmp_path / "audit-2026.jsonl")
    file.append(b"two\n")
    (tmp_path / "audit.jsonl").unlink()
    (tmp_path / "audit.jsonl").write_bytes(b"")
    file.append(b"three\n")
    os.truncate(tmp_path / "audit.jsonl", 0)  # logrotate: copytruncate
    file.append(b"four\n")

    assert (tmp_path / "audit-2026.jsonl").read_bytes() == b"one\n"
    assert (tmp_path / "audit.jsonl").read_bytes() == b"four\n"


@pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="needs /proc: run it on Linux")
def test_what_comes_after_the_close_is_written_and_leaves_nothing_open(open_file, tmp_path):
    file = open_file()
    file.close()
    before = set(os.listdir("/proc/self/fd"))

    file.append(LINE)

    assert lines_of(tmp_path) == {"audit.jsonl": 1}
    assert set(os.listdir("/proc/self/fd")) == before


def test_no_line_is_lost_where_files_cannot_be_rotated(open_file, tmp_path):
    (tmp_path / "audit.jsonl.1").mkdir()
    (tmp_path / "audit.jsonl.1" / "in the way").touch()
    (tmp_path / "audit.jsonl.2").mkdir()
    (tmp_path / "audit.jsonl.2" / "too").touch()
    file = open_file(max_bytes=150, keep=2)
    with capture_logs() as logs:
        for _ in range(3):
            file.append(LINE)

    assert (tmp_path / "audit.jsonl").read_bytes() == LINE * 3
    assert [(log["event"], log["log_level"]) for log in logs] == [("audit_not_rotated", "error")]

    for name in ("in the way", "../audit.jsonl.2/too"):
        (tmp_path / "audit.jsonl.1" / name).unlink()
    (tmp_path / "audit.jsonl.1").rmdir()
    (tmp_path / "audit.jsonl.2").rmdir()
    file.append(LINE)
    assert lines_of(tmp_path) == {"audit.jsonl": 1, "audit.jsonl.1": 3}


def test_attempts_to_rotate_that_fail_drop_no_older_file(open_file, tmp_path):
    file = open_file(max_bytes=150, keep=3)
    for name in ("audit.jsonl.1", "audit.jsonl.2"):
        (tmp_path / name).write_bytes(name.encode())
    folder = tmp_path / "audit.jsonl.3"
    folder.mkdir()
    (folder / "in the way").touch()
    with capture_logs():
        for _ in range(5):
            file.append(LINE)

    assert (tmp_path / "audit.jsonl.1").read_bytes() == b"audit.jsonl.1"
    assert (tmp_path / "audit.jsonl.2").read_bytes() == b"audit.jsonl.2"
    assert (tmp_path / "audit.jsonl").read_bytes() == LINE * 5


def test_a_line_for_which_there_is_no_room_leaves_nothing_behind(tmp_path):
    file = tmp_path / "audit.jsonl"

    done = subprocess.run(
        [sys.executable, "-c", FILL, str(file)], capture_output=True, text=True, check=False
    )

    assert (done.stdout, done.stderr) == ("File too large\n" * 2, "")
    assert file.read_bytes() == b"first line\nfits\nlast line\n"
