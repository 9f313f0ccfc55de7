"""A flight as a data frame of dask."""

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from flightstream.client.flights import RemoteFlight
from flightstream.errors import ConfigError

if TYPE_CHECKING:
    from flightstream.client.client import Client

_SIZES = (8, 16, 32, 64)
_NULLABLE = {
    "bool": "boolean",
    **{f"int{size}": f"Int{size}" for size in _SIZES},
    **{f"uint{size}": f"UInt{size}" for size in _SIZES},
}


def frame_of_parts(client: "Client", described: RemoteFlight) -> Any:
    """Return a ``dask.dataframe.DataFrame`` with a partition for each part."""
    try:
        import dask.dataframe
    except ImportError as exc:
        raise ConfigError(
            "a frame of dask needs dask: pip install 'flightstream-core[dask]'"
        ) from exc
    assert described.schema is not None
    empty = described.schema.empty_table().to_pandas(types_mapper=_nullable)
    frames: Any = dask.dataframe
    return frames.from_map(_frame, described.parts, client=client, meta=empty)


def _frame(part: RemoteFlight, client: "Client") -> Any:
    return client.stream(part).to_pandas(types_mapper=_nullable)


def _nullable(type_: pa.DataType) -> Any:
    """Return the type of a column of integers or truths: the same with nulls and without."""
    import pandas

    name = _NULLABLE.get(str(type_))
    return None if name is None else pandas.api.types.pandas_dtype(name)
