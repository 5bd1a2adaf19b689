"""Saved views."""

from __future__ import annotations

import pytest

from tidebook.catalog import views as module
from tidebook.catalog.database import Database
from tidebook.catalog.views import Views
from tidebook.core.errors import Conflict, NotFound


def test_everybody_has_their_own_views_by_name(database: Database) -> None:
    views = Views(database)
    made = views.save("anna", "runs", "Best", "sort=metrics.wape")
    views.save("anna", "runs", "All", "")
    views.save("bob", "runs", "Best", "x")
    assert [view["name"] for view in views.all("anna")] == ["All", "Best"]
    assert views.all("anna", "models") == []
    with pytest.raises(NotFound, match="The view must exist"):
        views.delete("bob", made["id"])
    views.delete("anna", made["id"])
    assert [view["name"] for view in views.all("anna", "runs")] == ["All"]


def test_a_view_saved_again_replaces_the_older_one(database: Database) -> None:
    views = Views(database)
    views.save("anna", "runs", "Best", "old")
    views.save("anna", "runs", "Best", "new")
    assert [view["query"] for view in views.all("anna")] == ["new"]


def test_a_user_cannot_fill_the_database_with_views(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 1)
    views = Views(database)
    views.save("anna", "runs", "Best", "")
    with pytest.raises(Conflict, match="at most 1 views"):
        views.save("anna", "runs", "Other", "")
