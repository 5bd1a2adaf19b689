"""Tasks: the queue, the runner that watches each attempt, and what became of it."""
