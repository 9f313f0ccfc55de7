"""What the configuration says of limits, and for whom."""

from attrs import frozen

from flightstream import ByteSize, Identity, option


@frozen(kw_only=True)
class Limits:
    """What one subject may do; what is not set has no limit.

    .. versionadded:: 0.1
    """

    concurrent_scans: int | None = option(None, help="How many scans may run at once.", minimum=1)
    rows_per_scan: int | None = option(None, help="How many rows one scan may have.", minimum=1)
    bytes_per_scan: ByteSize | None = option(
        None, help="How much Arrow data one scan may have.", minimum=1
    )
    calls_per_minute: int | None = option(
        None,
        help="How many calls may be made in a minute, all at once if need be.",
        minimum=1,
    )


@frozen(kw_only=True)
class SubjectLimits(Limits):
    """Limits of some subjects and roles; of everybody, if it names neither.

    .. versionadded:: 0.1
    """

    subjects: tuple[str, ...] = option((), help="Whom they are for, by name.")
    roles: tuple[str, ...] = option((), help="Whom they are for, by a role.")

    @property
    def are_for_everybody(self) -> bool:
        """Whether no entry behind this one ever counts."""
        return not self.subjects and not self.roles

    def are_for(self, identity: Identity) -> bool:
        """Tell whether somebody has these limits."""
        return (
            self.are_for_everybody
            or identity.subject in self.subjects
            or not identity.roles.isdisjoint(self.roles)
        )
