"""The app without a network, and when its version changes."""

import ssl
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import trustme
from playwright.sync_api import BrowserContext, Page, expect

from tests.databases import same_on_both
from tests.neighbours import tls_proxy
from tests.servers import PATIENCE, flask
from tests.web.app import App
from tests.web.plain_browser import plain_browser
from tests.web.versions import SWITCH
from tests.web.world import PASSWORD, World, populated

pytestmark = same_on_both

Opened = Callable[..., Any]
Named = Callable[[str], None]

#: all that the browser keeps of a kind
STORED = """async (name) => {
  const opened = indexedDB.open("gridt", 1);
  await new Promise((done) => (opened.onsuccess = done));
  const asked = opened.result.transaction(name).objectStore(name).getAll();
  await new Promise((done) => (asked.onsuccess = done));
  return asked.result;
}"""
#: lets what waits be three days older
AGED = """async (moment) => {
  const opened = indexedDB.open("gridt", 1);
  await new Promise((done) => (opened.onsuccess = done));
  const store = opened.result.transaction("outbox", "readwrite").objectStore("outbox");
  const asked = store.getAll();
  await new Promise((done) => (asked.onsuccess = done));
  const kept = asked.result.map((row) => store.put({ ...row, at: moment }, row.key));
  await Promise.all(kept.map((it) => new Promise((done) => (it.onsuccess = done))));
}"""
#: the addresses of all answers that the worker keeps
KEPT = """async () => {
  const names = await caches.keys();
  const all = await Promise.all(names.map(async (it) => (await caches.open(it)).keys()));
  return all.flat().map(({ url }) => new URL(url).pathname);
}"""
#: the version of the page
VERSION = "document.querySelector('script[type=module]').src.split('/')[4]"
#: looks for a new version, and waits until it can begin
LOOK = """async () => {
  const registration = await navigator.serviceWorker.getRegistration("/app");
  await registration.update();
  while (!registration.waiting) await new Promise((done) => setTimeout(done, 20));
}"""


@pytest.fixture(scope="module")
def world(migrated_database: Callable[[], str]) -> Iterator[World]:
    """A server whose app has two versions.

    Its admin is ann.
    """
    url = migrated_database()
    with populated(url, "tests.web.versions:app") as made:
        flask(url, "gridt", "set-role", "ann", "admin").check_returncode()
        yield made


@pytest.fixture
def switch(world: World) -> Iterator[Named]:
    """Choose the versions of the page and the files."""
    file = world.mails.parent / SWITCH
    yield lambda words: file.write_text(words) and None
    file.unlink(missing_ok=True)


@pytest.fixture
def lasting(opened: Opened) -> Opened:
    """Open the app in a browser that keeps it."""
    return partial(opened, service_workers="allow")


def until(reached: Callable[[], Any]) -> None:
    """Wait for something.

    The app's policy forbids the way in which a page waits for JavaScript.
    """
    give_up = time.monotonic() + PATIENCE
    while not reached():
        assert time.monotonic() < give_up
        time.sleep(0.05)


def ready(page: Page) -> None:
    """Wait until the worker serves the page."""
    until(lambda: page.evaluate("navigator.serviceWorker.controller !== null"))


def go_offline(app: App, *, offline: bool = True) -> None:
    app.page.context.set_offline(offline)


def stamps(world: World, token: str, movement: int) -> list[datetime]:
    """Return when a member did it."""
    updates = world.call("GET", f"/movements/{movement}/updates", token=token)
    return [datetime.fromisoformat(it["time_stamp"]) for it in updates]


def press(page: Page, name: str) -> None:
    """Press *Did it*, and wait until sending has failed."""
    page.get_by_role("button", name=f"Did it: {name}", exact=True).click()
    expect(page.locator(".bar")).to_contain_text("Kept on this device")
    until(lambda: page.evaluate("navigator.locks.query().then(({ held }) => !held.length)"))


def emptied(page: Page) -> None:
    """Wait until nothing waits to be sent."""
    until(lambda: page.evaluate(STORED, "outbox") == [])


def second_tab(context: BrowserContext, world: World) -> Page:
    page = context.new_page()
    page.goto(f"{world.url}/app")
    expect(page.get_by_role("heading", level=1)).to_have_text("Today")
    return page


def test_j6_posts_of_two_tabs_are_sent_once_with_their_moments(
    lasting: Opened, world: World
) -> None:
    token = world.register("jo")
    names = ("Walk to work", "Cook a meal", "Drink some water")
    several = {"counts_every_update": True}
    movements = [
        world.start(token, name, **(several if name == names[2] else {})) for name in names
    ]
    with lasting() as app:
        app.enter("jo")
        ready(app.page)
        tab = second_tab(app.page.context, world)
        go_offline(app)
        before = datetime.now(UTC)
        press(app.page, names[0])
        press(tab, names[1])
        press(app.page, names[2])
        after = datetime.now(UTC)
        for page in (app.page, tab):
            page.goto("about:blank")
        app.page.wait_for_timeout(1500)
        assert [stamps(world, token, it) for it in movements] == [[], [], []]
        go_offline(app, offline=False)
        for page in (app.page, tab):
            page.goto(f"{world.url}/app", wait_until="commit")
        app.heading("Today")
        emptied(app.page)
        for movement in movements:
            (moment,) = stamps(world, token, movement)
            assert before - timedelta(seconds=2) < moment < after
        expect(app.section("Done").get_by_role("listitem")).to_have_count(3)
        expect(app.page.get_by_role("main")).not_to_contain_text("waits to be sent")


def test_the_worker_sends_without_a_page(lasting: Opened, world: World) -> None:
    token = world.register("kim")
    movement = world.start(token, "Tidy the desk")
    with lasting() as app:
        app.enter("kim")
        ready(app.page)
        session = app.page.context.new_cdp_session(app.page)
        ids: list[str] = []
        session.on(
            "ServiceWorker.workerRegistrationUpdated",
            lambda said: ids.extend(it["registrationId"] for it in said["registrations"]),
        )
        session.send("ServiceWorker.enable")
        go_offline(app)
        press(app.page, "Tidy the desk")
        app.page.goto("about:blank")
        assert stamps(world, token, movement) == []
        go_offline(app, offline=False)
        sync = {"origin": world.url, "registrationId": ids[0], "tag": "gridt-outbox"}
        session.send("ServiceWorker.dispatchSyncEvent", {**sync, "lastChance": True})
        until(lambda: len(stamps(world, token, movement)) == 1)


def test_j7_done_on_another_device_meanwhile(lasting: Opened, world: World) -> None:
    token = world.register("lea")
    movement = world.start(token, "Water the garden")
    with lasting() as app:
        app.enter("lea")
        ready(app.page)
        go_offline(app)
        press(app.page, "Water the garden")
        expect(app.section("Done")).to_contain_text("Water the garden")
        world.call("POST", f"/movements/{movement}/updates", {}, token)
        go_offline(app, offline=False)
        emptied(app.page)
        expect(app.page.get_by_role("main")).not_to_contain_text("waits to be sent")
        expect(app.section("Done")).to_contain_text("Water the garden")
        assert len(stamps(world, token, movement)) == 1


def test_an_undo_waits_too_and_what_was_never_sent_is_not_sent(
    lasting: Opened, world: World
) -> None:
    token = world.register("mia")
    said, kept = (world.start(token, name) for name in ("Read aloud", "Write home"))
    world.call("POST", f"/movements/{said}/updates", {}, token)
    with lasting() as app:
        app.enter("mia")
        ready(app.page)
        expect(app.section("Done")).to_contain_text("Read aloud")
        go_offline(app)
        press(app.page, "Write home")
        app.press("Undo: Write home")
        app.tell("Undone.")
        app.press("Undo: Read aloud")
        app.tell("Kept on this device")
        expect(app.section("Still open").get_by_role("listitem")).to_have_count(2)
        go_offline(app, offline=False)
        emptied(app.page)
        assert stamps(world, token, said) == stamps(world, token, kept) == []
        expect(app.section("Still open").get_by_role("listitem")).to_have_count(2)


def test_an_update_whose_answer_was_lost_is_undone(opened: Opened, world: World) -> None:
    token = world.register("nia")
    movement = world.start(token, "Learn a word")
    with opened() as app:
        app.enter("nia")

        def lose(route: Any) -> None:
            if route.request.method == "POST":
                route.fetch()
            route.abort()

        app.page.route("**/updates*", lose)
        press(app.page, "Learn a word")
        assert len(stamps(world, token, movement)) == 1
        app.page.unroute("**/updates*")
        app.press("Undo: Learn a word")
        app.tell("Undone.")
        emptied(app.page)
        assert stamps(world, token, movement) == []


def test_what_the_service_refuses_is_said_and_kept_until_forgotten(
    lasting: Opened, world: World
) -> None:
    token = world.register("ola")
    late, left = (world.start(token, name) for name in ("Sing a song", "Climb a tree"))
    world.join(world.log_in("ann"), left)
    with lasting() as app:
        app.enter("ola")
        ready(app.page)
        go_offline(app)
        press(app.page, "Sing a song")
        press(app.page, "Climb a tree")
        moment = datetime.now(ZoneInfo("Europe/Amsterdam")) - timedelta(days=3)
        app.page.evaluate(AGED, moment.isoformat())
        world.call("DELETE", f"/movements/{left}/subscriber", {}, token)
        go_offline(app, offline=False)
        main = app.page.get_by_role("main")
        words = f"Sing a song: Too late to count (said {moment:%A} "
        expect(main).to_contain_text(words)
        expect(main).to_contain_text("You are not in this movement any more (said ")
        app.page.reload()
        expect(main).to_contain_text(words)
        for left_over in (1, 0):
            app.page.get_by_role("button", name="Forget it").first.click()
            expect(app.page.get_by_role("button", name="Forget it")).to_have_count(left_over)
        expect(app.section("Still open")).to_contain_text("Sing a song")
        emptied(app.page)
        assert stamps(world, token, late) == []


def test_j15_a_session_ends_with_a_post_in_the_queue(lasting: Opened, world: World) -> None:
    token = world.register("pia")
    movement = world.start(token, "Mend a thing")
    world.join(world.register("quin"), movement)
    with lasting() as app:
        app.enter("pia")
        ready(app.page)
        go_offline(app)
        press(app.page, "Mend a thing")
        world.call("DELETE", "/auth?everywhere=true", token=token)
        go_offline(app, offline=False)
        expect(app.page.get_by_role("button", name="Log in")).to_be_visible()
        assert app.page.evaluate(STORED, "seen") == app.page.evaluate(STORED, "me") == []

        app.enter("quin")
        app.heading("Today")
        expect(app.section("Still open")).to_contain_text("Mend a thing")
        expect(app.page.get_by_role("main")).not_to_contain_text("waits to be sent")
        other = world.log_in("quin")
        assert stamps(world, other, movement) == []
        app.follow("You")
        app.press("Log out")
        expect(app.page.get_by_role("button", name="Log in")).to_be_visible()
        assert app.page.evaluate(STORED, "seen") == []
        assert len(app.page.evaluate(STORED, "outbox")) == 1

        app.enter("pia")
        expect(app.section("Done")).to_contain_text("Mend a thing")
        emptied(app.page)
        token = world.log_in("pia")
        assert len(stamps(world, token, movement)) == 1
        assert stamps(world, other, movement) == []


def test_without_a_network_the_app_draws_what_it_read(lasting: Opened, world: World) -> None:
    token = world.register("rosa")
    movement = world.start(token, "Ride a bike")
    with lasting() as app:
        app.enter("rosa", path=f"/app/m/{movement}")
        expect(app.page.get_by_role("heading", name="Your year")).to_be_visible()
        ready(app.page)
        go_offline(app)
        app.page.reload()
        app.heading("Ride a bike")
        expect(app.page.get_by_role("main")).to_contain_text("You are offline. As of ")
        app.follow("With words")
        app.fill("A word for your followers", "Against the wind.")
        app.press("Did it")
        expect(app.page.get_by_role("alert")).to_have_text("You are offline.")
        expect(app.page.get_by_role("textbox")).to_have_value("Against the wind.")
        app.follow("Today")
        expect(app.page.get_by_role("main")).to_contain_text("You are offline. As of ")
        app.follow("Find")
        expect(app.page.get_by_role("alert")).to_have_text("You are offline.")
        kept = app.page.evaluate(KEPT)
        assert "/app" in kept
        assert [path for path in kept if path != "/app" and not path.startswith("/app/~")] == []


def test_j16_a_new_version_comes_with_a_change_of_screen(
    world: World, switch: Named, tmp_path: Path
) -> None:
    world.register("sol")
    with plain_browser(tmp_path) as browser:
        page = browser.tab(f"{world.url}/app")
        page.fill("Username or e-mail", "sol")
        page.fill("Password", PASSWORD)
        page.press("Log in")
        page.heading("Today")
        page.wait("navigator.serviceWorker.controller !== null")
        first = page.evaluate(VERSION)
        tab = browser.tab(f"{world.url}/app/start")
        tab.fill("Name", "Half a na")
        switch("2 2")
        page.evaluate(f"({LOOK})()")
        assert page.evaluate(VERSION) == first
        page.press("Find")
        page.wait(f"{VERSION} !== '{first}'")
        page.heading("What would you like to keep at?")
        page.wait(f"({KEPT})().then((paths) => !paths.some((it) => it.includes('{first}')))")
        # the other tab keeps what is typed, and follows at a later change of screen
        assert tab.evaluate("document.activeElement.value") == "Half a na"
        assert tab.evaluate(VERSION) == first
        tab.press("Today")
        tab.heading("Today")
        assert tab.evaluate(VERSION) == first
        tab.press("You")
        tab.wait(f"{VERSION} !== '{first}'")
        tab.heading("You")


@pytest.mark.parametrize(
    "broken",
    [
        "IDBFactory.prototype.open = () => { throw new DOMException('', 'SecurityError'); };",
        """{
          const open = IDBFactory.prototype.open;  // an older app may not open a newer database
          IDBFactory.prototype.open = function (name) {
            open.call(this, name, 2);
            return open.call(this, name, 1);
          };
        }""",
    ],
)
def test_a_browser_that_keeps_nothing_sends_at_once(
    opened: Opened, world: World, broken: str
) -> None:
    name = f"vic{len(broken)}"
    token = world.register(name)
    movement = world.start(token, f"Sharpen a knife {len(broken)}")
    with opened() as app:
        app.page.add_init_script(broken)
        app.enter(name)
        app.press(f"Did it: Sharpen a knife {len(broken)}")
        app.tell("Saved")
        assert len(stamps(world, token, movement)) == 1
        app.press("Undo")
        app.tell("Undone.")
        assert stamps(world, token, movement) == []
        go_offline(app)
        app.press(f"Did it: Sharpen a knife {len(broken)}")
        app.tell("You are offline.")
        expect(app.section("Still open")).to_contain_text("Sharpen a knife")
        go_offline(app, offline=False)
        app.page.reload()
        expect(app.page.get_by_role("button", name="Log in", exact=True)).to_be_visible()
        assert stamps(world, token, movement) == []


def test_two_versions_lead_to_one_reload(opened: Opened, world: World, switch: Named) -> None:
    world.register("tom")
    with opened() as app:
        app.enter("tom")
        app.heading("Today")
        loads: list[str] = []
        app.page.on("load", lambda page: loads.append(page.url))
        switch("2 2")
        app.follow("Find")
        app.heading("What would you like to keep at?")  # of the second version, after a reload
        switch("2 1")
        app.follow("You")
        app.heading("Not now")
        assert len(loads) == 1
    with opened() as app:
        loads.clear()
        app.page.on("load", lambda page: loads.append(page.url))
        app.open()  # no module of this version is there
        expect(app.page.get_by_text("A new version of the app is on its way.")).to_be_visible()
        app.page.wait_for_timeout(500)
        assert len(loads) == 2
        switch("2 2")
        app.press("Try again")
        expect(app.page.get_by_role("button", name="Log in")).to_be_visible()
        app.complaints.clear()  # the style of this version was not there either


def test_admins_read_which_setting_a_tls_proxy_needs(opened: Opened, world: World) -> None:
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(tls)
    words = "Set GRIDT_PROXY_HOPS"
    with opened() as app:
        app.enter("ann", path="/app/you")
        app.heading("You")
        expect(app.page.get_by_role("main")).not_to_contain_text(words)
    with tls_proxy(world.url, tls) as port, opened(ignore_https_errors=True) as app:
        app.world = World(f"https://127.0.0.1:{port}", world.mails)
        app.enter("ann", path="/app/you")
        expect(app.page.get_by_role("main")).to_contain_text(words)
        app.press("Log out")
        app.enter("ben", path="/app/you")
        app.heading("You")
        expect(app.page.get_by_role("main")).not_to_contain_text(words)
