"""Ways to make a model, one file each, and the registry that finds them."""
