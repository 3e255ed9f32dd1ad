"""Two trees of the service, side by side.

Each has its files, its processes and its databases.
"""

import json
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import psycopg
from sqlalchemy import make_url

from bench.load import ROOT, SECRET_KEY, Call, seconds_of
from tests import postgres
from tests.servers import environment

Connection = psycopg.Connection[tuple[Any, ...]]

_RUNNER = Path(__file__).with_name("tree_runner.py")

#: the parts of this tree that are measured
_MEASURED = ("gridt", "migrations", "wsgi.py")

#: seconds until a process that was asked to end is killed
_PATIENCE = 10


def git(*arguments: str) -> str:
    """Return the output of git in this tree.

    :raises click.UsageError: when git refuses, or this tree is not the top of a repository
    """
    try:
        done = subprocess.run(
            ["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=False
        )
    except OSError as error:
        raise click.UsageError(f"git does not run here: {error}") from None
    if done.returncode:
        raise click.UsageError(f"git {arguments[0]}: {done.stderr.strip() or 'refused'}")
    return done.stdout.strip()


def commit_of(name: str) -> str:
    """Return the id of a commit of this repository.

    :raises click.UsageError: when there is no such commit, or no repository
    """
    if Path(git("rev-parse", "--show-toplevel")).resolve() != ROOT:
        raise click.UsageError(f"{ROOT} is not the top of a git repository.")
    try:
        return git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    except click.UsageError:
        raise click.UsageError(
            f"No commit {name!r} is known here. In a shallow clone: git fetch --unshallow"
        ) from None


def uncommitted() -> list[str]:
    """Return the measured parts' uncommitted changes, in git's short form."""
    return git("status", "--porcelain", "--", *_MEASURED).splitlines()


def export(commit: str, folder: Path) -> Path:
    """Put the files of a commit into a new folder.

    It uses an archive instead of a worktree, because that leaves nothing to clean up.
    """
    archive = folder.with_suffix(".tar")
    git("archive", "--format=tar", f"--output={archive}", commit)
    folder.mkdir()
    subprocess.run(["tar", "-xf", str(archive), "-C", str(folder)], check=True)
    archive.unlink()
    return folder


class Runner:
    """A process that calls inside one tree, on one database.

    :param tree: the folder with the tree's `gridt` and `migrations`
    :param log: the file for the output of the process
    """

    def __init__(self, tree: Path, url: str, log: Path) -> None:
        self.tree, self.url, self._log = tree, url, log
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-P", str(_RUNNER)],
                cwd=tree,
                env=settings(tree, url),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                text=True,
                start_new_session=True,  # Ctrl-C is for the parent, which then ends this process
            )
        #: for questions to the database's server; None on SQLite, which works in our own process
        self._monitor: Connection | None = None
        try:
            if not url.startswith("sqlite"):
                self._monitor = _connect(url, "postgres")
            imported = self._line()
            assert imported == str(tree.resolve()), f"gridt comes from {imported}, not from {tree}"
        except BaseException:  # an interrupt as well: only this function knows the process yet
            self.close()
            raise

    def bodies(self, calls: Sequence[Call]) -> list[Any]:
        """Make calls, and return their parsed answers."""
        answers: list[Any] = self._make("bodies", calls)
        return answers

    def statements(self, calls: Sequence[Call]) -> list[list[str]]:
        """Make calls, and return the statements of each."""
        sent: list[list[str]] = self._make("statements", calls)
        return sent

    def seconds(self, calls: Sequence[Call]) -> float:
        """Make calls, and return the processor time they took.

        It is the time of the service and of its database.
        """
        before = self._database_seconds()
        own: float = self._make("seconds", calls)
        after = self._database_seconds()
        return own + sum(spent - before.get(pid, 0) for pid, spent in after.items())

    def close(self) -> None:
        """End the process."""
        if self._monitor is not None:
            self._monitor.close()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):  # the process may have ended before
                assert pipe is not None
                pipe.close()
        self._process.terminate()
        try:
            self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def command(self, *words: str) -> str:
        """Run the tree's `flask` command, and return its output."""
        printed: str = self._ask("command", words)
        return printed

    def _make(self, mode: str, calls: Sequence[Call]) -> Any:
        return self._ask(
            mode, [(call.method, call.path, call.token, _parsed(call.body)) for call in calls]
        )

    def _ask(self, mode: str, items: Sequence[Any]) -> Any:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([mode, items]) + "\n")
        self._process.stdin.flush()
        return self._line()

    def _line(self) -> Any:
        """Return the next answer of the process."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"The process of {self.tree} ended:\n{self._log.read_text()}")
        report = json.loads(line)
        if "error" in report:
            raise RuntimeError(f"In {self.tree}: {report['error']}")
        return report["result"]

    def _database_seconds(self) -> dict[int, float]:
        """Return each PostgreSQL process's processor time for this database.

        It is the time that the process has used so far.
        """
        if self._monitor is None:
            return {}
        rows = self._monitor.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = %s", (make_url(self.url).database,)
        )
        return {pid: seconds_of(pid) for (pid,) in rows.fetchall()}


def _parsed(body: str | None) -> Any:
    return None if body is None else json.loads(body)


def _connect(url: str, database: str | None = None) -> Connection:
    address = make_url(url).set(drivername="postgresql", database=database)
    return psycopg.connect(address.render_as_string(hide_password=False), autocommit=True)


def settings(tree: Path, url: str) -> dict[str, str]:
    """Return a quantile of the times, in milliseconds.

    This percentage of the operations did not exceed it.
    """
    # the same hashes, because the order of sets would differ between the two processes
    python = {"PYTHONPATH": str(tree), "PYTHONHASHSEED": "0"}
    return environment(url, SECRET_KEY=SECRET_KEY) | python


@dataclass(frozen=True)
class Databases:
    """Databases of one engine.

    They are in a folder, or on a server of their own.
    """

    engine: str
    folder: Path
    server: str = ""

    def new(self, name: str) -> str:
        """Return the URL of an empty database."""
        if self.engine == "postgresql":
            return postgres.create_database(self.server, name)
        return f"sqlite:///{self.folder / f'{name}.sqlite'}"

    def copy(self, url: str, name: str) -> str:
        """Copy a database, and return the copy's URL.

        The database must have no open connections.
        """
        if self.engine == "postgresql":
            return postgres.create_database(self.server, name, make_url(url).database)
        target = self.new(name)
        source, copy = (_sqlite(address) for address in (url, target))
        with closing(source), closing(copy):
            source.backup(copy)
        return target

    def analyze(self, url: str) -> None:
        """Update the statistics of the database's planner."""
        if self.engine == "postgresql":
            with _connect(url) as connection:
                connection.execute("VACUUM ANALYZE")
            return
        with closing(_sqlite(url)) as file:
            file.execute("ANALYZE")
            file.commit()

    @property
    def version(self) -> str:
        """Return the name and version of the database."""
        if self.engine == "sqlite":
            return f"sqlite {sqlite3.sqlite_version}"
        with _connect(self.server) as connection:
            (version,) = connection.execute("SHOW server_version").fetchone() or ("",)
        return f"postgresql {re.split(r'[ -]', version)[0]}"


def _sqlite(url: str) -> sqlite3.Connection:
    return sqlite3.connect(str(make_url(url).database))


@contextmanager
def databases(engine: str, folder: Path) -> Iterator[Databases]:
    """Provide databases of an engine for a `with` block."""
    with ExitStack() as stack:
        server = ""
        if engine == "postgresql":
            # no vacuum in the background, because it would slow one side only
            server = stack.enter_context(postgres.serve(autovacuum="off")).url
        home = folder / engine
        home.mkdir()
        stack.callback(shutil.rmtree, home, ignore_errors=True)
        yield Databases(engine, home, server)
