"""Old addresses and names, in the forms for look-ups.

A migration folds them, and a command checks them.
"""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import flask_migrate
import pytest
import sqlalchemy as sa
from flask import Flask

from gridt.models import Movement, User
from gridt.runtime.clock import utcnow
from gridt.runtime.extensions import db
from gridt.text import fold
from tests.conftest import OwnContextClient, Run, app_on
from tests.databases import sqlite_only

_TEXT = sa.text
USERS = sa.table("users", *map(sa.column, ("id", "email", "email_folded", "username_folded")))


@pytest.fixture
def old(new_database: Callable[[], str]) -> Iterator[Flask]:
    """An app on the earlier version's database.

    It is the version before. The context of the app is entered.
    """
    with app_on(new_database()) as app, app.app_context():
        app.test_client_class = OwnContextClient
        flask_migrate.upgrade(revision="0018")
        yield app


def plant_users(*emails: str, names: dict[int, str] | None = None) -> None:
    """Insert users, numbered from 1, with old forms.

    They are folded as in the version before.
    """
    rows = [
        {
            "username": (names or {}).get(number, f"user {number}"),
            "email": email,
            "email_folded": fold(email),
            "created_at": utcnow(),
        }
        for number, email in enumerate(emails, 1)
    ]
    for row in rows:
        row["username_folded"] = fold(row["username"])
    with db.engine.begin() as connection:
        for start in range(0, len(rows), 10_000):
            connection.execute(
                _TEXT(
                    "INSERT INTO users (username, username_folded, email, email_folded,"
                    " password_hash, role, bio, time_zone, created_at) VALUES (:username,"
                    " :username_folded, :email, :email_folded, '', 'user', '', 'UTC', :created_at)"
                ).bindparams(sa.bindparam("created_at", type_=sa.DateTime(timezone=True))),
                rows[start : start + 10_000],
            )


def plant_movements(*names: str) -> None:
    with db.engine.begin() as connection:
        for name in names:
            connection.execute(
                sa.insert(Movement.__table__).values(
                    name=name,
                    name_folded=fold(name),
                    short_description="",
                    description="",
                    search_text="",
                    interval=Movement.__table__.c.interval.type.python_type(days=1),
                    created_at=utcnow(),
                    member_count=0,
                )
            )


def forms(table: str = "users", column: str = "email_folded") -> list[str]:
    with db.engine.connect() as connection:
        return list(connection.scalars(_TEXT(f"SELECT {column} FROM {table} ORDER BY id")))


#: a Persian verb with the non-joiner that its spelling needs, and without
JOINED = "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"
PLAIN = JOINED.replace("\u200c", "")
A_U, A_X = "a@bücher.example", "a@xn--bcher-kva.example"

#: the addresses of users by their age, and the forms that they have after the migration
MET = {
    "plain ones stay": (["A@example.org", "ß@example.org"], ["a@example.org", "ss@example.org"]),
    "one alone": ([A_X], [A_U]),
    "the older has the letters": ([A_U, A_X], [A_U, A_X]),
    "the older is encoded": ([A_X, A_U], [A_U, f"{A_U}\x1f2"]),
    "the sharp s goes": (["a@faß.example"], ["a@faß.example"]),
    "two sharp ones": (["a@faß.example", "b@FAẞ.example"], ["a@faß.example", "b@faß.example"]),
    "a form passes on": (
        ["a@fass。x.example", "a@faß.x.example"],
        ["a@fass.x.example", "a@faß.x.example"],
    ),
    "the same, the other way round": (
        ["a@faß.x.example", "a@fass。x.example"],
        ["a@faß.x.example", "a@fass.x.example"],
    ),
    "no domain": (
        ["a@ü_b.example", "a@xn--b_-hka.example"],
        ["a@ü_b.example", "a@÷b_.example"],
    ),
    "three": (
        ["a@xn--bcher-kva。example.org", "a@bücher。example.org", "a@bücher.example.org"],
        ["a@bücher.example.org", "a@bücher。example.org", "a@bücher.example.org\x1f3"],
    ),
}


@pytest.mark.parametrize(("emails", "expected"), MET.values(), ids=MET)
def test_the_older_account_keeps_an_address(
    old: Flask, emails: list[str], expected: list[str]
) -> None:
    plant_users(*emails)
    before = forms()
    flask_migrate.upgrade()
    assert forms() == expected
    with db.engine.connect() as connection:
        assert connection.scalars(sa.select(USERS.c.email).order_by(USERS.c.id)).all() == emails
    flask_migrate.downgrade(revision="0018")
    assert forms() == before
    flask_migrate.upgrade()
    assert forms() == expected


def test_domains_of_symbols_are_folded_where_that_form_is_free(
    new_database: Callable[[], str],
) -> None:
    """Migration 0024 folds what 0019 left encoded.

    Where another account has the form, the address stays, and `check-accounts` lists it.
    """
    with app_on(new_database()) as app, app.app_context():
        flask_migrate.upgrade(revision="0023")
        plant_users(
            "a@xn--n3h.example", "b@☃.example", "b@xn--n3h.example", "c@xn--bcher-kva.example"
        )
        before = forms()
        flask_migrate.upgrade(revision="0024")
        after = ["a@☃.example", before[1], "b@xn--n3h.example", "c@bücher.example"]
        assert forms() == after
        flask_migrate.upgrade()
        result = app.test_cli_runner().invoke(args=["gridt", "check-accounts", "--json"])
        (lost,) = json.loads(result.output)["lost"]
        assert (lost["id"], lost["holder_id"]) == (3, 2)
        db.session.remove()  # its transaction holds tables that the migration drops
        flask_migrate.downgrade(revision="0023")
        assert forms() == after


def test_names_lose_their_joiners(old: Flask) -> None:
    names = {1: JOINED, 2: PLAIN, 3: "a\u200cb", 4: "🧘\u200d♀", 5: "Ann  Bell"}
    plant_users(*(f"{number}@example.org" for number in names), names=names)
    plant_movements(*names.values(), "Ann Bell ", "Stretching ")
    flask_migrate.upgrade()
    kept = ["ab", "🧘♀"]
    met = [names[2], f"{names[2]}\x1f2"]
    assert forms(column="username_folded") == [*met, *kept, "ann  bell"]
    assert forms("movements", "name_folded") == [
        *(names[2], f"{names[2]}\x1f\x1f2", *kept, "ann bell"),  # as the version after writes it
        *("ann bell ", "stretching"),
    ]


@sqlite_only("the bound is for a file; PostgreSQL takes longer to fill than to migrate")
@pytest.mark.parametrize("domain", ["example.org", "faß.example"])
def test_many_accounts_are_folded_in_batches(old: Flask, domain: str) -> None:
    plant_users(*(f"{number}@{domain}" for number in range(12_000)))
    begun = time.perf_counter()
    flask_migrate.upgrade()
    assert time.perf_counter() - begun < 20
    assert set(forms()) == {f"{number}@{domain}" for number in range(12_000)}


# -- the command ----------------------------------------------------------------------------


def store(model: Any, row: Any, **values: str) -> None:
    db.session.execute(sa.update(model).where(model.id == row.id).values(values))
    db.session.commit()


def checked(run: Run, *options: str) -> dict[str, Any]:
    result = run("check-accounts", "--json", *options)
    assert result.output, result.exception
    report: dict[str, Any] = json.loads(result.output)
    assert result.exit_code == int(bool(report["lost"]))
    return report


def test_nothing_is_wrong_with_sound_accounts(run: Run, make_user: Any, make_movement: Any) -> None:
    make_movement(make_user("ann", email=A_U), name="Stretching ")
    assert checked(run) == {"accounts": 1, "movements": 1, "repaired": 0, "lost": []}
    result = run("check-accounts")
    assert result.exit_code == 0
    assert result.output == (
        "1 account and 1 movement checked, nothing repaired, nothing broken.\n"
    )


def test_an_address_that_leads_elsewhere_is_listed(run: Run, make_user: Any) -> None:
    ann, ben = make_user("ann", email=A_U), make_user("ben", email="ben@example.org")
    store(User, ben, email=A_X)
    for options in ([], ["--repair"]):
        report = checked(run, *options)
        assert (report["accounts"], report["repaired"]) == (2, 0)
        assert report["lost"] == [
            {"kind": "e-mail address", "id": ben.id, "text": A_X, "holder_id": ann.id}
        ]
    result = run("check-accounts")
    assert result.output.splitlines() == [
        f"user {ben.id}: the e-mail address {A_X!r} leads to user {ann.id}",
        "2 accounts and 0 movements checked, nothing repaired, 1 broken.",
    ]


def test_what_the_version_before_stored_is_repaired(
    run: Run, client: OwnContextClient, make_user: Any, make_movement: Any
) -> None:
    """The command repairs rows that the version before stored.

    The second address is free only after the first has its own form.
    """
    ann, ben = make_user("ann", email="a@x.example"), make_user("ben", email="b@x.example")
    store(User, ann, email="a@fass。x.example", email_folded="a@fass。x.example")
    store(User, ben, email="a@faß.x.example", email_folded="a@fass.x.example")
    movement = make_movement(name="Stretching")
    store(Movement, movement, name="Stretching ", name_folded="stretching ")
    report = checked(run)
    assert [one["holder_id"] for one in report["lost"]] == [ben.id, None, None]
    login = {"username": ben.email, "password": "correct horse battery"}
    assert client.post("/auth", json=login).status_code == 401
    report = checked(run, "--repair")
    assert (report["repaired"], report["lost"]) == (3, [])
    assert client.post("/auth", json=login).status_code == 200
    stored = db.session.scalars(sa.select(User.email_folded).order_by(User.id)).all()
    assert stored == ["a@fass.x.example", "a@faß.x.example"]
    assert Movement.find_by_name("stretching") is not None


def test_an_old_row_that_meets_another_stays_as_it_is(
    client_of: Any, make_user: Any, make_movement: Any
) -> None:
    """A change leaves an old row's clashing name alone.

    Other changes do not fold its name again, which another row has.
    """
    older, newer = make_user(PLAIN, email="a@x.org"), make_user("ben", email="b@x.org")
    store(User, newer, username=JOINED, username_folded=JOINED)
    make_movement(name="Stretching")
    movement = make_movement(creator=newer, name="Other")
    store(Movement, movement, name="Stretching ", name_folded="stretching ")
    client = client_of(newer)
    same = {"username": JOINED, "bio": "as ever"}
    assert client.patch("/identity", json=same).status_code == 200
    same = {"name": "Stretching ", "short_description": "as ever"}
    assert client.patch(f"/movements/{movement.id}", json=same).status_code == 200
    assert client.patch(f"/movements/{movement.id}", json={"name": "Str  "}).status_code == 200
    db.session.expire_all()
    assert (newer.username_folded, movement.name_folded) == (JOINED, "str")
    assert User.find_by_name(JOINED) is older
