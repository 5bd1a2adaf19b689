"""Addresses of this server, for people to open."""

from __future__ import annotations

from tidebook.core.settings import Settings

LOCK = "server.lock"  #: in the home; held by the server, whose address it says


def address(settings: Settings) -> str:
    """Where the server of this home listens, or last did; before the first start where it is set to."""
    try:
        told = (settings.home / LOCK).read_text(encoding="utf-8").strip()
    except OSError:
        told = ""
    return told or base_url(settings.host, settings.port)


def base_url(host: str, port: int) -> str:
    """Where a browser on this machine finds a server that listens on `host`."""
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - compared, not bound
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def login_url(base: str, token: str) -> str:
    """What a user opens to log a browser in with a one-time token."""
    return f"{base.rstrip('/')}/login?token={token}"
