"""Policies: who may see which flights, and what of them."""

from flightstream_auth.policies.columns import Columns, KeyedMask
from flightstream_auth.policies.engine import Policies
from flightstream_auth.policies.policy import Policy

__all__ = ["Columns", "KeyedMask", "Policies", "Policy"]
