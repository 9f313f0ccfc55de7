"""The program ``flightstream``: runs a command and turns what it raises into an exit code."""

import os
import platform
import signal
import sys
import threading
from collections.abc import Sequence
from io import TextIOWrapper
from typing import Any, NoReturn, TextIO

import click

from flightstream.cli.group import LazyGroup
from flightstream.cli.text import printable
from flightstream.errors import ConfigError, FlightStreamError

FAILED, MISUSED, INTERRUPTED = 1, 2, 130

_COMMANDS = {
    "serve": ("flightstream.cli.serve:serve", "Serve folders and URIs over Arrow Flight."),
    "ls": ("flightstream.cli.ls:ls", "List the flights of a server."),
    "schema": ("flightstream.cli.schema:schema", "Show a flight's columns and their types."),
    "head": ("flightstream.cli.head:head", "Show a flight's first rows."),
    "get": ("flightstream.cli.get:get", "Copy a flight to a Parquet, CSV or Arrow file."),
    "sql": ("flightstream.cli.sql:sql", "Query flights in SQL."),
    "bench": ("flightstream.cli.bench:bench", "Measure how fast a flight is read."),
    "explain": ("flightstream.cli.explain:explain", "Show what reading a flight would do."),
    "doctor": ("flightstream.cli.doctor:doctor", "Tell what is wrong with a connection."),
    "tls": ("flightstream.cli.tls:tls", "Make certificates for trying TLS out."),
    "check": ("flightstream.cli.check:check", "Check a configuration, and show where it is from."),
    "plugins": ("flightstream.cli.plugins:plugins", "List, check and begin plugins."),
}


@click.group(
    cls=LazyGroup,
    commands_by_name=_COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0; 1 if the operation failed; 2 for wrong usage or configuration.",
)
@click.version_option(package_name="flightstream-core", message="flightstream %(version)s")
def flightstream() -> None:
    """Serve data where it lies over Arrow Flight, and read it."""


def main() -> NoReturn:
    """Run the command that the process was started with, and exit."""
    _set_up_libraries()
    signal.signal(signal.SIGTERM, _terminate)
    sys.stdout = _usable(sys.stdout)
    sys.stderr = _usable(sys.stderr)
    code = _flushed(run(sys.argv[1:]))
    if any(thread.daemon for thread in threading.enumerate()):
        # It waits in gRPC; the end of the interpreter would pull it out of there.
        os._exit(code)
    sys.exit(code)


def _set_up_libraries() -> None:
    """Set what gRPC and Arrow read from the environment when they are loaded."""
    # It would add lines of its own to ours.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    if platform.libc_ver()[0] == "glibc":
        # As fast as the default, it takes half of the memory for many streams.
        os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "jemalloc")


def run(arguments: Sequence[str]) -> int:
    """Run a command and return its exit code; what went wrong is on standard error."""
    try:
        # It returns the code of an exit that was asked for, such as after --help.
        code = flightstream.main(list(arguments), prog_name="flightstream", standalone_mode=False)
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except SystemExit as exc:  # a broken pipe, or a signal to terminate
        return exc.code if isinstance(exc.code, int) else FAILED
    except click.UsageError as exc:
        exc.show()
        return MISUSED
    except (click.ClickException, FlightStreamError) as exc:
        complain(exc.message)
        return MISUSED if isinstance(exc, ConfigError) else FAILED
    except OSError as exc:
        complain(": ".join(str(part) for part in (exc.filename, _reason(exc)) if part))
        return FAILED
    return code if isinstance(code, int) else 0


def complain(message: str) -> None:
    """Write what is wrong to standard error, each line under the program's name."""
    for line in message.splitlines() or [""]:
        click.echo(f"flightstream: {printable(line)}", err=True)


def _reason(exc: OSError) -> str:
    return (exc.strerror or str(exc)).lower()


def _usable(stream: TextIO | None) -> TextIO:
    if stream is None:  # the process was started with it closed
        return open(os.devnull, "w")
    if isinstance(stream, TextIOWrapper):
        # A name that the terminal's encoding lacks is no reason to fail.
        stream.reconfigure(errors="backslashreplace")
    return stream


def _flushed(code: int) -> int:
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        # Whoever read our output has gone; closing it must not fail again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return code or FAILED
    return code


def _terminate(signum: int, _frame: Any) -> NoReturn:
    raise SystemExit(128 + signum)
