"""Runs that are written elsewhere and sent here: bytes that are appended, files that are replaced whole."""
