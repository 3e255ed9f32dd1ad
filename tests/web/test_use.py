"""How the app is used.

Refusals, ways back, long lists, and strange names.
"""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.error import HTTPError

from playwright.sync_api import Locator, Page, expect

from tests.databases import same_on_both
from tests.nasty import NASTY
from tests.web.app import App
from tests.web.world import PASSWORD, World

pytestmark = same_on_both

Opened = Callable[..., Any]
LOW = (390, 480)


def main_of(app: App) -> Locator:
    return app.page.get_by_role("main")


def pointed_at(field: Locator) -> None:
    """Wait until a refused field is focused and visible."""
    expect(field).to_be_focused()
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_be_in_viewport()


def test_what_is_refused_is_shown_at_its_field(opened: Opened, world: World) -> None:
    with opened(LOW) as app:
        app.open("/app/register")
        values = {"Username": "ann", "E-mail": "zed@example.org", "Password": PASSWORD}
        for label, text in values.items():
            app.fill(label, text)
        app.press("Open the account")
        pointed_at(app.page.get_by_label("Username", exact=True))
        expect(app.page.locator("#username-error")).to_contain_text("taken")
        app.fill("Username", "zed")
        app.fill("E-mail", "ann@example.org")
        app.press("Open the account")
        pointed_at(app.page.get_by_label("E-mail", exact=True))

        app.enter("ben", path="/app/start")
        app.fill("Name", "Floss every day")
        app.fill("In a sentence", "Again.")
        app.press("Start")
        pointed_at(app.page.get_by_label("Name", exact=True))
        app.fill("Name", "Floss at noon")
        app.page.get_by_text("More choices").click()
        app.fill("Misses that do not end a streak", "9")
        app.fill("In how many turns in a row", "9")
        app.page.get_by_text("More choices").click()
        app.press("Start")
        pointed_at(app.page.get_by_label("Misses that do not end a streak"))


def test_a_refusal_without_a_field_is_shown_as_well(opened: Opened) -> None:
    with opened(LOW) as app:
        app.enter("ben", path="/app/start")
        app.page.route("**/movements", lambda route: route.abort())
        app.press("Start")
        alert = app.page.get_by_role("alert")
        expect(alert).to_contain_text("cannot be reached")
        expect(alert).to_be_focused()
        expect(alert).to_be_in_viewport()


def test_a_wrong_password_stands_at_its_field(opened: Opened, world: World) -> None:
    world.register("pia")
    with opened() as app:
        app.enter("pia", path="/app/you/delete")
        app.fill("Password", "not this one")
        app.press("Delete the account for good")
        pointed_at(app.page.get_by_label("Password", exact=True))
        expect(app.page.locator("#password-error")).to_have_text(
            re.compile("This password is wrong.")
        )
        app.open("/app/you/account")
        app.fill("Present password", "not this one")
        app.page.get_by_label("New password", exact=True).fill("another horse")
        app.press("Change the password")
        pointed_at(app.page.get_by_label("Present password", exact=True))


def test_a_used_link_says_what_to_do(opened: Opened) -> None:
    with opened() as app:
        app.open("/app/reset-password#token=used")
        app.fill("New password", "another horse")
        app.press("Save the password")
        app.follow("Ask for a new link")
        app.heading("Forgot your password?")
        app.open("/app")
        expect(main_of(app)).to_contain_text("You see when four others do it")


def test_words_of_programs_stay_with_programs(opened: Opened, world: World) -> None:
    movement = world.start(world.register("ole"), "Water the garden")
    with opened() as app:
        app.enter("ole", path=f"/app/m/{movement}/pause")
        app.page.get_by_role("radio", name="until a day …").check()
        app.press("Pause")
        pointed_at(app.page.get_by_label("The first day after the pause"))
        expect(app.page.locator("#until-error")).to_contain_text("a day")
        expect(main_of(app)).not_to_contain_text("UTC")
        app.open("/app/you/clock")
        app.fill("Time zone", "Amsterdam")
        app.press("Save")
        pointed_at(app.page.get_by_label("Time zone", exact=True))
        expect(app.page.locator("#time_zone-error")).to_contain_text("choose one of the list")
        expect(main_of(app)).not_to_contain_text("IANA")


def test_each_rhythm_is_one_choice(opened: Opened, world: World) -> None:
    token = world.register("rik")
    with opened() as app:
        app.enter("rik", path="/app/start")
        app.fill("Name", "Swim a length")
        app.fill("In a sentence", "Or two.")
        for rhythm, label, bounds in (
            ("several times a week", "How many times a week", "from 1 to 7"),
            ("every few days", "Every how many days", "from 1 to 365"),
        ):
            app.page.get_by_role("radio", name=rhythm, exact=True).check()
            for wrong in ("", "2.5", "0"):
                app.fill(label, wrong)
                app.press("Start")
                pointed_at(app.page.get_by_label(label))
                expect(app.page.locator("#count-error")).to_contain_text(bounds)
        app.fill("Every how many days", "2")
        app.press("Start")
        app.heading("Swim a length")
        expect(main_of(app)).to_contain_text("every 2 days")
        made = world.call("GET", "/movements/subscriptions", token=token)[0]
        assert (made["interval"], made["goal"]) == ("P2D", None)


def test_a_preview_names_wrong_rows(opened: Opened, world: World) -> None:
    world.start(world.register("ivy"), "Stretch a lot")
    days = [str((datetime.now() - timedelta(days=days)).date()) for days in (5, 6)]
    table = "\n".join(["date", days[0], "soon", days[1], "2999-01-01"])
    with opened() as app:
        app.enter("ivy", path="/app/you/import")
        file = {"name": "days.csv", "mimeType": "text/csv", "buffer": table.encode()}
        app.page.get_by_label("File", exact=True).set_input_files(files=[file])
        app.press("Look at it first")
        expect(main_of(app)).to_contain_text("2 rows are wrong, so nothing can be saved yet.")
        expect(main_of(app)).to_contain_text("Row 3, column “date”: This must be a day")
        expect(main_of(app)).to_contain_text("Row 5, column “date”:")
        expect(main_of(app)).to_contain_text("Of the others, 2 rows would be saved.")
        expect(app.page.get_by_role("button", name="Import 2 rows")).to_have_count(0)


def test_a_way_back_leads_to_the_same_place(opened: Opened, world: World) -> None:
    token = world.register("fay")
    for number in range(45):
        world.start(token, f"Learn word {number:02}")
    with opened() as app:
        app.enter("ben")
        app.follow("Find")
        app.fill("Search movements", "learn")
        rows = app.page.get_by_role("list", name="Movements").get_by_role("listitem")
        expect(rows.first).to_contain_text("Learn word")
        expect(rows).to_have_count(20)
        app.press("Show more")
        expect(rows).to_have_count(40)
        for way in ("link", "browser"):
            wanted = rows.nth(35).get_by_role("link")
            name = str(wanted.text_content())
            wanted.evaluate("it => it.scrollIntoView({ block: 'center' })")
            wanted.click()
            app.heading(name)
            # the title, once the movement was read
            expect(app.page).to_have_title(f"{name} · gridt")
            app.follow("Back") if way == "link" else app.page.go_back()
            app.heading("Find")
            expect(app.page.get_by_label("Search movements")).to_have_value("learn")
            expect(rows).to_have_count(40)
            expect(rows.nth(35)).to_be_in_viewport()
        # joining one far below keeps the list as long as it is
        rows.nth(35).get_by_role("button").click()
        app.tell("You joined")
        expect(rows.nth(35)).to_contain_text("Joined")
        expect(rows).to_have_count(40)
        app.follow("Today")
        app.follow("Find")
        expect(app.page.get_by_label("Search movements")).to_have_value("")


def test_a_visitor_of_a_movement_is_at_find(opened: Opened, world: World) -> None:
    movement = world.start(world.register("gil"), "Bake bread")
    with opened() as app:
        refused: list[str] = []
        app.page.on("response", lambda it: refused.append(it.url) if it.status >= 400 else None)
        app.enter("ben", path=f"/app/m/{movement}")
        app.heading("Bake bread")
        expect(app.page).to_have_title("Bake bread · gridt")
        tab = app.page.get_by_role("navigation").get_by_role("link", name="Find")
        expect(tab).to_have_attribute("aria-current", "page")
        app.press("Join")
        expect(app.page.get_by_role("heading", name="Your year")).to_be_visible()
        assert refused == []


def test_numbers_have_a_meaning(opened: Opened, world: World) -> None:
    token = world.register("nia")
    movement = world.start(token, "Read a poem", free_misses=1, free_turns=7)
    world.call("POST", f"/movements/{movement}/updates", {}, token)
    with opened() as app:
        app.enter("nia", path=f"/app/m/{movement}")
        expect(main_of(app)).to_contain_text("turns in a row")
        text = str(main_of(app).text_content())
        assert "%" not in text
        assert text.count("in a row") == 1
        assert "you may miss 1 of 7 turns" in text
        assert "does not end your streak" in text
        days = [datetime.now().date() - timedelta(days=days) for days in range(1, 9)]
        records = [{"day": str(day), "done": True} for day in days]
        file = {"habits": [{"name": "x", "records": records}]}
        world.call("POST", f"/movements/{movement}/updates/import?movement=this", file, token)
        app.page.reload()
        expect(main_of(app)).to_contain_text(re.compile(r"of the last [89] turns100"))


def test_a_member_asks_for_discreet_notifications(opened: Opened, world: World) -> None:
    world.register("dot")
    with opened() as app:
        app.enter("dot", path="/app/you/language")
        app.page.get_by_role("switch", name="Discreet notifications").check()
        app.press("Save")
        app.tell("Saved")
        assert app.identity()["discreet"] is True


def drag(page: Page, *ways: tuple[tuple[int, int], tuple[int, int]]) -> None:
    """Put fingers down, move them along, and lift them."""
    session = page.context.new_cdp_session(page)
    for step in range(11):
        points = [
            {"id": at, "x": x + (to_x - x) * step / 10, "y": y + (to_y - y) * step / 10}
            for at, ((x, y), (to_x, to_y)) in enumerate(ways)
        ]
        kind = "touchMove" if step else "touchStart"
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def rest(page: Page) -> None:
    """Wait until the page does not scroll any more.

    After a drag it glides on, also from where a script put it meanwhile.
    """
    last = None
    while (now := page.evaluate("scrollY")) != last:
        last = now
        page.wait_for_timeout(400)


def test_the_picture_lets_a_finger_scroll(opened: Opened, world: World) -> None:
    options = {"has_touch": True, "is_mobile": True, "reduced_motion": "reduce"}
    token = world.register("wil")
    world.call("PATCH", "/identity", {"language": "nl"}, token)
    world.join(token, 1)
    with opened((390, 640), **options) as app:
        app.open()
        app.fill("Username or e-mail", "wil")
        app.fill("Password", PASSWORD)
        app.press("Log in")
        app.heading("Vandaag")
        app.open("/app/m/1/network")
        picture = app.page.locator(".picture")
        expect(picture).to_have_attribute("aria-busy", "false")
        marks = app.page.get_by_role("list", name="Wat de tekens betekenen")
        expect(marks).to_contain_text("stil: deed het lang niet")
        app.press("Mijn plek tonen")
        expect(main_of(app)).to_contain_text(re.compile(r": jij, actief, \d+ volgers?, volgt \d"))
        before = picture.screenshot()
        app.press("Inzoomen")
        app.page.wait_for_timeout(300)
        assert picture.screenshot() != before
        app.page.evaluate("scrollTo(0, 0)")
        before = picture.screenshot()
        drag(app.page, ((195, 400), (195, 200)))
        rest(app.page)
        assert app.page.evaluate("scrollY") > 100
        rest(app.page)
        app.page.evaluate("scrollTo(0, 0)")
        rest(app.page)
        assert picture.screenshot() == before
        app.page.evaluate("scrollTo(0, 0)")  # a screenshot may scroll to the picture
        drag(app.page, ((170, 300), (90, 300)), ((220, 300), (300, 300)))
        app.page.wait_for_timeout(300)
        assert app.page.evaluate("[scrollY, visualViewport.scale]") == [0, 1]
        assert picture.screenshot() != before


def test_without_webgl_the_network_is_a_table(opened: Opened, world: World) -> None:
    with opened() as app:
        app.page.add_init_script("HTMLCanvasElement.prototype.getContext = () => null")
        app.enter("ben", path="/app/m/1/network")
        expect(main_of(app)).to_contain_text("it has no WebGL")
        expect(app.page.get_by_role("table")).to_be_visible()
        expect(app.page.locator(".picture")).to_have_count(0)
        expect(app.page.get_by_role("button", name="Zoom in")).to_have_count(0)


def test_bars_have_one_line_on_a_small_phone(opened: Opened, world: World) -> None:
    token = world.register("uli")
    world.call("PATCH", "/identity", {"language": "de"}, token)
    world.start(token, "Zahnseide")
    with opened((320, 640)) as app:
        app.open()
        app.fill("Username or e-mail", "uli")
        app.fill("Password", PASSWORD)
        app.press("Log in")
        app.press("Geschafft: Zahnseide")
        app.tell("Rückgängig")
        for bar in (".bar p > *", ".tabs li span"):
            middles = app.page.locator(bar).evaluate_all(
                """all => all.map((it) => it.getBoundingClientRect())
                    .map((box) => [Math.round((box.top + box.bottom) / 2), box.height])"""
            )
            assert len({middle for middle, _ in middles}) == 1, middles
            assert max(height for _, height in middles) <= 44
        for text in app.page.locator(".tabs li span").all():
            assert text.evaluate("it => it.scrollWidth <= it.clientWidth")


def test_j3_a_turn_ends_while_the_page_is_open(opened: Opened, world: World) -> None:
    token = world.register("ted")
    movement = world.start(token, "Look at the moon")
    with opened() as app:
        app.page.clock.install()
        app.enter("ted")
        expect(app.section("Still open")).to_contain_text("Look at the moon")
        # done elsewhere: the page learns of it when it reads again
        world.call("POST", f"/movements/{movement}/updates", {}, token)
        app.page.clock.fast_forward("01:00")
        expect(app.section("Done")).to_have_count(0)
        app.page.clock.fast_forward("24:00:10")
        expect(app.section("Done")).to_contain_text("Look at the moon")


def test_a_turn_that_ends_without_a_network_is_over(opened: Opened, world: World) -> None:
    token = world.register("uma")
    # one that is done ends first, and one of weeks later
    world.start(token, "Count the stars")
    world.start(token, "Call a friend", interval="weekly")
    with opened() as app:
        app.page.clock.install()
        app.enter("uma")
        app.press("Did it: Count the stars")
        app.tell("Saved")
        expect(app.section("Done")).to_contain_text("Count the stars")
        app.page.context.set_offline(True)
        app.page.clock.fast_forward("24:00:10")
        card = app.section("Still open").get_by_role("listitem").filter(has_text="Count the stars")
        expect(card).to_contain_text("a new turn has begun")
        expect(card).not_to_contain_text("in a row")
        expect(app.page.get_by_role("main")).to_contain_text("You are offline. As of ")
        app.press("Did it: Count the stars")
        app.tell("Kept on this device, and sent later.")
        expect(app.section("Done")).to_contain_text("Count the stars")
        app.page.clock.fast_forward(7 * 24 * 3_600_000)
        expect(app.section("Still open")).to_contain_text("Call a friend")
        expect(app.section("Still open").get_by_text("a new turn has begun").first).to_be_visible()


def test_a_long_day_comes_in_pages(opened: Opened, world: World) -> None:
    """W32."""
    token, other = world.register("max"), world.register("moe")
    for number in range(103):
        name = f"👩‍👩‍👧‍👦 שלום {number:03}"
        more = {"short_description": "x" * 100, "description": "y" * 1000}
        last = world.start(other if number < 50 else token, name, **more)
        if number < 50:
            world.join(token, last)
    with opened() as app:
        app.enter("max")
        cards = app.section("Still open").locator(".card")
        expect(cards).to_have_count(100)
        app.press("Show more movements")
        expect(cards).to_have_count(103)
        expect(app.page.get_by_role("button", name="Show more movements")).to_have_count(0)
        app.press(f"Did it: \u2068{name}\u2069")
        app.tell("Saved")
        expect(app.section("Done")).to_contain_text(name)
        expect(cards).to_have_count(102)
        app.follow(name)
        expect(app.page.get_by_role("heading", name="Your year")).to_be_visible()
        assert app.page.url.endswith(f"/app/m/{last}")
        app.open("/app/pause-all")
        app.press("Pause")
        app.tell("Paused. Nothing is expected of you.")
        paused = app.section("Paused").locator(".card")
        app.press("Show more movements")
        expect(paused).to_have_count(103)


def test_j19_strange_strings_are_only_text(opened: Opened, world: World) -> None:
    tokens = [world.register(name) for name in ("nat", "ned")]
    names, said = [], []
    for string in NASTY.values():
        try:
            movement = world.start(tokens[0], string, short_description=string)
        except (HTTPError, UnicodeEncodeError):
            continue  # the service refuses it, as other tests show
        names.append(string)
        world.join(tokens[1], movement)
    assert len(names) > 60
    for string in NASTY.values():
        try:
            world.call("POST", f"/movements/{movement}/updates", {"message": string}, tokens[0])
        except HTTPError:
            continue
        said.append(string)
    with opened((320, 640)) as app:
        app.enter("ned")
        cards = app.page.locator(".card h3 a")
        expect(cards).to_have_count(min(len(names), 100))
        drawn = set(cards.evaluate_all("all => all.map((it) => it.textContent)"))
        assert drawn <= set(names)
        assert len(drawn) >= min(len(names), 100) - 1
        app.open(f"/app/m/{movement}")
        app.page.locator("a.row-title[href*=leader]").click()
        expect(app.page.get_by_role("heading", name="Said lately")).to_be_visible()
        heard = app.page.locator(".row-title").evaluate_all(
            "all => all.map((it) => it.textContent)"
        )
        assert set(heard) & set(said)
        for path in ("/app", "/app/find", f"/app/m/{movement}", f"/app/m/{movement}/leader/4"):
            app.open(path)
            expect(app.page.locator(".waiting")).to_have_count(0)
            assert (
                app.page.locator("main script, main img, main iframe, main [onerror]").count() == 0
            )
            assert app.page.evaluate("document.documentElement.scrollWidth") <= 320, path
