"""The filter language of runs: one line, parsed into a small tree, never evaluated as code.

`model_type = lstm and metrics.wape < 0.1 and tags.team = "east" and started > 7d`
"""

from tidebook.runs.filters.match import matches
from tidebook.runs.filters.parse import parse
from tidebook.runs.filters.sorting import Sort, parse_sort, sort_key

__all__ = ["Sort", "matches", "parse", "parse_sort", "sort_key"]
