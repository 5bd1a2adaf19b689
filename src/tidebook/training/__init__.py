"""What is done with a fitted model: metrics, evaluation on the held-out end, figures; and the choice of the device."""
