"""The one source of time.

Tests freeze it by replacing `utcnow`'s clock.
"""

from datetime import UTC, datetime, timedelta
from time import time

#: how far clocks of clients, and of servers beside this one, may be ahead of ours
LEEWAY = timedelta(minutes=5)


def utcnow() -> datetime:
    """Return the present moment as an aware UTC datetime."""
    return datetime.fromtimestamp(time(), UTC)


def no_later_than(now: datetime, moment: datetime) -> datetime:
    """Return a moment, or now if it is slightly ahead.

    Another clock gave the moment; slightly means by `LEEWAY` or less.
    """
    return now if now < moment <= now + LEEWAY else moment
