"""Who guesses passwords waits ever longer; the owner of the account does not.

Wrong passwords are counted for an account as tried from one address, and for the account from
anywhere; it is one account, whichever of its names is typed. Accounts and addresses are kept as
keyed hashes only, and for an account that there is not, the name that is tried is counted: the
table tells as much of it, and in the same time, as of one that there is.

Mails that are asked for to one address, by whomever, are counted alike, and wait ever longer.
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any, Self

from sqlalchemy import Row, String, case, delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from gridt.errors import TooManyAttempts
from gridt.models.base import Model, UTCDateTime
from gridt.models.event import EventKind, record
from gridt.runtime.clock import utcnow
from gridt.runtime.extensions import db
from gridt.text import fold

#: the wrong password after which one has to wait: from one address, and from all together
FREE_ATTEMPTS, FREE_ATTEMPTS_PER_ACCOUNT = 5, 50
#: the delay after the next one, which doubles with each, and the longest
FIRST_DELAY, LONGEST_DELAY = timedelta(seconds=1), timedelta(minutes=15)
#: the same of mails to one address; who is flooded always has one whose token is good still
FREE_MAILS = 5
FIRST_MAIL_DELAY, LONGEST_MAIL_DELAY = timedelta(minutes=1), timedelta(hours=1)
#: after so long without a wrong password, all is forgotten
MEMORY = timedelta(days=1)
#: for how long an address is the owner's own, once they logged in from there
ACQUAINTANCE = timedelta(days=30)
#: so many outdated rows go with each wrong password, which adds at most two
_SWEPT = 10

_INSERTS: dict[str, Any] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}


class LoginThrottle(Model):
    """How many passwords were wrong in a row, of one account from one address or from anywhere."""

    __tablename__ = "password_attempts"

    key: Mapped[str] = mapped_column(String(32), primary_key=True)
    failures: Mapped[int]
    blocked_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: until when the address counts as the owner's
    known_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)


@dataclass(frozen=True)
class PasswordAttempt:
    """Somebody's try to get into an account.

    :param here: names the account and the address that is tried from
    :param anywhere: names the account alone
    """

    here: str
    anywhere: str

    @classmethod
    def on(cls, account: int | str, address: str, secret: str) -> Self:
        """Return an attempt on an account.

        :param account: its id, or what is said to be the name of one that there is not
        :param secret: without it nobody finds out whose rows the table holds
        """
        whose: list[str | int] = ["account", account]
        if isinstance(account, str):
            whose = ["name", fold(account)]
        return cls(_hashed([*whose, address], secret), _hashed(whose, secret))

    def ensure_allowed(self) -> None:
        """Refuse the attempt where too many passwords were wrong just before.

        :raises TooManyAttempts: telling when to try again
        """
        now, found = utcnow(), LoginThrottle
        query = select(found.key, found.blocked_until, found.known_until).where(
            found.key.in_([self.here, self.anywhere])
        )
        rows = {row.key: row for row in db.session.execute(query)}
        here, anywhere = rows.get(self.here), rows.get(self.anywhere)
        if here is not None:
            _ensure_over(here.blocked_until, now)
            if _is_later(here.known_until, now):
                return  # whatever others try elsewhere, they do not lock the owner out
        if anywhere is not None:
            _ensure_over(anywhere.blocked_until, now)

    def fail(self, user_id: int | None) -> None:
        """Count a wrong password, and commit.

        :param user_id: whose password it was not; None where there is no such account

        Of many attempts at once only as many learn that they were wrong as may be made: the
        others were let in before these had failed, and are refused now.

        :raises TooManyAttempts: when others failed meanwhile
        """
        record(EventKind.PASSWORD_WRONG, user_id=user_id)  # no more often than passwords are hashed
        now = utcnow()
        here = _count(self.here, FREE_ATTEMPTS, now)
        blocked_until = here.blocked_until
        if not _is_later(blocked_until, now) and not _is_later(here.known_until, now):
            blocked_until = _count(self.anywhere, FREE_ATTEMPTS_PER_ACCOUNT, now).blocked_until
        _sweep(now)
        db.session.commit()
        _ensure_over(blocked_until, now)

    def succeed(self) -> None:
        """Forget what was wrong, and remember the address as the owner's; it never commits.

        :raises TooManyAttempts: when others failed meanwhile: right or wrong, they are not told
        """
        self.ensure_allowed()
        until = utcnow() + ACQUAINTANCE
        fresh = {"failures": 0, "blocked_until": None, "known_until": until, "expires_at": until}
        statement = _insert().values(key=self.here, **fresh)
        db.session.execute(statement.on_conflict_do_update(index_elements=["key"], set_=fresh))
        db.session.execute(delete(LoginThrottle).where(LoginThrottle.key == self.anywhere))


def delay_of_mail(email: str, secret: str) -> timedelta:
    """Count a mail that is asked for, and return how long it has to wait. Does not commit.

    :param email: whether it belongs to somebody or not
    """
    now = utcnow()
    key = _hashed(["mail", fold(email)], secret)
    found = _count(key, FREE_MAILS, now, FIRST_MAIL_DELAY, LONGEST_MAIL_DELAY)
    _sweep(now)
    return max(found.blocked_until - now, timedelta()) if found.blocked_until else timedelta()


def _hashed(named: list[str | int], secret: str) -> str:
    key = blake2b(secret.encode(), digest_size=32).digest()
    # as JSON: nobody types a name that reads like another account and its owner's address
    return blake2b(json.dumps(named).encode(), key=key, digest_size=16).hexdigest()


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
    free: int,
    now: datetime,
    first: timedelta = FIRST_DELAY,
    longest: timedelta = LONGEST_DELAY,
) -> Row[Any]:
    """Count one more unless its time has not come; return the row with the delay there was before.

    The row stays locked, so that of two attempts at once the second sees what the first did.
    """
    row = LoginThrottle
    counted = case(
        (row.blocked_until > now, row.failures), (row.expires_at <= now, 1), else_=row.failures + 1
    )
    kept = case((row.known_until > now + MEMORY, row.known_until), else_=now + MEMORY)
    statement = (
        _insert()
        .values(key=key, failures=1, expires_at=now + MEMORY)
        .on_conflict_do_update(
            index_elements=["key"], set_={"failures": counted, "expires_at": kept}
        )
        .returning(row.failures, row.blocked_until, row.known_until)
    )
    found: Row[Any] = db.session.execute(statement).one()
    if found.failures >= free and not _is_later(found.blocked_until, now):
        delay = min(first * 2 ** min(found.failures - free, 20), longest)
        db.session.execute(update(row).where(row.key == key).values(blocked_until=now + delay))
    return found


def _sweep(now: datetime) -> None:
    """Delete some rows that say nothing any more, so that the table stays small by itself."""
    row = LoginThrottle
    outdated = (
        select(row.key)
        .where(row.expires_at < now, or_(row.blocked_until.is_(None), row.blocked_until < now))
        .limit(_SWEPT)
        .with_for_update(skip_locked=True)
    )
    db.session.execute(delete(row).where(row.key.in_(outdated.scalar_subquery())))
