"""Admins: reports, people, invitations and the log."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Locator, expect

from tests.databases import same_on_both
from tests.web.administered import MANY, administered, crowd
from tests.web.app import App
from tests.web.world import PASSWORD, World

pytestmark = same_on_both

Opened = Callable[..., Any]


@pytest.fixture(scope="module")
def world(migrated_database: Callable[[], str]) -> Iterator[World]:
    with administered(migrated_database()) as made:
        yield made


def main_of(app: App) -> Locator:
    return app.page.get_by_role("main")


def card_of(app: App, words: str) -> Locator:
    """Return the report about some words."""
    return app.page.locator("li.report").filter(has_text=words)


def answer(app: App, button: str) -> None:
    """Press a button of the sheet."""
    app.page.get_by_role("dialog").get_by_role("button", name=button, exact=True).click()


def id_of(world: World, name: str) -> int:
    return int(world.call("GET", "/identity", token=world.log_in(name))["id"])


def test_nothing_of_it_is_shown_or_loaded_for_a_member(opened: Opened) -> None:
    with opened() as app:
        app.enter("ben", path="/app/you")
        app.heading("You")
        expect(app.page.get_by_role("link", name="Moderation")).to_have_count(0)
        pages = ("reports", "people", "people/1", "invitations", "invite", "log")
        for path in ("/app/admin", *(f"/app/admin/{page}" for page in pages)):
            app.open(path)
            app.heading("Moderation")
            expect(main_of(app)).to_contain_text("Only admins of this service see this screen.")
        paths = [urlsplit(url).path for url in app.asked]
        assert not [it for it in paths if it.startswith("/admin") or "/screens/admin/" in it]


def test_j11_a_report_is_looked_at_and_the_update_taken_back(opened: Opened, world: World) -> None:
    tokens = [world.log_in(name) for name in ("ann", "ben")]
    movement = world.start(tokens[0], "Buy nothing")
    world.join(tokens[1], movement)
    said = {"message": "Buy my pills!"}
    world.call("POST", f"/movements/{movement}/updates", said, tokens[1])
    leader = f"/app/m/{movement}/leader/{id_of(world, 'ben')}"
    with opened() as app, opened() as other:
        app.enter("ann", path=leader)
        expect(main_of(app)).to_contain_text("Buy my pills!")
        app.press("Report")
        app.page.get_by_role("radio", name="Spam").check()
        app.fill("In your words", "An advertisement.")
        answer(app, "Report")
        app.tell("Reported.")

        other.enter("ada", path="/app/you")
        other.follow("Moderation")
        other.heading("Moderation")
        other.follow("Reports")
        card = card_of(other, "Buy my pills!")
        for words in ("An update by ben", "Spam", "An advertisement.", "Reported byann"):
            expect(card).to_contain_text(words)
        other.press("Take back the update: An update by ben")
        expect(other.page.get_by_role("dialog")).to_contain_text("This cannot be undone.")
        answer(other, "Take it back")
        note = other.page.get_by_label("Your note")
        expect(note).to_have_value("The update was taken back.")
        answer(other, "Close the report")
        other.tell("The report is closed.")
        expect(card).to_have_count(0)
        other.page.get_by_role("radio", name="Closed").check()
        expect(card).to_contain_text("The update was taken back.")
        expect(card).to_contain_text("ada")
        expect(card.get_by_role("button")).to_have_count(0)

        app.page.reload()
        app.heading("ben")
        expect(main_of(app)).to_contain_text("Nothing yet.")


def test_a_report_is_closed_with_a_note_and_not_without(opened: Opened, world: World) -> None:
    reason = {"reason": "It is not a habit.", "category": "other"}
    world.call("POST", "/movements/2/reports", reason, world.log_in("cor"))
    with opened() as app:
        app.enter("ada", path="/app/admin/reports")
        card = card_of(app, "It is not a habit.")
        expect(card).to_contain_text("A movement by ann")
        expect(card.get_by_role("link", name="Edit or delete the movement")).to_be_visible()
        app.press("Close with a note: A movement by ann")
        answer(app, "Close the report")
        expect(app.page.locator("#resolution")).to_be_focused()
        expect(app.page.locator("#resolution-error")).to_be_visible()
        app.fill("Your note", "Nothing: it is one.")
        answer(app, "Close the report")
        app.tell("The report is closed.")
        expect(card).to_have_count(0)


def test_the_author_of_a_report_is_deactivated(opened: Opened, world: World) -> None:
    movement = world.start(world.register("eve"), "Spam others")
    reason = {"reason": "All of it.", "category": "spam"}
    world.call("POST", f"/movements/{movement}/reports", reason, world.log_in("cor"))
    with opened() as app:
        app.enter("ada", path="/app/admin/reports")
        card_of(app, "All of it.").get_by_role("button", name="Deactivate eve").click()
        answer(app, "Deactivate")
        note = app.page.get_by_label("Your note")
        expect(note).to_have_value("The account was deactivated.")
        answer(app, "Cancel")
        expect(card_of(app, "All of it.")).to_be_visible()
        with pytest.raises(HTTPError, match="403"):
            world.log_in("eve")


def test_an_admin_finds_deactivates_and_reactivates_a_person(opened: Opened, world: World) -> None:
    world.register("flo")
    with opened() as app:
        app.enter("ada", path="/app/admin/people")
        rows = app.page.get_by_role("list", name="People").get_by_role("listitem")
        app.fill("Find a person", "FLO@exam")
        expect(rows).to_have_count(1)
        expect(rows).to_contain_text("last seen just now")
        app.follow("flo")
        app.heading("flo")
        expect(main_of(app)).to_contain_text("flo@example.org · not confirmed")
        app.press("Deactivate")
        expect(app.page.get_by_role("dialog")).to_contain_text("leaves every movement")
        answer(app, "Deactivate")
        app.tell("flo is deactivated.")
        expect(main_of(app)).to_contain_text("This account has been deactivated since")
        with pytest.raises(HTTPError, match="403"):
            world.log_in("flo")

        app.page.go_back()
        app.page.get_by_role("radio", name="Deactivated").check()
        app.follow("flo")
        app.press("Reactivate")
        answer(app, "Reactivate")
        app.tell("flo is active again.")
        world.log_in("flo")


def test_the_list_of_people_has_pages_and_filters(opened: Opened, world: World) -> None:
    crowd(world, 1)
    with opened() as app:
        app.enter("ada", path="/app/admin/people")
        rows = app.page.get_by_role("list", name="People").get_by_role("listitem")
        expect(rows).to_have_count(50)
        app.press("Show more")
        expect(rows.nth(MANY)).to_be_visible()
        app.page.get_by_role("radio", name="Admins").check()
        expect(rows).to_have_count(1)
        expect(rows).to_contain_text("ada")
        app.page.get_by_role("radio", name="Never logged in").check()
        expect(main_of(app)).to_contain_text("No account is like this.")

        # each of them registered and logged in, which the log has
        app.open("/app/admin/log")
        entries = app.page.get_by_role("list", name="Log").get_by_role("listitem")
        expect(entries).to_have_count(50)
        app.press("Show more")
        expect(entries).to_have_count(100)


def test_roles_are_given_and_taken_but_the_last(opened: Opened, world: World) -> None:
    with opened() as app, opened() as other:
        app.enter("ada", path=f"/app/admin/people/{id_of(world, 'cor')}")
        app.press("Make an admin")
        answer(app, "Make an admin")
        app.tell("cor is an admin now.")
        other.enter("cor", path="/app/admin/people")
        other.heading("People")

        app.press("Take the role of an admin")
        answer(app, "Take the role")
        app.tell("cor is no admin any more.")
        # the screen is open there, and the service refuses what it asks for next
        other.page.get_by_role("radio", name="Admins").check()
        expect(other.page.get_by_role("alert")).to_contain_text("Only admins may do this.")
        expect(other.page.get_by_role("list", name="People")).to_have_count(0)

        app.open(f"/app/admin/people/{id_of(world, 'ada')}")
        expect(app.page.get_by_role("button", name="Deactivate")).to_have_count(0)
        app.press("Give up the role of an admin")
        answer(app, "Give it up")
        alert = app.page.get_by_role("dialog").get_by_role("alert")
        expect(alert).to_contain_text("This is the last admin.")


def test_an_invitation_is_made_copied_used_and_revoked(opened: Opened, world: World) -> None:
    with opened(permissions=["clipboard-read", "clipboard-write"]) as app, opened() as other:
        app.enter("ada", path="/app/admin/invitations")
        app.follow("Invite people")
        app.heading("Invite people")
        app.fill("Note", "The rowing club")
        app.fill("For how many people", "0")
        app.press("Make the invitation")
        expect(app.page.locator("#max_uses-error")).to_be_visible()
        app.fill("For how many people", "3")
        app.press("Make the invitation")
        app.heading("The invitation")
        app.press("Copy the code")
        app.tell("The code is copied.")
        code = app.page.evaluate("navigator.clipboard.readText()")
        assert app.page.get_by_label("Code").input_value() == code
        app.press("Copy the link")
        app.tell("The link is copied.")
        link = app.page.evaluate("navigator.clipboard.readText()")

        other.page.goto(link)
        expect(main_of(other)).to_contain_text("You are invited")
        expect(other.page.get_by_label("Invitation code")).to_have_value(code)
        guest = {"username": "gus", "email": "gus@example.org", "password": PASSWORD}
        world.call("POST", "/register", guest | {"invitation": code})

        app.open("/app/admin/invitations")
        row = app.page.get_by_role("listitem").filter(has_text="The rowing club")
        expect(row).to_contain_text("1 of 3 uses")
        app.press("Revoke: The rowing club")
        answer(app, "Revoke")
        app.tell("The invitation is revoked.")
        expect(row).to_have_count(0)
        app.page.get_by_role("radio", name="Over").check()
        expect(row).to_contain_text("revoked")
        expect(row.get_by_role("button")).to_have_count(0)


def test_an_invitation_may_be_for_one_address(opened: Opened) -> None:
    with opened() as app:
        app.enter("ada", path="/app/admin/invite")
        app.fill("For an e-mail address", "hal@example.org")
        expect(app.page.get_by_label("For how many people")).to_have_count(0)
        app.page.get_by_role("radio", name="three months").check()
        app.press("Make the invitation")
        app.heading("The invitation")
        expect(main_of(app)).to_contain_text("It is for hal@example.org, until")
        app.open("/app/admin/invitations")
        row = app.page.get_by_role("listitem").filter(has_text="hal@example.org")
        expect(row).to_contain_text("0 of 1 use")


def test_the_log_is_narrowed(opened: Opened, world: World) -> None:
    world.register("ida")
    number = id_of(world, "ida")
    with pytest.raises(HTTPError, match="401"):
        world.call("POST", "/auth", {"username": "ida", "password": "not this one"})
    with opened() as app:
        app.enter("ada", path=f"/app/admin/people/{number}")
        app.follow("In the log")
        app.heading("Log")
        expect(app.page.get_by_label("Number of a person")).to_have_value(str(number))
        rows = app.page.get_by_role("list", name="Log").get_by_role("listitem")
        expect(rows.filter(has_text="Account registered")).to_have_count(1)
        app.page.get_by_label("Kind of entry").select_option(label="Wrong password")
        expect(rows).to_have_count(1)
        expect(rows).to_contain_text(f"about person {number}")
        app.page.get_by_role("radio", name="Last day").check()
        expect(rows).to_have_count(1)
        app.page.get_by_label("Kind of entry").select_option(label="Data exported")
        expect(main_of(app)).to_contain_text("The log has no such entry.")
