"""A line in the log for each call that took long."""

import structlog

from flightstream import hookimpl, option, service

log = structlog.get_logger(__name__)


@service
class SlowCallsService:
    """Warns of calls that took long."""

    seconds: float = option(10.0, help="From when on a call is slow.", minimum=0)

    @hookimpl
    def on_call_finished(self, record):
        if record.duration_seconds >= self.seconds:
            log.warning(
                "call_was_slow",
                call=record.call,
                flight=record.flight,
                subject=record.subject,
                seconds=round(record.duration_seconds, 3),
            )
