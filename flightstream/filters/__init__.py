"""Filters: SQL text, bound to a schema, compiled for Arrow."""

from flightstream.filters.bounds import Bounds
from flightstream.filters.filter import Filter
from flightstream.filters.rule import RowRule
from flightstream.filters.tree import (
    And,
    Compare,
    CompareColumns,
    Constant,
    In,
    IsNull,
    Like,
    Node,
    Not,
    Operator,
    Or,
)

__all__ = [
    "And",
    "Bounds",
    "Compare",
    "CompareColumns",
    "Constant",
    "Filter",
    "In",
    "IsNull",
    "Like",
    "Node",
    "Not",
    "Operator",
    "Or",
    "RowRule",
]
