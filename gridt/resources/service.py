"""The service itself: its description, state and documentation."""

from pathlib import Path
from typing import Any

import flask_swagger_ui
from flask import Blueprint as PlainBlueprint
from flask import current_app, redirect, render_template
from flask.typing import ResponseReturnValue

from gridt.errors import Busy
from gridt.http.api import Blueprint
from gridt.http.openapi import document
from gridt.http.pages import page_or_json, prefers_html
from gridt.http.requests import Resource
from gridt.runtime.config import VERSION
from gridt.runtime.extensions import db
from gridt.runtime.schema_version import is_ahead, is_outdated, missing_tables_and_columns
from gridt.schemas.service import About, Status

bp = Blueprint("service", description="The service itself")

#: the assets of the page at /docs; gridt serves them itself, so that no other host is asked
swagger_ui = PlainBlueprint(
    "swagger_ui",
    __name__,
    static_folder=Path(flask_swagger_ui.__file__).parent / "dist",
    static_url_path="/docs/assets",
)

#: where the app for members is
APP_PATH = "/app"
_TO_APP: dict[str, Any] = {
    "description": "The app for members, for browsers.",
    "headers": {"Location": {"description": "Its path.", "schema": {"type": "string"}}},
}

_DOCS_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'"
)


@bp.route("/", get="describeService")
class Root(Resource):
    """The root of the service."""

    @bp.open
    @bp.ignores_parameters
    @bp.answers(200, {"type": "string"}, content_type="text/html", description="The page.")
    @bp.answers(200, About)
    @bp.answers(303, {"type": "string"}, content_type="text/html", **_TO_APP)
    def get(self) -> ResponseReturnValue:
        """Describe this service.

        The answer has its version and the first addresses to visit. If the client prefers HTML, the
        answer leads to the app for members, or is a page where the service has no app.
        """
        app = {"app": APP_PATH} if current_app.config["APP"] else {}
        if app and prefers_html():
            to_app = redirect(APP_PATH, 303)
            to_app.vary.add("Accept")
            return to_app
        answer = {
            "name": "gridt",
            "description": "Habits, and a network of people who keep each other to them.",
            "version": VERSION,
            "registration": current_app.config["REGISTRATION"],
            "links": {
                "documentation": "/docs",
                "openapi": "/openapi.json",
                "problems": "/problems",
                "register": "/register",
                "login": "/auth",
                "movements": "/movements",
                **app,
            },
        }
        return page_or_json("home.html", answer, **answer)


@bp.route("/health", get="checkHealth")
class Health(Resource):
    """The health of the process."""

    @bp.open
    @bp.ignores_parameters
    @bp.answers(200, Status)
    def get(self) -> ResponseReturnValue:
        """Check that the process answers.

        This does not ask the database.
        """
        return {"status": "ok"}


@bp.route("/ready", get="checkReadiness")
class Ready(Resource):
    """The readiness for requests."""

    @bp.open
    @bp.ignores_parameters
    @bp.problems(Busy)
    @bp.answers(200, Status)
    def get(self) -> ResponseReturnValue:
        """Check that the service can handle requests.

        The answer is 503 while the database is not reachable or not migrated, and while this
        process is stopping.
        """
        if current_app.extensions.get("gridt.stopping", _never)():
            raise Busy("This process is stopping.", retry_after=5)
        if is_outdated(db.session.connection()):
            raise Busy(
                "The database is not migrated yet. Its operator must run: flask db upgrade",
                retry_after=5,
            )
        if not is_ahead(db.session.connection()):
            return {"status": "ok"}
        # its migrations let the version before keep running, but it may be several versions ahead
        if missing := missing_tables_and_columns(db.session.connection()):
            raise Busy(f"The database is newer, and lacks {', '.join(missing)}.", retry_after=5)
        return {"status": "ok", "note": "The database is of a newer version."}


def _never() -> bool:
    return False


@bp.route("/openapi.json", get="getOpenApiDocument")
class Description(Resource):
    """The OpenAPI document."""

    @bp.open
    @bp.ignores_parameters
    @bp.answers(200, {"type": "object"}, description="The OpenAPI document.")
    def get(self) -> ResponseReturnValue:
        """Get this document.

        It describes every operation, as OpenAPI 3.1.
        """
        return document(current_app)


@bp.route("/docs", get="showDocumentation")
class Docs(Resource):
    """The page that shows the OpenAPI document."""

    @bp.open
    @bp.ignores_parameters
    @bp.answers(200, {"type": "string"}, content_type="text/html", description="The page.")
    def get(self) -> ResponseReturnValue:
        """Show this document on a page.

        Every operation can be tried there.
        """
        return render_template("docs.html"), {"Content-Security-Policy": _DOCS_POLICY}
