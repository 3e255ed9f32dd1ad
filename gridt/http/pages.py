"""Pages for people, their choice, and their security policy."""

from typing import Any

from flask import Response, jsonify, render_template, request

#: these pages load a style sheet and an icon from here, and nothing else
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def page_or_json(template: str, answer: Any, **values: Any) -> Response:
    """Return a page, or JSON, as the client prefers.

    :param values: the values of the template
    """
    response = page(template, **values) if prefers_html() else jsonify(answer)
    response.vary.add("Accept")
    return response


def prefers_html() -> bool:
    """Return whether the client prefers HTML to JSON."""
    accepted = request.accept_mimetypes
    return bool(accepted) and accepted["text/html"] > accepted["application/json"]


def page(template: str, **values: Any) -> Response:
    """Return a page."""
    response = Response(render_template(template, **values), mimetype="text/html")
    response.headers["Content-Security-Policy"] = _POLICY
    return response
