"""What a line of the log says of the request that it is about."""

from urllib.parse import quote

from flask import g, request


def this_request() -> str:
    """Return the request's method, path and id; nothing that is asked for can end the line."""
    return f"{request.method} {quote(request.path)} [{g.get('request_id', '-')}]"
