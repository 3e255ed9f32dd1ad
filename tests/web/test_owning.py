"""A creator edits a movement, and looks after its members."""

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.error import HTTPError

import pytest
from playwright.sync_api import Request, expect

from tests.databases import same_on_both
from tests.web.administered import MANY, administered, crowd
from tests.web.app import App
from tests.web.world import World

pytestmark = same_on_both

Opened = Callable[..., Any]


@pytest.fixture(scope="module")
def world(migrated_database: Callable[[], str]) -> Iterator[World]:
    with administered(migrated_database()) as made:
        yield made


def main_of(app: App) -> Any:
    return app.page.get_by_role("main")


def changes_sent(app: App) -> list[Any]:
    """Return the bodies of changes.

    The list gets them as they are sent.
    """
    bodies: list[Any] = []

    def note(request: Request) -> None:
        if request.method == "PATCH":
            bodies.append(json.loads(request.post_data or ""))

    app.page.on("request", note)
    return bodies


def test_a_creator_edits_a_movement(opened: Opened, world: World) -> None:
    movement = world.start(world.log_in("ann"), "Ride a bicycle")
    with opened() as app:
        sent = changes_sent(app)
        app.enter("ann", path=f"/app/m/{movement}")
        app.follow("Edit")
        app.heading("Edit")
        app.fill("Name", "R")
        app.press("Save")
        expect(app.page.locator("#name")).to_be_focused()
        expect(app.page.locator("#name-error")).to_be_visible()

        app.fill("Name", "Ride a bike")
        app.page.get_by_role("radio", name="several times a month", exact=True).check()
        app.fill("How many times a month", "4")
        app.fill("Misses that do not end a streak", "1")
        app.press("Save")
        app.heading("Ride a bike")
        app.tell("Saved")
        expect(main_of(app)).to_contain_text("4 times a month")
        expect(main_of(app)).to_contain_text("you may miss 1 of 30 turns")
        assert sent[-1] == {
            "name": "Ride a bike",
            "interval": "monthly",
            "free_misses": 1,
            "free_turns": 30,
            "goal": {"of": "count", "at_least": 4},
        }


def test_the_fields_show_a_movement_as_it_is(opened: Opened, world: World) -> None:
    goal = {"of": "count", "at_least": 2}
    token = world.log_in("ann")
    weekly = world.start(token, "Swim", interval="weekly", goal=goal, free_misses=2, free_turns=9)
    odd = world.start(token, "Stand up", interval="PT6H")
    with opened() as app:
        sent = changes_sent(app)
        app.enter("ann", path=f"/app/m/{weekly}/edit")
        rhythm = app.page.get_by_role("radio", name="several times a week", exact=True)
        expect(rhythm).to_be_checked()
        expect(app.page.get_by_label("How many times a week")).to_have_value("2")
        expect(app.page.get_by_label("Misses that do not end a streak")).to_have_value("2")
        expect(app.page.get_by_label("In how many turns in a row")).to_have_value("9")
        app.fill("How many times a week", "1")
        app.press("Save")
        app.heading("Swim")
        expect(main_of(app)).to_contain_text("every week")
        assert sent == [{"goal": None}]

        app.open(f"/app/m/{odd}/edit")
        expect(app.page.get_by_role("radio", name="every 6 hours")).to_be_checked()
        app.fill("In a sentence", "Get off the chair.")
        app.press("Save")
        app.heading("Stand up")
        assert sent[1:] == [{"short_description": "Get off the chair."}]


def test_a_creator_removes_a_member_and_lets_them_back(opened: Opened, world: World) -> None:
    movement = world.start(world.log_in("ann"), "Sing")
    world.join(world.log_in("ben"), movement)
    world.join(world.log_in("cor"), movement)
    with opened() as app:
        app.enter("ann", path=f"/app/m/{movement}")
        app.follow("Members")
        app.heading("Members")
        expect(app.page.get_by_role("list", name="Members").get_by_role("listitem")).to_have_count(
            3
        )
        expect(app.page.get_by_role("button", name="Remove: ann")).to_have_count(0)
        expect(main_of(app)).to_contain_text("has not done it yet")
        app.press("Remove: ben")
        dialog = app.page.get_by_role("dialog")
        expect(dialog).to_contain_text("ben cannot join again until you let them back")
        dialog.get_by_role("button", name="Cancel").click()
        expect(dialog).to_have_count(0)
        app.press("Remove: ben")
        dialog.get_by_role("button", name="Remove", exact=True).click()
        app.tell("You removed ben.")
        expect(app.page.get_by_role("list", name="Members")).not_to_contain_text("ben")
        with pytest.raises(HTTPError, match="403"):
            world.join(world.log_in("ben"), movement)

        app.follow("Removed members")
        app.heading("Removed members")
        app.press("Let back: ben")
        app.tell("ben may join again.")
        expect(main_of(app)).to_contain_text("No member was removed")
        world.join(world.log_in("ben"), movement)


def test_a_creator_finds_a_member_among_many(opened: Opened, world: World) -> None:
    movement = world.start(world.log_in("ann"), "Walk in a crowd")
    crowd(world, movement)
    with opened() as app:
        app.enter("ann", path=f"/app/m/{movement}/members")
        rows = app.page.get_by_role("list", name="Members").get_by_role("listitem")
        expect(rows).to_have_count(50)
        app.press("Show more")
        expect(rows).to_have_count(MANY + 1)
        expect(app.page.get_by_role("button", name="Show more")).to_have_count(0)
        app.fill("Find a member", "Crowd17")
        expect(rows).to_have_count(1)
        expect(rows).to_contain_text("crowd17")
        app.fill("Find a member", "crowd")
        expect(main_of(app)).to_contain_text("No member has this username.")


def test_a_member_sees_who_sees_members_and_no_more(opened: Opened) -> None:
    with opened() as app:
        app.enter("ben", path="/app/m/1")
        expect(main_of(app)).to_contain_text("The person who started it and admins")
        expect(app.page.get_by_role("link", name="Edit")).to_have_count(0)
        expect(app.page.get_by_role("link", name="Members")).to_have_count(0)
        app.open("/app/m/1/edit")
        expect(main_of(app)).to_contain_text(
            "Only the person who started this movement, and admins"
        )
        expect(app.page.get_by_label("Name")).to_have_count(0)
        for path in ("/app/m/1/members", "/app/m/1/removed"):
            app.open(path)
            expect(app.page.get_by_role("alert")).to_contain_text(
                "Only the creator of this movement"
            )
            expect(app.page.get_by_role("list", name="Members")).to_have_count(0)


def test_a_creator_reads_what_leaving_and_deleting_lead_to(opened: Opened, world: World) -> None:
    movement = world.start(world.log_in("ann"), "Draw a tree")
    world.join(world.log_in("ben"), movement)
    with opened() as app:
        app.enter("ann", path=f"/app/m/{movement}")
        app.press("Leave")
        dialog = app.page.get_by_role("dialog")
        expect(dialog).to_contain_text("You stay the person who started it")
        dialog.get_by_role("button", name="Cancel").click()
        app.follow("Edit")
        expect(main_of(app)).to_contain_text("1 other member is in it, so you cannot delete it.")
        expect(app.page.get_by_role("button", name="Delete …")).to_have_count(0)

        world.call("DELETE", f"/movements/{movement}/subscriber", {}, world.log_in("ben"))
        app.page.reload()
        app.press("Delete …")
        expect(dialog).to_contain_text("This cannot be undone.")
        dialog.get_by_role("button", name="Delete for good").click()
        app.heading("Today")
        app.tell("Draw a tree is deleted.")
        expect(main_of(app)).not_to_contain_text("Draw a tree")


def test_a_refusal_is_shown_in_the_sheet(opened: Opened, world: World) -> None:
    """Another member joins while the creator reads the question."""
    movement = world.start(world.log_in("ann"), "Look at clouds")
    with opened() as app:
        app.enter("ann", path=f"/app/m/{movement}/edit")
        app.press("Delete …")
        world.join(world.log_in("ben"), movement)
        app.press("Delete for good")
        alert = app.page.get_by_role("dialog").get_by_role("alert")
        expect(alert).to_contain_text("Other users are subscribed")


def test_an_admin_edits_a_movement_of_another_user(opened: Opened) -> None:
    with opened() as app:
        app.enter("ada", path="/app/m/2")
        app.heading("Read ten pages")
        app.follow("Edit")
        expect(main_of(app)).to_contain_text("You edit Read ten pages as an admin.")
        app.fill("In a sentence", "On paper.")
        app.press("Save")
        app.tell("Saved")
        expect(main_of(app)).to_contain_text("On paper.")
