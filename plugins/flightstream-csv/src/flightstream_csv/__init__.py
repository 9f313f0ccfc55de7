"""CSV files for FlightStream: types found all over the file, nothing lost silently."""

from flightstream_csv.adapter import CsvAdapter

__all__ = ["CsvAdapter"]
