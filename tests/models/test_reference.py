"""The example from the beginning of the project, in meaning."""

from datetime import timedelta

import sqlalchemy as sa

from gridt.models import Movement, MovementUserAssociation, Subscription, User
from gridt.runtime.extensions import db


def test_flossing(database: None) -> None:
    for name in ("robin", "pieter", "jorn"):
        User(name, f"{name}@example.org", "a good password").save_to_db()
    ids = dict(db.session.execute(sa.select(User.username, User.id)).all())

    flossing = Movement("flossing", timedelta(days=2))
    robin = User.find_by_id(ids["robin"])
    pieter = User.find_by_id(ids["pieter"])
    jorn = User.find_by_id(ids["jorn"])
    flossing.users = [robin, pieter, jorn]

    for table in (Movement, Subscription, MovementUserAssociation):
        assert db.session.scalar(sa.select(sa.func.count()).select_from(table)) == 0
    assert flossing.users == [robin, pieter, jorn]

    flossing.save_to_db()

    assert Movement.find_by_name("flossing") is flossing
    assert set(flossing.users) == {robin, pieter, jorn}
    assert set(robin.leaders(flossing)) == {pieter, jorn}
    assert set(pieter.leaders(flossing)) == {robin, jorn}
    assert set(jorn.leaders(flossing)) == {robin, pieter}
