"""A flight as a data frame of dask."""

from typing import TYPE_CHECKING, Any

from flightstream.client.flights import RemoteFlight
from flightstream.errors import ConfigError

if TYPE_CHECKING:
    from flightstream.client.client import Client


def frame_of_parts(client: "Client", described: RemoteFlight) -> Any:
    """Return a ``dask.dataframe.DataFrame`` with a partition for each part."""
    try:
        import dask.dataframe
    except ImportError as exc:
        raise ConfigError(
            "a frame of dask needs dask: pip install 'flightstream-core[dask]'"
        ) from exc
    assert described.schema is not None
    empty = described.schema.empty_table().to_pandas()
    frames: Any = dask.dataframe
    return frames.from_map(_frame, described.parts, client=client, meta=empty)


def _frame(part: RemoteFlight, client: "Client") -> Any:
    return client.stream(part).to_pandas()
