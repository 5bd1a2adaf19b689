"""How good a model is: metrics, the evaluation on the held-out end, its figures, and where to train."""
