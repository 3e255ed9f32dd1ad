"""The start of the server, in a child of gunicorn.

The settings and the migrations need SQLAlchemy, Flask and alembic. gunicorn's arbiter lives as long
as the server and needs none of them. So a child reads the settings, and migrates when the arbiter
asks for it. Both processes import this module, and only the child imports large packages.

The child writes the settings that gunicorn needs to its standard output, as a line of JSON. A line
on its standard input lets it continue. It ends when that input ends: the arbiter has died, or
wanted only the settings.
"""

import gc
import json
import logging.config
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import IO, TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from gridt.runtime.config import Settings

#: the settings that gunicorn.conf.py uses
SERVER_SETTINGS = (
    "BIND",
    "JOBS",
    "LOG_FORMAT",
    "MAIL_FOLDER",
    "MAX_CONTENT_LENGTH",
    "METRICS_TOKEN",
    "SMTP_URL",
    "WORKER",
)
_ROOT = Path(__file__).resolve().parents[2]
_MODULE = "gridt.runtime.server_start"
_INTERRUPTED = 130  # the exit code of a program that Ctrl-C ended


class ServerStart:
    """The child process, as gunicorn's arbiter sees it."""

    def __init__(self) -> None:
        path = [str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        self._child = subprocess.Popen(  # noqa: S603 - a module of ours
            [sys.executable, "-m", _MODULE],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(path)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._input = cast("IO[str]", self._child.stdin)
        self._output = cast("IO[str]", self._child.stdout)

    def settings(self) -> dict[str, Any]:
        """Return the `SERVER_SETTINGS`, and the version.

        If they are wrong, exit with the child's code.
        """
        line = self._output.readline()
        if not line:
            self.close()
            sys.exit(self._exit_code())
        settings: dict[str, Any] = json.loads(line)
        return settings

    def begin_to_prepare_database(self) -> None:
        """Let the child migrate, or check the revision."""
        with suppress(BrokenPipeError):  # its exit code says why
            self._input.write("go\n")
            self._input.flush()

    def finish(self) -> None:
        """Wait until the database is prepared.

        If that fails, exit with the child's code.
        """
        self._child.wait()  # before its input ends, which would end the child
        self.close()
        if code := self._exit_code():
            sys.exit(code)

    def close(self) -> None:
        """Let the child end, and wait for it."""
        with suppress(BrokenPipeError):
            self._input.close()
        self._output.close()
        self._child.wait()

    def _exit_code(self) -> int:
        code = self._child.returncode
        if code >= 0:
            return code
        print(f"The process that prepares the start was killed ({-code}).", file=sys.stderr)
        return os.EX_SOFTWARE


def main() -> None:
    """Write the settings, and prepare the database when asked."""
    gc.disable()  # see wsgi.py; this process is short
    from gridt.runtime.config import VERSION, ConfigurationError, Settings

    try:
        settings = Settings.from_environment()
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        sys.exit(os.EX_CONFIG)
    values = {name: getattr(settings, name) for name in SERVER_SETTINGS}
    print(json.dumps(values | {"VERSION": VERSION}), flush=True)
    if sys.stdin.readline():
        Thread(target=_end_with_the_arbiter, daemon=True).start()
        _prepare_database(settings)


def _end_with_the_arbiter() -> None:
    """End this process when the arbiter dies.

    The database rolls back uncommitted changes.
    """
    os.read(sys.stdin.fileno(), 1)
    os._exit(os.EX_SOFTWARE)


def _prepare_database(settings: "Settings") -> None:
    """Migrate the database if the settings say so.

    Otherwise, warn of an unexpected revision.
    """
    from flask import Flask
    from flask_migrate import upgrade

    from gridt.runtime.config import unknown_variables
    from gridt.runtime.database import READING
    from gridt.runtime.extensions import db, disconnect, init_database
    from gridt.runtime.logs import configuration
    from gridt.runtime.schema_version import warn_of_another

    logging.config.dictConfig(configuration(settings.LOG_FORMAT))
    for sentence in unknown_variables():
        logging.getLogger("gridt.server").warning(sentence)
    app = Flask("gridt")
    app.config.from_object(settings)
    init_database(app)
    with app.app_context():
        if settings.UPGRADE_ON_START:
            upgrade()
        else:
            warn_of_another(db.engines[READING])
        disconnect()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:  # the terminal interrupts the arbiter as well
        sys.exit(_INTERRUPTED)
