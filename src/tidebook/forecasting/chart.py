"""The chart of a saved forecast, as a PNG."""
