"""The application without the libraries of requirements-pictures.txt."""

import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec


class Hidden(MetaPathFinder):
    """Refuses the libraries, as if they were not installed.

    `None` in `sys.modules` would be shorter, but psycopg reads attributes of its values.
    """

    def find_spec(self, name: str, *_: object) -> ModuleSpec | None:
        if name.partition(".")[0] in {"numpy", "rustworkx"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return None


sys.meta_path.insert(0, Hidden())

from gridt import create_app  # noqa: E402 - the lines above must hide the libraries first

app = create_app()
