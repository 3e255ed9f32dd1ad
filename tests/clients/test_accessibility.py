"""Pages of the service and of the docs site, accessible.

They must work for screen readers, keyboards, and weak eyes.

[axe-core](https://github.com/dequelabs/axe-core) looks at each page, in light and dark, on a phone
and on a desktop. A test of keys finds each focused element without a sign of it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from gridt.demo import Demo, dice
from gridt.models import Movement, User
from tests.conftest import checked_app, new_token
from tests.databases import same_on_both
from tests.servers import ROOT, SECRET_KEY, serve

pytestmark = same_on_both

SITE = ROOT / "build" / "site"
SIZES = {"desktop": (1280, 800), "phone": (360, 740)}
LOOKS = [(size, scheme) for size in SIZES for scheme in ("light", "dark")]
#: the rules of WCAG 2.2 at the levels A and AA, and what axe-core calls best practice
RUN = """async () => {
  // what fades in has less contrast until it is there; what turns for ever is not waited for
  const moving = document.getAnimations()
    .filter((it) => it.effect.getComputedTiming().endTime !== Infinity);
  await Promise.allSettled(moving.map((it) => it.finished));
  const { violations } = await axe.run(document, {
    runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
  });
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => [id, target.join(" "), failureSummary]));
}"""

#: the element with the focus, and whether an outline or a shadow shows it
FOCUS = """() => {
  const { activeElement: element, body } = document;
  if (!element || element === body) return ["", true];
  const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(element);
  const outlined = outlineStyle !== "none" && parseFloat(outlineWidth) > 0;
  return [`${element.tagName}${element.id && "#" + element.id}`, outlined || boxShadow !== "none"];
}"""
ON_SITE = ["docs/index", "README", "docs/limits", "docs/clients", "docs/python/errors", "search"]


@dataclass(frozen=True)
class Place:
    """A running server with a movement, and a member's token."""

    url: str
    token: str

    @property
    def pages(self) -> dict[str, str]:
        network = f"{self.url}/movements/1/network.html"
        return {
            "home": f"{self.url}/",
            "problems": f"{self.url}/problems",
            "problem": f"{self.url}/problems/already-created",
            "no problem": f"{self.url}/problems/nothing",
            "network, before": network,
            "network, drawn": f"{network}#token={self.token}",
            "network, refused": f"{network}#token=nonsense",
            "docs": f"{self.url}/docs",
        }


@pytest.fixture(scope="module")
def place(migrated_database: Callable[[], str]) -> Iterator[Place]:
    url = migrated_database()
    with checked_app(url, SECRET_KEY=SECRET_KEY) as app, app.app_context():
        dice.seed(4)
        for _ in Demo(members=40, movements=1, weeks=3).fill():
            pass
        assert Movement.find_by_id(1) is not None
        member = User.find_by_name("demo7")
        assert member is not None
        token = new_token(member)
    with serve(url, APP="false") as server:
        yield Place(server.url, token)


#: what axe-core may find, with reasons; Swagger UI and Sphinx write this markup
EXCUSED = {
    ("docs", "heading-order"): "Swagger UI has h3 for each tag, below the h1 of the document",
    ("docs", "nested-interactive"): "the heading of an operation is a button around a link to it",
    (
        "docs",
        "region",
    ): "its main has the operations only; the title and the server stand before it",
    ("site", "definition-list"): "Sphinx writes long lists of parameters as dl without dt",
    ("site", "page-has-heading-one"): "the theme writes the heading of its search by a script",
}


def look(browser: Browser, axe: Path, size: str, scheme: str) -> BrowserContext:
    width, height = SIZES[size]
    viewport = {"width": width, "height": height}
    touch = {"has_touch": size == "phone"}
    context = browser.new_context(viewport=viewport, color_scheme=scheme, **touch)
    context.add_init_script(path=axe)
    return context


def ready(page: Page, name: str) -> None:
    """Wait until a page has all of its content."""
    waits = {
        "network, drawn": "#picture[aria-busy='false']",
        "network, refused": "#problem:not([hidden])",
        "docs": ".opblock >> nth=0",
    }
    if name in waits:
        expect(page.locator(waits[name])).to_be_visible()


@pytest.fixture
def axe(install: Callable[[str], Path]) -> Path:
    return install("axe") / "node_modules" / "axe-core" / "axe.min.js"


def test_axe_finds_nothing_on_pages_of_the_service(
    browser: Browser, place: Place, axe: Path
) -> None:
    found, excused = [], set()
    for size, scheme in LOOKS:
        with look(browser, axe, size, scheme) as context:
            page = context.new_page()
            for name, address in place.pages.items():
                if name == "docs" and (size == "desktop") != (scheme == "light"):
                    continue  # which has a hundred times as much to look at
                page.goto("about:blank")  # the pages of a network differ only in their fragments
                page.goto(address)
                ready(page, name)
                for rule, *where in page.evaluate(RUN):
                    excused |= {(name, rule)} & EXCUSED.keys()
                    found += [] if (name, rule) in EXCUSED else [(size, scheme, name, rule, *where)]
    assert found == []
    assert excused == {key for key in EXCUSED if key[0] != "site"}, "an excuse is out of date"


@pytest.mark.skipif(not SITE.exists(), reason="`make docs` makes the site")
def test_axe_finds_nothing_on_pages_of_the_site(browser: Browser, axe: Path) -> None:
    found, excused = [], set()
    for size, scheme in (("desktop", "light"), ("phone", "dark")):
        with look(browser, axe, size, scheme) as context:
            page = context.new_page()
            for name in ON_SITE:
                page.goto((SITE / f"{name}.html").as_uri())
                for rule, *where in page.evaluate(RUN):
                    excused |= {("site", rule)} & EXCUSED.keys()
                    found += (
                        [] if ("site", rule) in EXCUSED else [(size, scheme, name, rule, *where)]
                    )
    assert found == []
    assert excused == {key for key in EXCUSED if key[0] == "site"}, "an excuse is out of date"


def focused(page: Page, most: int) -> Iterator[tuple[str, bool]]:
    """Press Tab; yield the focused element, and its visibility.

    It says whether the focus can be seen.
    """
    for _ in range(most):
        page.keyboard.press("Tab")
        name, seen = page.evaluate(FOCUS)
        if not name:
            return
        yield name, seen


def test_each_focus_can_be_seen(browser: Browser, place: Place) -> None:
    with browser.new_context(viewport={"width": 1280, "height": 800}) as context:
        page = context.new_page()
        for name, address in place.pages.items():
            page.goto("about:blank")
            page.goto(address)
            ready(page, name)
            stops = [*focused(page, 30)]
            assert stops, name
            assert [stop for stop, seen in stops if not seen] == [], name


@pytest.mark.skipif(not SITE.exists(), reason="`make docs` makes the site")
def test_keys_scroll_code_on_the_site(browser: Browser) -> None:
    with browser.new_context(viewport={"width": 360, "height": 740}) as context:
        page = context.new_page()
        page.goto((SITE / "docs" / "clients.html").as_uri())
        code = page.locator(".highlight pre").first
        code.focus()
        page.keyboard.press("ArrowRight")
        page.wait_for_function("document.activeElement.scrollLeft > 0")
        stops = dict(focused(page, 30))
        assert stops.get("PRE"), stops
        assert all(stops.values()), stops
