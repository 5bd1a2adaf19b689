"""The daily cleanup: off until somebody turns it on, once a day, by one server, also after a kill."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime

import pytest
from sqlalchemy import update

from tests.unit.retention.homes import LINE, forecast, synced
from tidebook.catalog.database import Database, open_database
from tidebook.catalog.policies import SILENT, Policies
from tidebook.catalog.tables import retention_schedule
from tidebook.core.errors import InvalidInput, NotFound
from tidebook.core.settings import Settings
from tidebook.records import forecast as forecasts
from tidebook.retention.alone import alone
from tidebook.retention.carry_out import Outcome
from tidebook.retention.keeper import Keeper
from tidebook.retention.policy import Policy
from tidebook.retention.schedule import clean_when_due


def at(hour: int, day: int = 1) -> datetime:
    return datetime(2026, 1, day, hour, tzinfo=UTC)


def test_nothing_is_cleaned_up_until_somebody_turns_it_on(
    keeper: Keeper, database: Database, settings: Settings
) -> None:
    forecast(settings, f"{LINE}/v1", days=50)
    synced(database, settings)
    assert keeper.policies.schedule().on is False
    assert clean_when_due(keeper, settings, at(5)) is False
    keeper.policies.set_schedule(on=True, hour=4)
    assert clean_when_due(keeper, settings, at(3)) is False
    assert len(forecasts.every(settings)) == 1
    assert clean_when_due(keeper, settings, at(4)) is True
    assert forecasts.every(settings) == {}
    last = keeper.policies.schedule().last
    assert last is not None
    assert (last["deleted"], last["archived"], last["failed"]) == (1, 0, 0)
    assert last["bytes"] > 100


def test_it_is_done_once_a_day_and_again_the_next_day(keeper: Keeper, settings: Settings) -> None:
    keeper.policies.set_schedule(on=True, hour=3)
    assert [clean_when_due(keeper, settings, at(hour)) for hour in (3, 4, 23)] == [True, False, False]
    assert [clean_when_due(keeper, settings, at(hour, 2)) for hour in (2, 9, 10)] == [False, True, False]
    keeper.policies.set_schedule(on=False, hour=3)
    assert clean_when_due(keeper, settings, at(9, 3)) is False


def test_of_many_servers_on_one_database_one_does_it(keeper: Keeper, settings: Settings) -> None:
    keeper.policies.set_schedule(on=True, hour=3)
    found: list[bool] = []

    def claim() -> None:
        database = open_database(settings)
        found.append(Policies(database).claim("2026-01-01"))
        database.close()

    threads = [threading.Thread(target=claim) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [False] * 7 + [True]


def test_one_that_was_killed_is_begun_again_when_it_was_silent_for_long(keeper: Keeper, database: Database) -> None:
    policies = keeper.policies
    policies.set_schedule(on=True, hour=3)
    assert policies.claim("2026-01-01") is True
    policies.beat()
    assert policies.claim("2026-01-01") is False
    with database.write() as connection:
        seen = retention_schedule.c.seen - SILENT - 1
        connection.execute(update(retention_schedule).values(seen=seen))
    assert policies.claim("2026-01-01") is True
    policies.finish({"at": "", "deleted": 0, "archived": 0, "bytes": 0, "failed": 0})
    assert policies.claim("2026-01-01") is False


def test_an_hour_that_is_none_is_refused(keeper: Keeper) -> None:
    for hour in (-1, 24):
        with pytest.raises(InvalidInput):
            keeper.policies.set_schedule(on=True, hour=hour)


def test_policies_are_kept_by_project_and_the_defaults_hold_where_none_was_set(keeper: Keeper) -> None:
    assert keeper.policy("default") == (Policy(), False)
    keeper.policies.put("default", Policy(action="archive").to_json(), "anna")
    keeper.policies.put("default", Policy(action="archive").to_json(), "anna")
    assert keeper.policy("default") == (Policy(action="archive"), True)
    keeper.policies.remove("default")
    assert keeper.policy("default") == (Policy(), False)
    with pytest.raises(NotFound):
        keeper.policies.put("north", {}, "anna")


def test_turning_it_on_after_its_hour_cleans_up_tomorrow_for_the_first_time(keeper: Keeper, settings: Settings) -> None:
    keeper.set_schedule(on=True, hour=3, moment=at(15))
    assert [clean_when_due(keeper, settings, at(hour)) for hour in (15, 23)] == [False, False]
    assert [clean_when_due(keeper, settings, at(hour, 2)) for hour in (2, 3)] == [False, True]
    keeper.set_schedule(on=True, hour=20, moment=at(15, 3))
    assert [clean_when_due(keeper, settings, at(hour, 3)) for hour in (15, 20)] == [False, True]


def test_saying_the_same_again_puts_nothing_off(keeper: Keeper, settings: Settings) -> None:
    keeper.set_schedule(on=True, hour=3, moment=at(1))
    keeper.set_schedule(on=True, hour=3, moment=at(15))
    assert clean_when_due(keeper, settings, at(15)) is True


def test_it_gives_signs_of_life_while_one_thing_takes_long(
    keeper: Keeper, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tidebook.retention.schedule.SIGN", 0.05)
    beats: list[float] = []
    monkeypatch.setattr(keeper.policies, "beat", lambda: beats.append(time.monotonic()))

    def slow() -> Outcome:
        time.sleep(0.5)
        return Outcome()

    monkeypatch.setattr(keeper, "run", slow)
    keeper.policies.set_schedule(on=True, hour=3)
    assert clean_when_due(keeper, settings, at(3)) is True
    count = len(beats)
    assert count >= 3
    time.sleep(0.2)
    assert len(beats) == count


def test_where_somebody_cleans_up_already_it_is_put_off(keeper: Keeper, database: Database, settings: Settings) -> None:
    forecast(settings, f"{LINE}/v1", days=50)
    synced(database, settings)
    keeper.policies.set_schedule(on=True, hour=3)
    with alone(settings):
        assert clean_when_due(keeper, settings, at(3)) is False
    assert len(forecasts.every(settings)) == 1
    with database.write() as connection:
        seen = retention_schedule.c.seen - SILENT - 1
        connection.execute(update(retention_schedule).values(seen=seen))
    assert clean_when_due(keeper, settings, at(3)) is True
    assert forecasts.every(settings) == {}
