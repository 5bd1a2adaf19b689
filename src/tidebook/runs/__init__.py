"""The run record: a folder that holds the whole story of one training, written while it happens."""

from tidebook.runs.manager import STATUSES, TrainingManager

__all__ = ["STATUSES", "TrainingManager"]
