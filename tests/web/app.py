"""The app in a browser, as members see it.

Tests find its parts by roles and names.
"""

from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Locator, Page, expect

from tests.web.world import PASSWORD, World


class App:
    """The app in one page of a browser.

    It keeps the complaints of the page.
    """

    def __init__(self, page: Page, world: World) -> None:
        self.page, self.world = page, world
        self.complaints: list[str] = []
        self.asked: list[str] = []
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: self.complaints.append(dialog.message))
        page.on("console", self._listen)
        page.on("request", lambda sent: self.asked.append(sent.url))

    def _listen(self, said: ConsoleMessage) -> None:
        # a refusal is an answer that the app shows; browsers note each in the console
        if said.type == "error" and "Failed to load resource" not in said.text:
            self.complaints.append(said.text)

    def end(self) -> None:
        """Fail if the app complained, or asked another host."""
        ours = urlsplit(self.world.url).netloc
        foreign = [url for url in self.asked if urlsplit(url).netloc not in {ours, ""}]
        assert self.complaints + foreign == []

    def open(self, path: str = "/app") -> "App":
        """Load an address."""
        self.page.goto(self.world.url + path)
        return self

    def enter(self, name: str, password: str = PASSWORD, path: str = "/app") -> "App":
        """Log in at the door."""
        self.open(path)
        self.fill("Username or e-mail", name)
        self.fill("Password", password)
        self.press("Log in")
        expect(self.page.get_by_role("navigation", name="Screens")).to_be_visible()
        return self

    def fill(self, label: str, text: str) -> None:
        """Fill a field."""
        self.page.get_by_label(label, exact=True).fill(text)

    def press(self, name: str) -> None:
        """Press a button."""
        self.page.get_by_role("button", name=name, exact=True).click()

    def follow(self, name: str, *, exact: bool = True) -> None:
        """Follow a link."""
        self.page.get_by_role("link", name=name, exact=exact).click()

    def heading(self, text: str) -> None:
        """Wait for the heading of a screen."""
        expect(self.page.get_by_role("heading", level=1)).to_have_text(text)

    def tell(self, text: str) -> None:
        """Wait for words in the bar at the foot."""
        expect(self.page.locator(".bar")).to_contain_text(text)

    def section(self, title: str) -> Locator:
        """Return a section of Today, such as *Done*."""
        headings = self.page.get_by_role("heading", level=2, name=title)
        return self.page.locator("section").filter(has=headings)

    def identity(self) -> Any:
        """Return the account, as the page itself may read it."""
        return self.page.evaluate(
            """async () => {
              const opened = indexedDB.open("gridt", 1);
              await new Promise((done) => (opened.onsuccess = done));
              const asked = opened.result.transaction("me").objectStore("me").get("me");
              await new Promise((done) => (asked.onsuccess = done));
              const headers = { "X-Gridt-Key": asked.result.key };
              return (await fetch("/identity", { headers })).json();
            }"""
        )
