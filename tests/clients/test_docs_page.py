"""The page at /docs in Chromium, by mouse and keyboard.

`make screenshots` takes the pictures in docs/images with it.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.databases import same_on_both

pytestmark = same_on_both

DESKTOP, PHONE = (1280, 800), (390, 844)


@pytest.fixture
def open_page(browser: Browser, url: str) -> Iterator[Callable[..., Page]]:
    """Open the page.

    Fail if anything on it loads from elsewhere or reports an error.
    """
    complaints: list[str] = []

    def opened(size: tuple[int, int], scheme: str) -> Page:
        width, height = size
        viewport = {"width": width, "height": height}
        phone = {"has_touch": size == PHONE, "is_mobile": size == PHONE}
        page = browser.new_page(viewport=viewport, color_scheme=scheme, **phone)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.extend([said.text] * (said.type == "error")))
        page.on("request", lambda sent: complaints.extend(foreign(sent.url, url)))
        page.goto(f"{url}/docs")
        expect(page.locator(".opblock").first).to_be_visible()
        return page

    yield opened
    for context in browser.contexts:
        context.close()
    assert complaints == []


def foreign(address: str, url: str) -> list[str]:
    """Return a foreign address in a list, or no address.

    An address is foreign unless it is the service's or carries its own content.
    """
    ours = address.startswith("data:") or urlsplit(address).netloc == urlsplit(url).netloc
    return [] if ours else [address]


def operation(page: Page, name: str) -> Locator:
    return page.locator(f"[id='operations-{name}']")


def call(page: Page, name: str) -> dict[str, Any]:
    """Make a call with the suggested values.

    Return the answer that the page shows.
    """
    block = operation(page, name)
    block.locator(".opblock-summary-control").click()
    block.get_by_role("button", name="Try it out").click()
    block.get_by_role("button", name="Execute").click()
    return shown(block)


def shown(block: Locator) -> dict[str, Any]:
    body = block.locator(".live-responses-table .highlight-code pre").first
    expect(body).to_be_visible()
    answer: dict[str, Any] = json.loads(body.inner_text())
    return answer


def overflow(page: Page) -> int:
    """Return how many pixels a page overflows its window.

    That is how much wider the page is than the window.
    """
    wide: int = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    return wide


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_a_user_logs_in_and_makes_a_call(
    open_page: Callable[..., Page],
    take: Callable[[str, Page], None],
    size: tuple[int, int],
    scheme: str,
) -> None:
    page = open_page(size, scheme)
    kind = "phone" if size == PHONE else "desktop"
    assert_text_stands_out(page, scheme)
    assert call(page, "auth-registerUser")["username"] == "robin"
    tokens = call(page, "auth-logIn")
    assert overflow(page) == 0

    page.locator(".btn.authorize").click()
    dialog = page.get_by_role("dialog", name="Authorize")
    dialog.get_by_role("textbox").fill(tokens["access_token"])
    dialog.get_by_role("button", name="Apply credentials").click()
    dialog.get_by_role("button", name="Close").last.click()

    assert call(page, "users-getMyAccount")["email"] == "robin@example.org"
    assert page.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0], "no token stays"
    answer = operation(page, "users-getMyAccount").locator(".live-responses-table")
    answer.evaluate("element => element.scrollIntoView()")
    take(f"docs-{kind}-{scheme}", page)
    assert overflow(page) == 0


def brightness(page: Page, element: str) -> tuple[float, float]:
    """Return the brightness of an element's text and background.

    Each is from 0 to 255.
    """
    script = """element => {
      const bright = (colour) => {
        const [red, green, blue, alpha = 1] = colour.match(/[\\d.]+/g).map(Number);
        return alpha === 0 ? null : 0.2126 * red + 0.7152 * green + 0.0722 * blue;
      };
      let ground = null;
      for (let at = element; at && ground === null; at = at.parentElement) {
        ground = bright(getComputedStyle(at).backgroundColor);
      }
      return [bright(getComputedStyle(element).color), ground ?? 255];
    }"""
    text, ground = page.locator(element).first.evaluate(script)
    return text, ground


def assert_text_stands_out(page: Page, scheme: str) -> None:
    for element in (".info .title", ".info p", ".opblock-summary-description", ".opblock-tag"):
        text, ground = brightness(page, element)
        assert abs(text - ground) > 100, element
        assert (ground > 128) == (scheme == "light"), element


def reach(page: Page, target: Locator, key: str = "Tab") -> None:
    """Press Tab until an element has the focus."""
    for _ in range(400):
        if target.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press(key)
    raise AssertionError(f"{key} does not lead there")


def call_by_keyboard(page: Page, name: str) -> dict[str, Any]:
    """Make a call with the suggested values.

    Return the answer that the page shows.
    """
    block = operation(page, name)
    reach(page, block.locator(".opblock-summary-control"))
    page.keyboard.press("Enter")
    for button in ("Try it out", "Execute"):
        reach(page, block.get_by_role("button", name=button))
        page.keyboard.press("Enter")
    return shown(block)


def test_a_keyboard_is_enough(open_page: Callable[..., Page]) -> None:
    page = open_page(DESKTOP, "light")
    press = page.keyboard.press
    call_by_keyboard(page, "auth-registerUser")
    tokens = call_by_keyboard(page, "auth-logIn")

    opener = page.locator(".btn.authorize")
    reach(page, opener, "Shift+Tab")
    press("Enter")
    field = page.get_by_role("dialog", name="Authorize").get_by_role("textbox")
    expect(field).to_be_focused()
    page.keyboard.insert_text(tokens["access_token"])
    press("Enter")
    press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(opener).to_be_focused()

    assert call_by_keyboard(page, "users-getMyAccount")["username"] == "robin"
