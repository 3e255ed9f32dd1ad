"""The one source of time; tests freeze it by replacing `utcnow`'s clock."""

from datetime import UTC, datetime
from time import time


def utcnow() -> datetime:
    """Return the present moment as an aware UTC datetime."""
    return datetime.fromtimestamp(time(), UTC)
