"""The network page in Chromium, by mouse and keys.

`--screenshots docs/images` takes the pictures of docs/network-page.md again.
"""

import base64
import json
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from gridt.demo import Demo, dice
from gridt.models import Movement, User
from gridt.resources.network import MOST_MOVED
from tests.conftest import PASSWORD, checked_app, new_token
from tests.databases import same_on_both
from tests.networks import make_movements, people, plant, ring
from tests.servers import SECRET_KEY, serve

pytestmark = same_on_both

DESKTOP, PHONE = (900, 740), (390, 844)
#: of gridt/static/network/page.css: ground, live, silent, mine, to me
COLORS = {
    "light": ["ffffff", "0c857d", "b8560b", "2456d6", "a3249d"],
    "dark": ["12181f", "3cc9bd", "f2a65a", "83aaff", "ee93e6"],
}
NASTY = "<img src=x onerror=alert(1)>${7*7}</script>\"'&amp;"

#: the number of pixels of a PNG in each of some colours; a page of its own decodes it
COUNT = """async ([image, colors]) => {
  const bytes = Uint8Array.from(atob(image), (one) => one.charCodeAt(0));
  const bitmap = await createImageBitmap(new Blob([bytes]));
  const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
  context.drawImage(bitmap, 0, 0);
  const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
  const wanted = new Map(colors.map((color) => [parseInt(color, 16), 0]));
  for (let at = 0; at < data.length; at += 4) {
    const color = (data[at] << 16) | (data[at + 1] << 8) | data[at + 2];
    if (wanted.has(color)) wanted.set(color, wanted.get(color) + 1);
  }
  return [...wanted.values()];
}"""
#: keeps what is written into pictures, and where
NAMES = """
window.names = [];
const write = CanvasRenderingContext2D.prototype.fillText;
CanvasRenderingContext2D.prototype.fillText = function (text, left, ...more) {
  const width = this.measureText(text).width;
  window.names.push({ text, left, width, room: this.canvas.clientWidth });
  return write.call(this, text, left, ...more);
};
"""
#: the times between frames, in milliseconds, until `window.enough`
FRAMES = """() => new Promise((keep) => {
  const times = [];
  let last = performance.now();
  const frame = (now) => {
    times.push(now - last);
    last = now;
    if (window.enough) keep(times);
    else requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
})"""


@dataclass(frozen=True)
class World:
    """A running server, its special movements, and tokens."""

    url: str
    movements: dict[str, int]
    member: str
    creator: str
    username: str

    def address(self, movement: str) -> str:
        return f"{self.url}/movements/{self.movements.get(movement, movement)}/network.html"


@pytest.fixture(scope="module")
def world(request: pytest.FixtureRequest, migrated_database: Callable[[], str]) -> Iterator[World]:
    url = migrated_database()
    with checked_app(url, SECRET_KEY=SECRET_KEY) as app, app.app_context():
        found = populate()
    with serve(url) as server:
        yield World(server.url, *found)


def populate() -> tuple[dict[str, int], str, str, str]:
    """Fill the database.

    Return movements, the tokens of a member and of a creator, and the member's username.
    """
    dice.seed(4)
    for _ in Demo(members=300, movements=1, weeks=3).fill():
        pass
    crowd = Movement.find_by_id(1)
    reader, creator = User.find_by_name("demo7"), crowd.creator
    assert reader is not creator
    reader.hash_password(PASSWORD)
    reader.save_to_db()
    three, big, huge, foreign = make_movements(4)
    three.name = NASTY
    plant(three, ring([reader.id, *people(2)]))
    plant(big, at_random([reader.id, *people(2_999)]))
    plant(huge, ring([reader.id, *people(MOST_MOVED)]))
    plant(foreign, ring(people(3)))
    movements = {"crowd": 1, "three": three.id, "big": big.id, "huge": huge.id}
    tokens = [new_token(reader), new_token(creator)]
    return movements | {"foreign": foreign.id}, *tokens, reader.username


def at_random(members: list[int]) -> dict[int, list[int]]:
    some = random.Random(5)
    return {one: [it for it in some.sample(members, 5) if it != one][:4] for one in members}


class Visit:
    """A page in its own browser, and its complaints."""

    def __init__(self, page: Page, world: World) -> None:
        self.page, self.world = page, world
        self.complaints: list[str] = []
        self.asked: list[str] = []
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: self.complaints.append(dialog.message))
        page.on("console", self.listen)
        page.on("request", lambda sent: self.asked.append(sent.url))

    def open(self, movement: str, token: str | None = None, *, drawn: bool = True) -> Page:
        """Open a movement's page as a client app does.

        The token is in the fragment.
        """
        fragment = "" if token is None else f"#token={token}"
        self.page.goto(self.world.address(movement) + fragment)
        if token is not None and drawn:
            picture = self.page.locator("#picture[aria-busy='false']")
            expect(picture).to_be_visible(timeout=60_000)
        return self.page

    def listen(self, said: ConsoleMessage) -> None:
        if said.type == "error":
            self.complaints.append(said.text)

    def end(self) -> None:
        ours = urlsplit(self.world.url).netloc
        foreign = [one for one in self.asked if urlsplit(one).netloc not in {ours, ""}]
        assert self.complaints + foreign == []

    def excuse(self, part: str) -> None:
        """Remove expected complaints."""
        assert any(part in one for one in self.complaints)
        self.complaints = [one for one in self.complaints if part not in one]


@pytest.fixture
def visit(browser: Browser, world: World) -> Iterator[Callable[..., Any]]:
    """Make visits, which fail if the page misbehaves.

    A page may not break its policy, report errors, or load from afar.
    """

    @contextmanager
    def make(
        size: tuple[int, int] = DESKTOP, scheme: str = "light", **options: Any
    ) -> Iterator[Visit]:
        width, height = size
        viewport = {"width": width, "height": height}
        touch = {"has_touch": size == PHONE}
        with browser.new_context(
            viewport=viewport, color_scheme=scheme, **touch, **options
        ) as context:
            made = Visit(context.new_page(), world)
            yield made
            made.end()

    return make


def pixels(browser: Browser, page: Page, colors: list[str]) -> list[int]:
    """Count the pixels of some colours in the picture."""
    image = base64.b64encode(page.locator("#picture").screenshot()).decode()
    blank = browser.new_page()
    counts: list[int] = blank.evaluate(COUNT, [image, colors])
    blank.close()
    return counts


def middle_of(page: Page) -> tuple[float, float]:
    box = page.locator("#picture").bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


# -- the picture ----------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", COLORS)
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_a_member_sees_the_network(visit, world, browser, take, size, scheme):
    with visit(size, scheme) as it:
        page = it.open("crowd", world.member)
        if (size == PHONE) == (scheme == "dark"):
            take(f"network-page-{scheme}", page)

        expect(page.locator("h1")).to_have_text("Leader network of Floss every day")
        expect(page.locator("#summary")).to_contain_text("300 members")
        expect(page.locator("#summary")).to_contain_text("you follow 4")
        assert min(pixels(browser, page, COLORS[scheme])) > 20
        # nothing is wider than the screen
        assert page.evaluate("document.documentElement.scrollWidth") == size[0]
        buttons = page.locator("#controls button").all()
        assert len({button.bounding_box()["y"] for button in buttons}) == 1, "they are in one row"
        # the token has left the address, and only this tab has it
        assert page.url == world.address("crowd")
        assert page.evaluate("localStorage.length") == 0
        assert page.context.cookies() == []


def test_a_name_at_the_edge_of_a_phone_is_whole(visit, world):
    with visit(PHONE, reduced_motion="reduce") as it:
        it.page.add_init_script(NAMES)
        page = it.open("crowd", world.creator)
        page.locator("#picture").focus()
        page.keyboard.press("n")
        for _ in range(5):  # they come close to the right edge
            page.evaluate("window.names = []")
            page.keyboard.press("ArrowLeft")
            page.wait_for_function("() => window.names.length > 0")
            names = page.evaluate("window.names")
            assert [one for one in names if one["left"] + one["width"] > one["room"]] == []


def test_the_page_follows_the_scheme_while_it_is_shown(visit, world, browser):
    with visit() as it:
        page = it.open("three", world.member)
        page.emulate_media(color_scheme="dark")
        page.wait_for_timeout(200)
        ground, live, *_ = pixels(browser, page, COLORS["dark"])
        assert ground > 10_000
        assert live > 100


def test_a_name_is_only_text(visit, world):
    with visit() as it:
        page = it.open("three", world.member)
        expect(page.locator("h1")).to_have_text(f"Leader network of {NASTY}")
        expect(page.locator("h1 *")).to_have_count(0)
        relations = page.locator("#rows td:nth-child(2)")
        expect(relations).to_have_text(["you", *["leads you, follows you"] * 2])


def test_the_table_shows_the_same(visit, world):
    with visit() as it, it.page.expect_response("**/network?format=json") as answer:
        page = it.open("crowd", world.member)
        exported = answer.value.json()
        (mine,) = [one for one in exported["members"] if one["id"] == exported["you"]]
        rows = page.locator("#rows tr")
        expect(rows).to_have_count(100)
        for _ in range(2):
            page.locator("#more").click()
        expect(page.locator("#more")).to_be_hidden()
        expect(rows).to_have_count(300)
        texts = [row.split("\t") for row in page.locator("#rows").inner_text().split("\n")]
        known = {one["id"]: one["username"] for one in exported["your_leaders"]}
        assert len(known) == 4
        named = {f"{username} ({id})": id for id, username in known.items()}
        assert {one[0] for one in texts[1:5]} == {*named}
        texts = [[named.get(name, name), *more] for name, *more in texts]
        assert texts[0][:2] == [exported["you"], "you"]
        shown = {one[0]: one for one in texts}
        leaders = {name for name, relation, *_ in texts if "leads you" in relation}
        followers = {name for name, relation, *_ in texts if "follows you" in relation}
        assert leaders == set(mine["leaders"])
        assert followers == {
            one["id"] for one in exported["members"] if mine["id"] in one["leaders"]
        }
        for one in exported["members"]:
            _, _, activity, _, follows = shown[one["id"]]
            assert activity == ("live" if one["live"] else "silent")
            assert follows.split() == [known.get(id, id[:6]) for id in one["leaders"]]


def test_a_creator_sees_the_usernames(visit, world):
    with visit() as it:
        page = it.open("crowd", world.creator)
        relations = page.locator("#rows tr", has_text="leads you").locator("th")
        names = relations.all_inner_texts()
        assert names
        assert [name for name in names if not name.startswith("demo")] == []


def test_a_browser_that_cannot_draw_shows_the_table(visit, world):
    with visit() as it:
        it.page.add_init_script("HTMLCanvasElement.prototype.getContext = () => null")
        page = it.open("crowd", world.member, drawn=False)
        expect(page.locator("#selected")).to_contain_text("no WebGL")
        expect(page.locator("#picture")).to_be_hidden()
        expect(page.locator("#rows tr")).to_have_count(100)
        expect(page.locator("#rows button")).to_have_count(0)


def test_without_scripts_the_page_says_what_to_do(visit):
    with visit(java_script_enabled=False) as it:
        page = it.open("crowd")
        expect(page.locator("noscript .problem")).to_be_visible()
        expect(page.locator("#ask")).to_be_hidden()


def test_above_the_limit_there_are_files_only(visit, world):
    with visit() as it:
        page = it.open("huge", world.member, drawn=False)
        expect(page.locator("#status")).to_contain_text(f"more than {MOST_MOVED:,}")
        expect(page.locator("#picture")).to_be_hidden()
        expect(page.locator("#rows tr")).to_have_count(0)
        assert not any("format=json" in one for one in it.asked)
        with page.expect_download() as started:
            page.get_by_role("button", name="GraphML").click()
        text = started.value.path().read_text()
        assert text.count("<node ") == MOST_MOVED + 1


# -- moving in it ---------------------------------------------------------------------------


def test_keys_do_all_that_a_mouse_does(visit, world):
    with visit(reduced_motion="reduce") as it:
        page = it.open("crowd", world.member)
        selected, picture = page.locator("#selected"), page.locator("#picture")
        page.keyboard.press("Tab")
        expect(picture).to_be_focused()
        keys = page.keyboard
        keys.press("m")
        expect(selected).to_contain_text(": you, ")
        for _ in range(4):
            keys.press("n")
            expect(selected).to_contain_text("leads you")
        keys.press("n")
        expect(selected).to_contain_text("follows you")
        keys.press("p")
        expect(selected).to_contain_text("leads you")
        keys.press("Shift+ArrowRight")
        expect(selected).to_contain_text("moved")
        keys.press("Escape")
        expect(selected).to_have_text("")
        seen = picture.screenshot()
        for key in ["ArrowLeft", "ArrowUp", "+", "-", "0"]:
            before = seen
            keys.press(key)
            page.wait_for_timeout(200)
            seen = picture.screenshot()
            assert seen != before, key
        keys.press("Tab")
        expect(page.get_by_role("button", name="Closer")).to_be_focused()


def test_buttons_and_the_table_move_the_picture(visit, world):
    with visit(PHONE) as it:
        page = it.open("crowd", world.member)
        page.get_by_role("button", name="My place").tap()
        expect(page.locator("#selected")).to_contain_text(": you, ")
        row = page.locator("#rows tr").nth(50)
        row.locator("button").tap()
        expect(page.locator("#selected")).to_contain_text(row.locator("button").inner_text())
        expect(page.locator("#picture")).to_be_focused()


def test_members_are_dragged_and_the_ground_as_well(visit, world):
    with visit(reduced_motion="reduce") as it:
        page = it.open("crowd", world.member)
        picture, selected = page.locator("#picture"), page.locator("#selected")
        page.get_by_role("button", name="My place").click()
        page.wait_for_timeout(200)
        before = picture.screenshot()
        drag(page, middle_of(page), (150, 90))
        expect(selected).to_contain_text(": you, ")
        expect(selected).to_contain_text("moved")
        moved = picture.screenshot()
        assert moved != before
        x, y = middle_of(page)
        page.mouse.move(x, y)
        page.mouse.wheel(0, -400)
        page.wait_for_timeout(500)
        assert picture.screenshot() != moved


def drag(page: Page, start: tuple[float, float], by: tuple[float, float], steps: int = 12) -> None:
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(start[0] + by[0], start[1] + by[1], steps=steps)
    page.mouse.up()


@pytest.mark.parametrize("movement", ["three", "crowd", "big"])
def test_how_long_it_takes(visit, world, movement):
    """Print how long the page takes, with `pytest -s`.

    The times have no limit, because other machines draw differently.
    """
    with visit(reduced_motion="reduce") as it:
        page = it.open(movement, world.member)
        page.get_by_role("button", name="My place").click()
        page.wait_for_timeout(300)
        page.evaluate(f"window.enough = false; window.frames_seen = ({FRAMES})(); null")
        drag(page, middle_of(page), (200, 120), steps=40)
        times = page.evaluate("(window.enough = true, window.frames_seen)")
        marks = page.evaluate("performance.getEntriesByType('mark').map((one) => one.startTime)")
        expect(page.locator("#selected")).to_contain_text("moved")
        frame = sorted(times)[len(times) * 9 // 10]
        print(
            f"\n{movement}: first picture after {marks[0]:.0f} ms, laid out after {marks[1]:.0f},"
            f" nine frames in ten within {frame:.0f} ms while dragging"
        )


# -- the session ----------------------------------------------------------------------------


def fill(page: Page, username: str, password: str) -> None:
    page.get_by_label("Username or e-mail address").fill(username)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()


def test_a_member_logs_in_by_keys_and_logs_out(visit, world):
    with visit() as it:
        page = it.open("three")
        expect(page.locator("#username")).to_be_focused()
        page.keyboard.type(world.username)
        page.keyboard.press("Tab")
        page.keyboard.type(PASSWORD)
        with page.expect_response("**/auth") as answer:
            page.keyboard.press("Enter")
        token = answer.value.json()["access_token"]
        expect(page.locator("#rows tr")).to_have_count(3)
        assert page.evaluate("Object.values(sessionStorage)").count(token) == 1
        assert page.evaluate("localStorage.length") == 0
        assert PASSWORD not in page.evaluate("JSON.stringify(sessionStorage) + location.href")
        page.reload()
        expect(page.locator("#rows tr")).to_have_count(3)
        with page.expect_response("**/auth") as answer:
            page.get_by_role("button", name="Log out").click()
        assert (answer.value.request.method, answer.value.status) == ("DELETE", 200)
        expect(page.locator("#ask")).to_be_visible()
        expect(page.locator("#password")).to_have_value("")
        assert page.evaluate("sessionStorage.length") == 0
        assert page.locator("#rows tr").count() == 0
        page.reload()
        expect(page.locator("#username")).to_be_focused()
        give(page, token)  # the session has ended at the service, too
        expect(page.locator("#problem")).to_contain_text("Your session has ended")
        it.excuse("the server responded with a status of 401")


def test_an_app_keeps_its_session_when_the_page_forgets_the_token(visit, world):
    with visit() as it:
        page = it.open("three", world.member)
        page.get_by_role("button", name="Forget my token").click()
        expect(page.locator("#username")).to_be_focused()
        assert page.evaluate("sessionStorage.length") == 0
        it.open("three", world.member)


def test_errors_of_the_log_in_stand_at_their_fields(visit, world):
    with visit() as it:
        page = it.open("three")
        username, password = page.locator("#username"), page.locator("#password")
        page.get_by_role("button", name="Log in").click()
        expect(username).to_be_focused()
        expect(username).to_have_accessible_description(
            "Type your username or your e-mail address."
        )
        expect(password).to_have_accessible_description("Type your password.")
        assert page.locator("[aria-invalid]").count() == 2
        fill(page, world.username, "a wrong one")
        expect(password).to_have_accessible_description("The username or the password is wrong.")
        expect(password).to_be_focused()
        assert page.locator("[aria-invalid]").count() == 1
        it.excuse("the server responded with a status of 401")
        page.route("**/auth", lambda route: route.abort(), times=1)
        fill(page, world.username, PASSWORD)
        expect(page.locator("#problem")).to_contain_text("cannot be reached")
        it.excuse("net::ERR_FAILED")
        fill(page, world.username, PASSWORD)
        expect(page.locator("#rows tr")).to_have_count(3)
        expect(page.locator("#problem")).to_be_hidden()


@pytest.mark.parametrize("scheme", COLORS)
def test_the_log_in_fits_narrow_screens_and_password_managers(visit, world, take, scheme):
    for size in ((320, 640), (1280, 800)):
        with visit(size, scheme) as it:
            page = it.open("three")
            page.get_by_role("button", name="Log in").click()
            if (size[0], scheme) == (320, "light"):
                take("network-page-log-in", page)
            assert page.evaluate("document.documentElement.scrollWidth") == size[0]
            for name, complete in (("username", "username"), ("password", "current-password")):
                expect(page.locator(f"#{name}")).to_have_attribute("autocomplete", complete)


def test_a_late_answer_is_discarded(visit, world):
    """A page discards the answer to an earlier token.

    The answer to a first token comes after that to a second one, or after both were removed.
    """
    late = "**/network?format=json"
    with visit() as it:
        page, held = it.open("crowd"), []
        for then in ("another token", "forget"):
            page.route(late, lambda route: held.append(route), times=1)
            with page.expect_request(late):
                give(page, world.member)
            if then == "forget":
                page.get_by_role("button", name="Forget my token").click()
            else:
                with page.expect_response(late):
                    give(page, world.creator)
                expect(page.locator("#picture[aria-busy='false']")).to_be_visible(timeout=60_000)
            before = page.locator("#summary").text_content()
            with page.expect_response(late):
                held.pop().continue_()
            page.wait_for_function("() => new Promise((keep) => setTimeout(keep, 500, true))")
            assert page.locator("#summary").text_content() == before
            assert page.locator("#ask").is_visible() == (then == "forget")


def give(page: Page, token: str) -> None:
    page.evaluate(f"location.hash = {json.dumps(f'token={token}')}")


REFUSED = {
    "a wrong token": ("crowd", "nonsense", 401, "Your session has ended"),
    "a token that no header holds": ("crowd", "%E2%82%AC", 401, "Your session has ended"),
    "a foreign movement": ("foreign", None, 409, "Only members"),
    "no such movement": ("999999", None, 404, "no such movement"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_refusal_is_shown_in_words(visit, world, case):
    movement, token, status, words = REFUSED[case]
    with visit() as it:
        page = it.open(movement, token or world.member, drawn=False)
        expect(page.locator("#problem")).to_contain_text(words)
        expect(page.locator("#ask")).to_be_visible()
        expect(page.locator("#shown")).to_be_hidden()
        assert page.evaluate("sessionStorage.length") == (status != 401)
        it.excuse(f"the server responded with a status of {status}")


def test_a_missing_server_is_shown_in_words(visit, world):
    with visit() as it:
        page = it.open("three", world.member)
        page.route("**/movements/*", lambda route: route.abort())
        give(page, world.member)
        expect(page.locator("#problem")).to_contain_text("cannot be reached")
        it.excuse("net::ERR_FAILED")
