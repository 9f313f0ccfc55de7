"""Write down who asked for what: a line of JSON for each call."""

import json
from datetime import UTC, datetime

import attrs
import structlog

from flightstream import ConfigError, hookimpl, option, service

log = structlog.get_logger(__name__)


@service
class CallLines:
    """No name can forge a line: in JSON, line breaks are escaped."""

    file: str = option("", help="the file that lines are added to; without one, the server's log")

    @hookimpl
    def on_startup(self):
        try:
            if self.file:
                open(self.file, "ab").close()
        except OSError as exc:
            reason = f"the file {self.file!r} cannot be written: {exc.strerror}"
            raise ConfigError(reason) from exc

    @hookimpl
    def on_call_finished(self, record):
        told = {"time": datetime.now(UTC).isoformat(), **attrs.asdict(record)}
        line = json.dumps(told)
        if not self.file:
            log.info("call", record=line)
            return
        # Unbuffered, a line is one write, and stays whole beside those of other threads.
        with open(self.file, "ab", buffering=0) as lines:
            lines.write(f"{line}\n".encode())
