"""The app for readers of screens, keyboards, and small screens."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.clients.test_accessibility import RUN
from tests.databases import same_on_both
from tests.web.app import App

pytestmark = same_on_both

OUTSIDE = ["/app", "/app/register", "/app/forgot", "/app/reset-password", "/app/confirm-email"]
INSIDE = [
    *("/app", "/app/m/1", "/app/m/1/say", "/app/m/1/pause", "/app/m/1/network"),
    *("/app/find", "/app/start", "/app/pause-all", "/app/nothing", "/app/you"),
    *(f"/app/you/{name}" for name in ("account", "clock", "logins", "blocks", "data", "import")),
    *(f"/app/you/{name}" for name in ("language", "delete")),
]
LOOKS = [((320, 640), "light"), ((390, 844), "dark"), ((1280, 800), "light")]
#: elements that end to the right of the screen, without a box around them that scrolls
WIDE = """() => {
  const wide = document.documentElement.clientWidth;
  return [...document.querySelectorAll("main *, nav *")]
    .filter((it) => !it.closest(".year, .scroll, .picture, .unseen"))
    .filter((it) => it.getBoundingClientRect().right > wide + 1)
    .map((it) => it.outerHTML.slice(0, 120));
}"""
#: buttons and links that a finger would miss; links within sentences are no targets, and that of a
#: row is as large as the row
SMALL = """() => [...document.querySelectorAll("button, a, input, select")]
  .filter((it) => it.getClientRects().length && !it.closest(".unseen, p:not(.actions)"))
  .filter((it) => !it.matches(".skip, .row-title"))
  .map((it) => [it.getBoundingClientRect(), it])
  .filter(([box]) => Math.min(box.width, box.height) < 24)
  .map(([box, it]) => [it.outerHTML.slice(0, 120), box.width, box.height])"""


def drawn(app: App, path: str) -> Page:
    """Show a screen, and wait until it is complete."""
    app.open(path)
    expect(app.page.get_by_role("heading", level=1)).to_be_visible()
    expect(app.page.locator(".waiting")).to_have_count(0)
    return app.page


@pytest.mark.parametrize(("size", "scheme"), LOOKS)
def test_axe_finds_nothing(
    opened: Callable[..., Any], axe: Path, size: tuple[int, int], scheme: str
) -> None:
    found: list[Any] = []
    with opened(size, color_scheme=scheme) as app:
        app.page.context.add_init_script(path=axe)
        for path in OUTSIDE:
            page = drawn(app, path)
            found += [(path, *violation) for violation in page.evaluate(RUN)]
        app.enter("ben")
        for path in INSIDE:
            page = drawn(app, path)
            found += [(path, *violation) for violation in page.evaluate(RUN)]
            found += [(path, "wide", one) for one in page.evaluate(WIDE)]
            found += [(path, "small", one) for one in page.evaluate(SMALL)]
            assert page.get_by_role("heading", level=1).count() == 1
    assert found == []


def test_axe_finds_nothing_in_sheets(opened: Callable[..., Any], axe: Path) -> None:
    with opened((320, 640), color_scheme="dark") as app:
        app.page.context.add_init_script(path=axe)
        app.enter("ben")
        for button in ("Leave", "Report this movement"):
            page = drawn(app, "/app/m/1")
            app.press(button)
            expect(page.get_by_role("dialog")).to_be_visible()
            assert page.evaluate(RUN) == []
            page.keyboard.press("Escape")
            expect(page.get_by_role("dialog")).to_have_count(0)
            expect(page.get_by_role("button", name=button)).to_be_focused()


def test_large_letters_fit_a_phone(opened: Callable[..., Any]) -> None:
    """At 200 %, and with words that are longer."""
    longer = """() => {
      const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      while (walk.nextNode()) {
        const { data } = walk.currentNode;
        if (data.trim()) walk.currentNode.data = data + data.slice(0, data.length * 0.4);
      }
      document.documentElement.style.fontSize = "200%";
    }"""
    with opened((390, 844)) as app:
        app.enter("ben")
        for path in INSIDE:
            page = drawn(app, path)
            page.evaluate(longer)
            assert page.evaluate("document.documentElement.scrollWidth") <= 390, path


def test_a_change_of_screen_moves_the_focus_and_the_title(opened: Callable[..., Any]) -> None:
    with opened() as app:
        app.enter("ben")
        app.follow("Find")
        app.heading("Find")
        expect(app.page.get_by_role("heading", level=1)).to_be_focused()
        expect(app.page).to_have_title("Find · gridt")
        app.page.go_back()
        app.heading("Today")
        expect(app.page.get_by_role("heading", level=1)).to_be_focused()


def test_a_reader_hears_who_did_it(opened: Callable[..., Any]) -> None:
    with opened() as app:
        app.enter("ben")
        card = app.page.get_by_role("listitem").filter(has_text="Floss every day").first
        expect(card.get_by_role("button", name="Did it: Floss every day")).to_be_visible()
        expect(card.get_by_role("list", name="Your leaders")).to_contain_text("not yet")
        expect(card).to_contain_text("until the end of today")


def test_nothing_moves_for_those_who_ask_for_it(opened: Callable[..., Any]) -> None:
    with opened(reduced_motion="reduce") as app:
        app.enter("cor")
        app.press("Did it: Read ten pages")
        app.tell("Saved")
        assert app.page.evaluate("document.getAnimations().length") == 0
        app.press("Undo")
        app.tell("Undone")
