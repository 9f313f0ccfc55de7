"""A short run of ``tox -e soak``."""

import subprocess
import sys
from pathlib import Path

import pytest

SOAK = Path(__file__).parent


@pytest.mark.timeout(400)
def test_a_server_holds_for_a_while() -> None:
    ended = subprocess.run(
        [sys.executable, SOAK, "5", "--seed", "1"], capture_output=True, text=True, timeout=380
    )

    assert ended.returncode == 0, ended.stdout + ended.stderr
