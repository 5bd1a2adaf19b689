"""What boosted trees need: the rows that they learn from, what the columns mean, and their training."""
