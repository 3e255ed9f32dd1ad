"""Throttling of password guesses, which spares the account's owner.

Failures are counted twice: per account and address, and per account. An account has one count for
all of its names. Rows name accounts and addresses by keyed hashes only. If no account has the
typed name, failures are counted for that name. So neither the table nor the time of an answer shows
whether an account exists.

Requests for mail to one address are counted in the same way, and each further mail waits longer.
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any, Self

from sqlalchemy import Row, String, case, delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from gridt.addresses import fold_address
from gridt.errors import TooManyAttempts
from gridt.models.base import Model, UTCDateTime
from gridt.models.event import EventKind, record
from gridt.names import fold_username
from gridt.runtime.clock import utcnow
from gridt.runtime.extensions import db

#: failures without a delay: per account and address, and per account
FREE_ATTEMPTS, FREE_ATTEMPTS_PER_ACCOUNT = 5, 50
#: the first delay, which each further failure doubles, and the longest
FIRST_DELAY, LONGEST_DELAY = timedelta(seconds=1), timedelta(minutes=15)
#: the free mails to one address; a flooded user always has a mail whose token is still valid
FREE_MAILS = 5
FIRST_MAIL_DELAY, LONGEST_MAIL_DELAY = timedelta(minutes=1), timedelta(hours=1)
#: after this long without a failure, a count starts again
MEMORY = timedelta(days=1)
#: how long an address counts as the owner's after a login from it
ACQUAINTANCE = timedelta(days=30)
#: outdated rows that are deleted with each failure, which adds at most two rows
_SWEPT = 10

_INSERTS: dict[str, Any] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}


class LoginThrottle(Model):
    """A count of successive failures.

    It is per account and address, or per account.
    """

    __tablename__ = "password_attempts"

    key: Mapped[str] = mapped_column(String(32), primary_key=True)
    failures: Mapped[int]
    blocked_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: until when the address counts as the owner's
    known_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)


@dataclass(frozen=True)
class PasswordAttempt:
    """An attempt to prove the password of an account.

    :param per_address: the key of the count per account and address
    :param per_account: the key of the count per account
    """

    per_address: str
    per_account: str

    @classmethod
    def on(cls, account: int | str, address: str, secret: str) -> Self:
        """Return an attempt on an account.

        :param account: its id, or the typed name if no account has it
        :param secret: the key of the hashes, without which rows cannot be traced to accounts
        """
        owner: list[str | int] = ["account", account]
        if isinstance(account, str):
            owner = ["name", fold_address(account) if "@" in account else fold_username(account)]
        return cls(_hashed([*owner, address], secret), _hashed(owner, secret))

    def ensure_allowed(self) -> None:
        """Refuse the attempt during a delay.

        :raises TooManyAttempts: with the time until the next attempt
        """
        now, table = utcnow(), LoginThrottle
        query = select(table.key, table.blocked_until, table.known_until).where(
            table.key.in_([self.per_address, self.per_account])
        )
        rows = {row.key: row for row in db.session.execute(query)}
        per_address, per_account = rows.get(self.per_address), rows.get(self.per_account)
        if per_address is not None:
            _ensure_over(per_address.blocked_until, now)
            if _is_later(per_address.known_until, now):
                return  # failures from other addresses do not lock the owner out
        if per_account is not None:
            _ensure_over(per_account.blocked_until, now)

    def fail(self, user_id: int | None) -> None:
        """Count a failure, and commit.

        Of many attempts at once, only as many get the answer "wrong password" as are allowed. The
        others were admitted before these had failed, and are refused now.

        :param user_id: the user of the account; None if no such account exists

        :raises TooManyAttempts: when other attempts failed meanwhile
        """
        record(EventKind.PASSWORD_WRONG, user_id=user_id)  # hashing limits how often this runs
        now = utcnow()
        per_address = _count(self.per_address, FREE_ATTEMPTS, now)
        blocked_until = per_address.blocked_until
        if not _is_later(blocked_until, now) and not _is_later(per_address.known_until, now):
            blocked_until = _count(self.per_account, FREE_ATTEMPTS_PER_ACCOUNT, now).blocked_until
        _sweep(now)
        db.session.commit()
        _ensure_over(blocked_until, now)

    def succeed(self) -> None:
        """Reset the counts after a success. Does not commit.

        It stores the address as the owner's.

        :raises TooManyAttempts: when other attempts failed meanwhile; then even a correct password
            gets no other answer
        """
        self.ensure_allowed()
        until = utcnow() + ACQUAINTANCE
        reset = {"failures": 0, "blocked_until": None, "known_until": until, "expires_at": until}
        statement = _insert().values(key=self.per_address, **reset)
        db.session.execute(statement.on_conflict_do_update(index_elements=["key"], set_=reset))
        db.session.execute(delete(LoginThrottle).where(LoginThrottle.key == self.per_account))


def delay_of_mail(email: str, secret: str) -> timedelta:
    """Count a requested mail; return its delay. Does not commit.

    :param email: the address, whether an account has it or not
    """
    now = utcnow()
    key = _hashed(["mail", fold_address(email)], secret)
    count = _count(key, FREE_MAILS, now, FIRST_MAIL_DELAY, LONGEST_MAIL_DELAY)
    _sweep(now)
    return max(count.blocked_until - now, timedelta()) if count.blocked_until else timedelta()


def _hashed(names: list[str | int], secret: str) -> str:
    key = blake2b(secret.encode(), digest_size=32).digest()
    # as JSON, so that no typed name equals the text of another account and its owner's address
    return blake2b(json.dumps(names).encode(), key=key, digest_size=16).hexdigest()


def _insert() -> Any:
    return _INSERTS[db.session.get_bind().dialect.name](LoginThrottle)


def _is_later(moment: datetime | None, now: datetime) -> bool:
    return moment is not None and moment > now


def _ensure_over(blocked_until: datetime | None, now: datetime) -> None:
    if blocked_until is not None and blocked_until > now:
        seconds = int((blocked_until - now).total_seconds()) + 1
        raise TooManyAttempts(retry_after=seconds)


def _count(
    key: str,
    free_attempts: int,
    now: datetime,
    first_delay: timedelta = FIRST_DELAY,
    longest_delay: timedelta = LONGEST_DELAY,
) -> Row[Any]:
    """Count a failure; return the row before its new delay.

    A failure within a delay does not count. The row stays locked, so the later of two simultaneous
    attempts sees the changes of the other.
    """
    table = LoginThrottle
    failures = case(
        (table.blocked_until > now, table.failures),
        (table.expires_at <= now, 1),
        else_=table.failures + 1,
    )
    expires_at = case((table.known_until > now + MEMORY, table.known_until), else_=now + MEMORY)
    statement = (
        _insert()
        .values(key=key, failures=1, expires_at=now + MEMORY)
        .on_conflict_do_update(
            index_elements=["key"], set_={"failures": failures, "expires_at": expires_at}
        )
        .returning(table.failures, table.blocked_until, table.known_until)
    )
    row: Row[Any] = db.session.execute(statement).one()
    if row.failures >= free_attempts and not _is_later(row.blocked_until, now):
        delay = min(first_delay * 2 ** min(row.failures - free_attempts, 20), longest_delay)
        db.session.execute(update(table).where(table.key == key).values(blocked_until=now + delay))
    return row


def _sweep(now: datetime) -> None:
    """Delete some outdated rows, so that the table stays small."""
    table = LoginThrottle
    is_over = or_(table.blocked_until.is_(None), table.blocked_until < now)
    outdated = (
        select(table.key)
        .where(table.expires_at < now, is_over)
        .limit(_SWEPT)
        .with_for_update(skip_locked=True)
    )
    db.session.execute(delete(table).where(table.key.in_(outdated.scalar_subquery())))
