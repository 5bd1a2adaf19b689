"""The small JSON files that are the home of facts."""
