"""What a version is made of stays as long as the version does, whatever has happened since the plan was made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.retention.homes import LINE, forecast, publish, synced
from tidebook.catalog.database import Database
from tidebook.core.errors import DataFault
from tidebook.core.settings import Settings
from tidebook.registry import ModelManager
from tidebook.retention import moving
from tidebook.retention.keeper import Keeper
from tidebook.retention.policy import Policy
from tidebook.store import verify

ENSEMBLES = "product/P009_all/ensemble"
ARCHIVING = Policy(action="archive")


def ensemble(settings: Settings, *members: str, line: str = ENSEMBLES, **more: Any) -> str:
    return publish(settings, line, hyperparameters={"members": ", ".join(members)}, **more)


def filled(settings: Settings, database: Database, *lines: str) -> list[str]:
    """The oldest version of each line, made of the one before it; all of them go."""
    found: list[str] = []
    for line in lines:
        found.append(ensemble(settings, *found[-1:], line=line, day=1))
        for n in range(1, 5):
            publish(settings, line, day=n + 1)
    synced(database, settings)
    return found


def set_policy(keeper: Keeper, policy: Policy) -> None:
    keeper.policies.put("default", policy.to_json(), "admin")


def addresses(settings: Settings) -> set[str]:
    return {str(item["address"]) for item in ModelManager(settings).list_models()["models"]}


def archived(settings: Settings, *versions: str) -> list[str]:
    return [address for address in versions if moving.is_archived(settings, "version", address)]


def alias(settings: Settings, address: str) -> None:
    ModelManager(settings).set_alias(address, "production")


def pin(settings: Settings, address: str) -> None:
    ModelManager(settings).label(address, pinned=True)


def change_project(settings: Settings, address: str) -> None:
    ModelManager(settings).label(address, project="north")


def save_forecast(settings: Settings, address: str) -> None:
    forecast(settings, address)


def damage(settings: Settings, address: str) -> None:
    (settings.saved_models / address / "model.pth").write_bytes(b"changed")


def fail(monkeypatch: pytest.MonkeyPatch, fails: str) -> None:
    """The deletion of one version does not work."""
    delete = ModelManager.delete

    def deleted(models: ModelManager, address: str, *arguments: Any, **more: Any) -> None:
        if address == fails:
            raise DataFault("It must be whole", got="half of it", fix="Mend it.")
        delete(models, address, *arguments, **more)

    monkeypatch.setattr(ModelManager, "delete", deleted)


def test_an_ensemble_that_goes_takes_its_members_along(keeper: Keeper, database: Database, settings: Settings) -> None:
    member, head = filled(settings, database, LINE, ENSEMBLES)
    assert [item.id for item in keeper.plan().going] == [head, member]
    outcome = keeper.run()
    assert (outcome.deleted, outcome.spared, outcome.failed) == (2, 0, [])
    assert not {member, head} & addresses(settings)


@pytest.mark.parametrize("happens", [alias, pin, change_project, save_forecast])
@pytest.mark.parametrize("policy", [Policy(), ARCHIVING], ids=["delete", "archive"])
def test_the_members_of_an_ensemble_that_something_saves_after_the_plan_are_spared_with_it(
    keeper: Keeper,
    database: Database,
    settings: Settings,
    policy: Policy,
    happens: Callable[[Settings, str], None],
) -> None:
    set_policy(keeper, policy)
    member, head = filled(settings, database, LINE, ENSEMBLES)
    made = keeper.plan()
    assert [item.id for item in made.going] == [head, member]
    happens(settings, head)
    outcome = keeper.carry_out(made)
    assert (outcome.deleted, outcome.archived, outcome.spared, outcome.failed) == (0, 0, 2, [])
    assert {member, head} <= addresses(settings)
    assert archived(settings, member, head) == []
    synced(database, settings)
    assert keeper.plan().going == []


def test_the_members_of_an_ensemble_that_cannot_be_deleted_are_spared(
    keeper: Keeper, database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    member, head = filled(settings, database, LINE, ENSEMBLES)
    with monkeypatch.context() as patched:
        fail(patched, head)
        outcome = keeper.run()
    assert [item.id for item, _ in outcome.failed] == [head]
    assert (outcome.deleted, outcome.spared) == (0, 1)
    assert {member, head} <= addresses(settings)
    assert keeper.run().deleted == 2


def test_the_members_of_an_ensemble_that_cannot_be_archived_are_not_archived(
    keeper: Keeper, database: Database, settings: Settings
) -> None:
    set_policy(keeper, ARCHIVING)
    member, head = filled(settings, database, LINE, ENSEMBLES)
    damage(settings, head)
    outcome = keeper.run()
    assert [item.id for item, _ in outcome.failed] == [head]
    assert (outcome.archived, outcome.spared) == (0, 1)
    assert archived(settings, member, head) == []
    assert verify(ModelManager(settings).store, member) == []


def test_members_of_members_are_spared_with_the_ensemble_and_others_go(
    keeper: Keeper, database: Database, settings: Settings
) -> None:
    inner, middle, head = filled(settings, database, LINE, "product/P008_all/ensemble", ENSEMBLES)
    [other] = filled(settings, database, "product/P002_all/lstm")
    made = keeper.plan()
    assert {item.id for item in made.going} == {head, middle, inner, other}
    pin(settings, head)
    outcome = keeper.carry_out(made)
    assert (outcome.deleted, outcome.spared, outcome.failed) == (1, 3, [])
    assert {inner, middle, head} <= addresses(settings)
    assert other not in addresses(settings)


def test_what_two_ensembles_are_made_of_stays_where_one_of_them_does(
    keeper: Keeper, database: Database, settings: Settings
) -> None:
    member, head = filled(settings, database, LINE, ENSEMBLES)
    other = ensemble(settings, member, line="product/P008_all/ensemble", day=1)
    for n in range(1, 5):
        publish(settings, "product/P008_all/ensemble", day=n + 1)
    synced(database, settings)
    made = keeper.plan()
    assert {item.id for item in made.going} == {head, other, member}
    alias(settings, other)
    outcome = keeper.carry_out(made)
    assert (outcome.deleted, outcome.spared) == (1, 2)
    assert addresses(settings) & {member, head, other} == {member, other}


def test_members_may_follow_an_ensemble_into_the_archive_and_are_not_deleted_while_it_is_there(
    keeper: Keeper, database: Database, settings: Settings
) -> None:
    set_policy(keeper, ARCHIVING)
    member, head = filled(settings, database, LINE, ENSEMBLES)
    made = keeper.plan()
    moving.archive(settings, "version", head, by=None)
    outcome = keeper.carry_out(made)
    assert (outcome.archived, outcome.spared) == (1, 1)
    assert archived(settings, member, head) == [member, head]

    set_policy(keeper, Policy())
    member, head = filled(settings, database, "product/P002_all/lstm", "product/P008_all/ensemble")
    made = keeper.plan()
    moving.archive(settings, "version", head, by=None)
    outcome = keeper.carry_out(made)
    assert (outcome.deleted, outcome.spared) == (0, 2)
    assert member in addresses(settings)


def test_the_members_of_an_ensemble_that_came_back_from_the_archive_stay_here(
    keeper: Keeper, database: Database, settings: Settings
) -> None:
    set_policy(keeper, ARCHIVING)
    member, head = filled(settings, database, LINE, ENSEMBLES)
    moving.archive(settings, "version", head, by=None)
    synced(database, settings)
    made = keeper.plan()
    assert [item.id for item in made.going] == [member]
    moving.restore(settings, "version", head)
    outcome = keeper.carry_out(made)
    assert (outcome.archived, outcome.spared) == (0, 1)
    assert archived(settings, member, head) == []


def test_a_cleanup_of_one_project_leaves_the_members_of_another_projects_ensemble(
    keeper: Keeper, database: Database, settings: Settings
) -> None:
    member = filled(settings, database, LINE)[0]
    head = ensemble(settings, member, day=1, project="north")
    for n in range(1, 5):
        publish(settings, ENSEMBLES, day=n + 1, project="north")
    synced(database, settings)
    assert {member, head} <= {item.id for item in keeper.plan().going}
    outcome = keeper.run(project="default")
    assert (outcome.deleted, outcome.spared) == (0, 1)
    assert {member, head} <= addresses(settings)
    assert keeper.run().failed == []
    assert not {member, head} & addresses(settings)


def test_a_version_that_names_itself_as_its_member_goes(keeper: Keeper, database: Database, settings: Settings) -> None:
    ensemble(settings, f"{ENSEMBLES}/v1", day=1)
    for n in range(1, 5):
        publish(settings, ENSEMBLES, day=n + 1)
    synced(database, settings)
    outcome = keeper.run()
    assert (outcome.deleted, outcome.spared) == (1, 0)
