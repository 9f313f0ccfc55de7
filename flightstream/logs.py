"""What the program logs: for people on a terminal, JSON lines otherwise.

Only the command line configures logs: structlog is global to the process, so
a program that embeds a server decides for itself.
"""

import logging
import os
import sys
from collections.abc import Mapping, MutableMapping
from contextlib import suppress
from io import StringIO
from threading import RLock
from typing import Any, TextIO

import structlog

from flightstream.config import LogConfig


def configure_logs(config: LogConfig) -> None:
    """Send what structlog, ``logging`` and ``warnings`` say to standard error.

    Other libraries are heard from the level warning on. Times are UTC.
    """
    level = logging.getLevelNamesMapping()[config.level.upper()]
    for_people = config.format == "console" or (config.format == "auto" and sys.stderr.isatty())
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    rendering = _for_people() if for_people else _for_machines()
    output = _StandardError()
    structlog.configure(
        processors=[*shared, *rendering],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_names: output,
        cache_logger_on_first_use=False,  # a reload may change the level
    )
    handler = logging.StreamHandler(output)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering],
        )
    )
    logging.basicConfig(handlers=[handler], level=max(level, logging.WARNING), force=True)
    logging.captureWarnings(True)


class _StandardError:
    """A logger to structlog and a file to ``logging``, which write whole lines.

    A log that nobody reads any more is no reason to fail a call.
    """

    def __init__(self) -> None:
        # A scan that nobody began is counted out, and logged, wherever it is collected:
        # perhaps on the thread that is writing here. structlog's own loggers would
        # wait for themselves then.
        self._lock = RLock()

    def msg(self, message: str) -> None:
        self.write(f"{message}\n")

    log = debug = info = warning = warn = error = critical = fatal = exception = failure = msg

    def write(self, text: str) -> None:
        with self._lock, suppress(OSError, ValueError):
            sys.stderr.write(text)
            sys.stderr.flush()

    def flush(self) -> None:
        """Do nothing: every line was flushed."""


def _for_machines() -> list[Any]:
    return [
        structlog.processors.format_exc_info,
        _put_first,
        structlog.processors.JSONRenderer(default=str),
    ]


def _put_first(_logger: object, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """Begin each line with what each line has."""
    first = {key: event.pop(key) for key in ("timestamp", "level", "event") if key in event}
    return {**first, **event}


def _for_people() -> list[Any]:
    return [
        _escape_control_characters,
        structlog.dev.ConsoleRenderer(
            sort_keys=False,
            colors=sys.stderr.isatty() and "NO_COLOR" not in os.environ,
            exception_formatter=_write_traceback,
        ),
    ]


def _escape_control_characters(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> Mapping[str, Any]:
    return {
        key: repr(value) if isinstance(value, str) and not value.isprintable() else value
        for key, value in event.items()
    }


def _write_traceback(file: TextIO, exc_info: Any) -> None:
    """Write a traceback without local variables, which may be secrets."""
    written = StringIO()
    structlog.dev.plain_traceback(written, exc_info)
    lines = written.getvalue().splitlines()
    file.write("\n".join(line if line.isprintable() else repr(line)[1:-1] for line in lines))
