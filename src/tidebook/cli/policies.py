"""`tidebook policies list | set | reset`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tidebook.cli.words import words

if TYPE_CHECKING:
    from tidebook.catalog.database import Database
    from tidebook.retention.policy import Policy

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

Name = Annotated[str, typer.Argument(help=words("project_name"))]
Json = Annotated[bool, typer.Option("--json", help=words("json"))]
Limit = str | None
OFF = "none"  #: switches a rule off
LIMITS = {
    "forecast_days": ("forecasts", "days"),
    "forecasts": ("forecasts", "newest"),
    "versions": ("versions", "newest"),
    "completed_days": ("runs", "completed_days"),
    "failed_days": ("runs", "failed_days"),
}  #: an option → where a policy says it


@app.command("list", help=words("policies_list"))
def list_(json: Json = False) -> None:
    """What each project keeps."""
    from tidebook.catalog.projects import Projects
    from tidebook.cli.catalog import acting, opened
    from tidebook.cli.output import print_json, print_table

    with opened() as database:
        found = [_read(database, each["name"]) for each in Projects(database).all(acting(database, None))]
    if json:
        print_json(found)
        return
    columns = [words("project"), *(words(f"policy_{name}") for name in LIMITS), words("policy_action")]
    rows = [
        [
            each["project"],
            *(_shown(each[part][rule]) for part, rule in LIMITS.values()),
            words(f"action_{each['action']}"),
        ]
        for each in found
    ]
    print_table(columns, rows, whole={0})


@app.command("set", help=words("policies_set"))
def set_(
    name: Name,
    forecast_days: Annotated[Limit, typer.Option(help=words("policies_forecast_days"))] = None,
    forecasts: Annotated[Limit, typer.Option(help=words("policies_forecasts"))] = None,
    versions: Annotated[Limit, typer.Option(help=words("policies_versions"))] = None,
    completed_days: Annotated[Limit, typer.Option(help=words("policies_completed_days"))] = None,
    failed_days: Annotated[Limit, typer.Option(help=words("policies_failed_days"))] = None,
    action: Annotated[str | None, typer.Option(help=words("policies_action"))] = None,
    json: Json = False,
) -> None:
    """Changes the rules that are named; the others stay as they are."""
    from tidebook.catalog.policies import Policies
    from tidebook.cli.catalog import acting, opened
    from tidebook.retention.policy import Policy

    limits = {
        "forecast_days": forecast_days,
        "forecasts": forecasts,
        "versions": versions,
        "completed_days": completed_days,
        "failed_days": failed_days,
    }
    with opened() as database:
        policy = _policy(database, name).to_json()
        for option, text in limits.items():
            if text is not None:
                part, rule = LIMITS[option]
                policy[part][rule] = _limit(option, text)
        if action is not None:
            policy["action"] = action
        Policies(database).put(name, Policy.from_json(policy).to_json(), acting(database, None).id)
    _tell(name, json=json)


@app.command("reset", help=words("policies_reset"))
def reset(name: Name, json: Json = False) -> None:
    """The project has the default rules again."""
    from tidebook.catalog.policies import Policies
    from tidebook.cli.catalog import opened

    with opened() as database:
        _policy(database, name)
        Policies(database).remove(name)
    _tell(name, json=json)


def _tell(name: str, *, json: bool) -> None:
    from tidebook.cli.catalog import opened
    from tidebook.cli.output import console, print_json

    with opened() as database:
        now = _read(database, name)
    if json:
        print_json(now)
        return
    console.print(words("policy_of", project=name), highlight=False)
    for option, (part, rule) in LIMITS.items():
        console.print(f"  {words(f'policy_{option}')}: {_shown(now[part][rule])}", highlight=False)
    console.print(f"  {words('policy_action')}: {words('action_' + now['action'])}", highlight=False)


def _policy(database: Database, project: str) -> Policy:
    """NotFound where there is no such project."""
    from tidebook.catalog.policies import Policies
    from tidebook.catalog.projects import Projects
    from tidebook.cli.catalog import acting
    from tidebook.retention.policy import Policy

    Projects(database).get(project, acting(database, None))
    stored = Policies(database).all().get(project)
    return Policy() if stored is None else Policy.from_json(stored)


def _read(database: Database, project: str) -> dict[str, Any]:
    return {"project": project, **_policy(database, project).to_json()}


def _limit(option: str, text: str) -> int | None:
    from tidebook.core.errors import InvalidInput
    from tidebook.retention.policy import MOST

    if text == OFF:
        return None
    digits = text.lstrip("0") or text[:1]
    if not digits.isascii() or not digits.isdigit() or len(digits) > len(str(MOST)) or int(digits) > MOST:
        raise InvalidInput(
            f"--{option.replace('_', '-')} must be a whole number from 0 to {MOST:,} or none",
            got=text[:80],
            fix="Use none where there is to be no such rule.",
        )
    return int(digits)


def _shown(limit: int | None) -> str:
    return "—" if limit is None else f"{limit:,}"
