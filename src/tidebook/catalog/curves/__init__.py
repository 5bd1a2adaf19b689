"""Curves: a derived cache of columns beside each metrics log, and what a request sees of them."""

from tidebook.catalog.curves.cache import Curves

__all__ = ["Curves"]
