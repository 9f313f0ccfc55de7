"""DoPut and DoExchange."""

import json

import pyarrow as pa
import pytest
from pyarrow import flight

from flightstream import adapter, hookimpl

ORDERS = pa.table({"id": [1, 2, 3, 4, 5], "city": ["Oslo", "Rome", None, "Bonn", "Oslo"]})
TABLES = {"orders": ORDERS}


@pytest.fixture
def served(serve, memory):
    return serve(memory(TABLES))


def put(served, table, name="orders"):
    descriptor = flight.FlightDescriptor.for_path("s", name)
    writer, metadata = served.raw.do_put(descriptor, table.schema)
    with writer:
        for batch in table.to_batches(max_chunksize=2):
            writer.write_batch(batch)
        writer.done_writing()
        answer = metadata.read()
    return json.loads(answer.to_pybytes())


def test_do_put_to_an_adapter_that_only_reads_is_unsupported(served, refused):
    error = refused(put, served, ORDERS)

    assert (error["code"], error["flight"], error["message"]) == (
        "unsupported",
        "s/orders",
        "the flight 's/orders' cannot be written: its adapter 'memory' only reads",
    )


def test_do_exchange_is_unsupported(served, refused):
    def exchange():
        writer, reader = served.raw.do_exchange(flight.FlightDescriptor.for_path("orders"))
        with writer:
            reader.read_all()

    error = refused(exchange)

    assert (error["code"], error["flight"], error["message"]) == (
        "unsupported",
        "s/orders",
        "the flight 's/orders' has no exchange",
    )


class TestWriting:
    """An adapter that writes down what it is told to write."""

    @pytest.fixture
    def book(self):
        return []

    @pytest.fixture
    def served(self, serve, memory, book):
        @adapter
        class Writable(memory(TABLES)):
            @hookimpl
            def write_batches(self, flight, reader, mode):
                try:
                    for batch in reader:
                        book.append((flight.name, mode, batch))
                except Exception as exc:
                    book.append(type(exc).__name__)
                    raise
                return {"batches": len(book)}

        return serve(Writable, max_receive_message_bytes="64 KiB")

    def test_batches_reach_the_adapter(self, served, book):
        assert put(served, ORDERS) == {"batches": 3}

        assert {(name, mode) for name, mode, _ in book} == {(("orders",), "append")}
        assert pa.Table.from_batches(batch for _, _, batch in book) == ORDERS

    def test_a_batch_over_the_limit_is_refused(self, served, book, refused):
        error = refused(put, served, pa.table({"x": ["x" * 40_000, "y" * 40_000]}))

        assert (error["code"], error["message"]) == (
            "limit_exceeded",
            "a batch is larger than 64 KiB",
        )
        assert book == ["LimitExceeded"]

    def test_a_flight_that_does_not_exist_is_not_found(self, served, book, refused):
        assert refused(put, served, ORDERS, "new")["code"] == "not_found"
        assert book == []

    def test_a_client_that_breaks_off_is_an_error_for_the_adapter(self, served, book, until):
        descriptor = flight.FlightDescriptor.for_path("s", "orders")
        options = flight.FlightCallOptions(timeout=1.0)
        writer, _ = served.raw.do_put(descriptor, ORDERS.schema, options)
        writer.write_batch(ORDERS.to_batches()[0])
        until(lambda: book)

        assert until(lambda: book[1:]) == ["Cancelled"]
        with pytest.raises(pa.ArrowException):
            writer.close()
