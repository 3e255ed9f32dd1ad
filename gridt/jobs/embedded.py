"""A thread that runs jobs in a server process.

See gunicorn.conf.py.
"""

from collections.abc import Callable
from threading import Thread

from flask import Flask

from gridt.jobs.worker import JobWorker

_running: list[tuple[JobWorker, Thread]] = []


def start_embedded(app: Flask, wanted: Callable[[], bool]) -> None:
    """Start the thread in this process.

    A thread does not survive a fork: call this in the process that runs the jobs.

    :param wanted: returns, before each job, whether to go on
    """
    worker = JobWorker(app, wanted=wanted)
    thread = Thread(target=worker.run, name="jobs", daemon=True)
    _running.append((worker, thread))
    thread.start()


def stop_embedded(patience: float) -> None:
    """Wait until the current job and the thread have ended.

    :param patience: the longest wait, in seconds; a job that is cut off runs again when its lease
        is over
    """
    while _running:
        worker, thread = _running.pop()
        worker.stop()
        thread.join(patience)
