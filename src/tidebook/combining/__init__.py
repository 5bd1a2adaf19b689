"""What algorithms made of other algorithms share: members in one state, fair questions, weights, trials."""
