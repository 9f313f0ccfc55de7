"""The examples in contrib do what their README says."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]


def run_example(name: str, *arguments: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, ROOT / "contrib" / "examples" / name, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_pyarrow_alone_reads_part_of_a_flight(serve_process: Callable) -> None:
    server = serve_process(ROOT / "data")

    printed = run_example("read_with_pyarrow.py", server.uri)

    assert printed[0] == "carrier: string"
    assert printed[-2:] == ["9 rows to HNL, …", "{'rows': 62}"]


def test_an_adapter_is_embedded() -> None:
    printed = run_example("embed.py")

    rows = [{"n": n, "square": n * n} for n in (10, 11, 12)]
    assert [line for line in printed if line.startswith("[")] == [str(rows)]
