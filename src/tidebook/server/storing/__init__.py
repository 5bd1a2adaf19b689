"""The store as other machines see it: what they may do with it, and how its bytes come and go."""
