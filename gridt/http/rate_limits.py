"""Rate limits, and the headers that show them.

There are three kinds of limit, each with a sliding window. The *general* one counts every request,
by account or else by address, and `files` counts static files by address. Both are in the memory of
this process: a round trip for each GET would cost more than the GET. The *named* limits are for
requests that are expensive or attractive to attackers; they count by address, in memory or in
Redis. The database protects accounts (`gridt.models.login_throttle`).
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

#: the named limits: the setting of each, and whether it counts only refused requests
NAMED = {
    "login": ("LIMIT_LOGIN", False),
    "register": ("LIMIT_REGISTER", False),
    "mail": ("LIMIT_MAIL", False),
    "refresh": ("LIMIT_REFRESH", True),
    "invitation": ("LIMIT_INVITATION", True),
}
#: A limit is divided by the processes, but connections are not spread evenly among them: a client
#: that keeps one open meets the same process again and again.
_SMALLEST_SHARE = 4
#: how far off a count by fractions of a window can be
_ROUNDING = 1e-6
#: how many seconds a Redis that cannot be reached is not asked
_PAUSE = 10


class Limiter:
    """The counts of this process."""

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
        """Count a request of an account or address.

        :param key: names the account or the address
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
        """Count a request by its named limit.

        A limit that counts only refused requests does not count it.

        :raises TooManyRequests: when there were too many from this address
        """
        if self._enabled:
            self._apply_named(name, count=not NAMED[name][1])

    def count_refusal(self, name: str) -> None:
        """Count a refused request, by limits that count only these."""
        if self._enabled and NAMED[name][1]:
            self._apply_named(name, count=True)

    def _apply_named(self, name: str, *, count: bool) -> None:
        if self._shared is not None and self._away_until <= time.monotonic():
            try:
                return _apply(self._shared, name, self._named[name], count=count)
            except StorageError as error:
                log.warning(
                    "limits: Redis cannot be reached, so this process counts alone: %s", error
                )
                self._away_until = time.monotonic() + _PAUSE
        return _apply(self._memory, name, self._portions[name], count=count)


class _Window:
    """A sliding window that counts requests in this process.

    Two counts stand for each key: of this minute (or the limit's other window) and of the minute
    before. The earlier one has the weight of the window's overlap with it. A refused request does
    not count. The library `limits` counts alike, but takes some 18 µs for a request, and its memory
    starts a thread every 10 ms to look through all its keys.
    """

    def __init__(self, name: str, item: RateLimitItem, share: int) -> None:
        self._name = name
        self._amount = _divided(item, share).amount
        self._seconds = item.get_expiry()
        self._began = 0.0
        self._counts: dict[str, int] = {}
        self._counts_before: dict[str, int] = {}

    def hit(self, key: str) -> LimitUsage:
        """Count a request, and return the usage of the limit."""
        elapsed = self._move_to(utcnow().timestamp())
        # two threads at once may miss one request, which is not worth a lock
        count, before = self._counts.get(key, 0) + 1, self._counts_before.get(key, 0)
        left = self._amount - count - before * (1 - elapsed / self._seconds)
        if left < -_ROUNDING:
            wait = self._seconds_until_allowed(count - 1, before) - elapsed
            return self._usage(-1, math.ceil(wait - _ROUNDING))
        self._counts[key] = count
        return self._usage(int(left + _ROUNDING), int(self._seconds - elapsed) + 1)

    def _move_to(self, now: float) -> float:
        """Begin another window if this one is over.

        :returns: the seconds since the current window began
        """
        elapsed = now - self._began
        # the system's clock may be set back; a second less does not matter
        if elapsed >= self._seconds or elapsed < -1:
            is_next = 0 <= elapsed < 2 * self._seconds
            self._counts_before = self._counts if is_next else {}
            self._counts = {}
            self._began = now // self._seconds * self._seconds
        return max(0.0, now - self._began)

    def _seconds_until_allowed(self, count: int, before: int) -> float:
        """Return when the next request is allowed.

        The time is in seconds since the start of this window.
        """
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
        log.info("limit %r: more than %s requests in %s s", usage.name, usage.quota, usage.window)
        metrics.count_limit_refusal(usage.name)
        raise TooManyRequests(retry_after=usage.resets_in)


def add_limit_headers(response: Response) -> Response:
    """Add the headers that show a limit and its usage.

    They are those of draft-ietf-httpapi-ratelimit-headers since its eighth version:
    `RateLimit-Policy` with quota and window, `RateLimit` with what remains and for how long.
    """
    usage = request_state().limit
    if usage is not None:
        name, quota, window, remaining, resets_in = usage
        response.headers["RateLimit-Policy"] = f'"{name}";q={quota};w={window}'
        response.headers["RateLimit"] = f'"{name}";r={max(0, remaining)};t={resets_in}'
    return response


def address() -> str:
    """Return the address that identifies the caller."""
    return _subscriber_of(request.remote_addr or "")


@lru_cache(4096)
def _subscriber_of(text: str) -> str:
    """Return an address; of IPv6, its /64.

    One subscriber has all addresses of a /64.
    """
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
