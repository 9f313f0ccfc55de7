"""An adapter in a module that opens a file when it is imported."""

import pyarrow as pa
from right_adapters import ArrowAdapter

from flightstream import adapter

OPEN = pa.OSFile(__file__)


@adapter
class EarlyAdapter(ArrowAdapter):
    pass
