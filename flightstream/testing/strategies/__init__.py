"""Hypothesis strategies for whatever goes through a server.

.. versionadded:: 0.1
"""

from flightstream.testing.strategies.arrow import arrays, schemas, tables, types
from flightstream.testing.strategies.calls import credentials, failures, records
from flightstream.testing.strategies.commands import commands
from flightstream.testing.strategies.configs import configs, documents, texts
from flightstream.testing.strategies.filters import filters

__all__ = [
    "arrays",
    "commands",
    "configs",
    "credentials",
    "documents",
    "failures",
    "filters",
    "records",
    "schemas",
    "tables",
    "texts",
    "types",
]
