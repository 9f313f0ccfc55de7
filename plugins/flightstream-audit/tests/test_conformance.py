"""The audit log keeps the laws of every observer."""

import pytest
from flightstream_audit import AuditLog

from flightstream.testing import Observed, ObserverConformance

pytest_plugins = ["flightstream.testing"]


class TestAudit(ObserverConformance):
    plugin = AuditLog

    @pytest.fixture
    def sample(self, tmp_path):
        file = tmp_path / "audit.jsonl"
        return Observed({"file": str(file)}, written=file.read_text)
