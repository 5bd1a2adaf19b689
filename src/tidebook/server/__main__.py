"""`python -m tidebook.server` serves the home that the environment names."""

from __future__ import annotations

import sys

from tidebook.core.errors import TidebookError
from tidebook.core.settings import Settings
from tidebook.server.serve import serve

try:
    serve(Settings())
except TidebookError as error:
    sys.stderr.write(f"{error}\n")
    sys.exit(error.exit_code)
