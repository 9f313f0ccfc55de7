"""What every transport answers from: the same listing, access, limits and errors on each."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeAlias

import pyarrow as pa
from attrs import define, field

from flightstream.addresses import address_of
from flightstream.config import LoginLimits
from flightstream.errors import NotFound, Unsupported
from flightstream.models import Action, Credentials, Grant, Identity, Operation, ServerStatus
from flightstream.registry import in_time
from flightstream.serving.actions import HEALTH
from flightstream.serving.admission import Admission
from flightstream.serving.calls import Call, Calls
from flightstream.serving.describe import FlightDescription, described, listed
from flightstream.serving.listing import Entry
from flightstream.serving.logins import Logins
from flightstream.serving.offer import shown
from flightstream.serving.planner import Plan, make_plan, with_partition
from flightstream.serving.scan import Scan
from flightstream.serving.setup import Setup
from flightstream.serving.watch import Watch
from flightstream.wire import Command

Request: TypeAlias = bytes | Sequence[bytes]


@define(eq=False)
class Service:
    """The server without a transport.

    Requests are what clients sent, a command's bytes or a path's parts: they
    are read only once it is known who asks.

    It stays the same for as long as the server runs; what a reload changes is
    its setup, and each call keeps the one that it began with.

    Args:
        setup: For the calls that come first.
        login_limits: How often an address may fail to log in.
    """

    _setup: Setup = field(repr=False)
    _login_limits: LoginLimits = field(factory=LoginLimits)
    logins: Logins = field(init=False)
    calls: Calls = field(init=False)
    admission: Admission = field(init=False)
    watch: Watch = field(init=False)
    _is_listening: bool = field(default=False, init=False)

    def __attrs_post_init__(self) -> None:
        self.logins = Logins(self._login_limits)
        self.calls = Calls(self._setup)
        self.admission = Admission(self._setup.limits)
        self.watch = Watch(self.calls)

    @property
    def setup(self) -> Setup:
        """What new calls are answered from."""
        return self.calls.setup

    @property
    def is_ready(self) -> bool:
        """Whether new calls are answered."""
        return self._is_listening and not self.setup.is_draining

    def listening(self) -> None:
        """Note that a transport listens: from now on there are calls."""
        self._is_listening = True
        self.watch.start()

    def close(self) -> None:
        """End what goes on beside the calls."""
        self.watch.stop()

    def replace(self, setup: Setup, login_limits: LoginLimits) -> Setup:
        """Answer new calls from another setup; return the one before it.

        Raises:
            Unavailable: The server is stopping.
        """
        replaced = self.calls.replace(setup)
        self.logins.limits = login_limits
        self.admission.resize(setup.limits)
        return replaced

    def status(self) -> ServerStatus:
        """Return how the server is now."""
        setup = self.setup
        return ServerStatus(
            ready=self.is_ready,
            draining=setup.is_draining,
            active_calls=self.calls.active,
            active_scans=self.calls.scans,
            waiting_scans=self.admission.waiting,
            sources=tuple(source.status() for source in setup.lookup.catalog.sources),
        )

    def refresh(self, source: str) -> None:
        """List a source again; none, if there is no such source now."""
        self.setup.lookup.catalog.refresh_source(source)

    def handshake(self, credentials: Credentials) -> str | None:
        """Let somebody log in apart from any call, and return a token for later calls.

        Raises:
            Unauthenticated: Nobody whom a plugin knows.
        """
        with self.calls.during("Handshake", credentials) as call:
            identity = self._admit(call)
            token = call.setup.registry.services.issue_token(identity, credentials)
            if token is not None:
                self.logins.accept(Credentials({"authorization": (f"Bearer {token}",)}))
            return token

    def list_flights(self, credentials: Credentials, criteria: bytes) -> list[FlightDescription]:
        """Return the visible flights whose paths begin with a prefix, ``sales/2024``."""
        with self.calls.during("ListFlights", credentials) as call:
            identity = self._admit(call)
            with call.phase("list"):
                below = criteria.rstrip(b"/")
                prefix = _parsed(call, below).flight if below else ()
                lookup = call.setup.lookup
                visible = lookup.visible(identity, prefix)
                return [listed(lookup, entry, grant) for entry, grant in visible]

    def get_flight(self, credentials: Credentials, request: Request) -> FlightDescription:
        """Return one flight with its schema and tickets."""
        with self.calls.during("GetFlightInfo", credentials) as call:
            command, entry, grant = self._find(call, request, "read")
            with call.phase("plan"):
                return described(command, _plan(call, command, entry, grant))

    def get_schema(self, credentials: Credentials, request: Request) -> pa.Schema:
        """Return the schema that a stream will have."""
        with self.calls.during("GetSchema", credentials) as call:
            command, entry, grant = self._find(call, request, "read")
            with call.phase("plan"):
                return _plan(call, command, entry, grant).schema

    def scan(
        self, credentials: Credentials, ticket: bytes, is_cancelled: Callable[[], bool]
    ) -> Scan:
        """Begin a stream. The call stays open until the scan is closed.

        Raises:
            Unavailable: There are too many already, and none has ended in time.
        """
        call = self.calls.open("DoGet", credentials)
        with self.calls.failing(call):
            command, entry, grant = self._find(call, ticket, "read")
            with call.phase("plan"):
                plan = _plan(call, command, entry, grant)
                if command.partition is not None:
                    plan = with_partition(plan, command.partition)
            with call.phase("queue"):
                place = self.admission.enter(_owner(call), is_cancelled)
        return Scan(plan, call, self.calls, place, is_cancelled)

    def write(
        self,
        credentials: Credentials,
        request: Request,
        batches: Iterator[pa.RecordBatch],
    ) -> Mapping[str, int]:
        """Append batches to a flight.

        Raises:
            Unsupported: The flight's adapter does not write.
        """
        with self.calls.during("DoPut", credentials) as call:
            _command, entry, _grant = self._find(call, request, "write")
            with call.phase("write"):
                return entry.mount.write_batches(entry.flight, batches, "append")

    def exchange(self, credentials: Credentials, request: Request) -> None:
        """Refuse an exchange, for which there is no hook.

        Raises:
            Unsupported: The flight exists, and cannot do that.
        """
        with self.calls.during("DoExchange", credentials) as call:
            _command, entry, _grant = self._find(call, request, "write")
            raise Unsupported(f"the flight {str(entry)!r} has no exchange")

    def list_actions(self, credentials: Credentials) -> list[Action]:
        """Return the actions that DoAction knows."""
        with self.calls.during("ListActions", credentials) as call:
            self._admit(call)
            return list(call.setup.actions.values())

    def do_action(self, credentials: Credentials, name: str, body: bytes) -> list[bytes]:
        """Run an action and return all its results; ``health`` also while the server stops."""
        is_health = name == HEALTH
        with self.calls.during("DoAction", credentials, while_draining=is_health) as call:
            call.action = name[:100]
            identity = self._admit(call)
            actions = call.setup.actions
            action = actions.get(name)
            if action is None:
                known = ", ".join(sorted(actions))
                raise NotFound(f"there is no action {name[:100]!r}: there are {known}")
            call.setup.lookup.access.check_action(identity, action)
            with call.phase("action"):
                return in_time(lambda: list(action.run(identity, body)))

    def _admit(self, call: Call) -> Identity:
        """Return who asks, if plugins let the call in."""
        services = call.setup.registry.services
        with call.phase("authenticate"), self.logins.judging(call.credentials):
            call.identity = services.authenticate(call.credentials)
        with call.phase("admit"):
            call.allowance = services.admit_call(call.started(call.identity))
        return call.identity

    def _find(
        self, call: Call, request: Request, operation: Operation
    ) -> tuple[Command, Entry, Grant]:
        identity = self._admit(call)
        with call.phase("find"):
            command = _parsed(call, request)
            call.flight = shown(command.flight)
            entry, grant = call.setup.lookup.find(identity, command.flight, operation)
            call.entry, call.flight = entry, str(entry)
            return command, entry, grant


def _parsed(call: Call, request: Request) -> Command:
    return Command.parse(request, int(call.setup.limits.max_command_bytes))


def _owner(call: Call) -> str:
    """Return whom a stream counts for: who asks, or of nobody in particular, where they are."""
    if call.identity is None or call.identity == Identity.ANONYMOUS:
        return address_of(call.credentials.peer)
    return call.identity.subject


def _plan(call: Call, command: Command, entry: Entry, grant: Grant) -> Plan:
    return make_plan(entry, call.setup.lookup.offer(entry, grant, command.flight), command)
