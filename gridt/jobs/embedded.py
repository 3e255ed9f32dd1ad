"""A thread that runs jobs in a process which serves; see gunicorn.conf.py."""

from collections.abc import Callable
from threading import Thread

from flask import Flask

from gridt.jobs.worker import JobWorker

_running: list[tuple[JobWorker, Thread]] = []


def start_embedded(app: Flask, wanted: Callable[[], bool]) -> None:
    """Start the thread; call it in the process that is to have it, no fork follows a thread well.

    :param wanted: tells, before each job, whether to go on
    """
    worker = JobWorker(app, wanted=wanted)
    thread = Thread(target=worker.run, name="jobs", daemon=True)
    _running.append((worker, thread))
    thread.start()


def stop_embedded(patience: float) -> None:
    """Wait for the end of the job that runs, and of the thread.

    :param patience: for so many seconds; what is cut off is taken up again when its lease is over
    """
    while _running:
        worker, thread = _running.pop()
        worker.stop()
        thread.join(patience)
