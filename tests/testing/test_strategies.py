"""What the strategies draw is right."""

from hypothesis import given
from hypothesis import strategies as st

from flightstream import Filter
from flightstream.testing.strategies import commands, filters, schemas, tables
from flightstream.wire import Command


@given(tables())
def test_tables_are_valid_arrow_data(table):
    table.validate(full=True)


@given(st.data())
def test_filters_bind_to_their_schema(data):
    table = data.draw(tables(schemas(max_columns=3), max_rows=5))
    row_filter = Filter.bind(data.draw(filters(table.schema, table)), table.schema)

    for batch in table.to_batches():
        assert row_filter.apply(batch).num_rows <= batch.num_rows


@given(st.data())
def test_commands_of_a_table_can_be_written(data):
    table = data.draw(tables(schemas(max_columns=3), max_rows=5))
    command = data.draw(commands(table, "s/orders"))

    assert Command.parse(command.to_bytes()) == command
    assert set(command.columns or ()) <= set(table.schema.names)
