"""Callbacks for other people's frameworks, each in a module of the framework's name, which imports it.

They write into a run of `tidebook.start_run`. Nothing here is loaded before it is asked for.
"""
