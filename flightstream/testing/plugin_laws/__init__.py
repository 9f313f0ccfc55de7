"""The laws that every plugin keeps, whatever it is."""

from flightstream.testing.plugin_laws.lifecycle import LifecycleLaws
from flightstream.testing.plugin_laws.options import OptionLaws

__all__ = ["LifecycleLaws", "OptionLaws"]
