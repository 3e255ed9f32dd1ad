"""The settings of gunicorn, here and in the image.

GUNICORN_CMD_ARGS overrides any of them.
"""

import logging
import os
import resource
import shutil
import sys
from tempfile import mkdtemp
from types import SimpleNamespace

import gunicorn.glogging
import gunicorn.http.wsgi

# The arbiter imports nothing large: a child reads the settings and prepares the database, and the
# worker imports the application. tests/test_operating.py holds the arbiter's memory.
from gridt.runtime.gunicorn_worker import PatientWorker
from gridt.runtime.logs import configuration, style_of
from gridt.runtime.server_start import ServerStart

METRICS_FOLDER, METRICS_PLACE = "PROMETHEUS_MULTIPROC_DIR", "GRIDT_METRICS_PLACE"

start = ServerStart()
settings = SimpleNamespace(**start.settings())

log = logging.getLogger("gridt.server")


class Logger(gunicorn.glogging.Logger):
    """The logger of gunicorn, without its access log.

    That log quotes addresses.
    """

    def access(self, *_):
        """Log nothing: gridt logs each request itself."""


logger_class = Logger

wsgi_app = "wsgi:app"
bind = settings.BIND
worker_class = PatientWorker if settings.WORKER == "patient" else settings.WORKER
# There are more threads than hash passwords or wait for that (GRIDT_HASHING_SLOTS and _WAITING), so
# that a flood of logins leaves some to others, and more than one account can keep busy
# (GRIDT_QUOTA_AT_ONCE, and two that wait). WEB_CONCURRENCY sets the number of processes.
threads = 12
keepalive = 15
# The other open files are the database's; SQLite has more than one for each connection.
worker_connections = min(1000, resource.getrlimit(resource.RLIMIT_NOFILE)[0] * 3 // 4)
processes = int(os.environ.get("WEB_CONCURRENCY", "1"))  # gunicorn has refused other texts
if processes < 1:
    start.close()
    sys.exit("WEB_CONCURRENCY has to be 1 or more.")
several = processes > 1
# If others can take over, a process is replaced from time to time, with all memory that it kept.
max_requests = 100_000 if several else 0
max_requests_jitter = max_requests // 5
graceful_timeout = 8  # below the 10 seconds after which `docker stop` kills
control_socket_disable = True
# GRIDT_PROXY_HOPS alone decides which scheme and address of a proxy the service believes.
forwarded_allow_ips = ""
secure_scheme_headers = {}
limit_request_fields = 60
# The app refuses long addresses with a problem document. `PatientWorker` limits the whole head.
limit_request_line = 0 if settings.WORKER == "patient" else 8190
# gunicorn has no setting for it. Every answer has this header, so it names no version.
gunicorn.http.wsgi.SERVER = "gridt"
PatientWorker.longest_body = settings.MAX_CONTENT_LENGTH
# The heartbeat file and the metrics belong in memory, and a read-only container can write here.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108 - names are random
logconfig_dict = configuration(settings.LOG_FORMAT)


def on_starting(server):
    """Migrate the database first, if the settings say so."""
    start.begin_to_prepare_database()
    if several:  # they share the modules that the arbiter imports: some 57 MB of each
        import gridt.app  # noqa: F401
    start.finish()
    if settings.METRICS_TOKEN is not None:
        os.environ[METRICS_FOLDER] = mkdtemp(prefix="gridt-metrics-", dir=worker_tmp_dir)


def on_reload(server):
    """End the child that read the settings again.

    Only a start migrates.
    """
    start.close()


def pre_fork(server, worker):
    """Give the worker a place that no other worker has."""
    taken = {other.place for other in server.WORKERS.values()}
    worker.place = next(place for place in range(len(taken) + 1) if place not in taken)


def post_fork(server, worker):
    """Set the worker's place, and the number of processes.

    The processes share limits.
    """
    os.environ[METRICS_PLACE] = str(worker.place)
    os.environ.setdefault("GRIDT_PROCESSES", str(server.num_workers))


def child_exit(server, worker):
    """Remove the gauges of a dead worker from the metrics."""
    if METRICS_FOLDER in os.environ:
        # imported here to save its memory in an arbiter without metrics
        from prometheus_client.multiprocess import mark_process_dead

        mark_process_dead(str(worker.place))


def on_exit(server):
    """Remove the files of the metrics."""
    if METRICS_FOLDER in os.environ:
        shutil.rmtree(os.environ[METRICS_FOLDER], ignore_errors=True)


def when_ready(server):
    """Log the address and the mail folder.

    In a terminal, print first steps.
    """
    url = str(server.LISTENERS[0]).replace("//0.0.0.0:", "//127.0.0.1:")
    if style_of(settings.LOG_FORMAT) == "json":
        log.info("gridt listens on %s (version %s)", url, settings.VERSION)
        if settings.SMTP_URL is None:
            log.warning("no mail leaves this machine: it is written into %s", settings.MAIL_FOLDER)
        return
    print(
        f"""
gridt listens on {url} (version {settings.VERSION}; Ctrl-C stops it). In another terminal:

  curl {url}/health
  curl {url}/register -H 'Content-Type: application/json' \\
       -d '{{"username": "robin", "email": "robin@example.org", "password": "correct horse"}}'

The README continues from here with a first session; {url}/docs shows every call.
{_where_mails_go()}""",
        flush=True,
    )


def post_worker_init(worker):
    """Run jobs beside the requests, if the settings say so."""
    from flask import Flask

    from gridt.jobs import start_embedded, stop_embedded

    if not isinstance(worker.wsgi, Flask):
        return
    worker.wsgi.extensions["gridt.stopping"] = lambda: not worker.alive
    if settings.JOBS == "embedded":
        start_embedded(worker.wsgi, wanted=lambda: worker.alive)
        worker.stop_jobs = stop_embedded


def worker_exit(server, worker):
    """Let the running job end, if there is time."""
    if hasattr(worker, "stop_jobs"):
        worker.stop_jobs(graceful_timeout)


def _where_mails_go():
    if settings.SMTP_URL is not None:
        return ""
    return f"""
WARNING: no mail leaves this machine. GRIDT_SMTP_URL names no mail server, so mails are written into
{settings.MAIL_FOLDER}
with the tokens in them.
"""
