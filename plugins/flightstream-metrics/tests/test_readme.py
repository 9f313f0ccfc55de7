"""The README says what is so."""

import re
from pathlib import Path

import pytest
from flightstream_metrics import Metrics
from prometheus_client.parser import text_string_to_metric_families

from flightstream import LimitExceeded, hookimpl, service
from flightstream.testing import FaultyAdapter, options_table

pytest_plugins = ["flightstream.testing"]

README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
METRIC = re.compile(r"^\| (`(?:flightstream|process)_.*?) \|(.*?)\| ", re.MULTILINE)


@service
class Difficult:
    """Refuses to list actions, and fails at all else."""

    @hookimpl
    def admit_call(self, call):
        if call.method == "ListActions":
            raise LimitExceeded("not now")

    @hookimpl
    def on_call_finished(self, record):
        raise RuntimeError("sorry")


def test_readme_has_the_table_of_options():
    assert options_table(Metrics) in README


def test_readme_has_every_metric_with_its_labels(watched, site):
    served = watched(Difficult, FaultyAdapter, options={"flight_label": True})
    served.client.read("numbers", filter="n > 3")
    with pytest.raises(LimitExceeded):
        served.client.actions()
    site.becomes(0, lambda site: site.samples()["flightstream_active_calls",])

    told = {
        name: set(re.findall(r"`(\w+)`", labels))
        for names, labels in METRIC.findall(README)
        for name in re.findall(r"`(\w+)`", names)
    }
    exported = {}
    for family in text_string_to_metric_families(site.get("/metrics")[1]):
        name = f"{family.name}_total" if family.type == "counter" else family.name
        exported[name] = {label for one in family.samples for label in one.labels} - {"le"}

    assert exported == told
