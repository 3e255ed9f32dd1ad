"""A real gunicorn, for behaviour of real servers."""

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL
from urllib.error import URLError
from urllib.request import urlopen

import sqlalchemy as sa

ROOT = Path(__file__).resolve().parent.parent

SECRET_KEY = "only the servers of the tests sign with this"

#: settings of every server, with the cheapest possible hashing
SETTINGS = {
    "SECRET_KEY": SECRET_KEY,
    "BIND": "127.0.0.1:0",  # the system chooses a free port
    "UPGRADE_ON_START": "false",  # most databases of the tests are migrated already
    "ARGON2_MEMORY_KIB": "64",
    "ARGON2_PASSES": "1",
    "ARGON2_LANES": "1",
    "LIMITS": "false",  # all callers share one address here
    # the people of a storm do more than a real person would
    **dict.fromkeys(("QUOTA_SWAPS", "QUOTA_UPDATES_PER_TURN", "QUOTA_AT_ONCE"), "0"),
}

#: the variables by which processes measure coverage, if the tests do. Only processes started here
#: get them: one that outlives the tests would write while `coverage combine` reads.
MEASURED = {name: os.environ.pop(name) for name in {"COVERAGE_PROCESS_CONFIG"} & set(os.environ)}

#: seconds until a server that neither starts nor stops is killed
PATIENCE = 120


@dataclass
class Server:
    """A running server: its address, process and output."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path

    def workers(self) -> set[int]:
        """Return the ids of the processes that serve."""
        pid = self.process.pid
        return {int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}

    def stop(self) -> None:
        """Ask it to stop, as an operator does.

        Fail unless it ends well.
        """
        self.process.terminate()
        self.wait()

    def kill(self) -> None:
        """Kill it and its workers in the midst of work."""
        _kill(self.process)
        self.process.wait(PATIENCE)

    def wait(self) -> None:
        """Wait until a server stops; fail unless it stops well.

        The server was asked to stop before.
        """
        code = self.process.wait(PATIENCE)
        printed = self.log.read_text()
        assert code == 0, f"gunicorn exited with {code}:\n{printed}"
        assert "Traceback" not in printed, printed


def environment(database_url: str, **settings: str) -> dict[str, str]:
    """Return the environment of a process, without this machine's.

    :param settings: named without the `GRIDT_` before them
    """
    values = SETTINGS | {"DATABASE_URL": database_url} | settings
    named = {f"GRIDT_{name}": value for name, value in values.items()}
    # so that no developer's .env is tested
    return named | MEASURED | {"FLASK_SKIP_DOTENV": "1"}


@contextmanager
def serve(
    database_url: str,
    processes: int = 1,
    app: str = "wsgi:app",
    *,
    arguments: str = "",
    **settings: str,
) -> Iterator[Server]:
    """Run gunicorn for the length of a `with` block.

    The block may stop it earlier.

    :param arguments: of gunicorn's command line
    :param settings: named without the `GRIDT_` before them
    """
    with tempfile.TemporaryDirectory(prefix="gridt-server-") as folder:
        log = Path(folder) / "log"
        settings = {"MAIL_FOLDER": f"{folder}/mail"} | settings
        with (
            log.open("wb") as output,
            subprocess.Popen(
                [sys.executable, "-m", "gunicorn", *arguments.split(), app],
                cwd=ROOT,
                env=environment(database_url, **settings) | {"WEB_CONCURRENCY": str(processes)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # so that it can be killed with its workers
            ) as process,
        ):
            try:
                server = Server(_url_when_ready(process, log), process, log)
                yield server
                if process.poll() is None:
                    server.stop()
            except BaseException as error:
                error.add_note(f"The server printed:\n{log.read_text()}")
                raise
            finally:
                _kill(process)


@contextmanager
def running(database_url: str, *command: str) -> Iterator[subprocess.Popen[str]]:
    """Run `flask …` for a block, and read its `stdout`.

    It runs for the length of the `with` block, unless it ends before.
    """
    with subprocess.Popen(
        [sys.executable, "-m", "flask", *command],
        cwd=ROOT,
        env=environment(database_url) | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _kill(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, SIGKILL)


def flask(database_url: str, *command: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run `flask …` on the database at `database_url`."""
    return subprocess.run(
        [sys.executable, "-m", "flask", *command],
        cwd=ROOT,
        env=environment(database_url, **settings),
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE,
        check=False,
    )


def change(database_url: str, statement: str) -> None:
    """Change a database without the running server."""
    engine = sa.create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(sa.text(statement))
    engine.dispose()


def _url_when_ready(process: subprocess.Popen[bytes], log: Path) -> str:
    give_up = time.monotonic() + PATIENCE
    while time.monotonic() < give_up and process.poll() is None:
        found = re.search(r"gridt listens on (http[^\s\"]+)", log.read_text())
        if found and _ready(found[1]):
            return found[1]
        time.sleep(0.05)
    raise RuntimeError(f"gunicorn did not start (exit code {process.poll()})")


def _ready(url: str) -> bool:
    try:
        with urlopen(f"{url}/ready", timeout=PATIENCE) as answer:
            return bool(answer.status == 200)
    except URLError:
        return False
