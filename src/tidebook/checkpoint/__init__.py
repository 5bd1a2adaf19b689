"""The safe file format of models: tensors and plain values, and nothing that runs when it is read."""

from tidebook.checkpoint.file import load, save
from tidebook.checkpoint.model import FORMAT_VERSION, load_state, save_state

__all__ = ["FORMAT_VERSION", "load", "load_state", "save", "save_state"]
