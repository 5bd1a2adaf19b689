"""Which models the central store has, and which versions of each."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tidebook.store import profile_settings
from tidebook.store.center import center
from tidebook.store.local import FILES
from tidebook.store.naming import check_name
from tidebook.store.repo import repo_config


class APILocal:
    """The model `profile` in the central store, which is found as `ModelFile` finds it."""

    def __init__(
        self,
        profile: str,
        filecfg: str | Path | None = None,
        *,
        center_path: str | Path | None = None,
        token: str | None = None,
    ) -> None:
        self.profile = check_name(profile, "The name of a model")
        self._store = center(profile, center_path, filecfg, token)
        self._line = f"{FILES}/{profile}"

    def list_local_pipes(self) -> list[str]:
        """The names of the model's versions, in order; none where there is no such model."""
        return self._store.below(self._line)

    def settings(self) -> dict[str, dict[str, Any]]:
        """How its files are to be pulled and loaded; `pull` is what `pull_dir` does unless told otherwise."""
        return profile_settings.read(self._store, self._line)

    def save_settings(
        self, pull: Mapping[str, Any] | None = None, load: Mapping[str, Any] | None = None
    ) -> dict[str, dict[str, Any]]:
        """Replaces these settings, for everybody; NotFound where there is no such model."""
        return profile_settings.write(self._store, self._line, pull, load)


def list_profiles(
    center_path: str | Path | None = None, *, filecfg: str | Path | None = None, token: str | None = None
) -> dict[str, dict[str, Any]]:
    """The models of files in the central store by name, with `filerepo`, `server`, `filereporoot`, `filedb` and `key`.

    `filedb` is where the settings of a model are kept.
    """
    store = center(None, center_path, filecfg, token)
    found = {}
    for name in store.below(FILES):
        config = repo_config(store, f"{FILES}/{name}")
        found[name] = {**config, "filedb": f"{config['filerepo']}/{profile_settings.NAME}"}
    return found
