"""Whatever an adapter does itself, the client gets the same rows."""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flightstream import Credentials, Filter, Flight, Grant, InvalidCommand, Mask, adapter, hookimpl
from flightstream.registry import Registry, Services
from flightstream.serving.admission import Place
from flightstream.serving.calls import Calls
from flightstream.serving.listing import Entry
from flightstream.serving.offer import Offer
from flightstream.serving.planner import make_plan
from flightstream.serving.scan import Scan
from flightstream.serving.setup import Setup
from flightstream.wire import Command

SCHEMA = pa.schema([("a", pa.int64()), ("b", pa.string()), ("c", pa.float64())])
ROWS = st.fixed_dictionaries(
    {
        "a": st.none() | st.integers(-3, 3),
        "b": st.none() | st.sampled_from(["", "x", "y", "X"]),
        "c": st.none() | st.sampled_from([-1.5, 0.0, 2.5, float("nan"), float("inf")]),
    }
)
FILTERS = st.sampled_from([
    "a > 0", "a <> 1", "NOT a = 1", "a IN (1, 2)", "b = 'x'", "b LIKE 'x%'", "b IS NULL",
    "c >= 0", "NOT c > 0", "a > 0 AND b = 'x'", "a > 0 OR c < 0", "a BETWEEN -1 AND 1",
])  # fmt: skip
KINDS = ["columns", "filter", "limit", "offset"]
COMMANDS = st.fixed_dictionaries(
    {},
    optional={
        "columns": st.lists(st.sampled_from("abc"), unique=True).map(tuple),
        "filter": FILTERS,
        "limit": st.integers(0, 12),
        "offset": st.integers(0, 12),
    },
)
GRANTS = st.builds(
    Grant,
    st.none() | st.just(frozenset("abc")),
    st.lists(FILTERS, max_size=2),
    masks=st.dictionaries(
        st.sampled_from("abc"), st.sampled_from([Mask("null"), Mask("redact"), Mask("sha256")])
    ),
)


def keep(table: pa.Table, sql: str) -> pa.Table:
    """Filter a table row by row, with nothing of what the core uses for streams."""
    mask = Filter.bind(sql, table.schema).mask(table.combine_chunks().to_batches()[0])
    return table.filter(pc.fill_null(mask, False))


def plainly(table: pa.Table, command: dict[str, Any], grant: Grant) -> pa.Table:
    """Do what a command says to the whole table, step by step."""
    for sql in grant.rows:
        table = keep(table, sql) if table.num_rows else table
    for name, mask in grant.masks.items():
        number = SCHEMA.get_field_index(name)
        masked = mask.apply(table[name].combine_chunks())
        table = table.set_column(number, pa.field(name, masked.type), masked)
    if "filter" in command:
        Filter.bind(command["filter"], table.schema)  # a mask changes types
        table = keep(table, command["filter"]) if table.num_rows else table
    table = table.slice(command.get("offset", 0), command.get("limit"))
    return table.select(command.get("columns", SCHEMA.names))


def honest(memory: Any, table: pa.Table, pushes: frozenset[str], batch_rows: int) -> type[Any]:
    @adapter
    class Honest(memory({"a": table}, pushes=pushes)):
        @hookimpl
        def stream_batches(self, request):
            """Do exactly what is asked, in the only order that is right."""
            for kind in KINDS:
                at_default = getattr(request, kind) in (None, 0)
                assert at_default or kind in pushes, f"{kind} was pushed down"
            rows = table
            if request.filter is not None and rows.num_rows:
                rows = keep(rows, str(request.filter))
            rows = rows.slice(request.offset, request.limit)
            if request.columns is not None:
                rows = rows.select(request.columns)
            yield from rows.to_batches(max_chunksize=batch_rows)

    return Honest


@given(
    rows=st.lists(ROWS, max_size=10),
    batch_rows=st.integers(1, 4),
    pushes=st.frozensets(st.sampled_from(KINDS)),
    command=COMMANDS,
    grant=GRANTS,
)
def test_rows_are_the_same_whatever_is_pushed_down(
    memory, mount, rows, batch_rows, pushes, command, grant
):
    table = pa.Table.from_pylist(rows, SCHEMA)
    flight = Flight("a", version="1")
    entry = Entry(flight, mount(honest(memory, table, pushes, batch_rows)), flight.name)
    offer = Offer.of(entry, SCHEMA, grant, ("s", "a"))
    try:
        expected = plainly(table, command, grant)
    except InvalidCommand:
        with pytest.raises(InvalidCommand):
            make_plan(entry, offer, Command(("s", "a"), **command))
        return
    plan = make_plan(entry, offer, Command(("s", "a"), **command))
    calls = Calls(Setup(Registry(Services.of([]), ()), "1", 2**20, 2**24, 60.0))
    scan = Scan(plan, calls.open("DoGet", Credentials()), calls, Place("ann"), lambda: False)

    batches = list(scan)

    assert scan.schema == expected.schema
    assert [batch.schema for batch in batches] == [expected.schema] * len(batches)
    assert sum(batch.num_rows for batch in batches) == expected.num_rows
    if expected.num_columns:
        read = pa.Table.from_batches(batches, expected.schema)
        assert str(read.to_pylist()) == str(expected.to_pylist())  # NaN is not NaN
