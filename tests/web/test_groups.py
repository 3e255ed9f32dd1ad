"""Groups on the screens: made, filled, led and left."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.clients.test_accessibility import RUN
from tests.databases import same_on_both
from tests.web.administered import administered
from tests.web.app import App
from tests.web.test_access import SMALL, WIDE, drawn
from tests.web.world import World

pytestmark = same_on_both

Opened = Callable[..., Any]


@pytest.fixture(scope="module")
def world(migrated_database: Callable[[], str]) -> Iterator[World]:
    """A server with an organisation.

    Ada administers the service, and ann the organisation, with the members ben and cor.
    """
    with administered(migrated_database()) as made:
        token = made.log_in("ada")
        ids = {name: identity_of(made, name) for name in ("ann", "ben", "cor")}
        body = {"name": "Nurses", "admin": ids["ann"]}
        nurses = made.call("POST", "/organisations", body, token)["id"]
        for name in ("ben", "cor"):
            made.call("PUT", f"/groups/{nurses}/members/{ids[name]}", {}, token)
        yield made


def identity_of(world: World, name: str) -> int:
    return int(world.call("GET", "/identity", token=world.log_in(name))["id"])


def group_of(world: World, name: str) -> int:
    """Return the id of a group."""
    groups = world.call("GET", "/groups", token=world.log_in("ann"))
    return next(int(it["id"]) for it in groups if it["name"] == name)


def lead_to(app: App, *names: str) -> None:
    """Go to a group by the screens."""
    app.follow("You")
    app.page.get_by_role("link", name="Groups", exact=True).click()
    for name in names:
        app.follow(name)
        app.heading(name)


def test_an_admin_makes_a_team_and_appoints_a_coach(opened: Opened, world: World) -> None:
    with opened() as app:
        app.enter("ann")
        lead_to(app, "Nurses")
        expect(app.page.get_by_role("main")).to_contain_text("3 members")
        app.follow("Make a group in it")
        app.press("Make it")
        expect(app.page.get_by_role("textbox", name="Name")).to_be_focused()
        app.fill("Name", "Night shift")
        app.fill("About it", "Everybody at night.")
        app.press("Make it")
        app.heading("Night shift")
        tab = app.page.get_by_role("navigation").get_by_role("link", name="You", exact=True)
        expect(tab).to_have_attribute("aria-current", "page")
        app.follow("Members")
        app.press("Add members")
        app.fill("Find a member of the group above", "be")
        app.press("Add: ben")
        app.tell("ben is a member now.")
        app.press("Show the members")
        people = app.page.get_by_role("list", name="Members")
        expect(people).to_contain_text("ben")
        expect(people).not_to_contain_text("cor")
        app.page.go_back()
        app.heading("Night shift")
        app.follow("Roles")
        app.fill("Find a member of the organisation", "cor")
        app.press("Give: coach, cor")
        app.tell("cor has the role coach now.")
        expect(app.page.get_by_role("list", name="Roles")).to_contain_text("cor")
    with opened() as app:
        app.enter("ben")
        lead_to(app, "Night shift")
        page = app.page.get_by_role("main")
        expect(app.page.get_by_role("list", name="Coaches and admins")).to_contain_text("cor")
        expect(page).to_contain_text("Everybody at night.")
        expect(page).not_to_contain_text("You lead this group")
        app.open(f"/app/g/{group_of(world, 'Night shift')}/members")
        expect(app.page.get_by_role("alert")).to_contain_text("Only")


def test_a_coach_fills_squads_and_does_not_appoint(opened: Opened, world: World) -> None:
    token = world.log_in("ann")
    team = world.call(
        "POST",
        f"/groups/{group_of(world, 'Nurses')}/groups",
        {"kind": "team", "name": "Day shift"},
        token,
    )["id"]
    ben, cor = identity_of(world, "ben"), identity_of(world, "cor")
    world.call("PUT", f"/groups/{team}/members/{ben}", {}, token)
    world.call("PUT", f"/groups/{team}/roles/{cor}/coach", {}, token)
    with opened() as app:
        app.enter("cor")
        lead_to(app, "Day shift")
        expect(app.page.get_by_role("link", name="Roles")).to_have_count(0)
        expect(app.page.get_by_role("link", name="Edit")).to_have_count(0)
        app.follow("Make a group in it")
        app.page.get_by_role("radio", name="Squad").check()
        app.fill("Name", "Early birds")
        app.press("Make it")
        app.heading("Early birds")
        app.follow("Members")
        app.press("Add members")
        app.press("Add: ben")
        app.press("Show the members")
        app.press("Remove: ben")
        app.press("Remove")
        app.tell("You removed ben.")
        app.page.go_back()
        app.follow("Edit")
        app.press("Delete …")
        app.press("Delete for good")
        app.tell("Early birds is deleted.")
        app.heading("Day shift")
        expect(app.page.get_by_role("main")).not_to_contain_text("Early birds")


def test_a_member_leaves_and_the_last_admin_cannot(opened: Opened, world: World) -> None:
    token = world.log_in("ada")
    world.register("dot")
    dot, nurses = identity_of(world, "dot"), group_of(world, "Nurses")
    world.call("PUT", f"/groups/{nurses}/members/{dot}", {}, token)
    with opened() as app:
        app.enter("dot")
        lead_to(app, "Nurses")
        app.press("Leave this group")
        app.press("Leave")
        app.tell("You left Nurses.")
        expect(app.page.get_by_role("main")).to_contain_text("You are in no group.")
        app.follow("You")
        expect(app.page.get_by_role("link", name="Groups")).to_have_count(0)
    with opened() as app:
        app.enter("ann")
        lead_to(app, "Nurses")
        app.press("Leave this group")
        app.press("Leave")
        expect(app.page.get_by_role("dialog")).to_contain_text("the last admin")
        app.press("Cancel")
        app.follow("Settings")
        app.fill("Location", "Utrecht")
        app.press("Save")
        app.tell("Saved.")


def test_an_admin_of_the_service_makes_an_organisation(opened: Opened, world: World) -> None:
    with opened() as app:
        app.enter("ada")
        lead_to(app)
        app.follow("Make an organisation")
        app.fill("Name", "nurses")
        app.press("Make it")
        expect(app.page.locator("#name-error")).to_be_visible()
        app.fill("Name", "Night school")
        app.press("Make it")
        app.heading("Night school")
        expect(app.page.get_by_role("list", name="Coaches and admins")).to_contain_text("ada")


@pytest.mark.parametrize(
    ("size", "scheme"), [((320, 640), "light"), ((390, 844), "dark"), ((1280, 800), "light")]
)
def test_axe_finds_nothing(
    opened: Opened, world: World, axe: Path, size: tuple[int, int], scheme: str
) -> None:
    nurses, found = group_of(world, "Nurses"), []
    with opened(size, color_scheme=scheme) as app:
        app.page.context.add_init_script(path=axe)
        app.enter("ann")
        parts = ("", "/members", "/roles", "/edit", "/new", "/settings")
        for path in ("/app/groups", *(f"/app/g/{nurses}{part}" for part in parts)):
            page = drawn(app, path)
            found += [(path, *violation) for violation in page.evaluate(RUN)]
            found += [(path, "wide", one) for one in page.evaluate(WIDE)]
            found += [(path, "small", one) for one in page.evaluate(SMALL)]
    assert found == []
