"""What people change of runs: labels, and whether they are there at all."""

from __future__ import annotations

from typing import Any

from tidebook.catalog.access import Access
from tidebook.core.errors import InvalidInput, TidebookError
from tidebook.records import labels
from tidebook.runs.delete import delete_run
from tidebook.server.problems import as_ours
from tidebook.server.runs.find import Found, find
from tidebook.server.schemas.run import RunBulk, RunChanges
from tidebook.server.services import Services


def change(parts: Services, access: Access, run_name: str, changes: RunChanges) -> dict[str, Any]:
    """Changes the labels that are stated, and returns the run as it is then."""
    item, folder = _changeable(parts, access, run_name)
    stated = {name: value for name, value in changes.model_dump().items() if value is not None}
    if "project" in stated:
        access.check_write(stated["project"])
    labels.change(folder, **stated)
    parts.sync.runs.refresh([item["run_name"]])
    return parts.runs.get(item["run_name"])


def delete(parts: Services, access: Access, run_name: str, reason: str) -> None:
    """Deletes a run and what was derived from it; Conflict while a process writes it."""
    item, folder = _changeable(parts, access, run_name)
    delete_run(folder, reason)
    parts.curves.forget(folder)
    parts.sync.runs.refresh([item["run_name"]])


def change_many(parts: Services, access: Access, bulk: RunBulk) -> dict[str, Any]:
    """Does the same to many runs. What cannot be done to one is told, and done to the others."""
    _check(bulk, access)
    done: list[str] = []
    failed: list[dict[str, Any]] = []
    for run_name in dict.fromkeys(bulk.runs):
        try:
            _, folder = _changeable(parts, access, run_name)
            if bulk.action == "delete":
                delete_run(folder, bulk.reason)
                parts.curves.forget(folder)
            else:
                labels.change(folder, **_changes(bulk))
            done.append(run_name)
        except (TidebookError, OSError) as error:
            failed.append({"run_name": run_name, "problem": as_ours(error).problem()})
    parts.sync.runs.refresh(done)
    return {"done": done, "failed": failed}


def _changeable(parts: Services, access: Access, run_name: str) -> Found:
    item, folder = find(parts, access, run_name)
    access.check_change(item["project"], item["owner"])
    return item, folder


def _check(bulk: RunBulk, access: Access) -> None:
    if bulk.action in {"tag", "untag"} and not bulk.tags:
        raise InvalidInput(
            f"To {bulk.action} runs, tags must be stated", got="none", fix='Send for example "tags": {"team": "east"}.'
        )
    if bulk.action == "move":
        if bulk.project is None:
            raise InvalidInput(
                "To move runs, a project must be stated", got="none", fix='Send "project" with its name.'
            )
        access.check_write(bulk.project)


def _changes(bulk: RunBulk) -> dict[str, Any]:
    """The arguments of `labels.change` that an action means."""
    match bulk.action:
        case "tag":
            return {"tag": bulk.tags}
        case "untag":
            return {"tag": dict.fromkeys(bulk.tags or {})}
        case "archive" | "unarchive":
            return {"archived": bulk.action == "archive"}
        case "pin" | "unpin":
            return {"pinned": bulk.action == "pin"}
        case _:
            return {"project": bulk.project}
