"""The worker, which looks for jobs while its process lives."""

import logging
from collections.abc import Callable
from queue import Empty, SimpleQueue

from flask import Flask

from gridt.jobs.runner import kind_of, run_next
from gridt.models import Event, EventKind, after_commit

log = logging.getLogger(__name__)

#: seconds between two looks
POLL = 1.0
#: the most seconds between two attempts to reach the database
_LONGEST_PAUSE = 30.0

#: the workers of this process
_working: set["JobWorker"] = set()


class JobWorker:
    """A worker that runs due jobs.

    Several workers, in one process or many, share the jobs through the database.

    :param poll: seconds between two looks when no job is due
    :param wanted: returns, before each job, whether to go on
    """

    def __init__(
        self, app: Flask, poll: float = POLL, wanted: Callable[[], bool] = lambda: True
    ) -> None:
        self._app, self._poll, self._wanted = app, poll, wanted
        self._stopped = False
        # not an Event, which the handler of SIGTERM must not set while its own thread waits for it
        self._nudges: SimpleQueue[None] = SimpleQueue()

    def stop(self) -> None:
        """Let `run` return after the current job.

        Any thread may call it.
        """
        self._stopped = True
        self.nudge()

    def nudge(self) -> None:
        """Let the worker look for jobs at once."""
        self._nudges.put(None)

    def run(self) -> None:
        """Run jobs until stopped.

        If the database is lost, the worker waits for it.
        """
        pause, away = self._poll, False
        _working.add(self)
        try:
            while self._goes_on():
                try:
                    self.run_due()
                except Exception as error:
                    if not away:
                        log.warning("jobs are waiting for the database: %s", kind_of(error))
                    pause, away = min(2 * pause, _LONGEST_PAUSE), True
                else:
                    if away:
                        log.warning("jobs are running again")
                    pause, away = self._poll, False
                if self._goes_on():
                    self._wait(pause)
        finally:
            _working.discard(self)

    def run_due(self, most: int | None = None) -> int:
        """Run the jobs that are due, and return their number.

        It ends earlier if the worker is stopped.
        """
        done = 0
        while self._goes_on() and done != most and run_next(self._app):
            done += 1
        return done

    def _goes_on(self) -> bool:
        return not self._stopped and self._wanted()

    def _wait(self, seconds: float) -> None:
        try:
            self._nudges.get(timeout=seconds)
            while not self._nudges.empty():
                self._nudges.get_nowait()
        except Empty:
            pass


@after_commit(EventKind.JOB_ENQUEUED)
def _nudge(_event: Event) -> None:
    """Wake this process's workers to run a new job."""
    for worker in tuple(_working):
        worker.nudge()
