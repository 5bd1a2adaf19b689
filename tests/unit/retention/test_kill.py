"""A process that cleans up, archives or restores is killed at every step: nothing is lost, a second one finishes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.unit.retention import homes as filling
from tests.unit.retention.walking import act, walk
from tidebook.catalog.database import open_database
from tidebook.catalog.migrate import migrate
from tidebook.catalog.versions import Versions
from tidebook.core.settings import Settings
from tidebook.records import forecast as forecasts
from tidebook.registry import ModelManager
from tidebook.retention import moving
from tidebook.retention.forecasts import open_forecast
from tidebook.retention.keeper import Keeper
from tidebook.retention.policy import Policy, RunRule, VersionRule
from tidebook.retention.runs import archived_run
from tidebook.runs.record import is_run
from tidebook.store import verify
from tidebook.store.archiving import archived

VERSIONS = [f"{filling.LINE}/v{number}" for number in range(1, 4)]  #: v1 goes
OLD, YOUNG = f"PRED{'a' * 28}", f"PRED{'b' * 28}"
RUN = "failed_1"


@pytest.fixture
def homes(tmp_path: Path) -> Path:
    """A folder with a home that was not touched yet, `0`."""
    (tmp_path / "homes").mkdir()
    return tmp_path / "homes"


def filled(home: Path, action: str) -> Settings:
    """A home in which a version, a forecast and a run go."""
    settings = Settings(home=home)
    for n in range(3):
        filling.publish(settings, wape=None, day=n + 1)
    shutil.rmtree(settings.home / "source")
    for name, days in ((OLD, 40), (YOUNG, 1)):
        made = filling.forecast(settings, VERSIONS[1], days=days)
        result = forecasts.load(settings, made)
        forecasts.delete(settings, made)
        forecasts.save(settings, {**result, "id": name})
    filling.run(settings, RUN, days=20)
    database = open_database(settings)
    migrate(database)
    filling.synced(database, settings)
    policy = Policy(versions=VersionRule(1), runs=RunRule(failed_days=10), action=action)  # type: ignore[arg-type]
    Keeper(database, settings).policies.put("default", policy.to_json(), None)
    database.close()
    return settings


def files(settings: Settings, folder: str) -> dict[str, bytes]:
    """All files but the hidden ones that a killed process leaves, which nobody takes for anything."""
    root = settings.home / folder
    found = (path for path in root.rglob("*") if path.is_file() and not path.name.startswith("."))
    return {str(path.relative_to(root)): path.read_bytes() for path in found}


def archive_files(settings: Settings) -> list[str]:
    return list(files(settings, "archive"))


def check_versions(settings: Settings) -> None:
    """Every version that is visible is whole, or in the archive whole."""
    models = ModelManager(settings)
    visible = [str(item["address"]) for item in models.list_models()["models"]]
    assert set(VERSIONS[1:]) <= set(visible)
    for address in visible:
        if archived(models.store, address) is None:
            assert verify(models.store, address) == []
        else:
            assert models.item(address)["description"]
            assert models.open(address, "model.pth").read_bytes() == address.encode() * 100
            assert verify(models.store, address) == []


@pytest.mark.parametrize("action", ["delete", "archive"])
def test_a_cleanup_killed_at_any_step_loses_nothing_that_is_kept_and_a_second_one_finishes(
    homes: Path, action: str
) -> None:
    filled(homes / "0", action)
    before = files(Settings(home=homes / "0"), "saved_predictions")
    steps = walk(homes, "cleanup")
    assert steps > 30
    for number in range(1, steps + 1):
        settings = Settings(home=homes / str(number))
        copied = Settings(home=homes / "copy")
        shutil.rmtree(copied.home, ignore_errors=True)
        shutil.copytree(settings.home, copied.home)
        check_versions(copied)
        for name, is_archived in forecasts.every(copied).items():
            assert open_forecast(copied, name)[1] is is_archived
            assert (copied.saved_predictions / f"{name}.json").read_bytes() == before[f"{name}.json"]
        assert YOUNG in forecasts.every(copied)
        if action == "archive":
            assert is_run(settings.out / RUN) or archived_run(settings.out / RUN) is not None
        database = open_database(settings)
        filling.synced(database, settings)
        keeper = Keeper(database, settings)
        outcome = keeper.run()
        assert outcome.failed == []
        filling.synced(database, settings)
        assert keeper.plan().going == []
        items = Versions(database).versions()[0]
        database.close()
        check = ModelManager(settings)
        assert {item["address"] for item in items} == {item["address"] for item in check.list_models()["models"]}
        if action == "delete":
            assert {item["address"] for item in items} == set(VERSIONS[1:])
            assert forecasts.every(settings) == {YOUNG: False}
            assert [path.name for path in (settings.out / RUN).iterdir()] == ["deleted.json"]
            assert [path.name for path in (settings.saved_models / VERSIONS[0]).iterdir()] == ["deleted.json"]
        else:
            assert {item["address"]: item["archived"] is not None for item in items} == {
                address: address == VERSIONS[0] for address in VERSIONS
            }
            assert forecasts.every(settings) == {OLD: True, YOUNG: False}
            assert archived_run(settings.out / RUN) is not None
            assert {path.name for path in (settings.out / RUN).iterdir()} == {"archived.json", "deleted.json"}
            assert not (settings.saved_models / VERSIONS[0] / "model.pth").exists()
            check_versions(settings)
            moving.restore(settings, "run", RUN)
            assert files(settings, "out") == files(Settings(home=homes / "0"), "out")


@pytest.mark.parametrize("kind", ["version", "forecast", "run"])
def test_archiving_killed_at_any_step_loses_nothing_and_a_second_call_finishes(homes: Path, kind: str) -> None:
    name = {"version": VERSIONS[0], "forecast": OLD, "run": RUN}[kind]
    settings = filled(homes / "0", "delete")
    folder = {"version": "saved_models/product", "forecast": "saved_predictions", "run": "out"}[kind]
    before = files(settings, folder)
    steps = walk(homes, f"archive-{kind}:{name}")
    assert steps > 10
    for number in range(1, steps + 1):
        settings = Settings(home=homes / str(number))
        act(settings.home, f"archive-{kind}:{name}")
        assert files(settings, folder) != before
        act(settings.home, f"restore-{kind}:{name}")
        assert files(settings, folder) == before
        assert archive_files(settings) == []


@pytest.mark.parametrize("kind", ["version", "forecast", "run"])
def test_restoring_killed_at_any_step_loses_nothing_and_a_second_call_finishes(homes: Path, kind: str) -> None:
    name = {"version": VERSIONS[0], "forecast": OLD, "run": RUN}[kind]
    settings = filled(homes / "0", "delete")
    folder = {"version": "saved_models/product", "forecast": "saved_predictions", "run": "out"}[kind]
    before = files(settings, folder)
    act(settings.home, f"archive-{kind}:{name}")
    steps = walk(homes, f"restore-{kind}:{name}")
    assert steps > 10
    for number in range(1, steps + 1):
        settings = Settings(home=homes / str(number))
        if kind == "version":
            models = ModelManager(settings)
            assert [item["address"] for item in models.list_models()["models"]].count(name) == 1
            assert models.open(name, "model.pth").read_bytes() == name.encode() * 100
            assert verify(models.store, name) == []
        elif kind == "forecast":
            assert open_forecast(settings, name)[0]["id"] == name
        else:
            from tidebook.retention.runs import restore_run

            restore_run(settings, name)
            assert is_run(settings.out / name)
        assert files(settings, folder) == before
