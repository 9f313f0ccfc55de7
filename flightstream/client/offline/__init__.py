"""What a client has read to its end, kept in a folder for when its server is away."""

from flightstream.client.offline.entry import recalled
from flightstream.client.offline.keeper import Keeper
from flightstream.client.offline.options import Offline

__all__ = ["Keeper", "Offline", "recalled"]
