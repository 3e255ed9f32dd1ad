"""Mail tokens: one purpose, one user, one use, two hours."""

import pytest
from flask import Flask

from gridt.errors import InvalidMailToken
from gridt.mail import MailToken, Purpose
from gridt.mail.tokens import LIFETIME, issue
from gridt.models import User
from gridt.runtime.extensions import db
from tests.conftest import Clock
from tests.databases import same_on_both

pytestmark = same_on_both

each_purpose = pytest.mark.parametrize("purpose", Purpose)


def is_good(purpose: Purpose, token: str) -> bool:
    try:
        MailToken.read(purpose, token).user()
    except InvalidMailToken:
        return False
    return True


@each_purpose
def test_a_token_is_of_one_user_and_purpose(ann, make_user, purpose) -> None:
    make_user()
    token = issue(purpose, ann, "new@example.org")
    found = MailToken.read(purpose, token)
    assert (found.user(), found.address) == (ann, "new@example.org")
    assert [other for other in Purpose if is_good(other, token)] == [purpose]


@each_purpose
def test_a_token_is_good_for_two_hours(ann, clock: Clock, purpose) -> None:
    token = issue(purpose, ann)
    clock.pass_(seconds=LIFETIME.total_seconds())
    assert is_good(purpose, token)
    clock.pass_(seconds=1)
    assert not is_good(purpose, token)


@each_purpose
def test_a_token_from_the_future_is_refused(ann, clock: Clock, purpose) -> None:
    clock.pass_(hours=1)
    token = issue(purpose, ann)
    clock.pass_(hours=-1)
    assert not is_good(purpose, token)


@pytest.mark.parametrize("spoil", ["", "x", "a.b.c", "é.é.é", "\ud800", "..", "." * 4096])
def test_a_text_that_is_no_token_is_refused(ann, spoil) -> None:
    assert not is_good(Purpose.RESET_PASSWORD, spoil)


def test_a_token_that_was_tampered_with_is_refused(ann) -> None:
    token = issue(Purpose.RESET_PASSWORD, ann)
    for at in range(len(token)):
        # the last letter of a part has bits without a meaning
        other = "A" if token[at] not in "AB" else "x"
        spoilt = token[:at] + other + token[at + 1 :]
        assert not is_good(Purpose.RESET_PASSWORD, spoilt), at
    assert is_good(Purpose.RESET_PASSWORD, token)


@each_purpose
def test_a_token_of_a_deleted_user_is_refused(ann, purpose) -> None:
    token = issue(purpose, ann)
    ann.delete_from_db()
    assert not is_good(purpose, token)


CHANGES = {
    "password": lambda user: user.hash_password("another long one"),
    "the same password": lambda user: user.hash_password("correct horse battery"),
    "address": lambda user: user.change_email("other@example.org"),
    "there and back": lambda user: [
        user.change_email(email) for email in ("other@example.org", "ann@example.org")
    ],
    "confirmation": lambda user: user.confirm_email(),
    "name": lambda user: setattr(user, "username", "annie"),
}


@pytest.mark.parametrize(
    ("purpose", "spending"),
    [
        (Purpose.RESET_PASSWORD, {"password", "the same password", "address", "there and back"}),
        (Purpose.CHANGE_EMAIL, {"password", "the same password", "address", "there and back"}),
        (Purpose.CONFIRM_EMAIL, {"address", "there and back"}),
    ],
)
@pytest.mark.parametrize("change", CHANGES)
def test_a_token_is_spent_by_a_change_of_what_it_is_bound_to(
    ann, purpose, spending, change
) -> None:
    token = issue(purpose, ann)
    assert is_good(purpose, token)
    CHANGES[change](ann)
    ann.save_to_db()
    assert is_good(purpose, token) is (change not in spending)


def test_a_second_change_there_and_back_revives_nothing(ann, clock: Clock) -> None:
    """The first time, the address had never changed before.

    The second time it had.
    """
    CHANGES["there and back"](ann)
    ann.save_to_db()
    clock.pass_(seconds=1)
    token = issue(Purpose.RESET_PASSWORD, ann)
    CHANGES["there and back"](ann)
    ann.save_to_db()
    assert not is_good(Purpose.RESET_PASSWORD, token)


def test_keys_may_be_rotated(ann, app: Flask, monkeypatch) -> None:
    old, new = "o" * 32, "n" * 32
    monkeypatch.setitem(app.config, "SECRET_KEY", old)
    token = issue(Purpose.RESET_PASSWORD, ann)
    monkeypatch.setitem(app.config, "SECRET_KEY", new)
    assert not is_good(Purpose.RESET_PASSWORD, token)
    monkeypatch.setitem(app.config, "SECRET_KEY_FALLBACKS", (old, "x" * 32))
    assert is_good(Purpose.RESET_PASSWORD, token)
    fresh = issue(Purpose.RESET_PASSWORD, ann)
    monkeypatch.setitem(app.config, "SECRET_KEY_FALLBACKS", ())
    assert is_good(Purpose.RESET_PASSWORD, fresh)


def test_a_token_carries_no_password_hash_and_is_no_access_token(client, ann) -> None:
    token = issue(Purpose.RESET_PASSWORD, ann)
    assert ann.password_hash not in token
    answer = client.get("/identity", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401
    assert db.session.get(User, ann.id) is ann
