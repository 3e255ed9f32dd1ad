"""Which jobs there are, and how one is put into the queue."""

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

#: after so many a job is given up; with the pauses between them that takes an hour and a half
ATTEMPTS = 10


@dataclass(frozen=True)
class Definition:
    """What is known of all jobs of one name."""

    function: Callable[..., None]
    attempts: int
    writes: bool
    signature: inspect.Signature


#: by name
DEFINITIONS: dict[str, Definition] = {}


def job(
    name: str, *, attempts: int = ATTEMPTS, writes: bool = True
) -> Callable[[Function], Function]:
    """Register a function as the job of that name; its parameters are the job's arguments.

    :param attempts: after so many that fail it is given up
    :param writes: whether what it adds and flushes is to be saved, which happens together with
        the job's end, exactly once. False for what only reads, and acts on the outside, such as
        mail: nobody waits then for a transaction of ours, but it must not write
    :raises ValueError: when another function has that name
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
) -> None:
    """Add a job to the session's transaction; it is run after that is committed, or never.

    :param arguments: those of its function; JSON
    :param key: while a job with this key waits, for its first attempt or its next, nothing is
        added: that one will see what we commit. One that runs may have read already what it is
        about, and one that is dead will not: neither is in the way of a new one
    :param priority: 1 if somebody waits for it, -1 for whenever there is nothing else to do
    :param delay: not before so much time has passed
    :raises LookupError: when there is no job of that name
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
    Job.insert(name, arguments, key, priority, utcnow() + (delay or timedelta()))


def _check(arguments: dict[str, Any], name: str) -> None:
    """Refuse what would not come back from the database as it went there."""
    try:
        same = json.loads(json.dumps(arguments, allow_nan=False)) == arguments
    except (TypeError, ValueError):
        same = False
    if not same:
        raise TypeError(f"the arguments of job {name!r} are not JSON")
