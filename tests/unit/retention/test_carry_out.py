"""What the plan says is done, unless something has happened since; rows follow the files."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from tests.unit.retention.homes import LINE, forecast, publish, run, synced
from tidebook.catalog.archived import Archived
from tidebook.catalog.database import Database
from tidebook.catalog.predictions import Predictions
from tidebook.catalog.runs import Runs
from tidebook.catalog.tables import tasks
from tidebook.catalog.versions import Versions
from tidebook.core.errors import Conflict, StorageFailure
from tidebook.core.settings import Settings
from tidebook.health.space import measure
from tidebook.records import forecast as forecasts
from tidebook.records import labels
from tidebook.registry import ModelManager
from tidebook.registry.references import References
from tidebook.retention.alone import alone
from tidebook.retention.carry_out import Worker
from tidebook.retention.keeper import Keeper
from tidebook.retention.policy import ForecastRule, Policy, RunRule
from tidebook.retention.progress import Progress
from tidebook.runs.record import is_run
from tidebook.store import verify

RULES = Policy(runs=RunRule(failed_days=10))


def filled(database: Database, settings: Settings) -> dict[str, Any]:
    """A home in which some of everything goes."""
    versions = [publish(settings, wape=0.1 if n == 1 else 0.5, day=n + 1) for n in range(7)]
    found = {
        "versions": versions,
        "old": forecast(settings, versions[1], days=40),
        "young": forecast(settings, versions[2], days=1),
        "failed": run(settings, "failed_1", days=20).name,
        "pinned": run(settings, "failed_2", days=20, pinned=True).name,
    }
    synced(database, settings)
    return found


def set_policy(keeper: Keeper, policy: Policy) -> None:
    keeper.policies.put("default", policy.to_json(), "admin")


def addresses(settings: Settings) -> set[str]:
    return {str(item["address"]) for item in ModelManager(settings).list_models()["models"]}


def rows(database: Database) -> set[str]:
    return {item["address"] for item in Versions(database).versions()[0]}


def test_a_cleanup_does_what_the_plan_says_and_leaves_nothing_to_do(
    keeper: Keeper, database: Database, settings: Settings
) -> None:
    home = filled(database, settings)
    set_policy(keeper, RULES)
    made = keeper.plan()
    v = home["versions"]
    assert {item.id for item in made.going} == {v[0], v[3], home["old"], home["failed"]}
    outcome = keeper.run(digest=made.digest)
    assert (outcome.deleted, outcome.archived, outcome.spared, outcome.failed) == (4, 0, 0, [])
    assert addresses(settings) == {v[1], v[2], v[4], v[5], v[6]} == rows(database)
    assert set(forecasts.every(settings)) == {home["young"]}
    assert not is_run(settings.out / home["failed"])
    assert is_run(settings.out / home["pinned"])
    assert keeper.plan().going == []
    assert set(Runs(database).known()) == {home["pinned"]}
    synced(database, settings)
    assert keeper.plan().going == []


def test_a_cleanup_can_archive_instead_and_everything_comes_back(
    keeper: Keeper, database: Database, settings: Settings
) -> None:
    home = filled(database, settings)
    set_policy(keeper, replace(RULES, action="archive"))
    before = {path.relative_to(settings.out): path.read_bytes() for path in settings.out.rglob("*") if path.is_file()}
    outcome = keeper.run(by="anna")
    assert (outcome.deleted, outcome.archived, outcome.failed) == (0, 4, [])
    v = home["versions"]
    assert addresses(settings) == set(v) == rows(database)
    assert keeper.plan().going == []
    archived = Archived(database, settings)
    archived.sync()
    from tidebook.catalog.access import EVERYTHING

    items, following = archived.page(50, None, EVERYTHING)
    assert following is None
    assert {(item["kind"], item["id"]) for item in items} == {
        ("version", v[0]),
        ("version", v[3]),
        ("forecast", home["old"]),
        ("run", home["failed"]),
    }
    assert {item["by"] for item in items} == {"anna"}
    assert archived.sync() == 0
    assert forecasts.every(settings) == {home["old"]: True, home["young"]: False}
    from tidebook.retention import moving

    moving.restore(settings, "forecast", home["old"])
    moving.restore(settings, "run", home["failed"])
    assert ModelManager(settings).open(v[0], "model.pth").read_bytes() == v[0].encode() * 100
    moving.restore(settings, "version", v[3])
    with pytest.raises(Conflict, match="must be in the archive"):
        moving.restore(settings, "version", v[3])
    assert {
        path.relative_to(settings.out): path.read_bytes() for path in settings.out.rglob("*") if path.is_file()
    } == (before)
    assert [path for path in (settings.home / "archive").rglob("*") if path.is_file()] == []
    synced(database, settings)
    archived.sync()
    assert archived.page(50, None, EVERYTHING)[0] == []


def test_what_has_happened_since_the_plan_was_made_saves_it(
    keeper: Keeper, database: Database, settings: Settings
) -> None:
    versions = [publish(settings, f"product/P00{p}_all/lstm", day=n + 1) for p in range(1, 7) for n in range(5)]
    first = [address for address in versions if address.endswith("/v1")]
    synced(database, settings)
    made = keeper.plan()
    assert [item.id for item in made.going] == first
    models = ModelManager(settings)
    models.set_alias(first[0], "production")
    models.label(first[1], pinned=True)
    Predictions(database, settings).add(forecasts.load(settings, forecast(settings, first[2])))
    models.label(first[3], project="north")
    [publish(settings, "product/P009_all/ensemble", hyperparameters={"members": first[4]}, timestamp=None)]
    synced(database, settings)
    best = ModelManager(settings).best(first[5].rpartition("/")[0])
    assert best is not None
    models.delete(best, "by hand", force=True)
    outcome = Worker(database, settings).carry_out(made)
    assert (outcome.deleted, outcome.spared, outcome.failed) == (0, 6, [])
    assert set(first) <= addresses(settings)


def test_members_of_what_is_being_trained_stay(keeper: Keeper, database: Database, settings: Settings) -> None:
    versions = [publish(settings, day=n + 1) for n in range(7)]
    synced(database, settings)
    made = keeper.plan()
    assert [item.id for item in made.going] == versions[:3]
    spec = {"hyperparameters": {"members": ", ".join(versions[:2])}}
    with database.write() as connection:
        for name, state in (("TRAI1", "RUNNING"), ("TRAI2", "SUCCESS")):
            record = {"spec": spec if state == "RUNNING" else {"hyperparameters": {"members": versions[2]}}}
            values = {"id": name, "state": state, "created": 0, "attempt": 1, "stop_requested": False, "change": 1}
            connection.execute(insert(tasks).values(**values, record=record))
    assert {item.id: item.values for item in keeper.plan().items if item.code == "member"} == {
        address: {"of": "TRAI1"} for address in versions[:2]
    }
    outcome = Worker(database, settings).carry_out(made)
    assert (outcome.deleted, outcome.spared) == (1, 2)


def test_what_is_gone_already_is_passed_over(keeper: Keeper, database: Database, settings: Settings) -> None:
    home = filled(database, settings)
    set_policy(keeper, RULES)
    made = keeper.plan()
    ModelManager(settings).delete(home["versions"][0], "by hand", force=True)
    forecasts.delete(settings, home["old"])
    outcome = Worker(database, settings).carry_out(made)
    assert (outcome.deleted, outcome.spared, outcome.failed) == (2, 2, [])
    assert Predictions(database, settings).referring(home["versions"]) == {home["versions"][2]: 1}


def test_a_plan_that_was_not_looked_at_is_not_carried_out(
    keeper: Keeper, database: Database, settings: Settings
) -> None:
    filled(database, settings)
    digest = keeper.plan().digest
    forecast(settings, f"{LINE}/v7", days=50)
    synced(database, settings)
    with pytest.raises(Conflict, match="Look at it again"):
        keeper.run(digest=digest)
    assert len(addresses(settings)) == 7


def test_a_cleanup_of_one_project_leaves_the_others_alone(
    keeper: Keeper, database: Database, settings: Settings
) -> None:
    ours = forecast(settings, f"{LINE}/v1", days=50, project="north")
    theirs = forecast(settings, f"{LINE}/v1", days=50)
    synced(database, settings)
    assert keeper.run(project="north").deleted == 1
    assert set(forecasts.every(settings)) == {theirs} != {ours}


def test_an_archive_that_is_away_ends_the_cleanup_and_nothing_goes(
    keeper: Keeper, database: Database, settings: Settings
) -> None:
    home = filled(database, settings)
    set_policy(keeper, replace(RULES, action="archive"))
    (settings.home / "archive").write_text("no folder")
    outcome = keeper.run()
    assert (outcome.deleted, outcome.archived) == (0, 0)
    [(_item, error)] = outcome.failed
    assert isinstance(error, StorageFailure)
    assert addresses(settings) == set(home["versions"])
    assert all(verify(ModelManager(settings).store, address) == [] for address in home["versions"])
    (settings.home / "archive").unlink()
    assert keeper.run().archived == 4


def test_one_that_cannot_go_stops_no_other(keeper: Keeper, database: Database, settings: Settings) -> None:
    home = filled(database, settings)
    set_policy(keeper, replace(RULES, action="archive"))
    damaged = settings.saved_models / home["versions"][0] / "model.pth"
    damaged.write_bytes(b"changed")
    outcome = keeper.run()
    assert outcome.archived == 3
    assert [item.id for item, _ in outcome.failed] == [home["versions"][0]]
    assert damaged.read_bytes() == b"changed"


def test_a_live_run_and_one_that_goes_on_meanwhile_are_not_touched(
    keeper: Keeper, database: Database, settings: Settings
) -> None:
    from tidebook.runs import TrainingManager

    set_policy(keeper, Policy(runs=RunRule(0, 0), forecasts=ForecastRule(None, None)))
    folder = run(settings, "failed_1", days=5)
    live = TrainingManager(model_type="lstm", output_dir=settings.out, run_name="live_1")
    live.update_status("training")
    synced(database, settings)
    made = keeper.plan()
    assert [item.id for item in made.going] == ["failed_1"]
    assert {item.id: item.code for item in made.items} == {"failed_1": "too_old", "live_1": "live"}
    labels.change(folder, pinned=True)
    assert Worker(database, settings).carry_out(made).spared == 1
    assert is_run(folder)
    live.update_status("completed")


def test_a_plan_that_takes_long_is_shown_for_a_while_and_never_carried_out_stale(
    keeper: Keeper, database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    forecast(settings, f"{LINE}/v1", days=50)
    synced(database, settings)
    assert keeper.recent() is not keeper.recent()
    monkeypatch.setattr("tidebook.retention.keeper.QUICK", -1.0)
    monkeypatch.setattr("tidebook.retention.keeper.SHARE", 1e6)
    first = keeper.recent()
    forecast(settings, f"{LINE}/v1", days=50)
    synced(database, settings)
    keeper.forget(stale=True)
    assert keeper.recent() is first
    with pytest.raises(Conflict):
        keeper.run(digest=first.digest)
    assert keeper.run().deleted == 2
    assert keeper.recent().going == []


def test_an_unused_home_has_an_empty_plan(keeper: Keeper, tmp_path: Path) -> None:
    assert keeper.plan().items == ()
    assert keeper.run().to_json() == {"deleted": 0, "archived": 0, "bytes": 0, "spared": 0, "left": 0, "failed": []}


def test_a_forecast_that_has_no_row_yet_keeps_its_version(
    keeper: Keeper, database: Database, settings: Settings
) -> None:
    versions = [publish(settings, day=n + 1) for n in range(6)]
    synced(database, settings)
    made = keeper.plan()
    assert [item.id for item in made.going] == versions[:2]
    forecast(settings, versions[0])
    assert Predictions(database, settings).referring(versions) == {}
    outcome = keeper.carry_out(made)
    assert (outcome.deleted, outcome.spared) == (1, 1)
    assert versions[0] in addresses(settings)


def test_forecasts_are_read_once_and_what_comes_and_goes_is_noticed(settings: Settings) -> None:
    references = References(settings)
    assert references.count("a/b") == 0
    first = forecast(settings, f"{LINE}/v1")
    (settings.saved_predictions / f"PRED{'b' * 28}.json").write_text("[1]")
    assert references.of([f"{LINE}/v1", f"{LINE}/v2"]) == {f"{LINE}/v1": 1}
    second = forecast(settings, f"{LINE}/v1")
    from tidebook.retention import moving

    moving.archive(settings, "forecast", second, by=None)
    assert references.count(f"{LINE}/v1") == 2
    assert references.count(f"{LINE}/v1", here=True) == 1
    forecasts.delete(settings, first)
    assert references.count(f"{LINE}/v1", here=True) == 0


def test_the_newest_stay_also_where_newer_ones_went_since_the_plan_was_made(
    keeper: Keeper, database: Database, settings: Settings
) -> None:
    versions = [publish(settings, wape=0.1 if n == 0 else 0.5, day=n + 1) for n in range(7)]
    synced(database, settings)
    made = keeper.plan()
    assert [item.id for item in made.going] == versions[1:4]
    models = ModelManager(settings)
    for address in versions[5:]:
        models.delete(address, "by hand", force=True)
    outcome = keeper.carry_out(made)
    assert (outcome.deleted, outcome.spared) == (1, 2)
    assert addresses(settings) == {versions[0], *versions[2:5]}


def test_content_that_others_have_too_is_not_free_when_one_of_them_goes(
    keeper: Keeper, database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tidebook.store.trees.local.cloned", lambda reader, target, entry: False)
    size = 100_000
    versions = [publish(settings, day=n + 1, weights=bytes([max(n, 1)]) * size) for n in range(6)]
    synced(database, settings)
    sizes = {item.id: item.bytes for item in keeper.plan().items}
    going = {item.id: item.bytes for item in keeper.plan().going}
    assert list(going) == versions[:2]
    assert size < going[versions[1]] == going[versions[0]] + size
    assert measure(settings).things["versions"].keys() == set(versions)
    whole = sum(measure(settings).things["versions"].values())
    versions.append(publish(settings, day=7, weights=b"\1" * size))
    synced(database, settings)
    going = {item.id: item.bytes for item in keeper.plan().going}
    assert list(going) == versions[:3]
    assert max(going[address] for address in versions[:2]) < size < going[versions[2]] == sizes[versions[2]]
    assert sum(measure(settings).things["versions"].values()) - whole < size


def test_a_cleanup_tells_how_far_it_is_and_ends_where_it_is_stopped(
    keeper: Keeper, database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    things = filled(database, settings)
    seen: list[Progress | None] = []

    def one(worker: Worker, *arguments: Any) -> None:
        carried(worker, *arguments)
        seen.append(keeper.under_way.now)
        if len(seen) == 2:
            keeper.under_way.stop()

    carried = Worker._one
    monkeypatch.setattr(Worker, "_one", one)
    going = keeper.plan().going
    outcome = keeper.run()
    assert [(each.done, each.of) for each in seen if each] == [(0, len(going)), (1, len(going))]
    assert (outcome.deleted, outcome.left) == (2, len(going) - 2)
    assert keeper.under_way.now is None
    with pytest.raises(Conflict, match="must run to be stopped"):
        keeper.under_way.stop()
    again = keeper.run()
    assert (again.deleted, again.left) == (len(going) - 2, 0)
    assert things["young"] in forecasts.every(settings)


def test_one_cleanup_runs_at_a_time_and_one_that_was_killed_runs_no_more(
    keeper: Keeper, database: Database, settings: Settings
) -> None:
    forecast(settings, f"{LINE}/v1", days=50)
    synced(database, settings)
    other = Keeper(database, settings)
    made = keeper.plan()
    found: list[Conflict] = []

    def goes_on(done: int, of: int) -> bool:
        with pytest.raises(Conflict, match="One cleanup at a time") as refused:
            other.run()
        found.append(refused.value)
        with pytest.raises(Conflict, match="One cleanup at a time") as refused:
            other.carry_out(made)
        found.append(refused.value)
        return True

    assert keeper.carry_out(made, goes_on).deleted == 1
    assert len(found) == 2
    child = os.fork()
    if child == 0:
        with alone(settings):
            os._exit(9)
    os.waitpid(child, 0)
    assert keeper.run().deleted == 0
