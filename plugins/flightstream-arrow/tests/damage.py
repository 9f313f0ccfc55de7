"""Reads thousands of damaged files: python damage.py SEED. Says what went wrong, if anything."""

import random
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.fs as pafs
from flightstream_arrow import ArrowAdapter

from flightstream import InvalidData, ScanRequest, Source

WORDS = pa.array(["a", "größe", None, "bb"])
TABLE = pa.table(
    {
        "number": pa.array([1, 2, None, 4], pa.int32()),
        "word": WORDS,
        "kind": WORDS.dictionary_encode(),
        "view": pa.array(WORDS.to_pylist(), pa.string_view()),
        "runs": pc.run_end_encode(WORDS),
        "list": pa.array([[1], [], None, [2, 3]]),
        "struct": pa.array([{"x": 1, "y": "q"}, None] * 2),
        "either": pa.UnionArray.from_sparse(
            pa.array([0, 1, 0, 1], pa.int8()), [WORDS, pa.array([1, 2, 3, 4])]
        ),
    }
)
CUTS, FLIPS = 80, 150  # of each file
MOST_BYTES = 2**30  # of memory, all the process's own included


def main(seed: int) -> None:
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        for whole, table in written(chance):
            for length in chance.sample(range(len(whole)), CUTS):
                found = read(folder, whole[:length])
                if found is not None and not found.equals(table):
                    print(f"cut to {length} of {len(whole)}: {found}", file=sys.stderr)
            for _ in range(FLIPS):
                read(folder, damaged(chance, whole))
    if peak_bytes() > MOST_BYTES:
        print("it took too much memory", file=sys.stderr)


def peak_bytes() -> int:
    """Return the most memory this process had; Linux only, elsewhere nothing."""
    # Not getrusage: what that says begins with the peak of the process that started this one.
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), 0)


def written(chance: random.Random) -> Iterator[tuple[bytes, pa.Table]]:
    """Yield tables as files and streams, each column alone and some together."""
    for names in (*([name] for name in TABLE.schema.names), chance.sample(TABLE.schema.names, 3)):
        for make in (pa.ipc.new_file, pa.ipc.new_stream):
            table, sink = TABLE.select(names), pa.BufferOutputStream()
            options = pa.ipc.IpcWriteOptions(compression=chance.choice([None, "lz4", "zstd"]))
            with make(sink, table.schema, options=options) as writer:
                writer.write_table(table, chance.choice([2, 4]))
            yield sink.getvalue().to_pybytes(), table


def damaged(chance: random.Random, whole: bytes) -> bytes:
    """Return a file with some bytes changed, mostly one."""
    content = bytearray(whole)
    for _ in range(chance.choice([1, 1, 1, 4])):
        content[chance.randrange(len(content))] = chance.choice(
            [0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)]
        )
    if not chance.randrange(4):  # a length or a position
        start = chance.randrange(len(content) - 8)
        content[start : start + 8] = chance.choice([2**62, 2**40, 2**31, 8]).to_bytes(8, "little")
    return bytes(content)


def read(folder: str, content: bytes) -> pa.Table | None:
    """Read a file in all ways, check what comes, and return it; ``None`` if it is invalid."""
    path = Path(folder, "table.arrow")
    path.unlink(missing_ok=True)
    path.write_bytes(content)
    adapter = ArrowAdapter(source=Source("here", pafs.LocalFileSystem(), folder))
    [flight] = adapter.list_flights()
    request = ScanRequest()
    try:
        schema = adapter.get_schema(flight=flight)
        adapter.estimate_scan(flight=flight, request=request)
        adapter.plan_partitions(flight=flight, request=request, target=2)
        last = ScanRequest(columns=tuple(schema.names[-1:]), offset=1)
        for batch in adapter.stream_batches(flight=flight, request=last):
            batch.validate(full=True)
        found = pa.Table.from_batches(
            adapter.stream_batches(flight=flight, request=request), schema
        )
        found.validate(full=True)
        return found
    except InvalidData:
        return None
    finally:
        adapter.on_shutdown()


if __name__ == "__main__":
    main(int(sys.argv[1]))
