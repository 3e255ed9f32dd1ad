"""The one source of time; tests freeze it by replacing `utcnow`'s clock."""

from datetime import UTC, datetime, timedelta
from time import time

#: how far clocks of clients, and of servers beside this one, may be ahead of ours
LEEWAY = timedelta(minutes=5)


def utcnow() -> datetime:
    """Return the present moment as an aware UTC datetime."""
    return datetime.fromtimestamp(time(), UTC)


def no_later_than(now: datetime, moment: datetime) -> datetime:
    """Return a moment that another clock gave; one a little ahead of ours is taken as now."""
    return now if now < moment <= now + LEEWAY else moment
