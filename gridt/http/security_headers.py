"""Security headers, host names and proxies, for all requests."""

from flask import Flask, Response, current_app, request
from werkzeug.exceptions import BadRequest, RequestURITooLarge
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.sansio.utils import host_is_trusted

#: headers of every answer, and the policy of answers that have none of their own
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    # pages of other origins read by CORS, which this leaves alone, and embed nothing
    "Cross-Origin-Resource-Policy": "same-origin",
}
_POLICY = "default-src 'none'; frame-ancestors 'none'"
#: paths that health checks and Prometheus read, at any address of the process
_CHECKS = {"/health", "/ready", "/metrics"}
#: characters of a path and its query; the longest that we give out, with a cursor, has some 700
_LONGEST_ADDRESS = 4096


def register_security_headers(app: Flask) -> None:
    """Set up headers, host names and proxies."""
    if hops := app.config["PROXY_HOPS"]:
        # only the entries of the last proxies are trusted; clients can write any others
        fixed = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)
        app.wsgi_app = fixed  # type: ignore[method-assign]  # as Flask documents it
    app.before_request(_ensure_proper_head)
    if app.config["KNOWN_HOSTS"]:
        app.before_request(_ensure_known_host)
    app.after_request(_add_security_headers)


def _ensure_proper_head() -> None:
    environ = request.environ
    if environ.get("SERVER_PROTOCOL") == "HTTP/1.1" and "HTTP_HOST" not in environ:
        raise BadRequest("HTTP/1.1 requires a Host header")
    if len(request.path) + len(request.query_string) > _LONGEST_ADDRESS:
        raise RequestURITooLarge


def _ensure_known_host() -> None:
    # not Flask's TRUSTED_HOSTS, which knows no exceptions
    hosts = current_app.config["KNOWN_HOSTS"]
    if request.path not in _CHECKS and not host_is_trusted(request.host.lower(), hosts):
        raise BadRequest("This host name does not belong to this service.")


def _add_security_headers(response: Response) -> Response:
    headers = response.headers
    headers.extend(_HEADERS)
    if "Content-Security-Policy" not in headers:
        headers["Content-Security-Policy"] = _POLICY
    if request.is_secure:
        headers["Strict-Transport-Security"] = "max-age=31536000"
    return response
