"""Quotas keep the laws of every plugin that hears of finished calls."""

import pytest
from flightstream_quotas import Quotas

from flightstream.testing import Observed, ObserverConformance

pytest_plugins = ["flightstream.testing"]


class TestQuotas(ObserverConformance):
    plugin = Quotas

    @pytest.fixture
    def sample(self):
        return Observed({"default": {"concurrent_scans": 100, "calls_per_minute": 1000}})
