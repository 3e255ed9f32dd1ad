"""The dashboard and the alerts use all metrics."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from prometheus_client import CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase

from gridt.runtime.metrics import GAUGES, Metrics
from tests.servers import ROOT

_NAME = re.compile(r"\bgridt_\w+")
_ENDINGS = {"counter": ["_total"], "gauge": [""], "histogram": ["_bucket", "_count", "_sum"]}


def counted() -> dict[str, tuple[str, set[str]]]:
    """Return each existing series with its metric and its labels."""
    metrics = Metrics()
    metrics._make(CollectorRegistry())
    found: dict[str, tuple[str, set[str]]] = {name: (name, set()) for name in GAUGES}
    for one in vars(metrics).values():
        if isinstance(one, MetricWrapperBase):
            more = {"le"} if one._type == "histogram" else set()
            for ending in _ENDINGS[one._type]:
                found[one._name + ending] = (one._name, {*one._labelnames} | more)
    return found


def dashboard() -> Iterator[str]:
    panels = json.loads((ROOT / "docs/grafana/gridt.json").read_text())["panels"]
    for panel in panels:
        yield from (target["expr"] for target in panel["targets"])


def rules() -> list[dict[str, Any]]:
    (group,) = yaml.safe_load((ROOT / "docs/prometheus/alerts.yml").read_text())["groups"]
    return list(group["rules"])


EXPRESSIONS = {*dashboard(), *(rule["expr"] for rule in rules())}


@pytest.mark.parametrize("expression", sorted(EXPRESSIONS))
def test_used_metrics_exist(expression: str) -> None:
    there = counted()
    named = set(_NAME.findall(expression)) | set(re.findall(r"\bup\b", expression))
    assert named
    assert named <= {*there, "up"}
    grouped = re.findall(r"by \(([^)]*)\)", expression)
    selected = re.findall(r"(\w+)=~?\"", expression)
    labels = {word for group in grouped for word in group.split(", ")} | {*selected} - {"job"}
    assert labels <= {label for name in named - {"up"} for label in there[name][1]}
    assert expression.count("(") == expression.count(")")


def test_the_dashboard_shows_all_metrics() -> None:
    there = counted()
    shown = {there[name][0] for expression in dashboard() for name in _NAME.findall(expression)}
    assert shown == {metric for metric, _ in there.values()}


def test_each_alert_has_a_description_and_a_remedy_in_the_documentation() -> None:
    documented = (ROOT / "docs/operations.md").read_text()
    for rule in rules():
        assert rule["annotations"]["summary"]
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert f"`{rule['alert']}`" in documented


def test_the_documentation_names_all_metrics() -> None:
    documented = set(_NAME.findall((ROOT / "docs/operations.md").read_text()))
    assert {metric for metric, _ in counted().values()} <= documented
