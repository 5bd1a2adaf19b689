"""Projects, who is in them, and what follows from that for each user."""

from __future__ import annotations

from typing import Any, Literal, get_args

from sqlalchemy import Connection, and_, delete, insert, select, update

from tidebook.catalog import moments
from tidebook.catalog.access import Access
from tidebook.catalog.contents import contents, names_seen, owners
from tidebook.catalog.database import Database
from tidebook.catalog.tables import project_members, projects, retention_policies
from tidebook.catalog.users import User, check_active
from tidebook.core.errors import Conflict, Forbidden, InvalidInput, NotFound, nearest
from tidebook.records.labels import DEFAULT_PROJECT, check_project

Visibility = Literal["private", "public"]
VISIBILITIES: tuple[Visibility, ...] = get_args(Visibility)
MEMBER = "member"
MAX_TITLE = 200


class Projects:
    """Rows of `projects` and `project_members`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def access(self, user: User) -> Access:
        """What the user may see and do, as of now."""
        administrator = user.role == "administrator"
        mine = and_(project_members.c.project == projects.c.name, project_members.c.user_id == user.id)
        query = select(projects.c.name, projects.c.visibility, projects.c.owner, project_members.c.role)
        with self._database.read() as connection:
            rows = connection.execute(query.outerjoin(project_members, mine)).all()
        writable = {
            row.name
            for row in rows
            if administrator or row.name == DEFAULT_PROJECT or row.owner == user.id or row.role is not None
        }
        readable = {row.name for row in rows if row.visibility == "public"} | writable
        return Access(user.id, administrator, frozenset(readable), frozenset(writable))

    def all(self, user: User) -> list[dict[str, Any]]:
        """The projects that the user sees, in the order of their names, each with its members and the user's role."""
        seen = self.access(user).readable
        with self._database.read() as connection:
            rows = connection.execute(select(projects).order_by(projects.c.name)).all()
            pairs = connection.execute(
                select(project_members.c.project, project_members.c.user_id).order_by(project_members.c.user_id)
            ).all()
        members: dict[str, list[str]] = {}
        for pair in pairs:
            members.setdefault(pair.project, []).append(pair.user_id)
        return [_shown(row, members.get(row.name, []), user) for row in rows if row.name in seen]

    def things(self, access: Access) -> dict[str, set[str]]:
        """The names of all runs, versions, forecasts and datasets that a user sees."""
        with self._database.read() as connection:
            return names_seen(connection, access)

    def get(self, name: str, user: User) -> dict[str, Any]:
        """One of them; NotFound where there is none, or none that the user sees."""
        seen = {project["name"]: project for project in self.all(user)}
        if name not in seen:
            raise _unknown(name, seen)
        return seen[name]

    def add(
        self, name: str, user: User, *, title: str = "", visibility: str = "private", owner: str | None = None
    ) -> dict[str, Any]:
        """A new project of the user, or of `owner`, for whom an administrator adds it.

        Conflict where there is one, InvalidInput for a name that cannot be.

        Runs may name a project that nobody has added. Where such things of others wait, only an administrator may add
        it: it would open them to somebody they were not meant for.
        """
        values = {"name": check_project(name), "title": _title(title or name), "visibility": _visibility(visibility)}
        with self._database.write() as connection:
            if connection.execute(select(projects.c.name).where(projects.c.name == name)).first() is not None:
                raise Conflict("The name of a project must be free", got=name, fix="Choose another.")
            if user.role != "administrator" and owners(connection, name) - {user.id}:
                raise Forbidden(
                    "A project that holds things of others must be added by an administrator",
                    got=name,
                    fix="Ask one, or choose another name.",
                )
            connection.execute(insert(projects).values(**values, owner=owner or user.id, created=moments.now()))
        return self.get(name, user)

    def change(
        self, name: str, user: User, *, title: str | None = None, visibility: str | None = None
    ) -> dict[str, Any]:
        """Changes what is given. NotFound, or Forbidden for anybody but its owner and administrators."""
        self._check_manages(name, user)
        if name == DEFAULT_PROJECT and visibility not in {None, "public"}:
            raise Conflict(
                f"The project {name} must be public", got=str(visibility), fix="Add a private project for the rest."
            )
        values = {
            **({"title": _title(title)} if title is not None else {}),
            **({"visibility": _visibility(visibility)} if visibility is not None else {}),
        }
        if values:
            with self._database.write() as connection:
                connection.execute(update(projects).where(projects.c.name == name).values(values))
        return self.get(name, user)

    def remove(self, name: str, user: User) -> None:
        """Removes an empty project. Conflict while anything is in it, and for `default`, which always exists."""
        self._check_manages(name, user)
        if name == DEFAULT_PROJECT:
            raise Conflict(f"The project {name} must exist", got="its deletion", fix="Delete what is in it instead.")
        with self._database.write() as connection:
            left = contents(connection, name)
            if left:
                raise Conflict(
                    "A project must be empty to be deleted",
                    got=f"{name} with {_counted(left)}",
                    fix="Delete what is in it; runs can also be moved to another project.",
                    left=left,
                )
            connection.execute(delete(retention_policies).where(retention_policies.c.project == name))
            connection.execute(delete(projects).where(projects.c.name == name))

    def share(self, name: str, user: User, member: str) -> dict[str, Any]:
        """Makes somebody a member, who sees and changes all that is in the project."""
        self._check_manages(name, user)
        if name == DEFAULT_PROJECT:
            raise Conflict(f"The project {name} has no members", got=member, fix="Everybody may use it already.")
        with self._database.write() as connection:
            check_active(connection, member)
            _remove_member(connection, name, member)
            connection.execute(
                insert(project_members).values(project=name, user_id=member, role=MEMBER, created=moments.now())
            )
        return self.get(name, user)

    def unshare(self, name: str, user: User, member: str) -> None:
        """Ends a membership; members may end their own. NotFound where there is none."""
        if member != user.id:
            self._check_manages(name, user)
        with self._database.write() as connection:
            if not _remove_member(connection, name, member):
                raise NotFound("A member must be in the project", got=member[:80], fix="See the list of its members.")

    def _check_manages(self, name: str, user: User) -> None:
        project = self.get(name, user)
        if user.role != "administrator" and project["owner"] != user.id:
            raise Forbidden(
                "Only the owner of a project and administrators may change it",
                got=f"{user.id}, while {name} belongs to {project['owner'] or 'nobody'}",
                fix="Ask one of them.",
            )


def _remove_member(connection: Connection, name: str, member: str) -> bool:
    where = (project_members.c.project == name, project_members.c.user_id == member)
    return connection.execute(delete(project_members).where(*where)).rowcount > 0


def _unknown(name: str, seen: Any) -> NotFound:
    return NotFound("The project must exist", got=name[:80], fix=nearest(name[:80], seen))


def _counted(left: dict[str, int]) -> str:
    return ", ".join(f"{kind}: {count}" for kind, count in left.items())


def _title(title: str) -> str:
    shown = title.strip()
    if not shown or len(shown) > MAX_TITLE or not shown.isprintable():
        raise InvalidInput(
            f"The title of a project must be 1 to {MAX_TITLE} characters in one line",
            got=repr(title)[:80],
            fix="Give the title that people are to see.",
        )
    return shown


def _visibility(visibility: str) -> str:
    if visibility not in VISIBILITIES:
        raise InvalidInput(
            f"The visibility of a project must be {' or '.join(VISIBILITIES)}",
            got=repr(visibility)[:80],
            fix="public: everybody sees it. private: its members do.",
        )
    return visibility


def _shown(row: Any, members: list[str], user: User) -> dict[str, Any]:
    return {
        "name": row.name,
        "title": row.title,
        "visibility": row.visibility,
        "owner": row.owner,
        "members": members,
        "created_at": moments.text(row.created) if row.created else None,
        "role": _role(row, members, user),
    }


def _role(row: Any, members: list[str], user: User) -> str:
    """What the user is in a project: owner, administrator, member or viewer."""
    if row.owner == user.id:
        return "owner"
    if user.role == "administrator":
        return "administrator"
    return "member" if user.id in members or row.name == DEFAULT_PROJECT else "viewer"
