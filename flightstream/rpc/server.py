"""Arrow Flight: requests become calls of the service, and answers become Flight's."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from itertools import count
from typing import Any
from weakref import finalize

import pyarrow as pa
from pyarrow import flight

from flightstream.errors import Cancelled, LimitExceeded
from flightstream.models import Credentials
from flightstream.plugin import ByteSize
from flightstream.recent import Recent
from flightstream.rpc.errors import raising_flight_errors, raising_without_traceback
from flightstream.rpc.messages import Layout, stream_messages
from flightstream.serving import FlightDescription, Service, size_of

_MAX_LAYOUTS = 1000


class FlightServer(flight.FlightServerBase):  # type: ignore[misc]
    """The Flight transport of a service. It listens once it is constructed.

    Args:
        location: ``grpc://host:port``; port 0 for any that is free.
        service: What answers.
        max_receive_bytes: Bodies and batches over this size are refused, after
            they have arrived: gRPC's own limit cannot be set from Python. May be
            set while it listens.
        advertise: The URIs of this server and of those that serve the same, as
            clients reach them; without any, they ask where they are. May be set
            while it listens.
        tls: Arguments of Arrow's own server, ``tls_certificates`` and the like.
    """

    def __init__(
        self,
        location: str,
        service: Service,
        max_receive_bytes: int,
        advertise: Sequence[str] = (),
        **tls: Any,
    ) -> None:
        self._service = service
        self.advertise = advertise
        self._turn = count()
        self._layouts: Recent[Layout] = Recent(_MAX_LAYOUTS)
        self.max_receive_bytes = ByteSize(max_receive_bytes)
        # With a handler, Arrow does not tell whose certificate the client has shown.
        handshakes = not tls.get("verify_client")
        super().__init__(
            location,
            auth_handler=_OpenHandshake() if handshakes else None,
            middleware={"headers": _HeadersFactory(service if handshakes else None)},
            **tls,
        )

    @raising_flight_errors
    def list_flights(self, context: Any, criteria: bytes) -> Iterator[Any]:
        """Answer ListFlights; the criteria are a path prefix."""
        described = self._service.list_flights(_credentials(context), criteria)
        return map(raising_flight_errors(self._flight_info), described)

    @raising_flight_errors
    def get_flight_info(self, context: Any, descriptor: Any) -> Any:
        """Answer GetFlightInfo."""
        request = _request(descriptor)
        return self._flight_info(self._service.get_flight(_credentials(context), request))

    @raising_without_traceback
    def get_schema(self, context: Any, descriptor: Any) -> Any:
        """Answer GetSchema."""
        request = _request(descriptor)
        return flight.SchemaResult(self._service.get_schema(_credentials(context), request))

    @raising_flight_errors
    def do_get(self, context: Any, ticket: Any) -> Any:
        """Answer DoGet."""
        scan = self._service.scan(_credentials(context), ticket.ticket, context.is_cancelled)
        messages = stream_messages(scan, self._layout(scan.schema))
        # A generator that is never started does not run its ``finally``.
        finalize(messages, self._service.watch.abandon, scan)
        scan.start()  # beside Arrow, which sends the schema first
        return flight.GeneratorStream(scan.schema, messages)

    @raising_flight_errors
    def do_put(self, context: Any, descriptor: Any, reader: Any, writer: Any) -> None:
        """Answer DoPut; the result is the adapter's counts as JSON."""
        batches = _received(reader, self.max_receive_bytes, context.is_cancelled)
        counts = self._service.write(_credentials(context), _request(descriptor), batches)
        writer.write(pa.py_buffer(json.dumps(dict(counts)).encode()))

    @raising_flight_errors
    def do_exchange(self, context: Any, descriptor: Any, reader: Any, writer: Any) -> None:
        """Refuse DoExchange."""
        self._service.exchange(_credentials(context), _request(descriptor))

    @raising_flight_errors
    def list_actions(self, context: Any) -> list[Any]:
        """Answer ListActions."""
        actions = self._service.list_actions(_credentials(context))
        return [flight.ActionType(action.name, action.description) for action in actions]

    @raising_flight_errors
    def do_action(self, context: Any, action: Any) -> Iterator[Any]:
        """Answer DoAction."""
        body = action.body.to_pybytes() if action.body is not None else b""
        if len(body) > self.max_receive_bytes:
            raise LimitExceeded(f"the body is longer than {self.max_receive_bytes}")
        results = self._service.do_action(_credentials(context), action.type, body)
        return iter([flight.Result(result) for result in results])

    def _flight_info(self, description: FlightDescription) -> Any:
        turn = next(self._turn)
        endpoints = [
            flight.FlightEndpoint(ticket.to_bytes(), self._locations(turn + part))
            for part, ticket in enumerate(description.tickets)
        ]
        return flight.FlightInfo(
            description.schema,
            flight.FlightDescriptor.for_path(*description.path),
            endpoints,
            description.total_records,
            description.total_bytes,
            ordered=len(endpoints) > 1,
            app_metadata=_metadata(description.adapter, description.is_versioned),
        )

    def _layout(self, schema: pa.Schema) -> Layout:
        """Return what was found out of a schema, which is the same one for most streams."""
        layout = self._layouts.known(id(schema))
        if layout is None or layout.schema is not schema:
            layout = Layout.of(schema)
            self._layouts.keep(id(schema), layout)
        return layout

    def _locations(self, turn: int) -> Sequence[str]:
        """Return where a part is, each server first in its turn: clients try the first at first.

        No location means: ask the server that you are talking to.
        """
        uris = self.advertise
        first = turn % max(1, len(uris))
        return [*uris[first:], *uris[:first]]


class _OpenHandshake(flight.ServerAuthHandler):  # type: ignore[misc]
    """Answers a Handshake whose headers have been judged, as those of each call are."""

    def authenticate(self, outgoing: Any, incoming: Any) -> None:
        # A client of Arrow C++ that finds the call ended while it still writes is aborted.
        with suppress(pa.ArrowException, OSError):
            incoming.read()

    def is_valid(self, token: bytes) -> str:
        return ""


class _HeadersFactory(flight.ServerMiddlewareFactory):  # type: ignore[misc]
    def __init__(self, judge: Service | None) -> None:
        self._judge = judge

    @raising_flight_errors
    def start_call(self, info: Any, headers: dict[str, list[Any]]) -> "_Headers":
        kept = _Headers(headers)
        if self._judge is not None and info.method == flight.FlightMethod.HANDSHAKE:
            # No handler of a Handshake is told its headers, and nobody its peer.
            kept.token = self._judge.handshake(Credentials(kept.headers))
        return kept


class _Headers(flight.ServerMiddleware):  # type: ignore[misc]
    """Keeps the headers of one call for its handler, and answers a Handshake with a token."""

    def __init__(self, headers: dict[str, list[Any]]) -> None:
        self.headers = {
            name.lower(): tuple(
                value.decode("latin-1") if isinstance(value, bytes) else value for value in values
            )
            for name, values in headers.items()
        }
        self.token: str | None = None

    def sending_headers(self) -> dict[str, str]:
        return {} if self.token is None else {"authorization": f"Bearer {self.token}"}


def _credentials(context: Any) -> Credentials:
    # Everything is copied: a context that is used after its call ends the process.
    headers = context.get_middleware("headers").headers
    return Credentials(headers, context.peer(), context.peer_identity().decode())


@lru_cache(64)
def _metadata(adapter: str, is_versioned: bool) -> bytes:
    unversioned = {} if is_versioned else {"versioned": False}
    return json.dumps({"adapter": adapter, **unversioned}).encode()


def _request(descriptor: Any) -> bytes | list[bytes]:
    if descriptor.descriptor_type == flight.DescriptorType.PATH:
        return list(descriptor.path)
    return descriptor.command or b""


def _received(
    reader: Any, max_bytes: int, is_cancelled: Callable[[], bool]
) -> Iterator[pa.RecordBatch]:
    while True:
        try:
            chunk = reader.read_chunk()
        except StopIteration:
            if is_cancelled():  # a client that vanishes ends its stream all the same
                raise Cancelled("the client's stream broke off") from None
            return
        except (pa.ArrowException, OSError) as exc:
            raise Cancelled("the client's stream broke off") from exc
        if chunk.data is not None:
            if size_of(chunk.data) > max_bytes:
                raise LimitExceeded(f"a batch is larger than {max_bytes}")
            yield chunk.data
