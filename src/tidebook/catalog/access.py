"""What one user may see and do. Every list and every route asks here."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, false, or_, true

from tidebook.core.errors import Forbidden, NotFound
from tidebook.records.labels import DEFAULT_PROJECT


@dataclass(frozen=True)
class Access:
    """What one user may see and do.

    Everybody sees their own things and those of the projects they may read. A thing whose project is unknown is seen
    by its owner alone, and by administrators, who see everything.
    """

    user_id: str
    administrator: bool
    readable: frozenset[str]  #: names of the projects whose things the user sees; of an administrator all
    writable: frozenset[str]  #: names of the projects that the user may put things into; `default` takes everybody's

    def sees(self, project: str, owner: str | None) -> bool:
        """Whether the user sees a thing of this project and owner."""
        return self.administrator or project in self.readable or owner == self.user_id

    def may_change(self, project: str, owner: str | None) -> bool:
        """Whether the user may change or delete it: the owner, members of the project and administrators may.

        In `default`, which everybody may put things into, it takes the owner or an administrator.
        """
        shared = project in self.writable and project != DEFAULT_PROJECT
        return self.administrator or shared or owner == self.user_id

    def where(
        self, project: ColumnElement[str], owner: ColumnElement[str], only: str | None = None
    ) -> ColumnElement[bool]:
        """The rows that the user sees, as SQL: `sees` over two columns. With `only` those of this project alone."""
        if only is not None:
            return and_(project == only, self.where(project, owner))
        if self.administrator:
            return true()
        readable = project.in_(sorted(self.readable)) if self.readable else false()
        return or_(readable, owner == self.user_id)

    def check_change(self, project: str, owner: str | None) -> None:
        """Forbidden where the user sees the thing but may not change it."""
        if not self.may_change(project, owner):
            raise Forbidden(
                "Only the owner, members of the project and administrators may change or delete it",
                got=f"{self.user_id}, while it belongs to {owner or 'nobody'} in the project {project}",
                fix="Ask the owner, or have the owner of the project add you as a member.",
            )

    def check_write(self, project: str) -> None:
        """NotFound for a project that does not exist or that the user cannot see; Forbidden for one only to read."""
        if project in self.writable:
            return
        if project in self.readable:
            raise Forbidden(
                "Only members may put something into a project",
                got=f"{self.user_id}, who is no member of {project}",
                fix=f"Have its owner add you (`tidebook projects share {project} {self.user_id}`), or use another.",
            )
        raise NotFound(
            "The project must exist",
            got=project,
            fix=f"Add it with `tidebook projects add {project}` or in the settings, or use `{DEFAULT_PROJECT}`.",
        )


#: what the process itself may do where no user asks: everything
EVERYTHING = Access(user_id="", administrator=True, readable=frozenset(), writable=frozenset())
