"""Configurations, and documents that might be one."""

from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from flightstream.config import (
    Config,
    FlightConfig,
    LogConfig,
    PluginsConfig,
    ServerConfig,
    SourceConfig,
)
from flightstream.plugin import ByteSize

_LETTERS = st.characters(exclude_categories=["Cs"])  # TOML is Unicode: no half pairs
_TEXTS = st.text(_LETTERS, max_size=20)
_SCALARS = (
    _TEXTS
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.dates()
    | st.times()
    | st.datetimes()
)


def texts() -> st.SearchStrategy[str]:
    """Return a strategy of texts that TOML can hold.

    .. versionadded:: 0.1
    """
    return _TEXTS


def documents() -> st.SearchStrategy[Any]:
    """Return a strategy of values that TOML can hold, arrays and tables among them.

    .. versionadded:: 0.1
    """
    return st.recursive(
        _SCALARS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3),
        max_leaves=5,
    )


def configs() -> st.SearchStrategy[Config]:
    """Return a strategy of whole configurations, with sources that need not exist.

    .. versionadded:: 0.1
    """
    sizes = st.integers(64 * 1024, 100 * 1024 * 1024).map(ByteSize)
    seconds = st.floats(0, 86_400)
    names = st.text(_LETTERS, min_size=1, max_size=10).filter(
        lambda name: name.isprintable() and "/" not in name and name not in (".", "..")
    )
    options = st.dictionaries(
        _TEXTS.filter(lambda name: name not in ("enabled", "disabled", "paths")),
        st.dictionaries(_TEXTS, documents(), max_size=3),
        max_size=3,
    )
    flights = st.builds(
        FlightConfig,
        files=_TEXTS,
        unify=st.sampled_from(["strict", "widen", "null-missing"]),
        columns=st.dictionaries(_TEXTS, st.sampled_from(["int64", "timestamp[us, UTC]"])),
    )
    some = st.lists(_TEXTS, max_size=3).map(tuple)
    paths = st.lists(names.map(lambda name: Path("/plugins", name)), max_size=3).map(tuple)
    return st.builds(
        Config,
        server=st.builds(
            ServerConfig,
            host=_TEXTS,
            port=st.integers(0, 65535),
            batch_bytes=sizes,
            max_send_message_bytes=sizes,
            max_receive_message_bytes=sizes,
            listing_ttl_seconds=seconds,
            drain_timeout_seconds=seconds,
        ),
        log=st.builds(
            LogConfig,
            level=st.sampled_from(["debug", "info", "warning", "error"]),
            format=st.sampled_from(["auto", "console", "json"]),
        ),
        plugins=st.builds(
            PluginsConfig, enabled=st.none() | some, disabled=some, paths=paths, options=options
        ),
        sources=st.dictionaries(
            names,
            st.builds(
                SourceConfig,
                uri=_TEXTS.map(lambda text: "s3://" + text.replace("\0", "")),
                adapters=st.none() | some,
                flights=st.dictionaries(names, _TEXTS | flights, max_size=2),
                options=options,
            ),
            min_size=1,
            max_size=3,
        ),
    )
