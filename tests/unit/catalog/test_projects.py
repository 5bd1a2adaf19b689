"""Who sees and changes what follows from projects and their members."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from tests.unit.catalog.test_sync import save_dataset, save_forecast
from tests.unit.catalog.test_versions import put
from tidebook.catalog.access import EVERYTHING, Access
from tidebook.catalog.database import Database
from tidebook.catalog.datasets import Datasets
from tidebook.catalog.predictions import Predictions
from tidebook.catalog.projects import Projects
from tidebook.catalog.tables import datasets
from tidebook.catalog.users import User, Users
from tidebook.catalog.versions import Versions
from tidebook.core.errors import Conflict, Forbidden, InvalidInput, NotFound
from tidebook.core.scope import Address
from tidebook.core.settings import Settings
from tidebook.registry.item import read_item
from tidebook.store import open_store

ADMIN = User("admin", "Administrator", "administrator")


@pytest.fixture
def anna(database: Database) -> User:
    """A member."""
    Users(database).create_administrator()
    return Users(database).add("anna")


@pytest.fixture
def bo(database: Database, anna: User) -> User:
    """Another one."""
    return Users(database).add("bo")


@pytest.fixture
def projects(database: Database, anna: User) -> Projects:
    """With `north`, a private project of Anna's, and `open`, a public one."""
    made = Projects(database)
    made.add("north", anna)
    made.add("open", anna, title="Open to all", visibility="public")
    return made


def test_the_default_project_is_there_and_public(database: Database, bo: User) -> None:
    [default] = Projects(database).all(bo)
    assert (default["name"], default["visibility"], default["role"], default["owner"]) == (
        "default",
        "public",
        "member",
        None,
    )


def test_a_user_reads_public_projects_and_writes_to_their_own_and_default(
    projects: Projects, anna: User, bo: User
) -> None:
    own, other, all_ = projects.access(anna), projects.access(bo), projects.access(ADMIN)
    assert own == Access(
        "anna", False, frozenset({"default", "north", "open"}), frozenset({"default", "north", "open"})
    )
    assert other == Access("bo", False, frozenset({"default", "open"}), frozenset({"default"}))
    assert (all_.administrator, all_.readable, all_.writable) == (True, own.readable, own.writable)


def test_a_member_sees_and_changes_what_is_in_the_project_until_the_membership_ends(
    projects: Projects, anna: User, bo: User
) -> None:
    assert not projects.access(bo).sees("north", "anna")
    assert projects.share("north", anna, "bo")["members"] == ["bo"]
    assert projects.share("north", anna, "bo")["members"] == ["bo"]
    assert projects.access(bo).sees("north", "anna")
    assert projects.access(bo).may_change("north", "anna")
    assert projects.get("north", bo)["role"] == "member"
    projects.unshare("north", bo, "bo")
    assert not projects.access(bo).sees("north", "anna")
    with pytest.raises(NotFound, match="A member must be in the project, but got bo"):
        projects.unshare("north", anna, "bo")


def test_a_user_who_is_gone_is_no_member(projects: Projects, database: Database, anna: User, bo: User) -> None:
    projects.share("north", anna, "bo")
    Users(database).remove("bo")
    assert projects.get("north", anna)["members"] == []
    with pytest.raises(NotFound, match="The user must exist"):
        projects.share("north", anna, "bo")


def test_in_a_public_project_of_others_a_user_only_reads(projects: Projects, bo: User) -> None:
    access = projects.access(bo)
    assert access.sees("open", "anna")
    assert not access.may_change("open", "anna")
    with pytest.raises(Forbidden, match="bo, who is no member of open"):
        access.check_write("open")
    with pytest.raises(Forbidden, match="it belongs to anna in the project open"):
        access.check_change("open", "anna")


def test_in_default_everybody_changes_their_own_things_only(projects: Projects, anna: User, bo: User) -> None:
    access = projects.access(bo)
    access.check_write("default")
    access.check_change("default", "bo")
    for owner in ("anna", None):
        assert access.sees("default", owner)
        with pytest.raises(Forbidden):
            access.check_change("default", owner)
    projects.access(ADMIN).check_change("default", None)


def test_a_thing_in_an_unknown_project_is_its_owners_alone(projects: Projects, anna: User, bo: User) -> None:
    assert projects.access(bo).sees("nowhere", "bo")
    assert projects.access(bo).may_change("nowhere", "bo")
    assert not projects.access(bo).sees("nowhere", "anna")
    assert not projects.access(bo).sees("nowhere", None)
    assert projects.access(ADMIN).sees("nowhere", "anna")


def test_a_project_that_one_cannot_see_is_not_told_apart_from_one_that_does_not_exist(
    projects: Projects, bo: User
) -> None:
    def said(name: str) -> str:
        with pytest.raises(NotFound) as refused:
            projects.access(bo).check_write(name)
        return str(refused.value)

    assert said("north").replace("north", "nothing") == said("nothing")
    with pytest.raises(NotFound) as refused:
        projects.get("north", bo)
    assert "north" not in refused.value.fix


@pytest.mark.parametrize("name", ["", "North", "a b", "x" * 65, "../x", "a/b", "北"])
def test_a_name_that_no_project_can_have_is_refused(projects: Projects, anna: User, name: str) -> None:
    with pytest.raises(InvalidInput):
        projects.add(name, anna)


def test_a_name_is_given_once(projects: Projects, bo: User) -> None:
    with pytest.raises(Conflict, match="The name of a project must be free, but got north"):
        projects.add("north", bo)


def test_only_its_owner_and_administrators_manage_a_project(projects: Projects, anna: User, bo: User) -> None:
    projects.share("north", anna, "bo")
    for work in (
        lambda: projects.change("north", bo, title="Mine"),
        lambda: projects.share("north", bo, "admin"),
        lambda: projects.unshare("north", bo, "admin"),
        lambda: projects.remove("north", bo),
    ):
        with pytest.raises(Forbidden, match="while north belongs to anna"):
            work()
    assert projects.change("north", ADMIN, title="The North", visibility="public")["title"] == "The North"
    assert projects.get("north", ADMIN)["visibility"] == "public"


def test_default_stays_public_shared_with_nobody_and_there(projects: Projects, anna: User) -> None:
    assert projects.change("default", ADMIN, title="Everything")["title"] == "Everything"
    with pytest.raises(Conflict, match="The project default must be public"):
        projects.change("default", ADMIN, visibility="private")
    with pytest.raises(Conflict, match="has no members"):
        projects.share("default", ADMIN, "anna")
    with pytest.raises(Conflict, match="The project default must exist"):
        projects.remove("default", ADMIN)


def test_a_project_that_holds_something_is_not_deleted(
    projects: Projects, database: Database, settings: Settings, anna: User, tmp_path: Path
) -> None:
    store = open_store(settings)
    address = put(store, tmp_path, "product/P001_all/lstm", wape=0.1, second=1, project="north", owner="anna")
    save_forecast(settings, project="north", owner="anna")
    Predictions(database, settings).sync()
    Versions(database).replace([], [read_item(store, Address.parse(address))])
    with pytest.raises(
        Conflict, match=r"must be empty to be deleted, but got north with versions: 1, forecasts: 1"
    ) as no:
        projects.remove("north", anna)
    assert no.value.details == {"left": {"versions": 1, "forecasts": 1}}
    projects.remove("open", anna)
    assert [project["name"] for project in projects.all(anna)] == ["default", "north"]


def test_a_name_that_things_of_others_bear_is_for_administrators_to_add(
    projects: Projects, database: Database, settings: Settings, bo: User
) -> None:
    save_forecast(settings, project="waiting", owner="anna")
    Predictions(database, settings).sync()
    with pytest.raises(Forbidden, match="that holds things of others must be added by an administrator"):
        projects.add("waiting", bo)
    assert projects.add("waiting", ADMIN, owner="anna")["owner"] == "anna"


def test_lists_hold_what_a_user_sees(
    projects: Projects, database: Database, settings: Settings, anna: User, bo: User, tmp_path: Path
) -> None:
    store = open_store(settings)
    whose: list[tuple[str, str | None]] = [("north", "anna"), ("default", None), ("nowhere", "bo")]
    addresses, forecasts = [], []
    for second, (project, owner) in enumerate(whose):
        line = "product/P001_all/lstm"
        addresses.append(put(store, tmp_path, line, wape=0.1 + second, second=second, project=project, owner=owner))
        forecasts.append(save_forecast(settings, project=project, owner=owner))
    save_dataset(settings, "old")
    Predictions(database, settings).sync()
    Datasets(database, settings).sync()
    Versions(database).replace([], [read_item(store, Address.parse(address)) for address in addresses])

    def seen(access: Access) -> tuple[list[int], list[int]]:
        listed = {item["address"] for item in Versions(database).seen_by(access).versions()[0]}
        history = {item["id"] for item in Predictions(database, settings).page(10, None, access)[0]}
        return (
            [i for i, address in enumerate(addresses) if address in listed],
            [i for i, forecast in enumerate(forecasts) if forecast in history],
        )

    assert seen(projects.access(anna)) == ([0, 1], [0, 1])
    assert seen(projects.access(bo)) == ([1, 2], [1, 2])
    assert seen(EVERYTHING) == ([0, 1, 2], [0, 1, 2])
    best = [item["address"] for item in Versions(database, projects.access(bo)).versions()[0] if item["is_best"]]
    assert best == [addresses[1]]  # of those that Bo sees; v1 is better and hidden
    with database.read() as connection:
        assert connection.execute(select(datasets.c.project, datasets.c.owner)).one() == ("default", None)
