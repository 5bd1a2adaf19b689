"""`tidebook sync [RUN…]`."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tidebook.cli.words import words

if TYPE_CHECKING:
    from tidebook.core.settings import Settings
    from tidebook.sdk.sync import Outcome

WATCH_SECONDS = 2.0  #: between two looks at least
SHARE = 5  #: a look that took t seconds is not repeated before SHARE · t


def sync(
    runs: Annotated[list[str] | None, typer.Argument(metavar="RUN", help=words("sync_runs"))] = None,
    server: Annotated[str | None, typer.Option(help=words("sync_server"))] = None,
    token: Annotated[str | None, typer.Option(help=words("sync_token"))] = None,
    again: Annotated[bool, typer.Option("--again", help=words("sync_again"))] = False,
    watch: Annotated[bool, typer.Option("--watch", help=words("sync_watch"))] = False,
    json: Annotated[bool, typer.Option("--json", help=words("json"))] = False,
) -> None:
    """Sends runs to a server; exit code 1 where it refuses one."""
    from tidebook.cli.output import console, print_json
    from tidebook.core.settings import Settings
    from tidebook.sdk.sync import sync as send

    settings = Settings()
    address, secret = _login(settings, server, token)
    if watch:
        _watch(runs or (), address, secret, again=again)
        return
    outcomes: list[Outcome] = []
    for outcome in send(_folders(runs or ()), address, secret, again=again or bool(runs)):
        outcomes.append(outcome)
        if not json:
            _show(outcome)
    refused = sum(outcome.state == "refused" for outcome in outcomes)
    sent = sum(outcome.state == "sent" for outcome in outcomes)
    if json:
        print_json({"runs": [_plain(outcome) for outcome in outcomes]})
    elif not outcomes:
        console.print(words("no_runs"))
    else:
        rest = len(outcomes) - sent - refused
        console.print(words("sync_done", sent=sent, rest=rest, refused=refused), highlight=False)
    if refused:
        raise typer.Exit(1)


def _watch(runs: Sequence[str], server: str, token: str, *, again: bool) -> None:
    from tidebook.cli.output import errors, harmless, shown
    from tidebook.sdk.client import Away
    from tidebook.sdk.sync import sync as send

    away = False
    told: dict[Path, str] = {}
    while True:
        began = time.monotonic()
        try:
            for outcome in send(_folders(runs), server, token, again=again, patience=0):
                if outcome.state == "sent" or (outcome.problem and told.get(outcome.folder) != outcome.problem):
                    _show(outcome)
                told[outcome.folder] = outcome.problem
            away = again = False
        except Away as error:
            if not away:
                errors.print(f"{harmless(shown(error)['got'])} {words('sync_waits')}", highlight=False, markup=False)
            away = True
        time.sleep(max(WATCH_SECONDS, SHARE * (time.monotonic() - began)))


def _folders(runs: Sequence[str]) -> list[Path]:
    """The folders of the runs that were named, else of all, oldest first."""
    from tidebook.cli.runs.finding import find
    from tidebook.runs import TrainingManager

    if not runs:
        return [Path(run["folder"]) for run in reversed(TrainingManager.list_runs())]
    return [Path(run) if (Path(run) / "metadata.json").is_file() else find(run) for run in runs]


def _login(settings: Settings, server: str | None, token: str | None) -> tuple[str, str]:
    from tidebook.core.errors import InvalidInput

    address, secret = server or settings.server, token or settings.token
    for value, flag, variable in ((address, "--server", "TIDEBOOK_SERVER"), (secret, "--token", "TIDEBOOK_TOKEN")):
        if not value:
            raise InvalidInput(
                "`tidebook sync` must know a server and a token for it",
                got=f"no {flag}",
                fix=f"Give {flag} or set {variable}; the server makes tokens with `tidebook token NAME`.",
            )
    return str(address), str(secret)


def _show(outcome: Outcome) -> None:
    from tidebook.cli.output import console, said, size_of

    name = outcome.folder.name
    there = "" if outcome.run_name == name else f" → {outcome.run_name}"
    match outcome.state:
        case "sent":
            console.print(f"✓ {name}{there}  {size_of(outcome.sent)}", highlight=False, markup=False)
        case "refused":
            console.print(f"✗ {name}{there}  {said(outcome.problem)}", highlight=False, markup=False, style="red")
        case "same":
            console.print(f"= {name}  {words('sync_same')}", highlight=False, markup=False, style="dim")
        case "unchanged":
            pass


def _plain(outcome: Outcome) -> dict[str, object]:
    return {
        "folder": str(outcome.folder),
        "state": outcome.state,
        "run_name": outcome.run_name,
        "bytes": outcome.sent,
        "problem": outcome.problem,
    }
