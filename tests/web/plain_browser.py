"""Chromium without Playwright, for what Playwright changes.

Playwright attaches to service workers. In most runs, a new worker then never activates while tabs
are open; without it, the worker activates within a second. Here nothing is attached but pages.
"""

import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.browser import executable
from tests.servers import PATIENCE

#: finds an element by a selector and its text or label
_FIND = """(selector, name) => [...document.querySelectorAll(selector)].find((it) =>
  (it.labels?.[0] ?? it).textContent.trim() === name)"""


class PageError(Exception):
    """The page threw, or went away."""


class PlainBrowser:
    """A running Chromium.

    It obeys the DevTools protocol on two pipes.
    """

    def __init__(self, commands: int, answers: int) -> None:
        self._commands, self._answers = commands, answers
        self._read = b""
        self._last_id = 0

    def call(self, method: str, session: str | None = None, **parameters: Any) -> Any:
        """Call a method of the protocol."""
        self._last_id += 1
        message = {"id": self._last_id, "method": method, "params": parameters}
        if session is not None:
            message["sessionId"] = session
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._last_id:  # all else is an event
                if "error" in answer:
                    raise PageError(answer["error"])
                return answer["result"]

    def _next(self) -> Any:
        while b"\0" not in self._read:
            part = os.read(self._answers, 65536)
            assert part, "Chromium has ended"
            self._read += part
        message, _, self._read = self._read.partition(b"\0")
        return json.loads(message)

    def tab(self, address: str) -> "Tab":
        """Open a tab."""
        target = self.call("Target.createTarget", url=address)["targetId"]
        return Tab(self, self.call("Target.attachToTarget", targetId=target, flatten=True))


class Tab:
    """A tab, driven by JavaScript."""

    def __init__(self, browser: PlainBrowser, attached: dict[str, Any]) -> None:
        self._browser, self._session = browser, attached["sessionId"]

    def evaluate(self, script: str) -> Any:
        """Return the value of an expression, or of its promise."""
        options = {"returnByValue": True, "awaitPromise": True, "userGesture": True}
        answer = self._browser.call("Runtime.evaluate", self._session, expression=script, **options)
        if "exceptionDetails" in answer:
            raise PageError(answer)
        return answer["result"].get("value")

    def wait(self, script: str) -> None:
        """Wait until an expression is true.

        It has no value while the page loads.
        """
        give_up = time.monotonic() + PATIENCE
        while True:
            with suppress(PageError):
                if self.evaluate(script):
                    return
            assert time.monotonic() < give_up, script
            time.sleep(0.05)

    def press(self, name: str) -> None:
        """Press a button or a link, when it is there."""
        found = f"({_FIND})('a, button', {json.dumps(name)})"
        self.wait(f"Boolean({found})")
        self.evaluate(f"{found}.click()")

    def fill(self, label: str, text: str) -> None:
        """Type into a field, when it is there."""
        found = f"({_FIND})('input, textarea', {json.dumps(label)})"
        self.wait(f"Boolean({found})")
        self.evaluate(f"{found}.focus()")
        self._browser.call("Input.insertText", self._session, text=text)

    def heading(self, text: str) -> None:
        """Wait for the heading of a screen."""
        self.wait(f"document.querySelector('h1')?.textContent === {json.dumps(text)}")


@contextmanager
def plain_browser(profile: Path) -> Iterator[PlainBrowser]:
    """Run Chromium with a profile in an empty folder."""
    command_in, commands = os.pipe()
    answers, answer_out = os.pipe()
    # Chromium reads commands from descriptor 3, and writes answers to 4
    shell = f'exec "$@" 3<&{command_in} 4>&{answer_out}'
    options = "--headless --remote-debugging-pipe --no-sandbox --disable-gpu --no-first-run"
    chromium = subprocess.Popen(
        ["bash", "-c", shell, "bash", executable(), *options.split(), f"--user-data-dir={profile}"],
        pass_fds=(command_in, answer_out),
        stderr=subprocess.DEVNULL,
    )
    os.close(command_in)
    os.close(answer_out)
    try:
        yield PlainBrowser(commands, answers)
    finally:
        chromium.kill()
        chromium.wait()
        os.close(commands)
        os.close(answers)
