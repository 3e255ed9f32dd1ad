"""The service on a machine where requirements-pictures.txt is not installed."""

import sys

from gridt import create_app

for name in ("numpy", "rustworkx"):
    sys.modules[name] = None  # type: ignore[assignment]  # an import of it fails now

app = create_app()
