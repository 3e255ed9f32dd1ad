"""How gunicorn serves gridt, here and in the image; GUNICORN_CMD_ARGS overrides any of it."""

import os
import sys

import gunicorn.http.wsgi
from flask import Flask
from flask_migrate import upgrade

from gridt import create_app
from gridt.config import ConfigurationError, Settings
from gridt.database import READING
from gridt.extensions import db, disconnect
from gridt.jobs import embedded
from gridt.revisions import warn_of_another
from gridt.worker import PatientWorker

try:
    settings = Settings.from_environment()
except ConfigurationError as error:
    print(error, file=sys.stderr)
    sys.exit(os.EX_CONFIG)

wsgi_app = "wsgi:app"
bind = settings.BIND
worker_class = PatientWorker
# more than those that hash passwords or wait for it (GRIDT_HASHING_SLOTS and _WAITING), so that a
# flood of logins leaves some to everybody else; WEB_CONCURRENCY sets the number of processes
threads = 10
keepalive = 15
graceful_timeout = 8  # below the 10 seconds after which `docker stop` kills
control_socket_disable = True
# The scheme, like the address, is for GRIDT_PROXY_HOPS to believe, and for nothing else.
forwarded_allow_ips = ""
secure_scheme_headers = {}
limit_request_fields = 60
# There is no setting for it: the header goes out with every answer, so it names what is public.
gunicorn.http.wsgi.SERVER = "gridt"
PatientWorker.longest_body = settings.MAX_CONTENT_LENGTH
# The heartbeat file belongs in memory, which a read-only container has here.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108


def on_starting(server):
    """Migrate the database once, before there are workers, where the settings say so."""
    with create_app(settings).app_context():
        if settings.UPGRADE_ON_START:
            upgrade()
        else:
            warn_of_another(db.engines[READING])
        disconnect()  # no connection may cross the fork


def post_fork(server, worker):
    """Tell the worker among how many its limits are divided."""
    os.environ.setdefault("GRIDT_PROCESSES", str(server.num_workers))


def when_ready(server):
    """Tell what to try next, and where mails go."""
    url = str(server.LISTENERS[0]).replace("//0.0.0.0:", "//127.0.0.1:")
    print(
        f"""
gridt listens on {url} (Ctrl-C stops it). In another terminal:

  curl {url}/health
  curl {url}/register -H 'Content-Type: application/json' \\
       -d '{{"username": "robin", "email": "robin@example.org", "password": "correct horse"}}'

The README goes on from here with a first session; {url}/docs shows every call.
{_where_mails_go()}""",
        flush=True,
    )


def post_worker_init(worker):
    """Run jobs beside the requests, where the settings say so."""
    if settings.JOBS == "embedded" and isinstance(worker.wsgi, Flask):
        embedded.start(worker.wsgi, wanted=lambda: worker.alive)


def worker_exit(server, worker):
    """Let the job that runs be finished, if there is time."""
    embedded.stop(graceful_timeout)


def _where_mails_go():
    if settings.SMTP_URL is not None:
        return ""
    return f"""
WARNING: no mail leaves this machine. GRIDT_SMTP_URL names no mail server, so mails are written into
{settings.MAIL_FOLDER}
with the tokens in them.
"""
