"""Containers of the image, by Docker's command line."""

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen
from uuid import uuid4

from tests.servers import PATIENCE

#: as compose.yaml runs it: a read-only image, without the powers of root
HARDENED = ["--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges"]


def attempt(*arguments: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run `docker …`.

    Its output has the errors too, in the order of printing.
    """
    return subprocess.run(
        ["docker", *arguments],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=10 * PATIENCE,
        check=False,
    )


def docker(*arguments: str, folder: Path | None = None) -> str:
    """Run `docker …`, which must succeed, and return its output."""
    done = attempt(*arguments, folder=folder)
    assert done.returncode == 0, f"docker {' '.join(arguments)}:\n{done.stdout}"
    return done.stdout.strip()


def unique(what: str) -> str:
    """Return a name that nothing else has."""
    return f"gridt-test-{what}-{uuid4().hex[:12]}"


def wait_until(condition: Callable[[], Any], what: str) -> None:
    """Wait for a condition.

    Its name is for the message of a time-out.
    """
    give_up = time.monotonic() + 2 * PATIENCE
    while not condition():
        assert time.monotonic() < give_up, f"in vain waited for: {what}"
        time.sleep(0.05)


def status(url: str) -> int:
    """Return the status of an answer, or 0 without one."""
    try:
        with urlopen(url, timeout=PATIENCE) as answer:
            return int(answer.status)
    except HTTPError as answer:
        with answer:
            return answer.code
    except OSError:
        return 0


@dataclass
class Container:
    """A container of gridt, running or stopped."""

    name: str

    @property
    def url(self) -> str:
        """Its address; a restart changes the port."""
        return f"http://{docker('port', self.name, '5000/tcp').splitlines()[0]}"

    @property
    def state(self) -> dict[str, Any]:
        """The engine's record of it: `Health`, `ExitCode`, …"""
        state: dict[str, Any] = json.loads(
            docker("inspect", "--format", "{{json .State}}", self.name)
        )
        return state

    @property
    def log(self) -> str:
        """Its output so far."""
        return docker("logs", self.name)

    def run(self, *command: str) -> str:
        """Run a command in it, as its own user."""
        return docker("exec", self.name, *command)

    def ask(self, statement: str) -> Any:
        """Return the first column that a statement reads in SQLite.

        It is that of the first row, in the container's SQLite.
        """
        code = (
            "import sqlite3, sys; c = sqlite3.connect('/data/gridt.sqlite', isolation_level=None);"
            "row = c.execute(sys.argv[1]).fetchone(); print(row and row[0])"
        )
        return self.run("python", "-c", code, statement)

    def copy(self, path: str, folder: Path) -> Path:
        """Copy a file or folder out of it."""
        docker("cp", f"{self.name}:{path}", str(folder))
        return folder / Path(path).name

    def wait_until_ready(self) -> None:
        """Wait until it serves.

        Fail at once if it ends instead.
        """

        def ready() -> bool:
            assert self.state["Running"], self.log
            return status(f"{self.url}/ready") == 200

        wait_until(ready, "/ready")

    def wait_until_printed(self, text: str) -> None:
        wait_until(lambda: text in self.log, text)

    def stop(self) -> None:
        """Ask it to stop, as an operator does.

        Fail unless it ends well, and by itself.
        """
        docker("stop", self.name)
        assert self.state["ExitCode"] == 0, self.log


@contextmanager
def serving(image: str, *options: str, **settings: str) -> Iterator[Container]:
    """Run a container for the length of a `with` block.

    By default it is on a volume of its own.

    :param options: more options of `docker run`
    :param settings: named without the `GRIDT_` before them
    """
    container = Container(unique("gridt"))
    variables = [f"--env=GRIDT_{name}={value}" for name, value in settings.items()]
    try:
        docker(
            *("run", "--detach", f"--name={container.name}", "--publish=127.0.0.1::5000"),
            *(*HARDENED, *options, *variables, image),
        )
        container.wait_until_ready()
        yield container
    except BaseException as error:
        error.add_note(f"The container printed:\n{attempt('logs', container.name).stdout}")
        raise
    finally:
        attempt("rm", "--force", "--volumes", container.name)


@contextmanager
def volume() -> Iterator[str]:
    """Make an empty volume for a `with` block."""
    name = docker("volume", "create", unique("volume"))
    try:
        yield name
    finally:
        docker("volume", "rm", name)
