"""`tidebook projects add | list | share | remove`."""

from __future__ import annotations

from typing import Annotated

import typer

from tidebook.cli.words import words

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

Name = Annotated[str, typer.Argument(help=words("project_name"))]
Owner = Annotated[str | None, typer.Option("--owner", help=words("project_owner"))]
Json = Annotated[bool, typer.Option("--json", help=words("json"))]


@app.command("add", help=words("projects_add"))
def add(
    name: Name,
    title: Annotated[str, typer.Option(help=words("project_title"))] = "",
    public: Annotated[bool, typer.Option("--public", help=words("project_public"))] = False,
    owner: Owner = None,
    json: Json = False,
) -> None:
    """Adds a project; private unless told otherwise."""
    from tidebook.catalog.projects import Projects
    from tidebook.catalog.users import Users
    from tidebook.cli.catalog import acting, opened
    from tidebook.cli.output import console, print_json

    with opened() as database:
        projects, user = Projects(database), acting(database, owner)
        # Whoever reaches the database may do everything, so that the owner need not be the one who adds it.
        made = projects.add(
            name,
            Users(database).administrator(),
            title=title,
            visibility="public" if public else "private",
            owner=user.id,
        )
    if json:
        print_json(made)
    else:
        console.print(words("project_added", project=name, visibility=words(made["visibility"])), highlight=False)


@app.command("list", help=words("projects_list"))
def list_(json: Json = False) -> None:
    """All projects with their members."""
    from tidebook.catalog.projects import Projects
    from tidebook.cli.catalog import acting, opened
    from tidebook.cli.output import print_json, print_table

    with opened() as database:
        found = Projects(database).all(acting(database, None))
    if json:
        print_json(found)
        return
    columns = [words(name) for name in ("project", "title", "visibility", "owner", "members")]
    rows = [
        [each["name"], each["title"], words(each["visibility"]), each["owner"], ", ".join(each["members"]) or None]
        for each in found
    ]
    print_table(columns, rows)


@app.command("share", help=words("projects_share"))
def share(
    name: Name,
    user: Annotated[str, typer.Argument(help=words("user_id"))],
    end: Annotated[bool, typer.Option("--end", help=words("project_unshare"))] = False,
    json: Json = False,
) -> None:
    """Makes somebody a member of a project, or ends that."""
    from tidebook.catalog.projects import Projects
    from tidebook.cli.catalog import acting, opened
    from tidebook.cli.output import console, print_json

    with opened() as database:
        projects, acts = Projects(database), acting(database, None)
        if end:
            projects.unshare(name, acts, user)
        else:
            projects.share(name, acts, user)
        now = projects.get(name, acts)
    if json:
        print_json(now)
    else:
        members = ", ".join(now["members"]) or words("nobody")
        console.print(words("project_members", project=name, members=members), highlight=False)


@app.command("remove", help=words("projects_remove"))
def remove(name: Name) -> None:
    """Removes an empty project."""
    from tidebook.catalog.projects import Projects
    from tidebook.cli.catalog import acting, opened
    from tidebook.cli.output import console

    with opened() as database:
        Projects(database).remove(name, acting(database, None))
    console.print(words("project_removed", project=name), highlight=False)
