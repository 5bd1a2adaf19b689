"""`tidebook models`: find, compare, name, move and delete versions."""

from __future__ import annotations

import typer

from tidebook.cli.models import alias, compare, delete, export, importing, listing, show, tag
from tidebook.cli.words import words

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
app.command("list", help=words("models_list"))(listing.list_)
app.command("show", help=words("models_show"))(show.show)
app.command("compare", help=words("models_compare"))(compare.compare)
app.add_typer(alias.app, name="alias", help=words("models_alias"))
app.command("tag", help=words("models_tag"))(tag.tag)
app.command("delete", help=words("models_delete"))(delete.delete)
app.command("export", help=words("models_export"))(export.export)
app.command("import", help=words("models_import"))(importing.import_)
