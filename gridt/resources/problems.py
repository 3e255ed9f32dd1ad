"""The pages of problem types, where `type` leads."""

from dataclasses import asdict
from typing import Any

from flask import Response
from flask.typing import ResponseReturnValue

from gridt.errors import NotFound
from gridt.http.api import Blueprint
from gridt.http.pages import page, page_or_json, prefers_html
from gridt.http.problem_pages import PROBLEM_TYPES, ProblemType
from gridt.http.requests import Resource
from gridt.schemas.problems import ProblemTypeOut

bp = Blueprint("problems", description="Types of problems")

_DAY = 24 * 3600  # in seconds
_PAGE = {"type": "string"}


@bp.route("/problems", get="listProblems")
class ProblemTypes(Resource):
    """All types of problems."""

    @bp.open
    @bp.ignores_parameters
    @bp.answers(200, _PAGE, content_type="text/html", description="The page.")
    @bp.answers(200, ProblemTypeOut(many=True))
    def get(self) -> ResponseReturnValue:
        """List all types of problems, by their status.

        The list has no pages. The answer is HTML if the client prefers it, and JSON otherwise.
        """
        problems = sorted(
            PROBLEM_TYPES.values(), key=lambda problem: (problem.status, problem.slug)
        )
        answer = [_described(problem) for problem in problems]
        return _cached(page_or_json("problems.html", answer, problems=answer))


@bp.route("/problems/<slug>", get="explainProblem")
class ProblemTypePage(Resource):
    """The page of a problem type."""

    @bp.open
    @bp.ignores_parameters
    @bp.problems(NotFound)
    @bp.answers(404, _PAGE, content_type="text/html")
    @bp.answers(200, _PAGE, content_type="text/html", description="The page.")
    @bp.answers(200, ProblemTypeOut)
    def get(self, slug: str) -> ResponseReturnValue:
        """Explain a type of problem.

        The answer says what the problem means and what a client can do. It is a page if the client
        prefers HTML, and JSON otherwise.
        """
        problem = PROBLEM_TYPES.get(slug)
        if problem is None and prefers_html():
            return page("no_problem.html"), 404
        if problem is None:
            raise NotFound("There is no such type of problem.")
        answer = _described(problem)
        return _cached(page_or_json("problem.html", answer, **answer))


def _described(problem: ProblemType) -> dict[str, Any]:
    answer = asdict(problem)
    return {"type": f"/problems/{answer.pop('slug')}", **answer}


def _cached(answer: Response) -> Response:
    answer.headers["Cache-Control"] = f"public, max-age={_DAY}"
    return answer
