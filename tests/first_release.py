"""A database of the first release, with data.

It uses none of today's models, because changes to them must not change this data.
"""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

REVISION = "0001"

#: the password of all users, and its hash by the first release, with cheap argon2id parameters
PASSWORD = "correct horse"
PASSWORD_HASH = (
    "$argon2id$v=19$m=64,t=1,p=1$ao2R8v6/dy4lJGTsfY+Rkg$ek653sQ75NrgC+zxX+G7eht4z31POqHABh5+5ROfNWk"
)

NAMES = ["robin", "pieter", "jörn", "anna", "mila", "noor"]
JOINED = datetime(2024, 2, 29, 23, 59, 59, 123456, tzinfo=UTC)
MOVEMENT = "Flossing"

_MOMENT = sa.DateTime(timezone=True)


def _table(name: str, /, **types: sa.types.TypeEngine | None) -> sa.TableClause:
    return sa.table(name, *(sa.column(column, kind) for column, kind in types.items()))


_NUMBER, _TEXT = sa.BigInteger(), sa.Text()
USERS = _table(
    "users",
    id=_NUMBER,
    username=_TEXT,
    username_folded=_TEXT,
    email=_TEXT,
    email_folded=_TEXT,
    email_confirmed_at=_MOMENT,
    password_hash=_TEXT,
    role=_TEXT,
    bio=_TEXT,
    time_zone=_TEXT,
    created_at=_MOMENT,
)
LOGINS = _table(
    "logins",
    id=_NUMBER,
    user_id=_NUMBER,
    created_at=_MOMENT,
    refreshed_at=_MOMENT,
    refresh_jti=_TEXT,
    revoked_at=_MOMENT,
)
MOVEMENTS = _table(
    "movements",
    id=_NUMBER,
    name=_TEXT,
    name_folded=_TEXT,
    short_description=_TEXT,
    description=_TEXT,
    search_text=_TEXT,
    interval=sa.Interval(),
    creator_id=_NUMBER,
    created_at=_MOMENT,
    member_count=_NUMBER,
)
SUBSCRIPTIONS = _table(
    "subscriptions",
    user_id=_NUMBER,
    movement_id=_NUMBER,
    subscribed_at=_MOMENT,
    last_update_at=_MOMENT,
    shuffle_key=_NUMBER,
)
UPDATES = _table(
    "updates", leader_id=_NUMBER, movement_id=_NUMBER, time_stamp=_MOMENT, message=_TEXT
)
ASSOCIATIONS = _table(
    "movement_user_associations",
    follower_id=_NUMBER,
    movement_id=_NUMBER,
    slot=_NUMBER,
    leader_id=_NUMBER,
)


def plant(connection: sa.Connection) -> None:
    """Subscribe six people, each of whom follows the next four.

    Each of the first two has posted an update.
    """
    people = range(1, len(NAMES) + 1)
    posted = {1: JOINED + timedelta(days=1), 2: JOINED + timedelta(days=2)}
    _insert(connection, USERS, [_user(number) for number in people])
    logins = [
        {
            "user_id": number,
            "created_at": JOINED,
            "refreshed_at": JOINED,
            "refresh_jti": f"jti-{number}",
            "revoked_at": JOINED if number == 1 else None,
        }
        for number in people
    ]
    _insert(connection, LOGINS, logins)
    _insert(connection, MOVEMENTS, [_movement()])
    subscriptions = [
        {
            "user_id": number,
            "movement_id": 1,
            "subscribed_at": JOINED,
            "last_update_at": posted.get(number),
            "shuffle_key": 2**32 + number,
        }
        for number in people
    ]
    _insert(connection, SUBSCRIPTIONS, subscriptions)
    updates = [
        {"leader_id": number, "movement_id": 1, "time_stamp": moment, "message": "Done ✓"}
        for number, moment in posted.items()
    ]
    _insert(connection, UPDATES, updates)
    slots = [
        {
            "follower_id": number,
            "movement_id": 1,
            "slot": slot,
            "leader_id": (number + slot) % len(NAMES) + 1,
        }
        for number in people
        for slot in range(4)
    ]
    _insert(connection, ASSOCIATIONS, slots)


def _user(number: int) -> dict[str, object]:
    name = NAMES[number - 1]
    return {
        "username": name.title(),
        "username_folded": name,
        "email": f"{number}@Example.org",
        "email_folded": f"{number}@example.org",
        "email_confirmed_at": None,
        "password_hash": PASSWORD_HASH,
        "role": "admin" if number == 1 else "user",
        "bio": "",
        "time_zone": "Europe/Amsterdam",
        "created_at": JOINED,
    }


def _movement() -> dict[str, object]:
    return {
        "name": MOVEMENT,
        "name_folded": MOVEMENT.casefold(),
        "short_description": "Every other day",
        "description": "",
        "search_text": "flossing\nevery other day\n",
        "interval": timedelta(days=2),
        "creator_id": 1,
        "created_at": JOINED,
        "member_count": len(NAMES),
    }


def _insert(
    connection: sa.Connection, table: sa.TableClause, rows: list[dict[str, object]]
) -> None:
    # the database assigns ids, and its counters continue from there
    connection.execute(sa.insert(table), rows)
