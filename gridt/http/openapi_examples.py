"""The examples of the OpenAPI document.

They are the requests and answers of a real run, in `examples.json`; CONTRIBUTING says how to write
them again.
"""

import json
from functools import cache
from importlib.resources import files
from typing import Any

from werkzeug.exceptions import default_exceptions

from gridt.errors import GridtError
from gridt.http.problem_types import BLANK, type_of
from gridt.http.problems import SENTENCES

#: as a server makes them
_REQUEST_ID = "8c16fa291c8e4f7084994511db5c0136"


@cache
def stored_examples() -> dict[str, Any]:
    """Return the examples of the run.

    `operations` has those of each operationId, and `problems` those of each slug.
    """
    stored: dict[str, Any] = json.loads(files(__package__).joinpath("examples.json").read_text())
    return stored


def add_examples(operation: dict[str, Any]) -> None:
    """Add the run's request and answers to an operation.

    An example of an answer that the operation does not have is left out; a test finds it.
    """
    examples = stored_examples()["operations"].get(operation.get("operationId"), {})
    bodies = operation.get("requestBody", {}).get("content", {})
    for media_type, body in examples.get("requests", {}).items():
        if media_type in bodies:
            bodies[media_type]["example"] = body
    for status, answers in examples.get("answers", {}).items():
        documented = operation["responses"].get(int(status), {}).get("content", {})
        for media_type in documented.keys() & answers.keys():
            documented[media_type]["example"] = answers[media_type]


def problem_example(error: type[GridtError]) -> dict[str, Any]:
    """Return an example of a problem.

    It is of the run, or else as the class describes it.
    """
    found: dict[str, Any] | None = stored_examples()["problems"].get(error.slug)
    if found is not None:
        return found
    described = _described(type_of(error), error.status, error.title, error.title)
    return described | ({"description": error.title} if error.status == 401 else {})


def blank_example(status: int) -> dict[str, Any]:
    """Return an example of a problem without a type."""
    title = default_exceptions[status]().name
    return _described(BLANK, status, title, SENTENCES[status])


def _described(type: str, status: int, title: str, detail: str) -> dict[str, Any]:
    texts = {"type": type, "title": title, "detail": detail, "message": detail}
    return texts | {"status": status, "request_id": _REQUEST_ID}
