"""Commands, of any flight or of one whose rows are known."""

from collections.abc import Collection
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st

from flightstream.testing.strategies.filters import filters
from flightstream.wire import Command

_PARTS = st.text(st.characters(exclude_characters="/", exclude_categories=["Cs"]), min_size=1)
_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_ROWS = st.integers(0, 2**63 - 1)


def commands(
    table: pa.Table | None = None,
    flight: str = "flight",
    asks: Collection[str] = ("columns", "filter", "limit", "offset"),
) -> st.SearchStrategy[Command]:
    """Return a strategy of commands.

    Args:
        table: The rows of the flight; its columns, filters and numbers of rows
            make sense then. Without it, they are any that can be written.
        flight: The flight's path; without a table it is any path.
        asks: What the commands may ask; if that is one thing, each asks it.

    .. versionadded:: 0.1
    """
    if table is None:
        return _ANY
    rows = st.integers(0, table.num_rows + 2)
    given: dict[str, st.SearchStrategy[Any]] = {
        "columns": st.builds(
            lambda names, number: tuple(names[:number]),
            st.permutations(table.schema.names),
            st.integers(0, table.num_columns),
        ),
        "filter": filters(table.schema, table),
        "limit": rows,
        "offset": rows,
    }
    path = tuple(flight.split("/"))
    chosen = {kind: given[kind] for kind in asks}
    drawn = (
        st.fixed_dictionaries(chosen)
        if len(chosen) == 1
        else st.fixed_dictionaries({}, optional=chosen)
    )
    return drawn.map(lambda asked: Command(path, **asked))


_ANY = st.builds(
    Command,
    st.lists(_PARTS, min_size=1, max_size=4).map(tuple),
    columns=st.none() | st.lists(_TEXTS, unique=True, max_size=5).map(tuple),
    filter=st.none() | _TEXTS,
    limit=st.none() | _ROWS,
    offset=_ROWS,
    partitions=st.integers(1, 10_000),
    partition=st.none()
    | st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n - 1), st.just(n))),
    version=st.none() | _TEXTS,
)
