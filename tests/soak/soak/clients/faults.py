"""Reading where adapters fail: each fault has its one error, and no other stream suffers."""

from collections.abc import Mapping

from soak.caller import Refused
from soak.session import Session

FAULTS: Mapping[str, frozenset[str]] = {
    "crash/numbers": frozenset({"plugin_error"}),
    "lying/numbers": frozenset({"plugin_error"}),
    "liar/numbers": frozenset({"plugin_error"}),
    "broken/numbers": frozenset({"invalid_data"}),
    "away/numbers": frozenset({"unavailable"}),
    "huge/numbers": frozenset({"limit_exceeded"}),
    "chaos/pausing": frozenset(),
    "chaos/unclosable": frozenset(),
    "flaky/pausing": frozenset({"unavailable", "not_found"}),
    # Configured by some of the reloads only.
    "extra/pausing": frozenset({"not_found"}),
}
_MUST_FAIL = frozenset(name for name in FAULTS if name.endswith("/numbers"))


def any_fault(session: Session) -> None:
    """Read one of them, by its name alone."""
    name = session.random.choice(sorted(FAULTS))
    must_fail = name in _MUST_FAIL
    try:
        session.caller.get(
            name.encode(),
            FAULTS[name],
            wrong=lambda _table: "it ended without an error" if must_fail else None,
            name=name,
        )
    except Refused:
        session.pause(0.05)
