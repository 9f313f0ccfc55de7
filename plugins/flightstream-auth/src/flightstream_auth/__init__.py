"""Who may log in to a FlightStream server, and what each may see."""

from flightstream_auth.plugin import AuthPlugin

__all__ = ["AuthPlugin"]
