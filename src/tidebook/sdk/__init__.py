"""The client side of a Tidebook server: reports runs while they are written, and sends them later."""
