"""The base class of models, times and comparable text."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
import sqlalchemy as sa

from gridt.models import Login, Movement, Update, User
from gridt.models.base import UTCDateTime
from gridt.runtime.clock import utcnow
from gridt.runtime.extensions import db
from gridt.text import fold


def test_nothing_is_permanent_before_saving(make_user, commits):
    user = make_user("ann")
    commits.clear()
    user.bio = "another"
    db.session.flush()
    assert not commits
    db.session.rollback()
    assert user.bio == ""


def test_saving_commits_everything_pending_at_once(make_user, commits):
    ann, ben = make_user(), make_user()
    commits.clear()
    ann.bio, ben.bio = "of ann", "of ben"
    ann.save_to_db()
    assert len(commits) == 1
    db.session.rollback()
    assert (ann.bio, ben.bio) == ("of ann", "of ben")


def test_deleting_commits_everything_pending_at_once(make_user, make_movement, commits):
    user, movement = make_user(), make_movement()
    commits.clear()
    user.bio = "pending"
    movement.delete_from_db()
    assert len(commits) == 1
    db.session.rollback()
    assert user.bio == "pending"
    assert Movement.find_by_name(movement.name) is None


@pytest.mark.parametrize("model", [User, Movement, Update, Login])
@pytest.mark.parametrize("id", [0, -1, -(2**63), 2**31, 2**63 - 1, 2**63, 10**100])
def test_unknown_ids_find_nothing(database, model, id):
    assert model.find_by_id(id) is None


def test_find_by_id_finds_each_model(make_user, make_movement):
    user = make_user()
    movement = make_movement(user)
    posted = Update(user, movement)
    login = Login(user.id)
    for made in (posted, login):
        made.save_to_db()
    for made in (user, movement, posted, login):
        assert type(made).find_by_id(made.id) is made


@pytest.mark.parametrize("model", [User, Movement, Update, Login])
def test_ids_are_never_used_again(make_user, make_movement, model):
    user = make_user()
    movement = make_movement(user)
    makers = {
        User: lambda: User("new", "new@example.org", "a good password"),
        Movement: lambda: Movement("new", timedelta(days=1)),
        Update: lambda: Update(user, movement),
        Login: lambda: Login(user.id),
    }
    first = makers[model]()
    first.save_to_db()
    id = first.id
    first.delete_from_db()
    second = makers[model]()
    second.save_to_db()
    assert second.id > id


# -- times ----------------------------------------------------------------------------------


def test_naive_times_are_refused(make_user):
    user = make_user()
    user.created_at = datetime(2020, 1, 1)
    with pytest.raises(sa.exc.StatementError, match="a time without a zone"):
        user.save_to_db()
    db.session.rollback()


def test_times_of_any_zone_come_back_as_the_same_moment_in_utc(make_user):
    moment = datetime(2020, 1, 1, 1, 30, 0, 123456, tzinfo=timezone(timedelta(hours=5)))
    user = make_user(created_at=moment)
    db.session.refresh(user)
    assert user.created_at == moment
    assert user.created_at.tzinfo is UTC
    assert user.created_at.isoformat() == "2019-12-31T20:30:00.123456+00:00"


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kolkata"])
def test_times_do_not_depend_on_the_zone_of_the_databases_session(make_user, zone):
    user = make_user()
    if db.engine.dialect.name == "postgresql":
        db.session.execute(sa.text(f"SET LOCAL TIME ZONE '{zone}'"))
    before = user.created_at
    db.session.refresh(user)
    assert user.created_at == before
    assert user.created_at.utcoffset() == timedelta(0)


def test_no_time_is_no_time(make_user):
    user = make_user(email_confirmed_at=None)
    db.session.refresh(user)
    assert user.email_confirmed_at is None
    kind = UTCDateTime()
    assert kind.process_bind_param(None, db.engine.dialect) is None


def test_times_are_compared_as_moments(make_user):
    moment = datetime(2020, 1, 1, 12, tzinfo=UTC)
    user = make_user(created_at=moment)
    elsewhere = moment.astimezone(timezone(timedelta(hours=-9)))
    assert db.session.scalar(sa.select(User).where(User.created_at == elsewhere)) is user
    earlier = moment - timedelta(microseconds=1)
    assert db.session.scalar(sa.select(User).where(User.created_at > earlier)) is user
    assert db.session.scalar(sa.select(User).where(User.created_at > moment)) is None


def test_utcnow_returns_the_time_of_the_clock(clock):
    assert utcnow() == clock.now
    clock.pass_(hours=1)
    assert utcnow() == clock.now
    assert utcnow().tzinfo is UTC


# -- comparable text ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Robin", "ROBIN"),
        ("Ångström", "A\u030angstro\u0308m"),  # combining marks
        ("\u212bngström", "ångström"),  # the unit sign
        ("straße", "STRASSE"),
        ("ﬁt", "FIT"),  # a ligature
        ("\uff26\uff35\uff2c\uff2c", "full"),
        ("Σίσυφος", "ΣΊΣΥΦΟΣ"),  # two lower-case sigmas
        ("\u01f0", "J\u030c"),  # folds to more than one character
        ("\u0345\u0301", "\u0301\u0345"),  # marks in the other order
        ("x²", "X2"),
    ],
)
def test_ways_to_write_the_same_fold_to_the_same(one, other):
    assert fold(one) == fold(other)


@pytest.mark.parametrize(("one", "other"), [("a", "á"), ("jorn", "jørn"), ("a b", "ab"), ("", " ")])
def test_different_names_stay_different(one, other):
    assert fold(one) != fold(other)


@pytest.mark.parametrize("text", ["\u1e9e", "\u0390", "\ufb03", "\u1fb7", "ϓ", "㎯", "ᾼ", "İ", "ß"])
def test_folding_twice_changes_nothing_more(text):
    assert fold(fold(text)) == fold(text)
