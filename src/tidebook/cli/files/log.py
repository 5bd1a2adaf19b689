"""`tidebook log`."""

from __future__ import annotations

from tidebook.cli.files.options import Center, Json, Model
from tidebook.cli.words import words


def log(model: Model, center: Center = None, json: Json = False) -> None:
    """The versions of a model in the central store, the newest first."""
    from tidebook.cli.output import print_json, print_table, size_of, time_of
    from tidebook.core.errors import NotFound, nearest
    from tidebook.store.center import center as center_of
    from tidebook.store.comparing import log as log_of
    from tidebook.store.local import FILES

    store = center_of(model, center)
    items = log_of(store, model)
    if not items:
        raise NotFound("The model must have a version", got=model, fix=nearest(model, store.below(FILES)))
    if json:
        print_json({"items": items})
        return
    rows = [
        [item["version"], str(item["files"]), size_of(item["bytes"]), time_of(item["modified_at"])] for item in items
    ]
    print_table([words("version_column"), words("files_column"), words("size_column"), words("when_column")], rows)
