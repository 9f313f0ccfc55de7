"""The metrics keep the laws of every observer."""

import pytest
from flightstream_metrics import Metrics

from flightstream.testing import Observed, ObserverConformance

pytest_plugins = ["flightstream.testing"]


class TestMetrics(ObserverConformance):
    plugin = Metrics

    @pytest.fixture
    def sample(self):
        return Observed({"port": 0})


class TestMetricsByFlight(ObserverConformance):
    plugin = Metrics

    @pytest.fixture
    def sample(self):
        return Observed({"port": 0, "flight_label": True})
