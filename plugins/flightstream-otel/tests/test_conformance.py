"""What is sent keeps the laws of every observer, with and without a receiver."""

from collections import deque

import pytest
from flightstream_otel import OpenTelemetry

from flightstream.testing import Observed, ObserverConformance

pytest_plugins = ["flightstream.testing"]


class TestWithoutEndpoint(ObserverConformance):
    plugin = OpenTelemetry


class TestWithReceiver(ObserverConformance):
    plugin = OpenTelemetry
    # What waits is bounded, at more than a thousand calls: all 3,000 would be twice that.
    memory_limit_bytes = 24 * 1024 * 1024

    @pytest.fixture
    def sample(self, receiver):
        receiver.requests = deque(maxlen=1)  # it is in this process, too
        return Observed({"endpoint": receiver.endpoint, "interval_seconds": 0.1})
