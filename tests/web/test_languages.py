"""The app in Dutch and in German, in a browser."""

import gzip
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from gridt.web.files import CLIENT
from scripts.words import CATEGORIES, Words, catalogue, keys_of
from tests.clients.test_accessibility import RUN
from tests.databases import same_on_both
from tests.servers import flask
from tests.web.app import App
from tests.web.test_access import INSIDE, OUTSIDE, WIDE, drawn
from tests.web.world import PASSWORD, World, populated

pytestmark = same_on_both

each_language = pytest.mark.parametrize("language", CATEGORIES)
LOCALES = {"en": "en-GB", "nl": "nl-NL", "de": "de-DE"}
#: the screens of creators and admins
ADMINS = [
    *(f"/app/m/1/{name}" for name in ("edit", "members", "removed")),
    *("/app/admin", "/app/admin/people/2"),
    *(f"/app/admin/{name}" for name in ("reports", "people", "invitations", "invite", "log")),
]
#: the texts that a member reads or hears
TEXTS = """() => {
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const texts = [document.title];
  while (walk.nextNode()) texts.push(walk.currentNode.data);
  for (const name of ["aria-label", "placeholder", "title", "alt"]) {
    for (const it of document.querySelectorAll(`[${name}]`)) texts.push(it.getAttribute(name));
  }
  return texts.map((it) => it.trim().replace(/ ·( gridt)?$/, "")).filter(Boolean);
}"""


def said(language: str) -> Callable[..., str]:
    """Return a function that translates an English sentence."""
    words = catalogue(language)

    def say(english: str, **holes: str) -> str:
        sentence = words[english]
        assert isinstance(sentence, str)
        return sentence.format(**holes)

    return say


@pytest.fixture(scope="module")
def world(migrated_database: Callable[[], str]) -> Iterator[World]:
    """A running server with an admin for each language."""
    database_url = migrated_database()
    with populated(database_url) as made:
        for language in CATEGORIES:
            name = member(language)
            token = made.register(name)
            made.call("PATCH", "/identity", {"language": language}, token)
            started = made.start(
                token,
                f"Stretch, {language}",
                interval="weekly",
                goal={"at_least": 2, "of": "count"},
            )
            for movement in (1, 2):
                made.join(token, movement)
            made.call("POST", "/movements/1/updates", {"message": "It rained."}, token)
            made.call("POST", f"/movements/{started}/updates", {}, token)
            made.call("POST", "/movements/2/reports", {"reason": "Is this a habit?"}, token)
            flask(database_url, "gridt", "set-role", name, "admin").check_returncode()
        yield made


def member(language: str) -> str:
    """Return the name of the member who uses a language."""
    return f"mila-{language}"


def enter(app: App, language: str) -> None:
    """Log in at a door in another language."""
    say = said(language)
    app.open()
    app.fill(say("Username or e-mail"), member(language))
    app.fill(say("Password"), PASSWORD)
    app.press(say("Log in"))
    expect(app.page.get_by_role("navigation", name=say("Screens"))).to_be_visible()


@each_language
def test_a_first_day(opened: Callable[..., Any], language: str) -> None:
    """J18: register, join, did it, undo."""
    say = said(language)
    name = f"robin-{language}"
    with opened(locale=LOCALES[language]) as app:
        page = app.open().page
        expect(page.locator("html")).to_have_attribute("lang", language)
        app.follow(say("Open an account"))
        app.fill(say("Username"), name)
        app.fill(say("E-mail"), f"{name}@example.org")
        app.fill(say("Password"), "short")
        app.press(say("Open the account"))
        expect(
            page.get_by_text(catalogue(language)["refusal:too-short"].format(minimum=8))
        ).to_be_visible()
        app.fill(say("Password"), PASSWORD)
        app.press(say("Open the account"))
        app.heading(say("What would you like to keep at?"))
        app.press(say("Join: {name}", name="Floss every day"))
        app.heading(say("Today"))
        app.press(say("Did it: {name}", name="Floss every day"))
        app.tell(say("Saved"))
        app.press(say("Undo"))
        app.tell(say("Undone."))
        expect(app.section(say("Still open"))).to_be_visible()
        assert app.identity()["language"] == language


@each_language
def test_a_problem_is_said_in_the_language(opened: Callable[..., Any], language: str) -> None:
    say = said(language)
    with opened(locale=LOCALES[language]) as app:
        app.open()
        app.fill(say("Username or e-mail"), "ann")
        app.fill(say("Password"), "wrong password")
        app.press(say("Log in"))
        alert = app.page.get_by_role("alert")
        expect(alert).to_have_text(say("problem:wrong-credentials"))


def test_a_visitor_chooses_a_language(opened: Callable[..., Any]) -> None:
    with opened() as app:
        page = app.open().page
        expect(page.get_by_role("button", name="English")).to_have_attribute("aria-pressed", "true")
        assert not [url for url in app.asked if "/words/" in url], "English pays for nothing"
        app.press("Deutsch")
        expect(page.get_by_role("button", name="Anmelden")).to_be_visible()
        expect(page.locator("html")).to_have_attribute("lang", "de")
        expect(page.get_by_role("button", name="Deutsch")).to_be_focused()
        assert next(url for url in app.asked if "/words/" in url).endswith("/words/de.js")
        page.reload()
        expect(page.get_by_role("button", name="Anmelden")).to_be_visible()
        # an account has its own
        app.fill("Benutzername oder E-Mail", "ann")
        app.fill("Passwort", PASSWORD)
        app.press("Anmelden")
        app.heading("Today")
        expect(page.locator("html")).to_have_attribute("lang", "en")


def test_a_member_chooses_a_language(opened: Callable[..., Any], world: World) -> None:
    world.register("lee")
    with opened() as app, opened() as other:
        other.enter("lee")
        app.enter("lee", path="/app/you/language")
        app.heading("Language and display")
        app.page.get_by_label("Nederlands").check()
        app.press("Save")
        app.heading("Taal en weergave")
        expect(app.page).to_have_title("Taal en weergave · gridt")
        app.page.reload()
        app.heading("Taal en weergave")
        other.page.reload()
        other.heading("Vandaag")


def test_without_the_words_there_is_english(opened: Callable[..., Any]) -> None:
    with opened(locale="nl-NL") as app:
        app.page.route("**/words/nl.js", lambda route: route.abort())
        page = app.open().page
        expect(page.get_by_role("button", name="Log in")).to_be_visible()
        expect(page.locator("html")).to_have_attribute("lang", "en")
        app.complaints.clear()


def english_left(page: Page, language: str) -> list[str]:
    """Return the English texts of a screen."""
    own = catalogue(language)
    texts = set(page.evaluate(TEXTS)) - set(forms(own))
    patterns = [
        re.compile(re.sub(r"\\\{\w+\\\}", ".+", re.escape(english)))
        for key, words in keys_of().items()
        for english in ([words] if isinstance(words, str) else words.values())
        if own.get(key) != words
    ]
    return sorted(text for text in texts if any(it.fullmatch(text) for it in patterns))


def forms(words: dict[str, Words]) -> Iterator[str]:
    """Yield each sentence of a catalogue."""
    for said in words.values():
        yield from [said] if isinstance(said, str) else said.values()


@each_language
def test_no_english_is_left(opened: Callable[..., Any], language: str) -> None:
    """W27; and nothing is wider than a small phone."""
    found: list[Any] = []
    with opened((320, 640), locale=LOCALES[language]) as app:
        for path in OUTSIDE:
            found += [(path, text) for text in english_left(drawn(app, path), language)]
        enter(app, language)
        for path in (*INSIDE, "/app/m/1/leader/1", *ADMINS):
            page = drawn(app, path)
            for summary in page.locator("summary").all():
                summary.click()
            found += [(path, text) for text in english_left(page, language)]
            found += [(path, "wide", text) for text in page.evaluate(WIDE)]
    assert found == []


def test_an_english_word_is_seen(opened: Callable[..., Any]) -> None:
    words = {key: said for key, said in catalogue("nl").items() if key != "Log in"}
    script = f"export default {json.dumps(words)};"
    with opened(locale="nl-NL") as app:
        app.page.route(
            "**/words/nl.js",
            lambda route: route.fulfill(body=script, content_type="text/javascript"),
        )
        assert english_left(drawn(app, "/app"), "nl") == ["Log in"]


@pytest.mark.parametrize(
    ("language", "members", "days"),
    [
        (
            "en",
            ["0 members", "1 member", "2 members", "1,000 members"],
            ["every 0 days", "every day", "every 2 days", "every 1,000 days"],
        ),
        (
            "nl",
            ["0 leden", "1 lid", "2 leden", "1.000 leden"],
            ["elke 0 dagen", "elke dag", "elke 2 dagen", "elke 1.000 dagen"],
        ),
        (
            "de",
            ["0 Mitglieder", "1 Mitglied", "2 Mitglieder", "1.000 Mitglieder"],
            ["alle 0 Tage", "jeden Tag", "alle 2 Tage", "alle 1.000 Tage"],
        ),
    ],
)
def test_numbers_of_things(
    opened: Callable[..., Any], language: str, members: list[str], days: list[str]
) -> None:
    """W28: of 0, 1, 2 and 1,000."""
    count = """async () => {
      const { src } = document.querySelector("script[type=module]");
      const { tn } = await import(src.replace("main.js", "words.js"));
      const counted = (one, other) => [0, 1, 2, 1000].map((n) => tn(one, other, n));
      return [counted("{n} member", "{n} members"), counted("every day", "every {n} days")];
    }"""
    with opened(locale=LOCALES[language]) as app:
        assert drawn(app, "/app").evaluate(count) == [members, days]


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "en",
            [
                "until the end of today",
                "until the end of tomorrow",
                "until the end of Thursday",
                "until 4:00 tomorrow",
                "2 hours ago",
                "yesterday",
                "3 times a week",
                "every 2 days",
            ],
        ),
        (
            "nl",
            [
                "tot en met vandaag",
                "tot en met morgen",
                "tot en met donderdag",
                "tot morgen 4:00",
                "2 uur geleden",
                "gisteren",
                "3 keer per week",
                "elke 2 dagen",
            ],
        ),
        (
            "de",
            [
                "bis einschließlich heute",
                "bis einschließlich morgen",
                "bis einschließlich Donnerstag",
                "bis morgen, 4:00",
                "vor 2 Stunden",
                "gestern",
                "3-mal pro Woche",
                "alle 2 Tage",
            ],
        ),
    ],
)
def test_times_and_rhythms(opened: Callable[..., Any], language: str, words: list[str]) -> None:
    """By the clock of the account, not of the device."""
    say = """async () => {
      const { src } = document.querySelector("script[type=module]");
      const at = (name) => import(src.replace("main.js", name));
      const { tellTimesIn } = await at("words.js");
      const { ago, rhythm, until } = await at("rhythms.js");
      tellTimesIn("Asia/Tokyo");
      return [
        until("2027-03-01T15:00:00Z"), until("2027-03-02T15:00:00Z"), until("2027-03-04T15:00:00Z"),
        until("2027-03-01T19:00:00Z"), ago("2027-03-01T01:00:00Z"), ago("2027-02-28T02:00:00Z"),
        rhythm({ interval: "weekly", goal: { at_least: 3 } }), rhythm({ interval: "P2D" }),
      ];
    }"""
    with opened(locale=LOCALES[language], timezone_id="Europe/Lisbon") as app:
        app.page.clock.set_fixed_time("2027-03-01T03:00:00Z")
        assert drawn(app, "/app").evaluate(say) == words


@each_language
def test_axe_finds_nothing_in_other_languages(
    opened: Callable[..., Any],
    axe: Any,
    language: str,
) -> None:
    found: list[Any] = []
    with opened((320, 640), locale=LOCALES[language]) as app:
        app.page.context.add_init_script(path=axe)
        found += drawn(app, "/app").evaluate(RUN)
        enter(app, language)
        for path in ("/app", "/app/m/1", "/app/start", "/app/you"):
            found += [(path, *violation) for violation in drawn(app, path).evaluate(RUN)]
    assert found == []


def test_the_words_of_a_language_are_small() -> None:
    """With them, a first visit stays below 60 KB."""
    for language in CATEGORIES:
        content = (CLIENT / "words" / f"{language}.js").read_bytes()
        assert len(gzip.compress(content, 9)) < 17 * 1024
