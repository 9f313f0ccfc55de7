"""An audit log for FlightStream: who asked for what, a line of JSON for each call."""

from flightstream_audit.audit import AuditLog

__all__ = ["AuditLog"]
