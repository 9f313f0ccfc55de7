"""Serve CSV files with FlightStream."""
