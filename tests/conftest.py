"""One app per run on the chosen database.

Each test runs in a transaction that is rolled back.
"""

import contextvars
import gc
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import flask_migrate
import pytest
import sqlalchemy as sa
from click.testing import Result
from coverage import Coverage
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, settings
from playwright.sync_api import Browser, Page
from werkzeug.test import TestResponse

from gridt import create_app
from gridt.http.auth import tokens_for
from gridt.http.rate_limits import limiter
from gridt.jobs import run_until_idle
from gridt.models import Login, Movement, User
from gridt.runtime.config import Settings
from gridt.runtime.extensions import db, disconnect
from tests import postgres, servers
from tests.browser import chromium
from tests.contract import check_answer
from tests.mailbox import kept
from tests.servers import Server, serve

# Imports and collection make half a million objects, and nearly no garbage.
gc.disable()

pytest_plugins = ["tests.cpu_minutes", "tests.databases", "tests.measuring", "tests.npm"]

Run = Callable[..., Result]

PASSWORD = "correct horse battery"

# Busy machines can be slow.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")
settings.register_profile("fuzz")  # see test_fuzz.py and test_recompute.py

#: Files whose tests start servers and browsers and wait for them. They come first, so that the
#: other workers of xdist run the tests after them meanwhile, and none of them is left for the end.
WAITING = (
    "tests/clients",
    "tests/jobs/test_worker.py",
    "tests/test_app_session_attacks.py",
    "tests/test_bench.py",
    "tests/test_crashes.py",
    "tests/test_hashing.py",
    "tests/test_lost_connections.py",
    "tests/test_network_page.py",
    "tests/test_network_structure.py",
    "tests/test_operating.py",
    "tests/test_replica.py",
    "tests/test_service_end_to_end.py",
    "tests/test_storms.py",
    "tests/test_stuck.py",
    "tests/test_upgrades.py",
    "tests/test_wire.py",
)

#: the PostgreSQL that the workers of xdist share, and the context that ends it
SERVER = pytest.StashKey[postgres.Server]()
SHARED = pytest.StashKey[ExitStack]()

#: hashing at nearly no cost
CHEAP = {"ARGON2_MEMORY_KIB": 8, "ARGON2_PASSES": 1, "ARGON2_LANES": 1}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.addoption("--storm", choices=["small", "full"], default="small")
    parser.addoption("--screenshots", metavar="FOLDER", help="where to put pictures of pages")
    parser.addoption("--image", metavar="NAME", help="the image that tests/image is to run")
    parser.addoption("--database-image", metavar="NAME", help="in place of that of compose.yaml")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Run tests that wait first, if tests run in parallel."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: not item.nodeid.startswith(WAITING))


def pytest_collection_finish() -> None:
    """Let the collector pass over what lives until the end."""
    gc.freeze()
    gc.enable()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """Let xdist's workers measure coverage if their controller does."""
    os.environ.update(servers.MEASURED)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Start one PostgreSQL for all workers of xdist."""
    config: pytest.Config = node.config
    if config.getoption("--database") == "sqlite" or "GRIDT_TEST_DATABASE_URL" in os.environ:
        return
    if SHARED not in config.stash:
        config.stash[SHARED] = stack = ExitStack()
        config.add_cleanup(stack.close)
        config.stash[SERVER] = stack.enter_context(postgres.serve())
    node.workerinput["server_url"] = config.stash[SERVER].url


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Save the coverage of a worker.

    In the controller, stop the workers' PostgreSQL.
    """
    # xdist kills a worker that needs too long to end, as on a busy machine
    if hasattr(session.config, "workerinput") and (coverage := Coverage.current()):
        coverage.save()
    if stack := session.config.stash.get(SHARED, None):
        stack.close()


class OwnContextClient(FlaskClient):
    """A client whose calls share nothing with anything else.

    Every answer is checked against the OpenAPI document.
    """

    token: str | None = None

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        if self.token is not None:
            headers = dict(kwargs.pop("headers", None) or {})
            kwargs["headers"] = {"Authorization": f"Bearer {self.token}"} | headers
        kwargs.setdefault("buffered", True)  # a stream must be read in the call's own context
        response = contextvars.Context().run(super().open, *args, **kwargs)
        check_answer(self.application, response)
        return response


@pytest.fixture(scope="session")
def server_url(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """The address of a PostgreSQL to make databases in.

    It is None in a run on SQLite.
    """
    if request.config.getoption("--database") == "sqlite":
        yield None
    elif url := os.environ.get("GRIDT_TEST_DATABASE_URL"):
        yield url
    elif url := getattr(request.config, "workerinput", {}).get("server_url"):
        yield url
    else:
        with postgres.serve() as server:
            yield server.url


@pytest.fixture(scope="session")
def new_database(
    server_url: str | None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., str]]:
    """Make databases for one test, empty or from a template."""
    made: list[str] = []

    def make(template: str | None = None) -> str:
        name = f"gridt_test_{uuid4().hex}"
        if server_url is None:
            path = tmp_path_factory.mktemp(name) / "gridt.sqlite"
            if template:
                shutil.copyfile(str(sa.make_url(template).database), path)
            return f"sqlite:///{path}"
        made.append(name)
        copied = sa.make_url(template).database if template else None
        return postgres.create_database(server_url, name, copied)

    yield make
    if "GRIDT_TEST_DATABASE_URL" in os.environ:  # they are deleted with a server of the run's own
        for name in made:
            postgres.drop_database(str(server_url), name)


@pytest.fixture(scope="session")
def template(new_database: Callable[..., str]) -> str:
    """The URL of a migrated, empty database without open connections."""
    with app_on(url := new_database()) as app, app.app_context():
        flask_migrate.upgrade()
    # SQLite's last connection has moved everything into the one file that is copied.
    assert not Path(f"{sa.make_url(url).database}-wal").exists()
    return url


@pytest.fixture(scope="session")
def migrated_database(new_database: Callable[..., str], template: str) -> Callable[[], str]:
    """Make migrated databases for one test, as copies.

    A migration takes ten times as long as a copy.
    """
    return partial(new_database, template)


def settings_for(url: str, **changes: Any) -> Settings:
    """Return a test app's settings, with its database at `url`."""
    values = {"SECRET_KEY": "x" * 32, "SQLALCHEMY_DATABASE_URI": url, "LIMITS": False}
    return Settings(**(values | CHEAP | changes))


def new_token(user: User) -> str:
    """Log a user in, and return the new access token."""
    login = Login(user.id)
    login.save_to_db()
    return tokens_for(login)["access_token"]


def logged_in(app: Flask, user: User) -> OwnContextClient:
    """Return a migrated app's client that calls as a user."""
    client: OwnContextClient = app.test_client()
    client.token = new_token(user)
    return client


@contextmanager
def app_on(url: str, **changes: Any) -> Iterator[Flask]:
    """Make an app on the database at `url`.

    The end of the block closes its connections.
    """
    app = create_app(settings_for(url, **changes))
    try:
        yield app
    finally:
        with app.app_context():
            disconnect()


@contextmanager
def checked_app(url: str, **changes: Any) -> Iterator[Flask]:
    """Make an app on the migrated database at `url`.

    The app checks all its answers.
    """
    with app_on(url, **changes) as app:
        app.test_client_class = OwnContextClient
        yield app


@contextmanager
def migrated_app(url: str, **changes: Any) -> Iterator[Flask]:
    """Make an app at `url`, and migrate its database.

    The app checks all its answers.
    """
    with checked_app(url, **changes) as app:
        with app.app_context():
            flask_migrate.upgrade()
        yield app


@pytest.fixture(scope="session")
def app(migrated_database: Callable[[], str]) -> Iterator[Flask]:
    """The app of this run, or of this worker."""
    with checked_app(migrated_database()) as app:
        yield app


@pytest.fixture
def own_app(migrated_database: Callable[[], str]) -> Iterator[Flask]:
    """An app on a database of its own.

    It is for threads and processes, whose changes cannot be rolled back.
    """
    with checked_app(migrated_database()) as app:
        yield app


@pytest.fixture
def world(own_app: Flask) -> Iterator[Flask]:
    """The app of `own_app` with its context entered.

    The context is for the code around the threads.
    """
    with own_app.app_context():
        yield own_app


@pytest.fixture
def database(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The app's database, rolled back after the test.

    Commits of the test are rolled back too.
    """
    with app.app_context():
        connection = db.engine.connect()
        outer = connection.begin()
        for bind in db.engines:
            monkeypatch.setitem(db.engines, bind, connection)
        monkeypatch.setitem(
            db.session.session_factory.kw, "join_transaction_mode", "create_savepoint"
        )
        yield
        db.session.remove()
        outer.rollback()
        connection.close()


@pytest.fixture
def mails(
    app: Flask, database: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[[], list[EmailMessage]]:
    """Run the jobs that send mail.

    Return the mails of the test so far.
    """
    monkeypatch.setitem(app.config, "MAIL_FOLDER", str(tmp_path / "mail"))

    def send() -> list[EmailMessage]:
        run_until_idle()
        return kept(tmp_path / "mail")

    return send


@pytest.fixture(scope="module")
def server(migrated_database: Callable[[], str]) -> Iterator[Server]:
    """A module's server, on a database of its own.

    All tests of the module share it.
    """
    with serve(migrated_database()) as server:
        yield server


@pytest.fixture
def client(app: Flask, database: None) -> OwnContextClient:
    """A client that is not logged in."""
    return app.test_client()


@pytest.fixture
def client_of(app: Flask, database: None) -> Callable[[User], OwnContextClient]:
    """Make a client that calls as a user."""

    return partial(logged_in, app)


@pytest.fixture
def client_for(world: Flask) -> Callable[[int], OwnContextClient]:
    """Make a client that calls as a user, by id.

    The user's password becomes PASSWORD.
    """

    def make(user_id: int) -> OwnContextClient:
        user = User.find_by_id(user_id)
        assert user is not None
        user.hash_password(PASSWORD)
        client = logged_in(world, user)
        db.session.remove()
        return client

    return make


@pytest.fixture
def run(app: Flask, database: None) -> Run:
    """Run `flask gridt …`: `run("jobs", "list")`."""
    runner = app.test_cli_runner()

    def run(*arguments: str, **options: Any) -> Result:
        result = runner.invoke(args=["gridt", *arguments], **options)
        db.session.expire_all()
        return result

    return run


@pytest.fixture
def make_user(database: None) -> Callable[..., User]:
    """Make a saved user; their password is PASSWORD."""
    numbers = iter(range(1, 100_000))

    def make(username: str | None = None, **members: Any) -> User:
        username = username or f"user{next(numbers)}"
        user = User(username, f"{username.casefold()}@example.org", PASSWORD)
        for name, value in members.items():
            setattr(user, name, value)
        user.save_to_db()
        return user

    return make


@pytest.fixture
def ann(request: pytest.FixtureRequest, make_user: Callable[..., User]) -> User:
    """The user of most tests; see `clock`."""
    if hasattr(request.module, "ANN"):  # she registers at the time of that module
        request.getfixturevalue("clock")
    return make_user(**{"username": "ann"} | getattr(request.module, "ANN", {}))


@pytest.fixture
def ben(make_user: Callable[..., User]) -> User:
    """Another user, a possible leader of Ann."""
    return make_user("ben")


@pytest.fixture
def make_movement(database: None, make_user: Callable[..., User]) -> Callable[..., Movement]:
    """Make a saved movement with the given users.

    It gets `members` more if that is set.
    """
    numbers = iter(range(1, 100_000))

    def make(
        *users: User, members: int = 0, name: str | None = None, creator: User | None = None
    ) -> Movement:
        movement = Movement(
            name or f"movement {next(numbers)}", timedelta(days=1), "something worth doing"
        )
        movement.users = [*users, *(make_user() for _ in range(members))]
        movement.creator = creator
        movement.save_to_db()
        return movement

    return make


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The Chromium of this machine.

    Without one, the test is skipped.
    """
    with chromium() as browser:
        yield browser


@pytest.fixture
def take(request: pytest.FixtureRequest) -> Callable[[str, Page], None]:
    """Take a picture of a page, if the run asks."""
    folder = request.config.getoption("--screenshots")

    def save(name: str, page: Page) -> None:
        if folder:
            page.screenshot(path=Path(folder) / f"{name}.png", animations="disabled")

    return save


class Clock:
    """The time for the service."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def time(self) -> float:
        return self.now.timestamp()

    def pass_(self, **duration: float) -> None:
        """Let time pass: `clock.pass_(days=2)`."""
        self.now += timedelta(**duration)


@pytest.fixture
def clock(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A clock that a test moves.

    It stands still until then.

    A test module may say when it begins (`STARTS_AT`), and what holds for Ann (`ANN`).
    """
    now = datetime.now(UTC).replace(microsecond=0)
    clock = Clock(getattr(request.module, "STARTS_AT", now))
    monkeypatch.setattr("gridt.runtime.clock.time", clock.time)
    return clock


@pytest.fixture
def limited(
    app: Flask, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> Iterator[Callable[..., None]]:
    """Give the app other rate limits."""

    def limit(**settings: Any) -> None:
        for name, value in ({"LIMITS": True} | settings).items():
            monkeypatch.setitem(app.config, name, value)
        limiter.init_app(app)

    yield limit
    monkeypatch.undo()
    limiter.init_app(app)


@pytest.fixture
def commits(database: None) -> Iterator[list[Any]]:
    """The commits since the test began or cleared them."""
    seen: list[Any] = []

    def note(session: Any) -> None:
        seen.append(session)

    sa.event.listen(db.session, "after_commit", note)
    yield seen
    sa.event.remove(db.session, "after_commit", note)


@pytest.fixture
def statements() -> Iterator[list[str]]:
    """The SQL statements since the test began or cleared them."""
    seen: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")):
            seen.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    yield seen
    sa.event.remove(sa.Engine, "before_cursor_execute", note)
