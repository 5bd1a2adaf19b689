"""`tidebook serve`."""

from __future__ import annotations

from typing import Annotated

import typer

from tidebook.cli.words import words


def serve(
    host: Annotated[str | None, typer.Option(help=words("host"))] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help=words("port"))] = None,
) -> None:
    """Serves the web UI and the HTTP interface until it is stopped."""
    from tidebook.core.settings import Settings
    from tidebook.server.serve import serve as run

    stated = {"host": host, "port": port}
    run(Settings(**{name: value for name, value in stated.items() if value is not None}))  # type: ignore[arg-type]
