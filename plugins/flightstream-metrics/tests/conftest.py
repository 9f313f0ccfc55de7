"""A server with metrics, and what is read from its HTTP port."""

import json
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest
from attrs import frozen
from prometheus_client.parser import text_string_to_metric_families

DEADLINE_SECONDS = 20.0


@frozen
class Site:
    """The HTTP port of a server."""

    port: int

    def get(self, path: str) -> tuple[int, str]:
        """Return the status and the body of a path."""
        try:
            with urllib.request.urlopen(f"http://localhost:{self.port}{path}", timeout=10) as got:
                return got.status, got.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def ready(self) -> tuple[int, list[dict[str, str]]]:
        """Return what ``/readyz`` says, and its reasons."""
        status, body = self.get("/readyz")
        told = json.loads(body)
        assert told["ready"] is (status == 200)
        return status, told["reasons"]

    def samples(self) -> dict[tuple[Any, ...], float]:
        """Return every sample: by name and, sorted, the values of labels that are not empty."""
        status, body = self.get("/metrics")
        assert status == 200
        return {
            (one.name, *(value for _, value in sorted(one.labels.items()) if value)): one.value
            for family in text_string_to_metric_families(body)
            for one in family.samples
        }

    def of(self, name: str) -> dict[tuple[Any, ...], float]:
        """Return the samples of one name, by their labels."""
        return {key[1:]: value for key, value in self.samples().items() if key[0] == name}

    def becomes(self, expected: Any, ask: Callable[["Site"], Any]) -> None:
        """Wait until a question has the expected answer; one that cannot be asked has none."""
        deadline, answer = time.monotonic() + DEADLINE_SECONDS, None
        while answer != expected:
            assert time.monotonic() < deadline, f"it stays {answer}, and not {expected}"
            try:
                answer = ask(self)
            except OSError as error:
                answer = error
            time.sleep(0.01)


@pytest.fixture
def site() -> Site:
    """A port that is free, for a server that is going to listen there."""
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        return Site(probe.getsockname()[1])


@pytest.fixture
def watched(serve: Callable[..., Any], site: Site) -> Callable[..., Any]:
    """Return a function that starts a server with metrics on the port of ``site``."""

    def start(*given: Any, options: dict[str, Any] | None = None, **sections: Any) -> Any:
        plugins = {"enabled": ["metrics"], "metrics": {"port": site.port, **(options or {})}}
        plugins |= sections.pop("plugins", {})
        return serve(*given, config={"plugins": plugins, **sections})

    return start
