"""The dashboard and the alerts ask for metrics and labels that a server exports."""

import json
import re
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from flightstream import LimitExceeded, hookimpl, service
from flightstream.testing import FaultyAdapter

pytest_plugins = ["flightstream.testing"]

DEPLOY = Path(__file__).parents[1]
OF_PROMETHEUS = {"instance", "job"}
SAMPLES = {"counter": ["_total"], "histogram": ["_bucket", "_count", "_sum"]}
SAMPLES |= {"summary": ["_count", "_sum"], "gauge": [""]}
METRIC = re.compile(r"\b((?:flightstream|process)_\w+|up)\b(?:\{([^}]*)\})?")


@service
class Difficult:
    """Refuses to list actions, and fails at all else, so that every metric has a series."""

    @hookimpl
    def admit_call(self, call):
        if call.method == "ListActions":
            raise LimitExceeded("not now")

    @hookimpl
    def on_call_finished(self, record):
        raise RuntimeError("sorry")


@pytest.fixture
def exported(serve: Callable[..., Any]) -> dict[str, set[str]]:
    """The labels of each series that a server exports, by its name."""
    config = {"plugins": {"enabled": ["metrics"], "metrics": {"port": 0}}}
    served = serve(Difficult, FaultyAdapter, config=config)
    served.client.read("numbers", filter="n > 3")
    with pytest.raises(LimitExceeded):
        served.client.actions()
    served.client.flights()
    port = served.server.wait_for("metrics_served")["port"]
    with urllib.request.urlopen(f"http://localhost:{port}/metrics") as page:
        families = list(text_string_to_metric_families(page.read().decode()))
    found = {"up": OF_PROMETHEUS}
    for family in families:
        labels = {label for one in family.samples for label in one.labels}
        found |= {f"{family.name}{end}": labels | OF_PROMETHEUS for end in SAMPLES[family.type]}
    return found


def alerts() -> Iterator[tuple[str, str, str]]:
    """Yield the name, the expression and the texts of each alert."""
    document = yaml.safe_load((DEPLOY / "prometheus-alerts.yml").read_text("utf-8"))
    for group in document["groups"]:
        for rule in group["rules"]:
            assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}, rule["alert"]
            assert rule["labels"]["severity"] in ("info", "warning", "critical")
            assert set(rule["annotations"]) == {"summary", "description"}
            yield rule["alert"], rule["expr"], rule["annotations"]["summary"]


def panels() -> Iterator[tuple[str, str, str]]:
    """Yield the title, an expression and the legend of each query of the dashboard."""
    dashboard = json.loads((DEPLOY / "grafana-dashboard.json").read_text("utf-8"))
    for panel in dashboard["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"], target["legendFormat"]
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["name"], variable["definition"], ""


@pytest.mark.parametrize("queries", [alerts, panels], ids=lambda queries: queries.__name__)
def test_every_metric_and_label_is_exported(queries, exported):
    found = list(queries())

    assert len(found) > 10
    for name, expression, text in found:
        known = set()
        metrics = METRIC.findall(expression)
        assert metrics, name
        for metric, selector in metrics:
            assert metric in exported, f"{name}: there is no metric {metric}"
            asked = set(re.findall(r"(\w+)\s*(?:=|!=|=~|!~)\s*\"", selector))
            assert asked <= exported[metric], f"{name}: {metric} has no {asked}"
            known |= exported[metric]
        kept = [set(re.findall(r"\w+", by)) for by in re.findall(r"\bby \(([^)]*)\)", expression)]
        for labels in kept:
            assert labels <= known, f"{name}: there is no {labels - known}"
        shown = set(re.findall(r"\{\{ ?(?:\$labels\.)?(\w+) ?\}\}", text))
        assert shown <= (set.union(*kept) if kept else known), f"{name}: {text} shows none"


def test_panels_do_not_overlap_and_have_ids_of_their_own():
    dashboard = json.loads((DEPLOY / "grafana-dashboard.json").read_text("utf-8"))
    places = [panel["gridPos"] for panel in dashboard["panels"]]
    cells = [
        (x, y)
        for place in places
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]

    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(ids) == len(set(ids))
