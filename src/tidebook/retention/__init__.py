"""What may go: policies, the plan made from them, and carrying it out."""
