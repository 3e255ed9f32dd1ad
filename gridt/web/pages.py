"""The addresses of the app."""

from flask import Blueprint, Flask, Response, abort, current_app, render_template, request

from gridt.web.files import File, Files

#: the blueprint has no part in the OpenAPI document: nothing of it is for programs
bp = Blueprint("web", __name__, url_prefix="/app")

#: scripts, styles and pictures come from here only; scripts put no text where markup is parsed
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' blob:; manifest-src 'self'; worker-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types gridt"
)
_FOREVER = "public, max-age=31536000, immutable"
_EXTENSION = "gridt.web"


def register_app(app: Flask) -> None:
    """Serve the app, unless the operator turned it off."""
    if app.config["APP"]:
        app.extensions[_EXTENSION] = Files()
        app.register_blueprint(bp)


@bp.get("")
@bp.get("/")
@bp.get("/<path:_address>")
def show_shell(_address: str = "") -> Response:
    """Return the page that every screen starts from."""
    files = _files()
    screen = render_template("app.html", version=files.version, eager=files.eager)
    response = Response(screen, mimetype="text/html")
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["Cache-Control"] = "no-cache"
    return response


@bp.get("/~<version>/<path:name>")
def send_file(version: str, name: str) -> Response:
    """Return a file of this version; there is no other."""
    files = _files()
    file = files.find(name)
    if version != files.version or file is None:
        abort(404)
    response = _answer(file)
    response.headers["Cache-Control"] = _FOREVER
    return response


@bp.get("/worker.js")
def send_worker() -> Response:
    """Return the script that keeps the app offline."""
    response = _unversioned("worker.js")
    response.headers["Service-Worker-Allowed"] = "/app"
    # the policy of a worker comes with its own script
    response.headers["Content-Security-Policy"] = POLICY
    return response


@bp.get("/start.js")
def send_start() -> Response:
    """Return the script that notices missing modules."""
    response = _unversioned("start.js")
    # it has no part in a version, so an old one does as well
    response.headers["Cache-Control"] = "public, max-age=86400"
    return response


@bp.get("/app.webmanifest")
def send_manifest() -> Response:
    """Return the description by which browsers install the app."""
    return _unversioned("app.webmanifest")


def _unversioned(name: str) -> Response:
    file = _files().find(name)
    if file is None:
        abort(404)
    response = _answer(file)
    response.headers["Cache-Control"] = "no-cache"
    return response


def _answer(file: File) -> Response:
    compressed = file.compressed if request.accept_encodings["gzip"] else None
    response = Response(compressed or file.content, content_type=file.media_type)
    if compressed is not None:
        response.headers["Content-Encoding"] = "gzip"
    response.vary.add("Accept-Encoding")
    return response


def _files() -> Files:
    files: Files = current_app.extensions[_EXTENSION]
    return files
