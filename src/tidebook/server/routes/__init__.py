"""The routes below /api, one module for each noun."""
