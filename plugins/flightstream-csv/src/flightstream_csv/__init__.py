"""CSV files for FlightStream: types found over the whole file, nothing lost silently."""

from flightstream_csv.adapter import CsvAdapter

__all__ = ["CsvAdapter"]
