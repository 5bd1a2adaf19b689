"""`python -m tidebook`."""

from tidebook.cli import main

main()
