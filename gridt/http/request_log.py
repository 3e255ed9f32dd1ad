"""The log line and the metrics of each request."""

import logging
import re
import time
from functools import lru_cache
from typing import Any
from uuid import uuid4

from flask import Flask, Response, request

from gridt.runtime.metrics import metrics
from gridt.runtime.request_state import request_state

log = logging.getLogger("gridt.requests")

#: all other methods, which clients may invent, count as one
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
#: a request id that a proxy may hand us, and that is safe in a header and a log line
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
#: the route of unknown addresses
NO_ROUTE = "(none)"


def register_request_log(app: Flask) -> None:
    """Watch all requests.

    This is registered before everything else, so that it sees the final answer.
    """
    app.before_request(_start_timing)
    app.after_request(_record_answer)


def _start_timing() -> None:
    began = time.perf_counter()
    rule = request.url_rule
    route = template(rule.rule) if rule is not None else NO_ROUTE
    method = request.method if request.method in _METHODS else "other"
    proxy_id = request.headers.get("X-Request-ID", "")
    request_id = proxy_id if _REQUEST_ID.fullmatch(proxy_id) else uuid4().hex
    state = request_state()
    state.began, state.request_id = began, request_id
    state.log_fields = {"method": method, "route": route, "request_id": request_id}


@lru_cache(1024)
def template(rule: str) -> str:
    """Return a route as the OpenAPI document writes it."""
    return rule.replace("<path:", "<").replace("<", "{").replace(">", "}")


def _record_answer(response: Response) -> Response:
    state = request_state()
    began = state.began
    if began is None:
        return response
    fields = state.log_fields | {"status": response.status_code}
    if state.caller is not None:
        fields["user_id"] = state.caller.user_id
    if response.is_streamed and not response.direct_passthrough:
        response.call_on_close(lambda: _record(fields, began))
    else:
        _record(fields, began)
    return response


def _record(fields: dict[str, Any], began: float) -> None:
    seconds = time.perf_counter() - began
    method, route, status = fields["method"], fields["route"], fields["status"]
    metrics.count_request(method, route, status, seconds)
    if log.isEnabledFor(logging.INFO):
        fields["duration_ms"] = round(seconds * 1000, 2)
        log.info("%s %s %d", method, route, status, extra=fields)
