"""The service: which calls are written down, and what happens when they cannot be."""

from datetime import UTC, datetime
from pathlib import Path
from threading import RLock
from typing import Literal

import structlog
from attrs import Factory, field

from flightstream import (
    ByteSize,
    CallRecord,
    ConfigError,
    Unavailable,
    hookimpl,
    option,
    service,
)
from flightstream_audit.file import LineFile
from flightstream_audit.line import line_of

log = structlog.get_logger(__name__)

_RETRY_SECONDS = 5.0


@service
class AuditLog:
    """Writes down who asked for what, a line of JSON for each call.

    .. versionadded:: 0.1
    """

    file: Path = option(help="The file that lines are added to.")
    max_bytes: ByteSize = option(
        ByteSize(100 * 2**20), help="The size at which a new file is begun.", minimum=4096
    )
    keep: int = option(
        10, help="How many older files are kept: FILE.1 is the latest.", minimum=1, maximum=1000
    )
    on_failure: Literal["log", "refuse"] = option(
        "log",
        help="What happens while lines cannot be written: log says so in the server's log and"
        " serves on, refuse refuses all calls.",
    )

    _lines: LineFile = field(
        default=Factory(
            lambda self: LineFile(self.file, self.max_bytes, self.keep), takes_self=True
        ),
        init=False,
        repr=False,
    )
    _lost: int = field(default=0, init=False, repr=False)
    # A call may end on a thread that is in here: where its stream is collected.
    _lock: RLock = field(factory=RLock, init=False, repr=False)

    @hookimpl
    def on_startup(self) -> None:
        """Open the file.

        Raises:
            ConfigError: It cannot be written.
        """
        try:
            self._lines.open()
        except (OSError, ValueError) as exc:
            reason = getattr(exc, "strerror", None) or "there can be no such path"
            raise ConfigError(
                f"the audit file {str(self.file)!r} cannot be written: {reason.lower()}"
            ) from exc

    @hookimpl
    def on_shutdown(self) -> None:
        """Close the file."""
        with self._lock:
            self._lines.close()

    @hookimpl
    def admit_call(self) -> None:
        """Refuse what could not be written down.

        A call that is refused ends too, and so finds out whether it can be again.

        Raises:
            Unavailable: The last line could not be written.
        """
        if self._lost and self.on_failure == "refuse":
            raise Unavailable(
                "calls cannot be written down at the moment, so none is answered: try again later",
                retry_after_seconds=_RETRY_SECONDS,
            )

    @hookimpl
    def on_call_finished(self, record: CallRecord) -> None:
        """Write down a call."""
        with self._lock:
            try:
                self._lines.append(line_of(record, datetime.now(UTC), self._lost))
            except OSError as exc:
                self._lost += 1
                if self._lost == 1:
                    log.error("audit_failed", error=exc.strerror, on_failure=self.on_failure)
            else:
                if self._lost:
                    log.warning("audit_works_again", lost=self._lost)
                self._lost = 0
