"""The page for Prometheus.

It is not part of the API, and exists only with GRIDT_METRICS_TOKEN.
"""

import hmac

from flask import Blueprint, Response, current_app, request

from gridt.errors import InvalidToken
from gridt.runtime.database import READING
from gridt.runtime.metrics import metrics
from gridt.runtime.request_state import request_state

metrics_page = Blueprint("metrics", __name__)


@metrics_page.get("/metrics")
def show() -> Response:
    """Show the metrics of all processes of this server.

    :raises InvalidToken: when the request does not carry GRIDT_METRICS_TOKEN
    """
    word, _, token = request.headers.get("Authorization", "").partition(" ")
    wanted: str = current_app.config["METRICS_TOKEN"]
    right = hmac.compare_digest(token.strip().encode(), wanted.encode())
    if word.lower() != "bearer" or not right:
        raise InvalidToken("The metrics need a token of their own.")
    request_state().bind = READING
    return Response(metrics.text(), content_type="text/plain; version=1.0.0; charset=utf-8")
