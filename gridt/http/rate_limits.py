"""Rate limits: how often a caller may call, and the headers that show it.

Three kinds of limit, each by a sliding window. The *general* one counts every call, by account or
else by address, and `files` counts static files by address. Both are in the memory of this process:
a round trip for each GET would cost more than the GET. The *named* ones are for calls that are
expensive or worth attacking, by address, in memory or in Redis. And an account is protected by what
the database knows of it (`gridt.models.login_throttle`).
"""

import logging
import math
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
#: how much a count by fractions of a window may be wrong
_ROUNDING = 1e-6
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
        self._general = _Window("default", parse(config["LIMIT_DEFAULT"]), share)
        self._files = _Window("files", parse(config["LIMIT_FILES"]), share)
        self._memory = SlidingWindowCounterRateLimiter(storage_from_string("memory://"))
        self._shared = None
        if url := config["LIMITER_URL"]:
            waits = {"socket_timeout": 1, "socket_connect_timeout": 1}
            storage = storage_from_string(url, wrap_exceptions=True, **waits)
            self._shared = SlidingWindowCounterRateLimiter(storage)
        self._named = {name: parse(config[setting]) for name, (setting, _) in NAMED.items()}
        self._portions = {name: _divided(item, share) for name, item in self._named.items()}

    def count_generally(self, key: str) -> None:
        """Count a call, of the account or the address that `key` names.

        :raises TooManyRequests: when there were too many
        """
        if self._enabled:
            usage = request_state().limit = self._general.hit(key)
            _ensure_some_left(usage)

    def count_file(self) -> None:
        """Count a call for a static file, by address.

        :raises TooManyRequests: when there were too many
        """
        if self._enabled:
            usage = request_state().limit = self._files.hit(address())
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
    """Counts calls in this process by a sliding window.

    Two counts stand for each key: of this minute (or whatever the limit says) and of the minute
    before. The earlier one weighs as much as the window still overlaps it. A refused call does not
    count. `limits` counts alike, but takes some 18 µs for a call, and its memory starts a thread
    every 10 ms to look through all that it holds.
    """

    def __init__(self, name: str, item: RateLimitItem, share: int) -> None:
        self._name = name
        self._amount = _divided(item, share).amount
        self._seconds = item.get_expiry()
        self._began = 0.0
        self._counts: dict[str, int] = {}
        self._counts_before: dict[str, int] = {}

    def hit(self, key: str) -> LimitUsage:
        """Count a call, and return how much of the limit is used."""
        elapsed = self._move_to(utcnow().timestamp())
        # two threads at once may count one call less, which is not worth a lock
        count, before = self._counts.get(key, 0) + 1, self._counts_before.get(key, 0)
        left = self._amount - count - before * (1 - elapsed / self._seconds)
        if left < -_ROUNDING:
            wait = self._seconds_until_allowed(count - 1, before) - elapsed
            return self._usage(-1, math.ceil(wait - _ROUNDING))
        self._counts[key] = count
        return self._usage(int(left + _ROUNDING), int(self._seconds - elapsed) + 1)

    def _move_to(self, now: float) -> float:
        """Begin another window if this one is over; return the seconds since it began."""
        elapsed = now - self._began
        # a system's clock may be set back, and a second less is nothing
        if elapsed >= self._seconds or elapsed < -1:
            is_next = 0 <= elapsed < 2 * self._seconds
            self._counts_before = self._counts if is_next else {}
            self._counts = {}
            self._began = now // self._seconds * self._seconds
        return max(0.0, now - self._began)

    def _seconds_until_allowed(self, count: int, before: int) -> float:
        """Return how long after the beginning of this window a call is allowed again."""
        if count < self._amount:
            return self._seconds * (1 - (self._amount - 1 - count) / before)
        return self._seconds * (2 - (self._amount - 1) / count)

    def _usage(self, remaining: int, resets_in: int) -> LimitUsage:
        resets_in = max(1, resets_in)
        return LimitUsage(self._name, self._amount, self._seconds, remaining, resets_in)


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
