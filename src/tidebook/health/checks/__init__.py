"""What is looked for, one kind of things a file."""
