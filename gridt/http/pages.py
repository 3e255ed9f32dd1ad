"""Pages for people: the choice between HTML and JSON, and the security policy of HTML."""

from typing import Any

from flask import Response, jsonify, render_template, request

#: these pages load a style sheet and an icon from here, and nothing else
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def page_or_json(template: str, answer: dict[str, Any], **values: Any) -> Response:
    """Return a page if the client prefers HTML, else the same as JSON.

    :param values: further values of the template
    """
    accepted = request.accept_mimetypes
    if accepted and accepted["text/html"] > accepted["application/json"]:
        response = Response(render_template(template, **answer, **values), mimetype="text/html")
        response.headers["Content-Security-Policy"] = _POLICY
    else:
        response = jsonify(answer)
    response.vary.add("Accept")
    return response
