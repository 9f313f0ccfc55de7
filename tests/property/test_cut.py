"""Cutting loses nothing, whatever the types and sizes."""

import pyarrow as pa
from hypothesis import assume, given
from hypothesis import strategies as st

from flightstream import LimitExceeded
from flightstream.serving.cut import cut, size_of

TEXTS = st.lists(st.none() | st.integers(0, 300).map("x".__mul__), max_size=40)
COLUMNS = {
    "int64": lambda texts: pa.array([None if t is None else len(t) for t in texts], pa.int64()),
    "bool": lambda texts: pa.array([None if t is None else len(t) > 9 for t in texts]),
    "string": lambda texts: pa.array(texts, pa.string()),
    "large_binary": lambda texts: pa.array(texts, pa.large_string()).cast(pa.large_binary()),
    "string_view": lambda texts: pa.array(texts, pa.string()).cast(pa.string_view()),
    "dictionary": lambda texts: pa.array(texts, pa.string()).dictionary_encode(),
    "list": lambda texts: pa.array([t and list(t) for t in texts], pa.list_(pa.string())),
    "struct": lambda texts: pa.array([{"t": t} for t in texts], pa.struct([("t", pa.string())])),
    "null": lambda texts: pa.nulls(len(texts)),
}


@given(
    texts=TEXTS,
    kinds=st.lists(st.sampled_from(sorted(COLUMNS)), min_size=1, max_size=4, unique=True),
    start=st.integers(0, 10),
    batch_bytes=st.integers(1, 5000),
    max_bytes=st.integers(500, 20_000),
)
def test_cutting_loses_nothing_and_stays_within_bounds(texts, kinds, start, batch_bytes, max_bytes):
    batch = pa.record_batch({kind: COLUMNS[kind](texts) for kind in kinds})[start:]
    assume(batch.num_rows)  # an empty one is never sent
    parts = []
    complete = True
    try:
        for part, size in cut(batch, size_of(batch), batch_bytes, max_bytes):
            assert size == size_of(part)
            parts.append(part)
    except LimitExceeded:
        complete = False

    read = pa.Table.from_batches(parts, batch.schema)
    assert read.equals(pa.Table.from_batches([batch[: read.num_rows]]))
    assert read.num_rows == batch.num_rows if complete else read.num_rows < batch.num_rows
    for part in parts:
        rows = size_of(part) - size_of(part[:0])
        assert pa.ipc.get_record_batch_size(part) <= max_bytes
        assert rows <= 2 * batch_bytes or part.num_rows == 1
        assert part.num_rows
