"""The pages of the service that need no token."""

import re

import pytest

from gridt.runtime.config import VERSION
from tests.conftest import app_on
from tests.servers import ROOT

HEADER = {"Authorization": "Bearer not-a-token"}


@pytest.mark.parametrize(
    ("path", "expected"), [("/health", {"status": "ok"}), ("/ready", {"status": "ok"})]
)
def test_how_it_is(client, path, expected):
    answer = client.get(path)
    assert (answer.status_code, answer.json) == (200, expected)


@pytest.mark.parametrize("path", ["/", "/health", "/ready", "/openapi.json", "/docs"])
def test_a_bad_token_is_no_matter_where_none_is_asked_for(client, path):
    assert client.get(path, headers=HEADER).status_code == 200


def test_the_root_links_to_existing_pages(client):
    answer = client.get("/").json

    assert answer["name"] == "gridt"
    assert set(answer["links"]) >= {"documentation", "openapi"}
    assert answer["links"].pop("app") == "/app"
    for path in answer["links"].values():
        assert client.get(path).status_code in {200, 401, 405}, path


def test_the_description_is_openapi_3_1_and_names_every_route(app, client):
    answer = client.get("/openapi.json")

    assert answer.status_code == 200
    assert answer.json["openapi"].startswith("3.1.")
    served = {
        rule.rule.replace("<", "{").replace(">", "}")
        for rule in app.url_map.iter_rules()
        if not rule.endpoint.endswith("static")
        and not rule.endpoint.startswith("web.")  # the app is for people
    }
    assert set(answer.json["paths"]) == served


def test_the_page_at_docs_takes_every_asset_from_the_service(client):
    page = client.get("/docs")

    assert page.status_code == 200
    assert page.mimetype == "text/html"
    links = re.findall(r'(?:src|href)="([^"#]+)"', page.text)
    assert links
    for link in links:
        assert re.match(r"/[^/]", link), f"{link} is not ours"
        assert client.get(link, buffered=True).status_code == 200, link
    assert "'unsafe-eval'" not in page.headers["Content-Security-Policy"]


def test_an_asset_that_is_not_there_is_a_problem(client):
    for path in ("/docs/assets/nothing.js", "/docs/assets/../../gridt/app.py", "/static/none"):
        answer = client.get(path)
        assert answer.status_code == 404
        assert answer.content_type == "application/problem+json"


def test_not_ready_before_the_database_is_migrated(new_database):
    with app_on(new_database()) as app:
        client = app.test_client()

        answer = client.get("/ready")

        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0
        assert answer.content_type == "application/problem+json"
        assert client.get("/health").status_code == 200


def test_the_version_is_the_same_everywhere(client):
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert re.findall(r'image\.version="(.*)"', dockerfile) == [VERSION]
    assert client.get("/").json["version"] == VERSION
    assert client.get("/openapi.json").json["info"]["version"] == VERSION


def test_the_start_logs_the_version(server):
    assert f"gridt listens on {server.url} (version {VERSION})" in server.log.read_text()
