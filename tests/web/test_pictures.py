"""Pictures of docs/app.md: `--screenshots docs/images` takes them again."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.databases import same_on_both
from tests.servers import serve
from tests.web.world import World

pytestmark = same_on_both

LEADERS = ("anna", "jorn", "mila", "noor")
PHONE, DESKTOP = (390, 780), (1280, 800)


@pytest.fixture(scope="module")
def world(migrated_database: Callable[[], str]) -> Iterator[World]:
    """Five members in three movements.

    Three weeks of their updates are imported.
    """
    with serve(migrated_database()) as server:
        world = World(server.url, server.log.parent / "mail")
        tokens = {name: world.register(name) for name in ("robin", *LEADERS)}
        movements = {
            "Floss every day": {"short_description": "Two minutes before bed."},
            "Run in the park": {"short_description": "As slow as you like.", "interval": "weekly"}
            | {"goal": {"of": "count", "at_least": 3}},
            "Read ten pages": {"short_description": "Of a book, on paper if you can."},
        }
        for name, more in movements.items():
            movement = world.start(tokens["anna"], name, **more)
            for member in ("robin", *LEADERS[1:]):
                world.join(tokens[member], movement)
            bring(world, tokens["robin"], movement)
        say(world, tokens["anna"], 1, "Felt great.")
        say(world, tokens["mila"], 1, None)
        say(world, tokens["noor"], 2, "Rainy, but did it.")
        say(world, tokens["robin"], 2, None)
        say(world, tokens["robin"], 3, None)
        yield world


def say(world: World, token: str, movement: int, message: str | None) -> None:
    world.call("POST", f"/movements/{movement}/updates", {"message": message}, token)


def bring(world: World, token: str, movement: int) -> None:
    days = [datetime.now(UTC).date() - timedelta(days=days) for days in range(1, 120)]
    records = [{"day": str(day), "done": True} for day in days if day.day % 9]
    file = {"habits": [{"name": "x", "records": records}]}
    path = f"/movements/{movement}/updates/import?movement=this&skip_duplicates=true"
    world.call("POST", path, file, token)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_today_and_a_movement(
    opened: Callable[..., Any],
    take: Callable[[str, Page], None],
    size: tuple[int, int],
    scheme: str,
) -> None:
    name = f"{'phone' if size == PHONE else 'desktop'}-{scheme}"
    with opened(size, color_scheme=scheme) as app:
        app.enter("robin")
        expect(app.section("Still open")).to_contain_text("Floss every day")
        expect(app.section("Done")).to_contain_text("Read ten pages")
        expect(app.page.get_by_text("2 of 4 did it").first).to_be_visible()
        if name in {"phone-light", "desktop-dark"}:
            take(f"app-today-{name}", app.page)
        app.follow("Floss every day")
        expect(app.page.get_by_role("heading", name="Your year")).to_be_visible()
        if name == "phone-dark":
            take(f"app-movement-{name}", app.page)
