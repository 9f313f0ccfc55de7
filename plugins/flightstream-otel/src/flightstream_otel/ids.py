"""Ids of traces and spans that no seed of the process makes twice."""

from secrets import randbits

from opentelemetry.sdk.trace.id_generator import IdGenerator


class Ids(IdGenerator):
    """Random ids from the system.

    Those of the SDK come from the module ``random``: where a program that embeds a
    server sets a seed, all its servers would have the same.
    """

    def generate_span_id(self) -> int:
        """Return 64 bits, not all of them zero."""
        return randbits(64) or self.generate_span_id()

    def generate_trace_id(self) -> int:
        """Return 128 bits, not all of them zero."""
        return randbits(128) or self.generate_trace_id()
