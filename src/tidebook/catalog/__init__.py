"""The database: users, the queue, and rows derived from the files so that lists need not read them."""
