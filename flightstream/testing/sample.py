"""What an author gives the kit: a place with data, and the tables expected from it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
from attrs import field, frozen


@frozen
class Sample:
    """A source and what an adapter should find in it.

    Args:
        uri: The source: a folder, a file or a URI.
        tables: Every flight's rows, by name, as they should be read.
        options: What the adapter is given here beside the class's ``options``.

    .. versionadded:: 0.1
    """

    uri: str | Path
    tables: Mapping[str, pa.Table] = field(repr=False)
    options: Mapping[str, Any] = field(factory=dict, repr=False)
