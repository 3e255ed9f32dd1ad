"""Logins: spending refresh tokens, ending logins, and deleting old ones."""

from datetime import timedelta
from inspect import signature

import pytest
import sqlalchemy as sa

from gridt.models import Login
from gridt.runtime.extensions import db


@pytest.fixture
def make_login(make_user):
    """Make a saved login, of a new user by default."""

    def make(user=None):
        login = Login((user or make_user()).id)
        login.save_to_db()
        return login

    return make


def ids():
    return set(db.session.scalars(sa.select(Login.id)))


def test_the_constructor_takes_a_users_id(make_user, clock):
    assert list(signature(Login).parameters) == ["user_id", "user_agent"]
    user = make_user()
    login = Login(user.id)
    assert (login.user_id, login.created_at, login.refreshed_at) == (user.id, clock.now, clock.now)


def test_a_login_that_has_ended_keeps_its_time(make_login, clock):
    login, ended_at = make_login(), clock.now
    login.revoke()
    clock.pass_(hours=1)
    login.revoke()
    assert login.revoked_at == ended_at


def test_each_login_has_a_token_of_its_own(make_user, make_login):
    user = make_user()
    assert make_login(user).refresh_jti != make_login(user).refresh_jti


def test_a_refresh_token_is_spent_once(make_login, clock):
    login = make_login()
    first = login.refresh_jti
    assert login.renew(first) is True
    second = login.refresh_jti
    clock.pass_(seconds=30)
    assert login.renew(first) is True, "its answer may be lost"
    assert login.refresh_jti == second
    clock.pass_(seconds=1)
    assert login.renew(first) is False


def test_the_next_refresh_token_is_good_after_the_first(make_login):
    login = make_login()
    first = login.refresh_jti
    login.renew(first)
    second = login.refresh_jti
    assert second != first
    assert login.renew(second) is True
    assert login.renew(first) is False


def test_a_spent_token_changes_nothing(make_login, clock):
    login = make_login()
    first = login.refresh_jti
    login.renew(first)
    second, at = login.refresh_jti, login.refreshed_at
    clock.pass_(hours=1)
    login.renew(first)
    db.session.refresh(login)
    assert (login.refresh_jti, login.refreshed_at) == (second, at)


def test_renewing_stores_the_time(make_login, clock):
    login = make_login()
    began = clock.now
    clock.pass_(days=3)
    login.renew(login.refresh_jti)
    db.session.refresh(login)
    assert (login.created_at, login.refreshed_at) == (began, clock.now)


def test_renewing_is_not_permanent_before_saving(make_login):
    login = make_login()
    first = login.refresh_jti
    login.renew(first)
    db.session.rollback()
    assert login.refresh_jti == first


@pytest.mark.parametrize("jti", ["", "another", "x" * 10_000])
def test_an_unknown_token_is_not_renewed(make_login, jti):
    assert make_login().renew(jti) is False


def test_a_token_of_another_login_is_not_renewed(make_user, make_login):
    user = make_user()
    mine, other = make_login(user), make_login(user)
    assert mine.renew(other.refresh_jti) is False
    assert other.renew(other.refresh_jti) is True


def test_a_login_that_ended_is_not_renewed(make_login):
    login = make_login()
    spent = login.refresh_jti
    assert login.renew(spent) is True
    login.revoke()
    login.save_to_db()
    assert login.renew(login.refresh_jti) is False
    assert login.renew(spent) is False


def test_revoke_all_ends_every_login_of_one_user_but_the_one_kept(make_user, make_login, clock):
    ann, ben = make_user(), make_user()
    kept, ended, foreign = make_login(ann), make_login(ann), make_login(ben)
    Login.revoke_all(ann.id, keep=kept.id)
    db.session.expire_all()
    assert (kept.revoked_at, ended.revoked_at, foreign.revoked_at) == (None, clock.now, None)
    Login.revoke_all(ann.id)
    db.session.expire_all()
    assert (kept.revoked_at, foreign.revoked_at) == (clock.now, None)


def test_revoke_all_leaves_the_time_of_those_that_ended_before(make_user, make_login, clock):
    user = make_user()
    login = make_login(user)
    login.revoke()
    login.save_to_db()
    ended = clock.now
    clock.pass_(days=1)
    Login.revoke_all(user.id)
    db.session.expire_all()
    assert login.revoked_at == ended


def test_forget_ended_deletes_logins_without_a_valid_token(make_user, make_login, clock):
    user, other = make_user(), make_user()
    unused, foreign = make_login(user), make_login(other)
    used, ended_long_ago = make_login(user), make_login(user)
    ended_long_ago.revoke()
    ended_long_ago.save_to_db()
    clock.pass_(days=29)
    used.renew(used.refresh_jti)
    ended_lately = make_login(user)
    ended_lately.revoke()
    ended_lately.save_to_db()
    clock.pass_(days=2)
    expected = {used.id, ended_lately.id, foreign.id}
    gone = {unused.id, ended_long_ago.id}

    Login.forget_ended(user.id, timedelta(days=30))

    assert ids() == expected
    assert not ids() & gone


def test_a_login_is_kept_while_its_token_may_be_valid(make_user, make_login, clock):
    user = make_user()
    login = make_login(user)
    clock.pass_(days=30)
    Login.forget_ended(user.id, timedelta(days=30))
    assert ids() == {login.id}
    clock.pass_(seconds=1)
    Login.forget_ended(user.id, timedelta(days=30))
    assert ids() == set()


def test_a_login_without_user_is_refused(make_login):
    login = make_login()
    login.user_id = login.user_id + 1000
    with pytest.raises(sa.exc.IntegrityError):
        db.session.flush()
    db.session.rollback()


def test_deleting_a_login_deletes_it_only(make_login):
    gone, kept = make_login(), make_login()
    id, kept_id = gone.id, kept.id
    gone.delete_from_db()
    assert Login.find_by_id(id) is None
    assert ids() == {kept_id}
