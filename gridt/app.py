"""The application factory."""

from collections.abc import Callable
from typing import Any

from flask import Flask

from gridt.cli import commands
from gridt.http import openapi
from gridt.http.api import Api
from gridt.http.in_flight import in_flight
from gridt.http.problems import register_problems
from gridt.http.rate_limits import limiter
from gridt.http.replica import replica
from gridt.http.request_log import register_request_log
from gridt.http.requests import register_http
from gridt.http.security_headers import register_security_headers
from gridt.monitoring import service_gauges
from gridt.resources import BLUEPRINTS
from gridt.resources.metrics import metrics_page
from gridt.resources.service import swagger_ui
from gridt.runtime.config import Settings
from gridt.runtime.extensions import db, init_database, jwt, passwords
from gridt.runtime.metrics import metrics
from gridt.runtime.setting_parsers import INSTANCE_FOLDER
from gridt.web import register_app

_YEAR = 365 * 24 * 3600  # in seconds
_CONSTANTS = {
    "JWT_COOKIE_CSRF_PROTECT": False,  # a cookie is worth nothing without its key
    **openapi.CONSTANTS,
}


class Service(Flask):
    """A Flask app with plain functions as handlers and hooks."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return `func` as it is.

        Flask's check, seven times a request, takes some 10 µs.
        """
        return func

    def get_send_file_max_age(self, filename: str | None) -> int | None:
        """Let browsers cache files with a hash in their name.

        They ask for the others again.
        """
        vendored = filename is not None and filename.startswith("vendor/")
        return _YEAR if vendored else super().get_send_file_max_age(filename)


def create_app(settings: Settings | None = None) -> Flask:
    """Return the service as a Flask application.

    :param settings: read from the environment if omitted
    :raises ConfigurationError: when environment variables are missing or wrong
    """
    app = Service("gridt", instance_path=str(INSTANCE_FOLDER))
    app.config.from_object(settings or Settings.from_environment())
    app.config.from_mapping(_CONSTANTS)
    init_database(app)
    jwt.init_app(app)
    passwords.init_app(app)
    replica.init_app(app)
    limiter.init_app(app)
    in_flight.init_app(app)
    with app.app_context():
        metrics.init_app(app, db.engines, service_gauges)
    register_request_log(app)
    register_http(app)
    register_security_headers(app)
    register_problems(app)
    api = Api(app)
    for blueprint in BLUEPRINTS:
        api.register_blueprint(blueprint)
    app.register_blueprint(swagger_ui)
    register_app(app)
    if app.config["METRICS_TOKEN"] is not None:
        app.register_blueprint(metrics_page)
    app.cli.add_command(commands)
    return app
