"""The service: whose limits count, and what they say to a call."""

from collections.abc import Sequence

from attrs import field

from flightstream import (
    Allowance,
    CallRecord,
    ConfigError,
    Identity,
    StartedCall,
    hookimpl,
    option,
    service,
)
from flightstream_quotas.limits import Limits, SubjectLimits
from flightstream_quotas.usage import Counted, Usage


def _check_order(_quotas: object, _attribute: object, limits: Sequence[SubjectLimits]) -> None:
    for number, one in enumerate(limits[:-1], 1):
        if one.are_for_everybody:
            raise ValueError(
                f"entry {number} names neither subjects nor roles, so those behind it never"
                " count: put it last"
            )


@service
class Quotas:
    """Limits what each subject may call and read.

    .. versionadded:: 0.1
    """

    limits: tuple[SubjectLimits, ...] = option(
        (),
        help="Limits of subjects and roles, of which the first that somebody has count.",
        validator=_check_order,
    )
    default: Limits | None = option(None, help="Limits of whoever has no others.")

    _usage: Usage = field(factory=Usage, init=False, repr=False)

    @hookimpl
    def on_startup(self) -> None:
        """Refuse to start with limits that limit nobody.

        Raises:
            ConfigError: There are none, or the default is nobody's.
        """
        if not self.limits and self.default is None:
            raise ConfigError(
                "quotas limit nothing: set plugins.quotas.limits or plugins.quotas.default"
            )
        if self.default is not None and any(one.are_for_everybody for one in self.limits):
            raise ConfigError(
                "plugins.quotas.default never counts, for the last entry of plugins.quotas.limits"
                " is for everybody: leave one of them out"
            )

    @hookimpl
    def admit_call(self, call: StartedCall) -> Allowance | None:
        """Count the call, and say how much a scan may have."""
        limits, who = self._limits_of(call.identity), _counted(call)
        if limits is None or who is None:
            return None
        self._usage.admit(who, call, limits)
        return Allowance(rows=limits.rows_per_scan, bytes=limits.bytes_per_scan)

    @hookimpl
    def on_call_finished(self, record: CallRecord) -> None:
        """Make room for the next scan."""
        self._usage.finish(record.call)

    def _limits_of(self, identity: Identity) -> Limits | None:
        return next((one for one in self.limits if one.are_for(identity)), self.default)


def _counted(call: StartedCall) -> Counted | None:
    """Return what a call counts for; ``None`` if nobody can tell."""
    if call.identity.subject != Identity.ANONYMOUS.subject:
        return call.identity.subject, ""
    if call.method == "Handshake":  # nobody can tell where it comes from: it would count for all
        return None
    return call.identity.subject, call.address
