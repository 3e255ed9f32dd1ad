"""Print the sizes, requests and times of the app.

`make app-check` measures them in Chromium, beside their budgets. The tests hold the sizes; times
depend on the machine.
"""

import json
import tempfile
from statistics import median

from playwright.sync_api import BrowserContext

from gridt.web.files import Files
from tests.browser import chromium
from tests.servers import flask
from tests.web.app import App
from tests.web.world import World, populated

#: how often each visit is measured
ROUNDS = 5
#: milliseconds from the beginning of a visit until the screen has its heading
DRAWN = """() => new Promise((done) => {
  const look = () => document.querySelector("main h1")
    ? done(Math.round(performance.now())) : requestAnimationFrame(look);
  look();
})"""


def main() -> None:
    """Measure, and print."""
    for name, (size, budget) in sizes().items():
        print(f"{name:32} {size:>8} of {budget}")
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        url = f"sqlite:///{folder}/gridt.sqlite"
        flask(url, "db", "upgrade").check_returncode()
        with populated(url) as world:
            cold = []
            for _ in range(ROUNDS):
                with browser.new_context() as context:
                    cold.append(visit(context, world))
            print(f"{'door drawn, first visit':32} {median(cold):>5} ms")
            with browser.new_context() as context:
                times, asked = warm(context, world)
            print(f"{'Today drawn, later visits':32} {median(times):>5} ms of 300")
            print(f"{'requests of a later visit':32} {', '.join(asked)}")


def sizes() -> dict[str, tuple[int, int]]:
    """Return the sizes of the app's files, and their budgets."""
    files = Files()

    def packed(name: str) -> int:
        file = files.find(name)
        return 0 if file is None else len(file.compressed or file.content)

    eager, style = sum(map(packed, files.eager)), packed("app.css")
    return {
        "modules at the start": (len(files.eager), 20),
        "their bytes, gzipped": (eager, 40 * 1024),
        "bytes of the style, gzipped": (style, 6 * 1024),
        "bytes of a first visit, gzipped": (eager + style + packed("start.js"), 60 * 1024),
    }


def visit(context: BrowserContext, world: World) -> int:
    """Open the app; return when it was drawn."""
    page = context.new_page()
    page.goto(f"{world.url}/app")
    drawn = int(page.evaluate(DRAWN))
    page.wait_for_load_state("networkidle")
    page.close()
    return drawn


def warm(context: BrowserContext, world: World) -> tuple[list[int], list[str]]:
    """Visit Today often, with files from the worker."""
    page = context.new_page()
    App(page, world).enter("ben").heading("Today")
    page.evaluate("navigator.serviceWorker.ready.then(() => null)")
    page.close()
    times = [visit(context, world) for _ in range(ROUNDS)]
    before = len(requests_of(world))
    visit(context, world)
    return times, requests_of(world)[before:]


def requests_of(world: World) -> list[str]:
    """Return the requests that reached the service."""
    lines = (world.mails.parent / "log").read_text().splitlines()
    said = [json.loads(line)["message"] for line in lines if '"gridt.requests"' in line]
    return [message.removeprefix("GET ") for message in said]


if __name__ == "__main__":
    main()
