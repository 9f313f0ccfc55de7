"""Logins and policies for FlightStream."""
