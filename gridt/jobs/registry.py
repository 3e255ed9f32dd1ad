"""The registry of jobs, and how to enqueue one."""

import inspect
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from gridt.models import PRIORITIES, Job
from gridt.runtime.clock import utcnow
from gridt.runtime.request_state import request_state

Function = TypeVar("Function", bound=Callable[..., None])

#: after this many attempts a job is given up; with the pauses, that takes an hour and a half
ATTEMPTS = 10


@dataclass(frozen=True)
class Definition:
    """The common properties of all jobs of one name."""

    function: Callable[..., None]
    attempts: int
    writes: bool
    signature: inspect.Signature


#: by name
DEFINITIONS: dict[str, Definition] = {}


def job(
    name: str, *, attempts: int = ATTEMPTS, writes: bool = True
) -> Callable[[Function], Function]:
    """Register a function as a job.

    The parameters of the function are the arguments of the job.

    :param attempts: after this many failed attempts the job is given up
    :param writes: whether the session's changes are saved, together with the job's end, exactly
        once. False is for jobs that only read and act on the outside, such as mail: they hold no
        transaction that others wait for, but must not write
    :raises ValueError: when another function has this name
    """

    def register(function: Function) -> Function:
        if name in DEFINITIONS:
            raise ValueError(f"two jobs are named {name!r}")
        DEFINITIONS[name] = Definition(function, attempts, writes, inspect.signature(function))
        return function

    return register


def enqueue(
    name: str,
    arguments: dict[str, Any],
    *,
    key: str | None = None,
    priority: int = 0,
    delay: timedelta | None = None,
    replaces: bool = False,
) -> None:
    """Add a job to the session's transaction.

    The job runs after the commit, or never.

    :param arguments: the arguments of the job's function, as JSON
    :param key: while a job with this key waits, for its first attempt or its next, nothing is
        added: that job will see our commit. A running job may already have read its data, and a
        dead job never will, so neither prevents a new one
    :param priority: 1 if a user waits for the job, -1 if every other job is more urgent
    :param delay: the shortest time before the job runs
    :param replaces: whether a waiting job with the key gets these arguments
    :raises LookupError: when there is no job of this name
    :raises TypeError: when its function does not take these arguments, or they are not JSON
    :raises ValueError: when there is no such priority
    """
    if name not in DEFINITIONS:
        raise LookupError(f"there is no job {name!r}")
    if priority not in PRIORITIES:
        raise ValueError(f"a priority is one of {PRIORITIES}, not {priority!r}")
    if request_state().reading:
        raise RuntimeError("what only reads commits nothing, and enqueues nothing")
    DEFINITIONS[name].signature.bind(**arguments)
    _check(arguments, name)
    Job.insert(name, arguments, key, priority, utcnow() + (delay or timedelta()), replaces=replaces)


def _check(arguments: dict[str, Any], name: str) -> None:
    """Refuse arguments that the database would return changed."""
    try:
        same = json.loads(json.dumps(arguments, allow_nan=False)) == arguments
    except (TypeError, ValueError):
        same = False
    if not same:
        raise TypeError(f"the arguments of job {name!r} are not JSON")
