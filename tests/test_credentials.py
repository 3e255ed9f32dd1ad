"""The credentials of an account, and their ends.

docs/security.md shows the table; this command writes it there:

    python -m tests.test_credentials
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from gridt.accounts import deactivate, invite, invite_into, reactivate
from gridt.http.auth import tokens_for
from gridt.mail import Purpose
from gridt.mail.tokens import issue
from gridt.models import CalendarToken, Login, Organisation, User
from gridt.runtime.extensions import db
from tests.app_sessions import halves_of
from tests.conftest import PASSWORD, Clock, OwnContextClient
from tests.mailbox import token_of
from tests.servers import ROOT

NEW = "another long one"

ENDS, STAYS = "ends", "stays"
#: events of an account, with the fate of the credentials in the order of CREDENTIALS below
TABLE: dict[str, tuple[str, ...]] = {
    "the password is changed": (STAYS, STAYS, *(ENDS,) * 3, STAYS, *(ENDS,) * 6),
    "the password is reset by mail": (*(ENDS,) * 5, STAYS, *(ENDS,) * 6),
    "the e-mail address is changed": (*(STAYS,) * 4, *(ENDS,) * 4, *(STAYS,) * 4),
    "the refresh token is used again too late": (
        *(ENDS, ENDS, *(STAYS,) * 6),
        *(ENDS, ENDS, STAYS, ENDS),
    ),
    "the user logs out": (ENDS, ENDS, *(STAYS,) * 10),
    "the user logs out everywhere": (*(ENDS,) * 5, STAYS, *(ENDS,) * 6),
    "an admin becomes a user": (*(STAYS,) * 9, ENDS, STAYS, ENDS),
    "the account is deactivated": (ENDS,) * 12,
    "the account is deactivated and reactivated": (*(ENDS,) * 5, STAYS, *(ENDS,) * 6),
    "the account is deleted": (ENDS,) * 12,
}
CREDENTIALS = (
    "access token",
    "refresh token",
    "access token of another login",
    "refresh token of another login",
    "mail token to set a password",
    "mail token to confirm the address",
    "mail token to move to a new address",
    "the same, in a mail that waits to be sent",
    "calendar's secret address",
    "code of an invitation that an admin made",
    "cookie and key of a session in a browser",
    "code of a link into a group that a coach made",
)


@dataclass
class World:
    """Ann, one credential of each kind, and their uses."""

    client: OwnContextClient
    ann: User
    clock: Clock
    mails: Callable[[], list[Any]]

    def __post_init__(self) -> None:
        self.ann.role = "admin"
        db.session.add(User("boss", "boss@example.org", PASSWORD, role="admin"))
        self.login, other = Login(self.ann.id), Login(self.ann.id)
        in_browser = Login.in_browser(self.ann.id)
        db.session.add_all([self.login, other, in_browser])
        db.session.commit()
        self.tokens, self.others = tokens_for(self.login), tokens_for(other)
        self.halves = halves_of(in_browser)
        self.mailed = {
            purpose: issue(purpose, self.ann, "new@example.org" if "change" in purpose else "")
            for purpose in Purpose
        }
        body = {"password": PASSWORD, "new_email": "waiting@example.org"}
        assert self.call("/user/change_email/request", json=body) == 200
        self.secret = CalendarToken.renew(self.ann.id)
        _, self.invitation = invite(admin_id=self.ann.id)
        club = Organisation("The rowing club")
        club.save_to_db()
        club.add_member(self.ann)
        club.add_coach(self.ann)
        _, self.link = invite_into(club, self.ann)
        db.session.commit()

    def call(self, path: str, method: str = "POST", token: str = "", **options: Any) -> int:
        headers = {"Authorization": f"Bearer {token or self.tokens['access_token']}"}
        return self.client.open(path, method=method, headers=headers, **options).status_code

    def confirms(self, path: str, token: str | None, **body: str) -> bool:
        return token is not None and self.call(path, json={"token": token, **body}) == 200

    def opens(self, **halves: str) -> bool:
        """Return whether headers of a browser open the account."""
        browser = self.client.application.test_client(use_cookies=False)
        return browser.get("/identity", headers=halves).status_code == 200

    def waiting(self) -> str | None:
        sent = [mail for mail in self.mails() if mail["To"] == "waiting@example.org"]
        return token_of(sent[0]) if sent else None

    def is_good(self, credential: int) -> bool:
        """Return whether a credential still works.

        Its effects are not undone.
        """
        mailed = self.mailed
        attempts: list[Callable[[], bool]] = [
            lambda: self.call("/identity", "GET") == 200,
            lambda: self.call("/auth/refresh", token=self.tokens["refresh_token"]) == 200,
            lambda: self.call("/identity", "GET", self.others["access_token"]) == 200,
            lambda: self.call("/auth/refresh", token=self.others["refresh_token"]) == 200,
            lambda: self.confirms(
                "/user/reset_password/confirm", mailed[Purpose.RESET_PASSWORD], password="a" * 12
            ),
            lambda: self.confirms("/user/confirm_email/confirm", mailed[Purpose.CONFIRM_EMAIL]),
            lambda: self.confirms("/user/change_email/confirm", mailed[Purpose.CHANGE_EMAIL]),
            lambda: self.confirms("/user/change_email/confirm", self.waiting()),
            lambda: self.client.get(f"/calendars/{self.secret}.ics").status_code == 200,
            lambda: self.call("/invitations/look", json={"token": self.invitation}) == 200,
            lambda: self.opens(**self.halves),
            lambda: self.call("/invitations/look", json={"token": self.link}) == 200,
        ]
        return attempts[credential]()

    # -- events -----------------------------------------------------------------------------

    def change_password(self) -> None:
        body = {"old_password": PASSWORD, "new_password": NEW}
        assert self.call("/user/change_password", json=body) == 200

    def reset_password(self) -> None:
        token = issue(Purpose.RESET_PASSWORD, self.ann)
        assert self.confirms("/user/reset_password/confirm", token, password=NEW)

    def change_email(self) -> None:
        token = issue(Purpose.CHANGE_EMAIL, self.ann, "elsewhere@example.org")
        assert self.confirms("/user/change_email/confirm", token)

    def refresh_too_late(self) -> None:
        spent = self.tokens["refresh_token"]
        assert self.call("/auth/refresh", token=spent) == 200
        self.clock.pass_(seconds=31)
        assert self.call("/auth/refresh", token=spent) == 401

    def log_out(self) -> None:
        assert self.call("/auth", "DELETE") == 200

    def log_out_everywhere(self) -> None:
        assert self.call("/auth?everywhere=true", "DELETE") == 200

    def demote(self) -> None:
        self.ann.change_role("user")
        db.session.commit()

    def deactivate(self) -> None:
        deactivate(self.ann)
        db.session.commit()

    def reactivate(self) -> None:
        self.deactivate()
        reactivate(self.ann)
        db.session.commit()

    def delete(self) -> None:
        assert self.call("/identity", "DELETE", json={"password": PASSWORD}) == 200


EVENTS = dict(
    zip(
        TABLE,
        (
            World.change_password,
            World.reset_password,
            World.change_email,
            World.refresh_too_late,
            World.log_out,
            World.log_out_everywhere,
            World.demote,
            World.deactivate,
            World.reactivate,
            World.delete,
        ),
        strict=True,
    )
)


@pytest.fixture
def world(
    client: OwnContextClient, ann: User, clock: Clock, mails: Callable[[], list[Any]]
) -> World:
    return World(client, ann, clock, mails)


@pytest.mark.parametrize("credential", range(len(CREDENTIALS)), ids=CREDENTIALS)
def test_each_credential_is_good_until_something_happens(world: World, credential: int) -> None:
    """Else the table below would mean nothing."""
    assert world.is_good(credential)


@pytest.mark.parametrize("credential", range(len(CREDENTIALS)), ids=CREDENTIALS)
@pytest.mark.parametrize("event", TABLE)
def test_each_event_ends_the_credentials_of_the_table(
    world: World, event: str, credential: int
) -> None:
    EVENTS[event](world)
    db.session.expire_all()
    assert world.is_good(credential) is (TABLE[event][credential] == STAYS)


def test_neither_half_of_a_browsers_session_is_a_credential(world: World) -> None:
    assert sorted(world.halves) == ["Cookie", "X-Gridt-Key"]
    for name, half in world.halves.items():
        assert not world.opens(**{name: half})


def test_what_is_older_than_a_copied_login_stays(world: World, clock: Clock) -> None:
    clock.pass_(seconds=1)
    world.login = Login(world.ann.id)
    world.login.save_to_db()
    world.tokens = tokens_for(world.login)
    world.refresh_too_late()
    for name in ("calendar's secret address", "code of an invitation that an admin made"):
        assert world.is_good(CREDENTIALS.index(name))


# -- the table, as it is read ---------------------------------------------------------------

SECURITY = ROOT / "docs" / "security.md"
START, END = "<!-- credentials: python -m tests.test_credentials -->", "<!-- end of credentials -->"


def as_markdown() -> str:
    numbered = "\n".join(f"{n}. {name}" for n, name in enumerate(CREDENTIALS, start=1))
    head = " | ".join(str(n) for n in range(1, len(CREDENTIALS) + 1))
    rows = [f"| {event} | {' | '.join(cells)} |" for event, cells in TABLE.items()]
    rule = "|---" * (len(CREDENTIALS) + 1) + "|"
    return "\n".join([numbered, "", f"| when | {head} |", rule, *rows])


def with_table(text: str) -> str:
    before, _, rest = text.partition(START)
    return f"{before}{START}\n{as_markdown()}\n{END}{rest.partition(END)[2]}"


def test_the_document_shows_this_table() -> None:
    text = SECURITY.read_text()
    assert START in text
    assert text == with_table(text)


if __name__ == "__main__":
    SECURITY.write_text(with_table(SECURITY.read_text()))
