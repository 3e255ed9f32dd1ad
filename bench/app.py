"""The service, beside routes for comparison: `gunicorn bench.app:app`.

A plain Flask app answers under `/bench`, free of the service's own work (request ids, CORS, ETags,
problems): `/bench/constant` is a bare route, `/bench/select` one primary-key SELECT through
SQLAlchemy, and `/bench/driver` sends the statements of a call with the driver alone.
"""

import sqlite3
import threading
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import orjson
import sqlalchemy as sa
from flask import Flask, Response, abort, request
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from gridt import create_app
from gridt.models import User
from gridt.runtime.config import Settings
from gridt.runtime.database import READING, begin_writing, prepare
from gridt.runtime.extensions import db
from gridt.runtime.request_state import request_state

service = create_app(Settings.from_environment())
beside = Flask("beside")
_threads = threading.local()


@dataclass
class _Recorded:
    """A call's statements, and the length of its answer."""

    reading: bool
    status: int
    length: int = 0
    #: statement, parameters, and whether these are a list of many
    sent: list[tuple[str, Any, bool]] = field(default_factory=list)


#: by operation; each call sends the statements of the next record
_recorded: dict[str, list[_Recorded]] = defaultdict(list)
_turns = count()


@beside.get("/constant")
def constant() -> Response:
    """Answer a constant."""
    return Response(b'{"status":"ok"}', mimetype="application/json")


@beside.get("/select/<int:user_id>")
def one_select(user_id: int) -> Response:
    """Answer from one primary-key SELECT."""
    request_state().reading = True  # else SQLite takes the lock of a writer
    user = db.session.get(User, user_id) or abort(404)
    body = orjson.dumps({"id": user.id, "username": user.username})
    return Response(body, mimetype="application/json")


@beside.post("/record")
def record() -> list[int]:
    """Call the service, and record each call's statements.

    They are recorded under the name of the call.

    :returns: the number of statements of each call
    """
    made = [(name, _record(call)) for name, call in orjson.loads(request.data)]
    for name, recorded in made:
        _recorded[name].append(recorded)
    return [len(recorded.sent) for _, recorded in made]


@beside.delete("/record")
def forget() -> dict[str, int]:
    """Delete the records."""
    _recorded.clear()
    return {}


def _record(call: dict[str, Any]) -> _Recorded:
    recorded = _Recorded(reading=call["method"] == "GET", status=200)

    def keep(_c: Any, _cursor: Any, statement: str, parameters: Any, _x: Any, many: bool) -> None:
        recorded.sent.append((statement, parameters, many))

    sa.event.listen(sa.Engine, "before_cursor_execute", keep)
    try:
        answer = service.test_client().open(**call)
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", keep)
    if answer.status_code >= 300:
        abort(400, answer.text)
    recorded.status, recorded.length = answer.status_code, len(answer.data)
    return recorded


@beside.route("/driver/<name>", methods=["GET", "POST", "PUT", "DELETE"])
def driver_only(name: str) -> Response:
    """Repeat a call with the driver alone.

    The answer has as much JSON as that of the service.
    """
    sequence = _recorded[name]
    recorded = sequence[next(_turns) % len(sequence)]
    connection = _connection(recorded.reading)
    cursor, rows = connection.cursor(), []
    try:
        if isinstance(connection, sqlite3.Connection) and not recorded.reading:
            begin_writing(connection)
        for statement, parameters, many in recorded.sent:
            (cursor.executemany if many else cursor.execute)(statement, parameters)
            if cursor.description:
                names = [column[0] for column in cursor.description]
                rows += [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        connection.commit()
    except BaseException:
        connection.rollback()
        raise
    # spaces may follow the value in JSON
    body = orjson.dumps(rows, default=str).ljust(recorded.length)[: recorded.length]
    return Response(body, recorded.status, mimetype="application/json")


def _connection(reading: bool) -> Any:
    """Return this thread's own connection.

    It is set up like the service's for such a request.
    """
    kept = _threads.__dict__.setdefault("connections", {})
    if reading not in kept:
        bind = READING if reading and READING in db.engines else None
        borrowed = db.engines[bind].raw_connection()
        connection: Any = borrowed.driver_connection
        if bind is not None and not isinstance(connection, sqlite3.Connection):
            connection.autocommit = True
        borrowed.detach()  # it never goes back to the pool
        kept[reading] = connection, borrowed  # without `borrowed`, the connection would be closed
    return kept[reading][0]


for name in ("SQLALCHEMY_DATABASE_URI", "SQLALCHEMY_BINDS"):
    beside.config[name] = service.config[name]
db.init_app(beside)
with beside.app_context():
    prepare(db.engines)

app = DispatcherMiddleware(service, {"/bench": beside})
