"""What the program sets up before it loads the libraries that read it."""

import os
import platform
import subprocess
import sys
from collections.abc import Mapping

import pytest


def memory_pool(environment: Mapping[str, str]) -> str:
    """Return which of Arrow's pools a command allocates from."""
    program = (
        "import atexit, sys\n"
        "from flightstream.cli import main\n"
        "@atexit.register\n"
        "def tell():\n"
        "    import pyarrow as pa\n"
        "    print(pa.default_memory_pool().backend_name)\n"
        "sys.argv[1:] = ['--version']\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()[-1]


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only there it is known to help")
def test_commands_allocate_from_the_pool_that_keeps_little() -> None:
    assert memory_pool({}) == "jemalloc"


def test_the_choice_of_a_pool_is_the_users() -> None:
    assert memory_pool({"ARROW_DEFAULT_MEMORY_POOL": "system"}) == "system"
