"""Single runs as the routes show and change them."""
