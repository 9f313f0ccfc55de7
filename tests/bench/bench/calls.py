"""How long small calls take, by the number of plugins, beside a server written by hand.

``python calls.py ROUNDS ADDRESS…`` makes them and prints what they took, as JSON: one
server after the other, again and again.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pyarrow as pa
from attrs import frozen
from pyarrow import flight

from bench.processes import Running, flightstream, python, run
from bench.race import Spread

PLUGINS = (0, 5, 20)
AT_MOST = 1.15
_CALLS = 200
_OBSERVER = """
from flightstream import hookimpl, service

@service
class Observer{number}:
    @hookimpl
    def authorize(self, identity, path, operation):
        return None

    @hookimpl
    def on_call_finished(self, record):
        pass
"""


@frozen
class Calls:
    """What small calls took.

    Args:
        label: Which call, and of which server.
        p50: Microseconds; the median of rounds, and their spread.
        p99: The same.
        ratio: The p50 as a multiple of that of the server written by hand.
    """

    label: str
    p50: Spread
    p99: Spread
    ratio: Spread

    @property
    def is_short(self) -> bool:
        """Whether calls take longer than they may."""
        return " 5 plugins" in self.label and self.ratio.median > AT_MOST


def small_calls(folder: Path, rounds: int) -> list[Calls]:
    """Measure both calls at each server."""
    with ExitStack() as stack:
        servers = {"by hand": stack.enter_context(python("plain.py"))}
        for count in PLUGINS:
            servers[f"{count} plugins"] = stack.enter_context(_with_plugins(folder, count))
        addresses = [server.address for server in servers.values()]
        told = json.loads(run("calls.py", str(rounds), *addresses))
    return [
        _calls(f"{call}, {label}", of_server, of_servers[0])
        for call, of_servers in told.items()
        for label, of_server in zip(servers, of_servers, strict=True)
    ]


def _calls(label: str, rounds: list[list[float]], by_hand: list[list[float]]) -> Calls:
    halves = [statistics.median(taken) for taken in rounds]
    others = [statistics.median(taken) for taken in by_hand]
    return Calls(
        label,
        Spread.of([half * 1e6 for half in halves]),
        Spread.of([sorted(taken)[int(len(taken) * 0.99)] * 1e6 for taken in rounds]),
        Spread.of([half / other for half, other in zip(halves, others, strict=True)]),
    )


@contextmanager
def _with_plugins(folder: Path, count: int) -> Iterator[Running]:
    here = folder / f"plugins{count}"
    here.mkdir()
    (here / "observers.py").write_text("".join(_OBSERVER.format(number=n) for n in range(count)))
    chosen = [f"--plugin=observers:Observer{number}" for number in range(count)]
    with flightstream(here, "../memory", "--plugin=bench.memory:MemoryAdapter", *chosen) as server:
        yield server


def _measure(rounds: int, addresses: list[str]) -> dict[str, list[list[list[float]]]]:
    clients = [flight.connect(address) for address in addresses]
    told: dict[str, list[list[list[float]]]] = {}
    for label, call in (("GetFlightInfo", _info), ("DoGet of one row", _row)):
        told[label] = [[] for _ in clients]
        for number in range(rounds + 1):
            for client, taken in zip(clients, told[label], strict=True):
                seconds = [_seconds(call, client) for _ in range(_CALLS)]
                if number:
                    taken.append(seconds)
    return told


def _seconds(call: Callable[[flight.FlightClient], object], client: flight.FlightClient) -> float:
    began = time.perf_counter()
    call(client)
    return time.perf_counter() - began


def _info(client: flight.FlightClient) -> flight.FlightInfo:
    return client.get_flight_info(flight.FlightDescriptor.for_path("memory", "row"))


def _row(client: flight.FlightClient) -> pa.Table:
    ticket = _TICKETS.get(client) or _info(client).endpoints[0].ticket
    _TICKETS[client] = ticket
    return client.do_get(ticket).read_all()


_TICKETS: dict[flight.FlightClient, flight.Ticket] = {}


if __name__ == "__main__":
    print(json.dumps(_measure(int(sys.argv[1]), sys.argv[2:])))
