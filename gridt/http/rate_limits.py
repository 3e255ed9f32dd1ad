"""How often somebody may call, and what tells them.

Three kinds of limit. The *general* one counts every call, by login or else by address, in the
memory of this process: a round trip for each GET would cost more than the GET. The *named* ones
are for what is expensive or worth attacking, by address, in memory or in Redis. And an account is
protected by what the database knows of it (`gridt.models.login_throttle`).
"""

import logging
import time
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Network, ip_address
from typing import Any

from flask import Flask, Response, request
from limits import RateLimitItem, parse
from limits.errors import StorageError
from limits.storage import storage_from_string
from limits.strategies import SlidingWindowCounterRateLimiter

from gridt.errors import TooManyRequests
from gridt.runtime.clock import utcnow
from gridt.runtime.metrics import metrics
from gridt.runtime.request_state import LimitUsage, request_state

log = logging.getLogger(__name__)

#: the named limits: the setting of each, and whether only what is refused counts
NAMED = {
    "login": ("LIMIT_LOGIN", False),
    "register": ("LIMIT_REGISTER", False),
    "mail": ("LIMIT_MAIL", False),
    "refresh": ("LIMIT_REFRESH", True),
}
#: A limit is divided by the processes, but connections are not spread evenly among them: who keeps
#: one open meets the same process again and again.
_SMALLEST_SHARE = 4
#: for how long a Redis that cannot be reached is left alone, in seconds
_PAUSE = 10


class Limiter:
    """What this process knows of how often who has called."""

    def init_app(self, app: Flask) -> None:
        """Set the limits from the app's configuration."""
        config = app.config
        self._enabled: bool = config["LIMITS"]
        self._away_until = 0.0
        if not self._enabled:
            return
        share = min(config["PROCESSES"], _SMALLEST_SHARE)
        self._general = _Window(parse(config["LIMIT_DEFAULT"]), share)
        self._memory = SlidingWindowCounterRateLimiter(storage_from_string("memory://"))
        self._shared = None
        if url := config["LIMITER_URL"]:
            waits = {"socket_timeout": 1, "socket_connect_timeout": 1}
            storage = storage_from_string(url, wrap_exceptions=True, **waits)
            self._shared = SlidingWindowCounterRateLimiter(storage)
        self._named = {name: parse(config[setting]) for name, (setting, _) in NAMED.items()}
        self._portions = {name: _divided(item, share) for name, item in self._named.items()}

    def count_generally(self, key: str) -> None:
        """Count a call, of the login or the address that `key` names.

        :raises TooManyRequests: when there were too many
        """
        if self._enabled:
            usage = request_state().limit = self._general.hit(key)
            _ensure_some_left(usage)

    def count_call(self, name: str) -> None:
        """Count a call to what has a limit of its own, unless it counts only what is refused.

        :raises TooManyRequests: when there were too many from this address
        """
        if self._enabled:
            self._apply_named(name, count=not NAMED[name][1])

    def count_refusal(self, name: str) -> None:
        """Count a call that is refused, where only those count."""
        if self._enabled and NAMED[name][1]:
            self._apply_named(name, count=True)

    def _apply_named(self, name: str, *, count: bool) -> None:
        if self._shared is not None and self._away_until <= time.monotonic():
            try:
                return _apply(self._shared, name, self._named[name], count=count)
            except StorageError as error:
                log.warning("limits: Redis is not reached, this process counts alone: %s", error)
                self._away_until = time.monotonic() + _PAUSE
        return _apply(self._memory, name, self._portions[name], count=count)


class _Window:
    """Counts calls in this process, from one full minute (or whatever the limit says) to the next.

    `limits` could, but its memory starts a thread every 10 ms to look through all that it holds.
    """

    def __init__(self, item: RateLimitItem, share: int) -> None:
        self._amount = _divided(item, share).amount
        self._seconds = item.get_expiry()
        self._ends = 0.0
        self._counts: dict[str, int] = {}

    def hit(self, key: str) -> LimitUsage:
        """Count a call, and return how much of the limit is used."""
        now = utcnow().timestamp()
        # a clock that was set back begins another window
        if not self._ends - self._seconds <= now < self._ends:
            self._ends = (now // self._seconds + 1) * self._seconds
            self._counts = {}
        counts = self._counts
        # two threads at once may count one call less, which is not worth a lock
        count = counts[key] = counts.get(key, 0) + 1
        remaining, resets_in = self._amount - count, int(self._ends - now) + 1
        return LimitUsage("default", self._amount, self._seconds, remaining, resets_in)


def _divided(item: RateLimitItem, share: int) -> RateLimitItem:
    return type(item)(-(-item.amount // share), item.multiples, item.namespace)


def _apply(
    strategy: SlidingWindowCounterRateLimiter, name: str, item: RateLimitItem, *, count: bool
) -> None:
    key = (name, address())
    allowed = strategy.hit(item, *key) if count else strategy.test(item, *key)
    stats = strategy.get_window_stats(item, *key)
    resets_in = max(1, int(stats.reset_time - time.time()) + 1)
    remaining = stats.remaining if allowed else -1
    usage = LimitUsage(name, item.amount, item.get_expiry(), remaining, resets_in)
    request_state().limit = usage
    _ensure_some_left(usage)


def _ensure_some_left(usage: LimitUsage) -> None:
    if usage.remaining < 0:
        log.info("limit %r: %s calls in %s s are over", usage.name, usage.quota, usage.window)
        metrics.count_limit_refusal(usage.name)
        raise TooManyRequests(retry_after=usage.resets_in)


def add_limit_headers(response: Response) -> Response:
    """Tell the caller what limit there is and what is left (draft-ietf-httpapi-ratelimit-headers).

    The fields are those of the draft since its eighth version: `RateLimit-Policy` with quota and
    window, `RateLimit` with what remains and for how long.
    """
    usage = request_state().limit
    if usage is not None:
        name, quota, window, remaining, resets_in = usage
        response.headers["RateLimit-Policy"] = f'"{name}";q={quota};w={window}'
        response.headers["RateLimit"] = f'"{name}";r={max(0, remaining)};t={resets_in}'
    return response


def address() -> str:
    """Return where the caller is, as far as it identifies them."""
    return _subscriber_of(request.remote_addr or "")


@lru_cache(4096)
def _subscriber_of(text: str) -> str:
    """Return the address, of IPv6 its /64: one subscriber has all of that."""
    host_address: Any
    try:
        host_address = ip_address(text.removeprefix("[").partition("]")[0])
    except ValueError:  # some proxies add the port
        host, _, port = text.rpartition(":")
        return _subscriber_of(host) if port.isdigit() and host else text[:64]
    if isinstance(host_address, IPv4Address):
        return str(host_address)
    return str(host_address.ipv4_mapped or IPv6Network((int(host_address), 64), strict=False))


limiter = Limiter()
