"""Journeys of members through the app.

A real browser calls a real server.
"""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.databases import same_on_both
from tests.web.app import App
from tests.web.world import PASSWORD, World

Opened = Callable[..., Any]


def registered(app: App, name: str) -> None:
    """Open an account by the door."""
    app.open()
    app.follow("Open an account")
    app.fill("Username", name)
    app.fill("E-mail", f"{name}@example.org")
    app.fill("Password", PASSWORD)
    app.press("Open the account")
    app.heading("What would you like to keep at?")


def test_j1_register_join_did_it_undo(opened: Opened) -> None:
    with opened(timezone_id="Asia/Tokyo") as app:
        registered(app, "robin")
        assert app.identity()["time_zone"] == "Asia/Tokyo"
        app.press("Join: Floss every day")
        app.heading("Today")
        expect(app.section("Still open")).to_contain_text("until the end of today")

        app.press("Did it: Floss every day")
        app.tell("Saved")
        expect(app.section("Done")).to_contain_text("1 in a row")
        expect(app.section("Still open")).to_have_count(0)
        app.press("Undo")
        app.tell("Undone")
        expect(app.section("Still open")).to_contain_text("Floss every day")
        expect(app.section("Done")).to_have_count(0)


@same_on_both
def test_a_refusal_stands_at_its_field_and_nothing_typed_is_lost(opened: Opened) -> None:
    with opened() as app:
        app.open("/app/register")
        app.fill("Username", "ann")
        app.fill("E-mail", "nowhere")
        app.fill("Password", "short")
        app.press("Open the account")
        expect(app.page.get_by_role("alert")).to_contain_text("marked fields")
        email = app.page.get_by_label("E-mail", exact=True)
        expect(email).to_have_attribute("aria-invalid", "true")
        expect(email).to_have_value("nowhere")
        expect(app.page.locator("#password-error")).to_contain_text("8 characters")


@same_on_both
def test_a_wrong_password_is_refused_in_words(opened: Opened) -> None:
    with opened() as app:
        app.open()
        app.fill("Username or e-mail", "ann")
        app.fill("Password", "not this one")
        app.press("Log in")
        expect(app.page.get_by_role("alert")).to_contain_text("password is wrong")
        expect(app.page.get_by_label("Username or e-mail")).to_have_value("ann")


@same_on_both
def test_an_address_inside_is_shown_after_the_door(opened: Opened) -> None:
    with opened() as app:
        app.enter("ben", path="/app/you/clock")
        app.heading("Clock")
        app.page.reload()
        app.heading("Clock")


def test_j2_two_members_and_a_swap(opened: Opened, world: World) -> None:
    tokens = [world.register(f"leader{number}") for number in range(6)]
    movement = world.start(tokens[0], "Swim in the lake")
    for token in tokens[1:]:
        world.join(token, movement)
    world.register("sam")
    world.join(world.log_in("sam"), movement)
    with opened() as app, opened() as other:
        app.enter("sam", path=f"/app/m/{movement}")
        leader = app.page.locator("a.row-title[href*=leader]").first
        name = str(leader.text_content())

        other.enter(name, path=f"/app/m/{movement}/say")
        other.fill("A word for your followers", "It was cold.")
        other.press("Did it")
        other.tell("Saved")

        app.page.reload()
        leader.click()
        app.heading(name)
        expect(app.page.get_by_role("main")).to_contain_text("It was cold.")
        expect(app.page.get_by_role("main")).to_contain_text("did it just now")
        app.press("Follow another member instead")
        app.press("Follow another member")
        app.tell("You follow")
        expect(app.page.get_by_role("heading", level=1)).not_to_have_text(name)


@same_on_both
def test_words_can_be_added_afterwards(opened: Opened, world: World) -> None:
    token = world.register("uma")
    movement = world.start(token, "Play the piano")
    with opened() as app:
        app.enter("uma")
        app.press("Did it: Play the piano")
        app.follow("Say more")
        app.fill("A word for your followers", "Half an hour of Bach.")
        app.press("Save")
        app.tell("Saved")
        expect(app.page.get_by_role("main")).to_contain_text("Half an hour of Bach.")
        updates = world.call("GET", f"/movements/{movement}/updates", token=token)
        assert [it["message"] for it in updates] == ["Half an hour of Bach."]


@same_on_both
def test_words_that_are_not_saved_lose_nothing(opened: Opened, world: World) -> None:
    token = world.register("una")
    movement = world.start(token, "Play the cello")

    def stored() -> list[Any]:
        updates = world.call("GET", f"/movements/{movement}/updates", token=token)
        return [it["message"] for it in updates]

    with opened() as app:
        app.enter("una")
        app.press("Did it: Play the cello")
        app.follow("Say more")
        app.fill("A word for your followers", "x" * 281)
        app.press("Save")
        expect(app.page.get_by_role("textbox")).to_be_focused()
        assert stored() == [None]
        app.page.route("**/updates", lambda route: route.abort())
        app.fill("A word for your followers", "An hour of Bach.")
        app.press("Save")
        expect(app.page.get_by_role("alert")).to_contain_text("cannot be reached")
        assert stored() == [None]
        app.page.unroute("**/updates")
        app.press("Save")
        expect(app.page.get_by_role("main")).to_contain_text("An hour of Bach.")
        assert stored() == ["An hour of Bach."]


@same_on_both
def test_j4_pause_and_end(opened: Opened, world: World) -> None:
    token = world.register("vera")
    movement = world.start(token, "Water the plants")
    world.start(token, "Call a friend", interval="weekly")
    with opened() as app:
        app.enter("vera", path=f"/app/m/{movement}")
        app.follow("Pause")
        app.page.get_by_role("radio", name="a week", exact=True).check()
        app.press("Pause")
        app.tell("Paused")
        app.follow("Today")
        expect(app.section("Paused")).to_contain_text("Water the plants")
        app.press("End pause: Water the plants")
        expect(app.section("Paused")).to_have_count(0)
        app.open("/app/pause-all")
        app.press("Pause")
        app.tell("Paused")
        expect(app.section("Paused").get_by_role("listitem")).to_have_count(2)


@same_on_both
def test_j5_a_forgotten_password(opened: Opened, world: World) -> None:
    world.register("wim")
    with opened() as app:
        app.open()
        app.follow("Forgot your password?")
        app.fill("E-mail", "wim@example.org")
        app.press("Send me a link")
        expect(app.page.get_by_role("main")).to_contain_text("a mail is on its way")
        app.open(world.link_to("wim@example.org", "reset-password"))
        expect(app.page).to_have_url(f"{world.url}/app/reset-password")  # the token has left it
        app.fill("New password", "another horse")
        app.press("Save the password")
        app.follow("Log in")
        app.enter("wim", "another horse")


@same_on_both
def test_j13_export_and_delete(opened: Opened, world: World) -> None:
    world.register("xena")
    with opened(accept_downloads=True) as app:
        app.enter("xena", path="/app/you/delete")
        app.follow("Export your data first")
        with app.page.expect_download() as saved:
            app.press("Save: Everything")
        exported = json.loads(saved.value.path().read_text())
        assert exported["account"][0]["username"] == "xena"
        app.open("/app/you/delete")
        app.fill("Password", "wrong horse")
        app.press("Delete the account for good")
        expect(app.page.get_by_role("alert")).to_be_visible()
        app.fill("Password", PASSWORD)
        app.press("Delete the account for good")
        expect(app.page.get_by_role("button", name="Log in")).to_be_visible()
        app.fill("Username or e-mail", "xena")
        app.fill("Password", PASSWORD)
        app.press("Log in")
        expect(app.page.get_by_role("alert")).to_contain_text("wrong")


def test_j14_logging_out_in_one_of_two_tabs(opened: Opened, world: World) -> None:
    world.register("yara")
    with opened() as app:
        app.enter("yara")
        tab = app.page.context.new_page()
        tab.goto(f"{world.url}/app")
        expect(tab.get_by_role("heading", level=1)).to_have_text("Today")
        app.follow("You")
        app.press("Log out")
        for page in (app.page, tab):
            expect(page.get_by_role("button", name="Log in")).to_be_visible()
        tab.reload()
        expect(tab.get_by_role("button", name="Log in")).to_be_visible()


@same_on_both
def test_a_session_that_was_ended_elsewhere_leads_to_the_door(opened: Opened, world: World) -> None:
    token = world.register("zoe")
    with opened() as app:
        app.enter("zoe")
        world.call("DELETE", "/auth?everywhere=true", token=token)
        app.follow("You")
        expect(app.page.get_by_role("button", name="Log in")).to_be_visible()


@same_on_both
def test_a_session_in_use_is_renewed_once_a_day(opened: Opened, world: World) -> None:
    world.register("eva")
    with opened() as app:
        app.enter("eva")
        app.page.reload()
        app.heading("Today")
        sent = [url for url in app.asked if url.endswith("/auth/session")]
        assert len(sent) == 1  # the login; nothing is renewed yet
        app.page.evaluate(
            """async () => {
              const opened = indexedDB.open("gridt", 1);
              await new Promise((done) => (opened.onsuccess = done));
              const store = opened.result.transaction("me", "readwrite").objectStore("me");
              const asked = store.get("me");
              await new Promise((done) => (asked.onsuccess = done));
              const kept = store.put({ ...asked.result, renewed: Date.now() - 9e7 }, "me");
              await new Promise((done) => (kept.onsuccess = done));
            }"""
        )
        with app.page.expect_response("**/auth/session") as renewed:
            app.page.reload()
        assert (renewed.value.request.method, renewed.value.status) == ("PUT", 200)


def keyed(page: Page, name: str, role: str) -> None:
    """Press Tab until an element has the focus."""
    wanted = page.get_by_role(role, name=name, exact=True)
    for _ in range(40):
        page.keyboard.press("Tab")
        if wanted.evaluate("it => it === document.activeElement"):
            return
    raise AssertionError(f"no key leads to {name}")


@same_on_both
def test_j17_everything_by_keys(opened: Opened) -> None:
    with opened() as app:
        page = app.open().page
        expect(page.get_by_role("button", name="Log in")).to_be_visible()
        keyed(page, "Open an account", "link")
        page.keyboard.press("Enter")
        app.heading("Open an account")
        texts = {"Username": "keys", "E-mail": "keys@example.org", "Password": PASSWORD}
        for label, text in texts.items():
            page.keyboard.press("Tab")
            while not page.get_by_label(label, exact=True).evaluate(
                "it => it === document.activeElement"
            ):
                page.keyboard.press("Tab")
            page.keyboard.type(text)
        page.keyboard.press("Enter")
        app.heading("What would you like to keep at?")
        expect(page.get_by_role("button", name="Join: Floss every day")).to_be_visible()
        keyed(page, "Join: Floss every day", "button")
        page.keyboard.press("Enter")
        app.heading("Today")
        keyed(page, "Did it: Floss every day", "button")
        page.keyboard.press("Space")
        app.tell("Saved")
        keyed(page, "Undo", "button")
        page.keyboard.press("Enter")
        app.tell("Undone")


@same_on_both
def test_an_account_in_another_zone_is_offered_this_one(opened: Opened, world: World) -> None:
    world.register("ada")
    with opened(timezone_id="America/New_York") as app:
        app.enter("ada")
        app.press("Use America/New_York")
        expect(app.page.get_by_role("button", name="Use America/New_York")).to_have_count(0)
        assert app.identity()["time_zone"] == "America/New_York"


@same_on_both
def test_a_movement_with_a_goal_is_started_and_counted(opened: Opened, world: World) -> None:
    world.register("gus")
    with opened() as app:
        app.enter("gus", path="/app/start")
        app.fill("Name", "Run in the park")
        app.fill("In a sentence", "Slowly.")
        app.page.get_by_role("radio", name="several times a week", exact=True).check()
        app.fill("How many times a week", "3")
        app.press("Start")
        app.heading("Run in the park")
        expect(app.page.get_by_role("main")).to_contain_text("3 times a week")
        app.follow("Today")
        app.press("Did it: Run in the park")
        app.tell("Saved")
        expect(app.section("Still open")).to_contain_text("1 of 3 this week")
        # another update of today would not count
        expect(app.section("Still open")).to_contain_text("Today counts already.")
        expect(app.section("Still open").get_by_role("button")).to_have_count(0)


@same_on_both
def test_an_import_is_shown_before_it_is_saved(opened: Opened, world: World) -> None:
    token = world.register("ian")
    movement = world.start(token, "Stretch a bit")
    days = [(datetime.now() - timedelta(days=days)).date() for days in (5, 6)]
    table = "date\n" + "".join(f"{day}\n" for day in days)
    with opened() as app:
        app.enter("ian", path="/app/you/import")
        file = {"name": "days.csv", "mimeType": "text/csv", "buffer": table.encode()}
        app.page.get_by_label("File", exact=True).set_input_files(files=[file])
        app.press("Look at it first")
        expect(app.page.get_by_role("main")).to_contain_text("2 rows can be saved.")
        app.press("Import 2 rows")
        app.heading("Stretch a bit")
        assert len(world.call("GET", f"/movements/{movement}/updates", token=token)) == 2


@same_on_both
def test_j12_a_blocked_member_leads_no_more_and_is_unblocked(opened: Opened, world: World) -> None:
    tokens = [world.register(name) for name in ("bo", "di")]
    movement = world.start(tokens[0], "Walk the dog")
    world.join(tokens[1], movement)
    with opened() as app:
        app.enter("di", path=f"/app/m/{movement}")
        app.follow("bo")
        app.press("Block bo")
        app.press("Block")
        app.tell("You blocked bo")
        app.heading("Walk the dog")
        expect(app.page.get_by_role("main")).to_contain_text("4 places are open.")
        expect(app.page.get_by_role("link", name="bo")).to_have_count(0)
        app.follow("Today")
        expect(app.section("Still open")).to_contain_text("Nobody leads you yet")
        app.open("/app/you/blocks")
        app.press("Unblock: bo")
        expect(app.page.get_by_role("main")).to_contain_text("blocked nobody")


@same_on_both
@pytest.mark.parametrize("action", ["Leave", "Report this movement"])
def test_leaving_and_reporting(opened: Opened, world: World, action: str) -> None:
    name = f"may{len(action)}"
    world.join(world.register(name), 1)
    with opened() as app:
        app.enter(name, path="/app/m/1")
        app.press(action)
        if action == "Leave":
            app.page.get_by_role("dialog").get_by_role("button", name="Leave").click()
            app.heading("Today")
            app.tell("You left Floss every day.")
        else:
            app.fill("In your words", "It sells toothbrushes.")
            app.press("Report")
            app.tell("Reported")


@same_on_both
def test_a_lost_answer_saves_one_update(opened: Opened, world: World) -> None:
    token = world.register("lou")
    movement = world.start(token, "Drink water", counts_every_update=True)
    with opened() as app:
        app.enter("lou")
        lost: list[int] = []

        def lose(route: Any) -> None:
            if not lost:
                lost.append(route.fetch().status)
                route.abort()
            else:
                route.continue_()

        app.page.route(f"**/movements/{movement}/updates", lose)
        app.press("Did it: Drink water")
        app.tell("Saved")
        assert lost == [201]
        assert len(world.call("GET", f"/movements/{movement}/updates", token=token)) == 1
