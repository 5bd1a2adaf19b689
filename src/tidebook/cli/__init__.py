"""The command line. Heavy parts load when a command needs them."""

from tidebook.cli.app import main

__all__ = ["main"]
