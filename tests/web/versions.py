"""A service whose app has two versions.

A file beside the mails has two words: which version the page is of, and which one has files. They
differ where two servers of two versions answer.
"""

import os
import shutil
import tempfile
from pathlib import Path

from flask import request
from werkzeug.local import LocalProxy

from gridt import create_app
from gridt.web.files import CLIENT, Files

SWITCH = "version"


def _versions() -> dict[str, Files]:
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(CLIENT, folder, dirs_exist_ok=True)
        with (Path(folder) / "app.css").open("a") as style:
            style.write("\n/* the second version */\n")
        return {"1": Files(), "2": Files(Path(folder))}


def _present() -> Files:
    switch = Path(os.environ["GRIDT_MAIL_FOLDER"]).parent / SWITCH
    page, files = switch.read_text().split() if switch.exists() else ("1", "1")
    return VERSIONS[files if request.path.startswith("/app/~") else page]


VERSIONS = _versions()
app = create_app()
app.extensions["gridt.web"] = LocalProxy(_present)
