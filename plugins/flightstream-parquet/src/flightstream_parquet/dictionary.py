"""The longest value of a dictionary, of which a file may repeat any in every row."""

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from flightstream_parquet.leaf import Leaf
from flightstream_parquet.thrift import Long, Struct, natural, write_struct

_MAGIC = b"PAR1"
_PLAIN, _RLE = 0, 3
_DICTIONARY = 7  # the field of a header
_NAME = b"value"


def longest(header: Struct, content: bytes, codec: int) -> int:
    """Return the length of the longest value of a dictionary's page.

    Its content is that of a page of plain values, so Arrow is given it as a file of
    its own: that is twice as fast as reading the column as a dictionary, and
    values of which nobody knows yet how often they are repeated are not repeated.

    Args:
        header: That of the page.
        content: The page as stored.
        codec: The number of its compression.
    """
    full_size = natural(header, 2)
    count = natural(header.get(_DICTIONARY, {}), 1)
    page = write_struct(
        {1: 0, 2: full_size, 3: len(content), 5: {1: count, 2: _PLAIN, 3: _RLE, 4: _RLE}}
    )
    size = Long(len(page) + len(content))
    chunk = {
        1: Leaf.BYTE_ARRAY, 2: [_PLAIN], 3: [_NAME], 4: codec, 5: Long(count),
        6: Long(len(page) + full_size), 7: size, 9: Long(len(_MAGIC)),
    }  # fmt: skip
    footer = write_struct(
        {
            1: 1,
            2: [{4: _NAME, 5: 1}, {1: Leaf.BYTE_ARRAY, 3: 0, 4: _NAME}],
            3: Long(count),
            4: [{1: [{2: Long(0), 3: chunk}], 2: size, 3: Long(count)}],
        }
    )
    file = (_MAGIC, page, content, footer, len(footer).to_bytes(4, "little"), _MAGIC)
    try:
        parquet = pq.ParquetFile(pa.BufferReader(b"".join(file)), pre_buffer=False)
        values = parquet.read(use_threads=False).column(0)
    except (pa.ArrowException, OSError):
        return full_size  # what is wrong, the read of the column tells
    return min(full_size, pc.max(pc.binary_length(values)).as_py() or 0)
