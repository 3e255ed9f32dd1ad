"""Links into a group, opened in a browser."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.databases import same_on_both
from tests.servers import flask
from tests.web.app import App
from tests.web.world import PASSWORD, World, populated

pytestmark = same_on_both

Opened = Callable[..., Any]
CLUB = "The rowing club"


@pytest.fixture(scope="module")
def world(migrated_database: Callable[[], str]) -> Iterator[World]:
    """Run a server where ann leads a club."""
    url = migrated_database()
    with populated(url) as made:
        done = flask(url, "gridt", "create-organisation", CLUB, "--admin", "ann", GROUPS="true")
        done.check_returncode()
        yield made


def main_of(app: App) -> Locator:
    return app.page.get_by_role("main")


def new_link(world: World, **members: Any) -> str:
    """Return the address of a new link into the club."""
    made = world.call("POST", "/groups/1/invitations", members, world.log_in("ann"))
    return str(made["address"])


def in_club(world: World, name: str) -> bool:
    exported = world.call("GET", "/identity/export", token=world.log_in(name))
    return [each["group"] for each in exported["memberships"]] == [CLUB]


def test_a_new_person_registers_with_a_link(opened: Opened, world: World) -> None:
    with opened() as app:
        app.open(new_link(world))
        expect(main_of(app)).to_contain_text(f"You are invited into {CLUB}")
        assert "token" not in app.page.url
        app.fill("Username", "eva")
        app.fill("E-mail", "eva@example.org")
        app.fill("Password", PASSWORD)
        app.press("Open the account")
        app.heading("What would you like to keep at?")
    assert in_club(world, "eva")


def test_a_member_joins_by_a_press_and_not_by_opening_the_link(
    opened: Opened, world: World
) -> None:
    link = new_link(world, max_uses=1)
    with opened() as app:
        app.enter("ben")
        app.open(link)
        expect(main_of(app)).to_contain_text(f"You are invited into {CLUB}")
        assert not in_club(world, "ben")
        app.press("Join the group")
        expect(main_of(app)).to_contain_text(f"You have joined {CLUB}.")
        assert in_club(world, "ben")
        app.follow("Go to Today")
        app.open(link)
        expect(main_of(app)).to_contain_text("This invitation was used before.")


def test_a_person_with_an_account_logs_in_on_the_way(opened: Opened, world: World) -> None:
    with opened() as app:
        app.open(new_link(world))
        app.press("I have an account")
        app.fill("Username or e-mail", "cor")
        app.fill("Password", PASSWORD)
        app.press("Log in")
        app.press("Join the group")
        expect(main_of(app)).to_contain_text(f"You have joined {CLUB}.")
    assert in_club(world, "cor")
