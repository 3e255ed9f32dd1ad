"""The service, with routes beside it to compare it with: `gunicorn bench.app:app`.

`/bench/constant` is a bare Flask route, `/bench/select` one primary-key SELECT through SQLAlchemy,
and `/bench/driver/<name>` sends the statements of a call of the service with the driver alone.
"""

import sqlite3
import threading
from typing import Any

import orjson
import psycopg
import sqlalchemy as sa
from flask import Flask, Response, abort, request
from sqlalchemy.engine import make_url

from gridt import create_app
from gridt.config import Settings
from gridt.extensions import db
from gridt.models import User

_recorded: dict[str, list[tuple[str, Any]]] = {}
_threads = threading.local()


def _make_app() -> Flask:
    app = create_app(Settings.from_environment())
    app.add_url_rule("/bench/constant", view_func=constant)
    app.add_url_rule("/bench/select/<int:user_id>", view_func=one_select)
    app.add_url_rule("/bench/record/<name>", view_func=record, methods=["POST"])
    app.add_url_rule("/bench/driver/<name>", view_func=driver_only)
    return app


def constant() -> Response:
    """Answer what never changes."""
    return Response(b'{"status":"ok"}', mimetype="application/json")


def one_select(user_id: int) -> dict[str, Any]:
    """Answer from one primary-key SELECT."""
    user = db.session.get(User, user_id) or abort(404)
    return {"id": user.id, "username": user.username}


def record(name: str) -> dict[str, int]:
    """Make a call of the service and remember the statements that it sent."""
    sent: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        sent.append((statement, parameters))

    call = request.get_json()
    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        answer = app.test_client().open(**call)
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)
    if answer.status_code >= 300:
        abort(400, answer.text)
    _recorded[name] = sent
    return {"statements": len(sent)}


def driver_only(name: str) -> Response:
    """Send remembered statements with the driver alone, and answer with the last rows."""
    connection = _connection()
    cursor = connection.cursor()
    rows: list[Any] = []
    if isinstance(connection, sqlite3.Connection):
        reading = all(statement.startswith("SELECT") for statement, _ in _recorded[name])
        cursor.execute("BEGIN" if reading else "BEGIN IMMEDIATE")
    for statement, parameters in _recorded[name]:
        cursor.execute(statement, parameters)
        if cursor.description:
            rows = cursor.fetchall()
    connection.commit()
    return Response(orjson.dumps(rows, default=str), mimetype="application/json")


def _connection() -> Any:
    if not hasattr(_threads, "connection"):
        url = make_url(app.config["SQLALCHEMY_DATABASE_URI"])
        if url.get_backend_name() == "sqlite":
            _threads.connection = sqlite3.connect(str(url.database), isolation_level=None)
        else:
            url = url.set(drivername="postgresql")
            _threads.connection = psycopg.connect(url.render_as_string(hide_password=False))
    return _threads.connection


app = _make_app()
