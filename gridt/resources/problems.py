"""The pages of problem types, where the member `type` of a problem leads."""

from flask.typing import ResponseReturnValue

from gridt.errors import NotFound
from gridt.http.api import Blueprint
from gridt.http.pages import page_or_json
from gridt.http.problem_pages import PROBLEM_TYPES
from gridt.http.requests import Resource
from gridt.schemas.problems import ProblemTypeOut

bp = Blueprint("problems", description="Types of problems")

_DAY = 24 * 3600  # in seconds


@bp.route("/problems/<slug>", get="explainProblem")
class ProblemTypePage(Resource):
    """The page of a problem type."""

    @bp.token(None)
    @bp.ignores_parameters
    @bp.problems(NotFound)
    @bp.answers(200, {"type": "string"}, content_type="text/html", description="The page.")
    @bp.answers(200, ProblemTypeOut)
    def get(self, slug: str) -> ResponseReturnValue:
        """Explain a type of problem.

        The answer says what the problem means and what a client can do. It is a page if the client
        prefers HTML, and JSON otherwise.
        """
        problem = PROBLEM_TYPES.get(slug)
        if problem is None:
            raise NotFound("There is no such type of problem.")
        answer = {
            "type": f"/problems/{slug}",
            "title": problem.title,
            "status": problem.status,
            "meaning": problem.meaning,
            "advice": problem.advice,
        }
        response = page_or_json("problem.html", answer)
        response.headers["Cache-Control"] = f"public, max-age={_DAY}"
        return response
