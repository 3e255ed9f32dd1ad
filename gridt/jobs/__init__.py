"""Jobs: work that no request waits for, such as e-mails.

See docs/jobs.md.
"""

from gridt.jobs.embedded import start_embedded, stop_embedded
from gridt.jobs.registry import enqueue, job
from gridt.jobs.runner import run_until_idle
from gridt.jobs.worker import POLL, JobWorker

__all__ = [
    "POLL",
    "JobWorker",
    "enqueue",
    "job",
    "run_until_idle",
    "start_embedded",
    "stop_embedded",
]
