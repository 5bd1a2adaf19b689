"""What a task runs, each a function: train, forecast, describe, and the warm worker that answers requests."""
