"""What calls bring along, and what is told of them when they end."""

from hypothesis import strategies as st

from flightstream.models import CallRecord, Credentials

_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
_SCHEMES = st.sampled_from(["", "Bearer", "bearer", "Basic", "Negotiate", "Digest", "Zz"])
_VALUES = _TEXTS | st.builds("{} {}".format, _SCHEMES, _TEXTS)
_NUMBERS = st.integers(0, 2**63 - 1)
_SECONDS = st.floats(0, 1e9)
_METHODS = st.sampled_from(["ListFlights", "GetFlightInfo", "GetSchema", "DoGet", "DoAction"])
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
    )
