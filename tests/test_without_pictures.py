"""The service without the libraries of requirements-pictures.txt."""

import json
import sys
from collections.abc import Callable
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from gridt.formats.graph_exports import GRAPH_FORMATS
from gridt.network.quality import measure_quality
from tests.persons import Person
from tests.servers import PATIENCE, flask, serve

APP = "tests.without_pictures"


def export(person: Person, url: str, name: str) -> tuple[int, str]:
    """Return an export's status and text, in a format."""
    address = f"{url}/movements/Flossing/network?format={name}"
    request = Request(address, headers={"Authorization": f"Bearer {person.token}"})
    try:
        with urlopen(request, timeout=PATIENCE) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as answer:
        with answer:
            return answer.code, answer.read().decode()


def test_a_server_refuses_pictures_and_serves_all_else(
    migrated_database: Callable[[], str],
) -> None:
    url = migrated_database()
    with serve(url, app=f"{APP}:app") as server:
        ann = Person(server.url, "ann")
        ann.register()
        ann.log_in()
        ann.start("Flossing")
        ann.call("PUT", "/movements/Flossing/subscriber")
        status, text = export(ann, server.url, "svg")
        assert status == 501
        problem = json.loads(text)
        assert problem["type"] == "/problems/pictures-not-installed"
        assert "requirements-pictures.txt" in problem["detail"]
        for name in GRAPH_FORMATS:
            assert export(ann, server.url, name)[0] == 200

    checked = flask(url, "--app", APP, "gridt", "check-network")
    assert checked.returncode == 0, checked.stderr
    assert "reciprocity" in checked.stdout
    assert "largest component" not in checked.stdout
    assert "The largest component is not measured" in checked.stderr
    checked = flask(url, "--app", APP, "gridt", "check-network", "--json")
    (figures,) = json.loads(checked.stdout)["health"]
    assert (figures["members"], "largest_component" in figures) == (1, False)


def test_a_network_is_measured_without_its_largest_component(
    make_movement: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    movement = make_movement(members=7)
    measured = measure_quality(movement)
    monkeypatch.setitem(sys.modules, "rustworkx", None)  # so that an import of it fails
    without = measure_quality(movement)
    assert (measured.largest_component, without.largest_component) == (1.0, None)
    assert (measured.members, measured.active) == (without.members, without.active)
