"""The HTTP server: routes, login, live updates and the web UI. Never imports torch."""
