"""The site of `make docs`: whole, and without other hosts."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser import chromium
from tests.servers import ROOT

SITE = ROOT / "build" / "site"

pytestmark = pytest.mark.skipif(not SITE.exists(), reason="`make docs` makes the site")

#: the example from the beginning of the project (docs/python/models.rst shows more)
REFERENCE = {
    "User": "password_hash follower_associations movements leaders hash_password verify_password"
    " find_by_id find_by_name find_by_email save_to_db delete_from_db",
    "Movement": "users user_associations add_user remove_user find_leaders swap_leader dictify"
    " find_by_id find_by_name save_to_db delete_from_db",
    "MovementUserAssociation": "movement follower leader save_to_db delete_from_db",
    "Update": "leader movement time_stamp message find_last save_to_db delete_from_db",
}

PAGES = ["docs/index", "README", "docs/operations", "docs/security", "docs/python/models"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.mark.parametrize("model", REFERENCE)
def test_the_models_are_described(model: str) -> None:
    page = (SITE / "docs" / "python" / "models.html").read_text()
    described = set(re.findall(r'id="gridt\.models\.([\w.]+)"', page))
    assert described >= {model, *(f"{model}.{name}" for name in REFERENCE[model].split())}


def test_every_page_is_there_and_the_first_leads_on() -> None:
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("docs/**/*.rst")]
    for page in pages:
        assert (SITE / page.relative_to(ROOT)).with_suffix(".html").exists(), page
    assert "url=docs/index.html" in (SITE / "index.html").read_text()


@pytest.mark.parametrize("size", [(1280, 800), (390, 844)], ids=["desktop", "phone"])
def test_it_fits_and_asks_no_other_host(browser: Browser, size: tuple[int, int]) -> None:
    width, height = size
    context = browser.new_context(viewport={"width": width, "height": height})
    page, elsewhere, complaints = context.new_page(), [], []
    page.on("request", lambda sent: elsewhere.append(sent.url))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    for name in PAGES:
        page.goto((SITE / f"{name}.html").as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
    context.close()
    assert [url for url in elsewhere if not url.startswith(("file:", "data:"))] == []
    assert complaints == []


def test_the_site_names_no_machine() -> None:
    texts = [path.read_text() for path in SITE.rglob("*") if path.suffix in {".html", ".js"}]
    assert texts
    assert not any(str(ROOT) in text for text in texts)
