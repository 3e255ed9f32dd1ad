"""The WSGI entry point: `gunicorn wsgi:app` and `flask --app wsgi …`."""

import gc
import os
import sys

import gridt
from gridt.runtime.config import ConfigurationError

# Nothing that a start imports or builds is garbage. Looking for some takes a fifth of the start.
gc.disable()
try:
    app = gridt.create_app()
except ConfigurationError as error:
    print(error, file=sys.stderr)
    sys.exit(os.EX_CONFIG)
finally:
    gc.freeze()  # the collector passes over these objects from now on
    gc.enable()
