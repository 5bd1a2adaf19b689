"""Where rows come from: Parquet, CSV, and data frames."""

from tidebook.data.sources.opening import open_source

__all__ = ["open_source"]
