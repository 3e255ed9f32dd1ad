"""The screens of creators and admins.

They are tried for readers of screens, and on small screens.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.clients.test_accessibility import RUN
from tests.databases import same_on_both
from tests.web.administered import administered
from tests.web.test_access import LOOKS, SMALL, WIDE, drawn
from tests.web.world import World

pytestmark = same_on_both

SCREENS = [
    *("/app/m/1", "/app/m/1/edit", "/app/m/1/members", "/app/m/1/removed", "/app/m/3"),
    *("/app/admin", "/app/admin/reports", "/app/admin/people", "/app/admin/people/2"),
    *("/app/admin/invitations", "/app/admin/invite", "/app/admin/log", "/app/you"),
]
#: a screen, a button there, and the button that closes its sheet
SHEETS = [
    ("/app/m/1/edit", "Delete …"),
    ("/app/m/1/members", "Remove: cor"),
    ("/app/admin/reports", "Close with a note: A movement by ann"),
    ("/app/admin/people/2", "Deactivate"),
    ("/app/admin/invitations", "Revoke: The rowing club"),
]


@pytest.fixture(scope="module")
def world(migrated_database: Callable[[], str]) -> Iterator[World]:
    with administered(migrated_database()) as made:
        admin, ann = made.log_in("ada"), made.log_in("ann")
        made.start(ann, "A movement that has a name of fifty letters, or so")
        made.call("POST", "/movements/1/reports", {"reason": "Long words. " * 80}, admin)
        made.call("POST", "/admin/invitations", {"label": "The rowing club"}, admin)
        made.call("DELETE", "/movements/1/members/2", {}, admin)
        yield made


@pytest.mark.parametrize(("size", "scheme"), LOOKS)
def test_axe_finds_nothing(
    opened: Callable[..., Any],
    axe: Path,
    size: tuple[int, int],
    scheme: str,
) -> None:
    found: list[Any] = []
    # a sheet that fades in has less contrast for a moment
    with opened(size, color_scheme=scheme, reduced_motion="reduce") as app:
        app.page.context.add_init_script(path=axe)
        app.enter("ada")
        for path in SCREENS:
            page = drawn(app, path)
            found += [(path, *violation) for violation in page.evaluate(RUN)]
            found += [(path, "wide", one) for one in page.evaluate(WIDE)]
            found += [(path, "small", one) for one in page.evaluate(SMALL)]
        for path, button in SHEETS:
            page = drawn(app, path)
            app.press(button)
            expect(page.get_by_role("dialog")).to_be_visible()
            found += [(path, *violation) for violation in page.evaluate(RUN)]
            page.keyboard.press("Escape")
            expect(page.get_by_role("dialog")).to_have_count(0)
            expect(page.get_by_role("button", name=button, exact=True)).to_be_focused()
    assert found == []
