"""What happens later and elsewhere: mail, and whatever else no request waits for (docs/jobs.md)."""

from gridt.jobs.registry import enqueue, job
from gridt.jobs.runner import run_until_idle

__all__ = ["enqueue", "job", "run_until_idle"]
