"""The first page and the problem pages, in Chromium.

They are opened in any light, at any width.

With `--screenshots FOLDER` there are pictures of them.
"""

import json
from collections.abc import Callable, Iterator
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page

from gridt.runtime.config import VERSION
from tests.conftest import OwnContextClient
from tests.databases import same_on_both
from tests.servers import Server, serve

pytestmark = same_on_both

HTML = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
PAGES = {"home": "/", "problem": "/problems/already-created", "problems": "/problems"}
GROUND = {"light": "rgb(255, 255, 255)", "dark": "rgb(18, 24, 31)"}

#: the contrast of each text with the ground of the page (WCAG 2)
CONTRASTS = """() => {
  const luminance = (color) => {
    const [r, g, b] = color.match(/\\d+/g).slice(0, 3).map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = luminance(getComputedStyle(document.body).backgroundColor);
  return [...document.querySelectorAll("h1, h2, p, a, span, code, strong")].map((element) => {
    const text = luminance(getComputedStyle(element).color);
    return (Math.max(text, ground) + 0.05) / (Math.min(text, ground) + 0.05);
  });
}"""


@pytest.fixture(scope="module")
def server(migrated_database: Callable[[], str]) -> Iterator[Server]:
    """A server without the app, whose first page is plain."""
    with serve(migrated_database(), APP="false") as server:
        yield server


@pytest.fixture
def without_app(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service whose members use another app."""
    monkeypatch.setitem(app.config, "APP", False)


def test_a_browser_is_led_to_the_app(client: OwnContextClient) -> None:
    answer = client.get("/", headers=HTML)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/app")
    assert "accept" in answer.vary.as_set()
    assert client.get("/").json["links"]["app"] == "/app"


def test_the_way_to_the_app_does_not_depend_on_the_host(client: OwnContextClient) -> None:
    headers = HTML | {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    answer = client.get("/", headers=headers)
    assert answer.headers["Location"] == "/app"
    assert "evil" not in answer.text


def test_without_the_app_nothing_leads_to_it(client: OwnContextClient, without_app: None) -> None:
    assert client.get("/", headers=HTML).status_code == 200
    assert "app" not in client.get("/").json["links"]


@pytest.mark.parametrize("accept", [None, "*/*", "application/json", "application/*;q=0.9"])
def test_a_program_gets_json(client: OwnContextClient, accept: str | None) -> None:
    answer = client.get("/", headers={"Accept": accept} if accept else {})
    assert answer.is_json
    assert answer.json["version"] == VERSION
    assert "accept" in answer.vary.as_set()


def test_a_browser_gets_a_page(client: OwnContextClient, without_app: None) -> None:
    answer = client.get("/", headers=HTML)
    assert answer.mimetype == "text/html"
    assert "accept" in answer.vary.as_set()
    assert VERSION in answer.text
    for link in ("/docs", "/openapi.json", "/static/icon.svg"):
        assert f'"{link}"' in answer.text
        assert client.get(link).status_code == 200
    (policy,) = answer.headers.getlist("Content-Security-Policy")
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == rules["frame-ancestors"] == "'none'"
    assert "script-src" not in rules
    assert "<script" not in answer.text
    assert "style=" not in answer.text


def test_the_two_forms_have_etags_of_their_own(client: OwnContextClient, without_app: None) -> None:
    page, data = client.get("/", headers=HTML), client.get("/")
    again = client.get("/", headers=HTML | {"If-None-Match": page.headers["ETag"]})
    other = client.get("/", headers=HTML | {"If-None-Match": data.headers["ETag"]})
    assert (again.status_code, other.status_code) == (304, 200)


def test_j20_a_service_without_the_app(server: Server) -> None:
    def read(path: str, accept: str) -> tuple[int, str, bytes]:
        try:
            with urlopen(Request(server.url + path, headers={"Accept": accept})) as answer:
                return answer.status, answer.headers.get_content_type(), answer.read()
        except HTTPError as error:
            return error.code, error.headers.get_content_type(), error.read()

    for path in ("/app", "/app/", "/app/find", "/app/worker.js", "/app/app.webmanifest"):
        for accept in ("text/html", "application/json"):
            assert read(path, accept)[0] == 404, path
    status, kind, content = read("/", "application/json")
    assert (status, kind) == (200, "application/json")
    assert "app" not in json.loads(content)["links"]
    assert read("/", "text/html")[:2] == (200, "text/html")


@pytest.mark.parametrize("scheme", GROUND)
@pytest.mark.parametrize("width", [320, 390, 1280])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_and_can_be_read(
    server: Server,
    browser: Browser,
    take: Callable[[str, Page], None],
    name: str,
    width: int,
    scheme: str,
) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 844}, color_scheme=scheme, java_script_enabled=True
    )
    page = context.new_page()
    asked: dict[str, int] = {}
    complaints: list[str] = []
    page.on("response", lambda answer: asked.update({answer.url: answer.status}))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(server.url + PAGES[name])
    take(f"{name}-{width}-{scheme}", page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == GROUND[scheme]
    assert min(page.evaluate(CONTRASTS)) >= 4.5
    assert set(asked.values()) == {200}
    assert all(url.startswith(server.url) for url in asked)
    assert complaints == []
    context.close()
