"""The client for asyncio: the same rows, and tasks that can be cancelled."""

import asyncio
import threading

import pyarrow as pa
import pytest

from flightstream import NotFound, adapter, aio, hookimpl

ROWS = pa.table({"n": range(10_000)})


@pytest.fixture
def served(serve, memory):
    return serve(memory({"rows": ROWS}, batch_rows=1000))


@pytest.fixture
def endless(serve, memory):
    """A server whose stream stalls after a batch, and the event that lets it go."""
    release = threading.Event()

    @adapter
    class Stalls(memory({"rows": ROWS})):
        @hookimpl
        def stream_batches(self):
            yield ROWS.to_batches()[0]
            while not release.wait(0.01):
                yield ROWS.to_batches()[0].slice(0, 1)

    yield serve(Stalls)
    release.set()


def run(served, use, **given):
    async def main():
        async with aio.connect(f"localhost:{served.server.port}", **given) as client:
            return await asyncio.wait_for(use(client), 60)

    return asyncio.run(main())


def test_the_methods_are_those_of_the_client(served):
    async def use(client):
        assert [one.name for one in await client.flights()] == ["s/rows"]
        assert await client.schema("rows") == ROWS.schema
        assert (await client.info("rows")).name == "s/rows"
        assert "reads" in await client.explain("rows")
        assert "refresh" in await client.actions()
        assert await client.action("refresh") == [b'{"flights": 1}']
        assert await client.read("rows", limit=5) == ROWS.slice(0, 5)
        with pytest.raises(NotFound):
            await client.read("none")

    run(served, use)


def test_streams(served):
    async def use(client):
        batches = [batch async for batch in client.batches("rows")]
        async with await client.stream("rows") as stream:
            first = await anext(stream)
            rest = await stream.read_all()
        frame = await (await client.stream("rows")).to_polars()
        return pa.Table.from_batches(batches), first.num_rows + rest.num_rows, frame.height

    assert run(served, use) == (ROWS, 10_000, 10_000)


def test_a_query_over_flights(served):
    async def use(client):
        async with await client.query("SELECT sum(n) AS s FROM rows WHERE n < ?", [100]) as stream:
            assert stream.schema.names == ["s"]
            table = await stream.read_all()
        with pytest.raises(NotFound):
            await client.query("FROM none")
        return table["s"].to_pylist()

    assert run(served, use) == [4950]


def test_what_reads_lazily_has_the_same_connection(served):
    async def use(client):
        dataset = client.blocking.dataset("rows")
        return await asyncio.to_thread(dataset.to_table)

    assert run(served, use) == ROWS


def test_many_at_once(served):
    async def use(client):
        return await asyncio.gather(*(client.read("rows", limit=n) for n in range(200)))

    assert [table.num_rows for table in run(served, use)] == list(range(200))


def test_a_stream_is_not_read_ahead_of_who_reads_it(endless, until):
    async def use(client):
        async with await client.stream("rows") as stream:
            await anext(stream)
            return endless.server.service.calls.active

    assert run(endless, use) == 1
    until(lambda: endless.server.service.calls.active == 0)


@pytest.mark.parametrize("how", ["read", "batches", "query"])
def test_a_task_that_is_cancelled_ends_its_call(endless, until, how):
    async def read_batches(client):
        async for _ in client.batches("rows"):
            pass

    async def query(client):
        async with await client.query("SELECT sum(n) FROM rows") as stream:
            await stream.read_all()

    async def use(client):
        ways = {"read": lambda client: client.read("rows"), "batches": read_batches, "query": query}
        task = asyncio.ensure_future(ways[how](client))
        await asyncio.to_thread(until, lambda: endless.server.service.calls.active == 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.to_thread(until, lambda: endless.server.service.calls.active == 0)

    run(endless, use)


def test_a_wait_for_the_next_attempt_ends_too():
    async def main():
        async with aio.connect("localhost:1", backoff_seconds=30) as client:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(client.flights(), 0.5)

    before = threading.active_count()
    asyncio.run(main())
    assert threading.active_count() <= before + 1
