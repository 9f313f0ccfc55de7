"""The laws that every plugin keeps, whatever it is."""

from flightstream.testing.plugin_laws.lifecycle import LifecycleLaws
from flightstream.testing.plugin_laws.options import OptionLaws
from flightstream.testing.plugin_laws.service import ServiceLaws

__all__ = ["LifecycleLaws", "OptionLaws", "ServiceLaws"]
