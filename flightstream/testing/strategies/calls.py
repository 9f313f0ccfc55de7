"""What calls bring along, and what is told of them when they end."""

from hypothesis import strategies as st

from flightstream.models import CallRecord, Credentials, Phase, PluginFailure

_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
_SCHEMES = st.sampled_from(["", "Bearer", "bearer", "Basic", "Negotiate", "Digest", "Zz"])
_VALUES = _TEXTS | st.builds("{} {}".format, _SCHEMES, _TEXTS)
_NUMBERS = st.integers(0, 2**63 - 1)
_SECONDS = st.floats(0, 1e9)
_METHODS = st.sampled_from(["ListFlights", "GetFlightInfo", "GetSchema", "DoGet", "DoAction"])
_PHASES = st.builds(
    Phase, st.sampled_from(["authenticate", "find", "plan", "stream"]), _SECONDS, _SECONDS
)
_PARENTS = st.just("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
_CODES = st.sampled_from(["ok", "not_found", "plugin_error", "cancelled", "internal"])


def credentials() -> st.SearchStrategy[Credentials]:
    """Return a strategy of credentials that hardly prove anything.

    .. versionadded:: 0.1
    """
    names = st.sampled_from(["authorization", "cookie", "x-token", "user-agent"])
    values = st.lists(_VALUES, max_size=3).map(tuple)
    return st.builds(Credentials, st.dictionaries(names, values, max_size=3), peer=_TEXTS)


def records() -> st.SearchStrategy[CallRecord]:
    """Return a strategy of finished calls; names in them may be hostile.

    .. versionadded:: 0.1
    """
    return st.builds(
        CallRecord,
        call=st.uuids().map(lambda one: one.hex[:12]),
        method=_METHODS,
        code=_CODES,
        flight=st.none() | _TEXTS,
        source=st.none() | _TEXTS,
        adapter=st.none() | _TEXTS,
        action=st.none() | _TEXTS,
        subject=st.none() | _TEXTS,
        roles=st.lists(_TEXTS, max_size=3).map(tuple),
        peer=_TEXTS,
        duration_seconds=_SECONDS,
        first_batch_seconds=st.none() | _SECONDS,
        rows=_NUMBERS,
        bytes=_NUMBERS,
        batches=_NUMBERS,
        counts=st.dictionaries(_TEXTS, _NUMBERS, max_size=2),
        started_at=_SECONDS,
        phases=st.lists(_PHASES, max_size=3).map(tuple),
        rows_read=_NUMBERS,
        residual=st.lists(st.sampled_from(["filter", "limit"]), unique=True).map(tuple),
        trace_parent=st.none() | _PARENTS,
        trace_state=st.none() | st.just("a=1"),
    )


def failures() -> st.SearchStrategy[PluginFailure]:
    """Return a strategy of failures of plugins; names of flights in them may be hostile.

    .. versionadded:: 0.1
    """
    return st.builds(
        PluginFailure,
        plugin=st.sampled_from(["csv", "lake"]),
        version=st.just("1.0"),
        hook=st.sampled_from(["list_flights", "stream_batches", "on_call_finished"]),
        reason=st.sampled_from(["raised", "contract", "storage"]),
        call=st.none() | st.uuids().map(lambda one: one.hex[:12]),
        flight=st.none() | _TEXTS,
        exception=st.none() | st.builds(RuntimeError, _TEXTS),
    )
