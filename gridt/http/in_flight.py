"""Requests in flight: a bound for each account and process.

A request takes a place before it reads the database, and gives it back when its answer is sent.
One that finds no place waits, and so keeps a thread; a few of an account may wait, and others are
refused at once. Each process counts its own: an account that reaches several processes has as many
places in each.
"""

from collections import Counter
from threading import Condition

from flask import Flask

from gridt.errors import TooManyAtOnce
from gridt.runtime.metrics import metrics
from gridt.runtime.request_state import request_state
from gridt.text import with_noun

#: for how many seconds a request waits for a place
WAIT = 2.0
#: how many requests of one account may wait; each keeps a thread
_MOST_WAITING = 2


class InFlight:
    """The places of all accounts in this process."""

    def init_app(self, app: Flask) -> None:
        """Read the number of places; free them after requests."""
        self._most: int = app.config["QUOTA_AT_ONCE"]
        self._taken: Counter[str] = Counter()
        self._waiting: Counter[str] = Counter()
        self._changed = Condition()
        app.teardown_request(self._leave)

    def enter(self, account: str) -> None:
        """Take a place for a request, or wait for one.

        :raises TooManyAtOnce: when none is free in time
        """
        state = request_state()
        if not self._most or state.place is not None:
            return
        with self._changed:
            if self._taken[account] >= self._most:
                self._wait(account)
            self._taken[account] += 1
        state.place = account

    def _wait(self, account: str) -> None:
        """Wait for a place while others have all."""
        is_free = False
        if self._waiting[account] < _MOST_WAITING:
            self._waiting[account] += 1
            is_free = self._changed.wait_for(lambda: self._taken[account] < self._most, WAIT)
            _decrease(self._waiting, account)
        if not is_free:
            metrics.count_limit_refusal("at-once")
            requests = with_noun(self._most, "request")
            detail = f"Your account already waits for {requests}."
            raise TooManyAtOnce(detail, retry_after=1)

    def _leave(self, _error: BaseException | None) -> None:
        state = request_state()
        account, state.place = state.place, None
        if account is not None:
            with self._changed:
                _decrease(self._taken, account)
                if self._waiting:
                    self._changed.notify_all()


def _decrease(counter: Counter[str], key: str) -> None:
    """Count one less, and keep no zeros.

    There are as many keys as accounts.
    """
    counter[key] -= 1
    if not counter[key]:
        del counter[key]


in_flight = InFlight()
