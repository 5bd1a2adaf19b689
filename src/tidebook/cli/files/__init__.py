"""`tidebook push | pull | status | diff | log | verify | files`: files of models, in the central store."""

from tidebook.cli.files.diff import diff
from tidebook.cli.files.listing import files
from tidebook.cli.files.log import log
from tidebook.cli.files.pull import pull
from tidebook.cli.files.push import push
from tidebook.cli.files.status import status
from tidebook.cli.files.verify import verify

__all__ = ["diff", "files", "log", "pull", "push", "status", "verify"]
