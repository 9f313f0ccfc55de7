"""A new plugin's distribution, written from templates: complete, and its tests pass."""

from flightstream.scaffold.kinds import KINDS, Kind
from flightstream.scaffold.names import Names, name_plugin
from flightstream.scaffold.write import write_distribution

__all__ = ["KINDS", "Kind", "Names", "name_plugin", "write_distribution"]
