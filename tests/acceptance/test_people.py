"""Users and projects as an administrator at a terminal manages them."""

from __future__ import annotations

import re

from tests.acceptance.conftest import Command, Server


def test_users_are_added_listed_logged_in_anew_and_removed(tidebook: Command) -> None:
    added = tidebook("users", "add", "anna", "--name", "Anna K.", "--url", "https://tide.example/")
    assert added.code == 0, added.err
    link = re.search(r"https://tide\.example/login\?token=\S{40,}", added.out)
    assert link
    again = tidebook("users", "login", "anna", "--json").json
    assert again["login_url"].startswith("http://127.0.0.1:8765/login?token=")
    assert again["login_url"].partition("=")[2] != link.group().partition("=")[2]
    listed = tidebook("users", "list", "--json").json
    assert [(user["id"], user["role"]) for user in listed] == [("admin", "administrator"), ("anna", "member")]
    assert tidebook("token", "script", "--user", "anna").out.startswith("tide_")
    refused = tidebook("users", "add", "anna", "--json")
    assert (refused.code, refused.problem["rule"]) == (5, "The id of a user must be one that nobody has or had")
    assert tidebook("users", "remove", "anna", "--yes").out == "Removed anna\n"
    assert "removed" in tidebook("users", "list").out
    last = tidebook("users", "remove", "admin", "--yes")
    assert last.code == 5
    assert "admin, who is the last one" in last.err


def test_a_login_leads_to_where_the_server_of_the_home_listens(tidebook: Command, server: Server) -> None:
    added = tidebook("users", "add", "anna", "--json").json
    assert added["login_url"].startswith(f"{server.url}/login?token=")
    assert server.client.get(added["login_url"]).status_code == 303


def test_projects_are_added_shared_and_removed(tidebook: Command) -> None:
    tidebook("users", "add", "anna")
    made = tidebook("projects", "add", "north", "--title", "The north", "--owner", "anna")
    assert made.out == "Added the project north (private)\n", made.err
    assert tidebook("users", "add", "bo").code == 0
    assert tidebook("projects", "share", "north", "bo").out == "Members of north: bo\n"
    listed = tidebook("projects", "list", "--json").json
    assert [(each["name"], each["owner"], each["members"]) for each in listed] == [
        ("default", None, []),
        ("north", "anna", ["bo"]),
    ]
    assert tidebook("projects", "share", "north", "bo", "--end").out == "Members of north: nobody\n"
    assert tidebook("projects", "remove", "default").code == 5
    assert tidebook("projects", "remove", "north").out == "Removed the project north\n"
    wrong = tidebook("projects", "add", "North!", "--json")
    assert wrong.code == 2
