"""Quotas for FlightStream: calls, scans, rows and bytes by subject and role."""

from flightstream_quotas.limits import Limits, SubjectLimits
from flightstream_quotas.quotas import Quotas

__all__ = ["Limits", "Quotas", "SubjectLimits"]
