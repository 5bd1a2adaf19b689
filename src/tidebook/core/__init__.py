"""Settings, errors, ids, scopes, safe paths and the clock. Imports nothing of ours."""
