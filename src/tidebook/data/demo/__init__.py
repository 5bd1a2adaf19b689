"""Demo data: daily sales of drugs in stores, as they might have been."""

from tidebook.data.demo.table import generate

__all__ = ["generate"]
