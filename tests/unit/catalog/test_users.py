"""People come, are disabled and go; there always is an administrator."""

from __future__ import annotations

import pytest

from tidebook.catalog.credentials import Credentials
from tidebook.catalog.database import Database
from tidebook.catalog.users import User, Users
from tidebook.core.errors import Conflict, InvalidInput, NotFound


@pytest.fixture
def users(database: Database) -> Users:
    """With the first administrator."""
    made = Users(database)
    made.create_administrator()
    return made


@pytest.fixture
def credentials(database: Database) -> Credentials:
    """Logins and tokens."""
    return Credentials(database)


def test_the_first_user_is_an_administrator_and_made_once(users: Users) -> None:
    users.create_administrator()
    assert [(user["id"], user["role"]) for user in users.all()] == [("admin", "administrator")]
    assert users.administrator() == User("admin", "Administrator", "administrator")


def test_a_new_user_is_a_member_named_by_the_id_unless_told_otherwise(users: Users) -> None:
    assert users.add("anna") == User("anna", "anna", "member")
    assert users.add("bo", "博 Bo", "administrator") == User("bo", "博 Bo", "administrator")


@pytest.mark.parametrize("user_id", ["", "Anna", "a b", "a" * 33, "a/b", "../x", "ä", "a\n"])
def test_an_id_that_could_mean_something_else_is_refused(users: Users, user_id: str) -> None:
    with pytest.raises(InvalidInput, match="1 to 32 of the characters a-z, 0-9"):
        users.add(user_id)


@pytest.mark.parametrize("name", [" \t", "two\nlines", "x" * 201, "\u202eevil"])
def test_a_name_is_one_line_that_people_can_read(users: Users, name: str) -> None:
    with pytest.raises(InvalidInput, match="1 to 200 characters in one line"):
        users.add("anna", name)


def test_an_unknown_role_is_refused(users: Users) -> None:
    with pytest.raises(InvalidInput, match=r"A role must be administrator or member, but got 'admin'"):
        users.add("anna", role="admin")


def test_an_id_is_given_once_even_after_its_user_is_gone(users: Users) -> None:
    users.add("anna")
    with pytest.raises(Conflict, match="must be one that nobody has or had, but got anna"):
        users.add("anna")
    users.remove("anna")
    with pytest.raises(Conflict, match="anna, who was removed and still owns things"):
        users.add("anna")


@pytest.mark.parametrize("way", ["disable", "remove"])
def test_who_is_out_has_neither_session_nor_token_nor_login(users: Users, credentials: Credentials, way: str) -> None:
    anna = users.add("anna")
    session = str(credentials.begin_session(credentials.create_login("anna")))
    token = credentials.create_token(anna, "script")["token"]
    login = credentials.create_login("anna")
    assert credentials.user_of_session(session) == credentials.user_of_token(token) == anna
    if way == "disable":
        assert users.change("anna", disabled=True)["disabled"]
    else:
        users.remove("anna")
    assert credentials.user_of_session(session) is None
    assert credentials.user_of_token(token) is None
    assert credentials.begin_session(login) is None
    with pytest.raises(Conflict if way == "disable" else NotFound):
        credentials.create_login("anna")
    with pytest.raises(Conflict if way == "disable" else NotFound):
        credentials.create_token(anna, "another")


def test_who_is_enabled_again_needs_a_new_login(users: Users, credentials: Credentials) -> None:
    session = str(credentials.begin_session(credentials.create_login(users.add("anna").id)))
    users.change("anna", disabled=True)
    assert not users.change("anna", disabled=False)["disabled"]
    assert credentials.user_of_session(session) is None
    assert credentials.begin_session(credentials.create_login("anna"))


def test_who_is_gone_is_still_listed_by_name(users: Users) -> None:
    users.add("anna", "Anna K.")
    users.remove("anna")
    assert [(user["name"], user["removed"]) for user in users.all()] == [("Administrator", False), ("Anna K.", True)]
    with pytest.raises(NotFound, match="The user must exist, but got anna"):
        users.get("anna")
    with pytest.raises(NotFound):
        users.remove("anna")


@pytest.mark.parametrize("way", ["remove", "disable", "demote"])
def test_the_last_administrator_stays(users: Users, way: str) -> None:
    users.add("anna")

    def end(user_id: str) -> None:
        if way == "remove":
            users.remove(user_id)
        elif way == "disable":
            users.change(user_id, disabled=True)
        else:
            users.change(user_id, role="member")

    with pytest.raises(Conflict, match="There must be an administrator, but got admin, who is the last one"):
        end("admin")
    assert users.administrator().id == "admin"
    users.change("anna", role="administrator")
    end("admin")
    assert users.administrator().id == "anna"


def test_an_unknown_user_is_told_with_the_nearest(users: Users) -> None:
    users.add("anna")
    with pytest.raises(NotFound, match="Did you mean anna"):
        users.change("ana", name="Ana")
