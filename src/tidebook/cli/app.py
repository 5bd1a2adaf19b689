"""The commands and how they end."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from tidebook import __version__
from tidebook.cli import algorithms as algorithms_
from tidebook.cli import (
    archive,
    backup,
    cleanup,
    data,
    demo,
    files,
    forecast,
    fsck,
    models,
    policies,
    projects,
    reindex,
    runs,
    serve,
    sync,
    token,
    train,
    users,
)
from tidebook.cli.words import words
from tidebook.core.environment import wait_passively
from tidebook.core.errors import InvalidInput, TidebookError

app = typer.Typer(
    name="tidebook",
    help=words("about"),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=True,
    rich_markup_mode=None,
)
app.command("demo", help=words("demo"))(demo.demo)
app.command("serve", help=words("serve"))(serve.serve)
app.add_typer(data.app, name="data", help=words("data"))
app.command("algorithms", help=words("algorithms"))(algorithms_.algorithms)
app.command("train", help=words("train"), context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(
    train.train
)
app.command("forecast", help=words("forecast"))(forecast.forecast)
app.add_typer(models.app, name="models", help=words("models"))
app.command("push", help=words("push"))(files.push)
app.command("pull", help=words("pull"))(files.pull)
app.command("status", help=words("status"))(files.status)
app.command("diff", help=words("diff"))(files.diff)
app.command("log", help=words("log"))(files.log)
app.command("verify", help=words("verify"))(files.verify)
app.command("files", help=words("files"))(files.files)
app.add_typer(runs.app, name="runs", help=words("runs"))
app.add_typer(users.app, name="users", help=words("users"))
app.add_typer(projects.app, name="projects", help=words("projects"))
app.command("sync", help=words("sync"))(sync.sync)
app.command("reindex", help=words("reindex"))(reindex.reindex)
app.command("token", help=words("token"))(token.token)
app.add_typer(policies.app, name="policies", help=words("policies"))
app.command("cleanup", help=words("cleanup"))(cleanup.cleanup)
app.add_typer(archive.app, name="archive", help=words("archive"))
app.command("fsck", help=words("fsck"))(fsck.fsck)
app.command("backup", help=words("backup"))(backup.backup)
app.command("restore", help=words("restore"))(backup.restore)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"tidebook {__version__}")
        raise typer.Exit


@app.callback()
def common(
    home: Annotated[Path | None, typer.Option(help=words("home"), envvar="TIDEBOOK_HOME")] = None,
    version: Annotated[
        bool, typer.Option("--version", help=words("version"), callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Options of every command."""
    if home is not None and home.exists() and not home.is_dir():
        raise InvalidInput("The home must be a folder", got=f"{home}, which is a file", fix="Choose another --home.")
    if home is not None:
        os.environ["TIDEBOOK_HOME"] = str(home)


def main() -> None:
    """Runs the command line; an error of ours ends it with its own exit code."""
    wait_passively()
    try:
        app()
    except TidebookError as error:
        from tidebook.cli.output import print_error

        print_error(error, as_json="--json" in sys.argv)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
    except ValueError as error:
        if "pydantic" not in sys.modules:
            raise
        from pydantic import ValidationError

        if not isinstance(error, ValidationError):
            raise
        from tidebook.cli.output import print_error
        from tidebook.specs.faults import readable

        ours = readable(error)
        print_error(ours, as_json="--json" in sys.argv)
        sys.exit(ours.exit_code)
