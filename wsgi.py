"""The WSGI entry point: `gunicorn wsgi:app` and `flask --app wsgi …`."""

import os
import sys

from gridt import create_app
from gridt.runtime.config import ConfigurationError

try:
    app = create_app()
except ConfigurationError as error:
    print(error, file=sys.stderr)
    sys.exit(os.EX_CONFIG)
