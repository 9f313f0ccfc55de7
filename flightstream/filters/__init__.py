"""Filters: SQL text, bound to a schema, compiled for Arrow."""

from attrs import frozen


@frozen
class Filter:
    """A filter that is bound to a schema."""


__all__ = ["Filter"]
