"""Where files lie: a folder, an object store, a server. Each kind of place is one file."""
