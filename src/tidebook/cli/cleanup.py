"""`tidebook cleanup`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from tidebook.cli.words import words

if TYPE_CHECKING:
    from tidebook.retention.carry_out import Outcome
    from tidebook.retention.plan import Plan

SHOWN = 50  #: things that go, in a table


def cleanup(
    dry_run: Annotated[bool, typer.Option("--dry-run", help=words("cleanup_dry_run"))] = False,
    yes: Annotated[bool, typer.Option("--yes", help=words("yes"))] = False,
    project: Annotated[str | None, typer.Option(help=words("cleanup_project"))] = None,
    everything: Annotated[bool, typer.Option("--all", help=words("cleanup_all"))] = False,
    json: Annotated[bool, typer.Option("--json", help=words("json"))] = False,
) -> None:
    """Does what the policies of the projects say: the plan is shown, and carried out once somebody agrees."""
    from tidebook.catalog.projects import Projects
    from tidebook.catalog.reindex import renewed
    from tidebook.cli.catalog import acting, opened
    from tidebook.cli.output import console, print_json, size_of
    from tidebook.cli.progress import counting
    from tidebook.core.errors import InvalidInput
    from tidebook.core.settings import Settings
    from tidebook.health.space import size_of as measured
    from tidebook.retention.keeper import Keeper

    if not dry_run and not yes and not sys.stdin.isatty():
        raise InvalidInput(
            "A cleanup that nobody watches must be agreed to beforehand",
            got="neither --yes nor --dry-run, and no terminal to ask at",
            fix="Add --yes to clean up, or --dry-run to see the plan.",
        )
    settings = Settings()
    with opened() as database:
        renewed(database, settings)
        keeper = Keeper(database, settings, lambda name: measured(settings.out / name))
        plan = keeper.plan().of(project)
        if project is not None and not plan.items:
            Projects(database).access(acting(database, None)).check_write(project)
        if dry_run:
            if json:
                print_json(
                    {"digest": plan.digest, "summary": plan.summary(), "items": [i.to_json() for i in plan.items]}
                )
            else:
                _show(plan, everything=everything)
            return
        if not json:
            _show(plan, everything=everything)
        if not yes and plan.going:
            typer.confirm(words("cleanup_sure", count=len(plan.going)), abort=True, err=True)
        with counting(words("cleanup_running")) as goes_on:
            outcome = keeper.carry_out(plan, goes_on)
    if json:
        print_json(outcome.to_json())
    else:
        _tell(outcome)
        console.print(words("cleanup_freed", bytes=size_of(outcome.bytes)), highlight=False)
    if outcome.failed:
        raise typer.Exit(outcome.failed[0][1].exit_code)


def _show(plan: Plan, *, everything: bool) -> None:
    from tidebook.cli.output import console, print_table, size_of

    columns = [words(name) for name in ("kind", "plan_goes", "plan_bytes", "plan_stays", "plan_bytes")]
    print_table(
        columns,
        [
            [
                words(f"kind_{row['kind']}"),
                row["going"],
                size_of(row["going_bytes"]),
                row["kept"],
                size_of(row["kept_bytes"]),
            ]
            for row in plan.summary()
        ],
    )
    if not plan.going:
        console.print(words("plan_empty"), highlight=False)
    items = [*plan.going, *(item for item in plan.items if everything and not item.goes)]
    if not items:
        return
    rows = [
        [
            words(f"action_{item.action or 'none'}"),
            item.id,
            item.project,
            size_of(item.bytes),
            _reason(item.code, item.values),
        ]
        for item in (items if everything else items[:SHOWN])
    ]
    print_table(["", words("name"), words("project"), words("plan_bytes"), words("why")], rows, whole={1})
    if len(items) > len(rows):
        console.print(words("plan_more", count=len(items) - len(rows)), style="dim", highlight=False)


def _reason(code: str, values: object) -> str:
    return words(f"reason_{code}", **dict(values)) if isinstance(values, dict) else words(f"reason_{code}")


def _tell(outcome: Outcome) -> None:
    from tidebook.cli.output import console, errors, print_error

    console.print(
        words("cleanup_done", deleted=outcome.deleted, archived=outcome.archived, spared=outcome.spared),
        highlight=False,
    )
    for item, error in outcome.failed:
        errors.print(
            words("cleanup_failed", kind=words(f"kind_{item.kind}"), name=item.id), highlight=False, markup=False
        )
        print_error(error, as_json=False)
