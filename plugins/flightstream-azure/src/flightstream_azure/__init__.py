"""Azure Blob Storage for FlightStream: listed and read by Microsoft's own client."""

from flightstream_azure.storage import AzureStorage

__all__ = ["AzureStorage"]
