"""What authenticators are tried with: credentials, changed and sent in every way."""

import base64
import binascii
import json
from collections.abc import Callable, Iterator
from typing import Any

import attrs
import pyarrow as pa
import pytest
from pyarrow import flight

from flightstream.models import Credentials
from flightstream.testing.sample import Logins


def refusal(call: Callable[[], object]) -> str:
    """Return the code of the error that a call ends with, ``ok`` if it does not."""
    try:
        call()
    except (flight.FlightError, pa.ArrowException) as exc:
        code: str = json.loads(getattr(exc, "extra_info", None) or b"{}").get("code", "")
        return code
    return "ok"


def tampered(sample: Logins) -> Iterator[Credentials]:
    """Yield accepted credentials, each with a letter in the middle changed, or left out."""
    for credentials, _ in sample.accepted:
        for name, values in credentials.headers.items():
            for number, value in enumerate(values):
                scheme, _, secret = value.rpartition(" ")
                middle = len(secret) // 2
                other = "B" if secret[middle : middle + 1] != "B" else "C"
                for letter in ("", other):
                    changed = f"{secret[:middle]}{letter}{secret[middle + 1 :]}"
                    whole = (*values[:number], f"{scheme} {changed}".strip(), *values[number + 1 :])
                    headers = {**credentials.headers, name: whole}
                    yield attrs.evolve(credentials, headers=headers)


def secrets(credentials: Credentials) -> list[str]:
    """Return what nobody else may see: what follows the scheme, and a password in it."""
    found = []
    for value in (value for values in credentials.headers.values() for value in values):
        secret = value.rpartition(" ")[2]
        found.append(secret)
        try:
            decoded = base64.b64decode(secret, validate=True).decode()
        except (binascii.Error, ValueError):
            continue
        found.append(decoded.partition(":")[2])
    return [secret for secret in found if len(secret) > 3]


def shown(credentials: Credentials) -> str:
    """Name credentials without showing more than an author needs."""
    headers = {
        name: tuple(value if len(value) < 60 else f"{value[:59]}…" for value in values)
        for name, values in credentials.headers.items()
    }
    return f"the credentials {headers} of {credentials.peer_identity or credentials.peer!r}"


def sent_headers(sample: Logins) -> list[list[tuple[bytes, bytes]]]:
    """Return the headers of accepted credentials, as a client sends them."""
    found = [
        [
            (name.encode(), value.encode())
            for name, values in one.headers.items()
            for value in values
        ]
        for one, _ in sample.accepted
        if one.headers and not one.peer_identity
    ]
    if not found:
        pytest.skip("give the sample accepted credentials that are headers alone")
    return found


def methods(client: Any, options: Any) -> list[tuple[str, Callable[[], object]]]:
    """Return every method of Flight that reads, ready to be called."""
    numbers = flight.FlightDescriptor.for_path("numbers")
    return [
        ("ListFlights", lambda: list(client.list_flights(options=options))),
        ("GetFlightInfo", lambda: client.get_flight_info(numbers, options)),
        ("GetSchema", lambda: client.get_schema(numbers, options)),
        ("DoGet", lambda: client.do_get(flight.Ticket(b"numbers"), options).read_all()),
        ("DoAction", lambda: list(client.do_action(flight.Action("health", b""), options))),
        ("ListActions", lambda: list(client.list_actions(options))),
    ]
