"""`tidebook runs`: find, compare, mark, move and repeat training runs."""

from __future__ import annotations

import typer

from tidebook.cli.runs import archiving, compare, delete, export, importing, listing, reproduce, show, tag, tail
from tidebook.cli.words import words

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
app.command("list", help=words("runs_list"))(listing.list_)
app.command("show", help=words("runs_show"))(show.show)
app.command("compare", help=words("runs_compare"))(compare.compare)
app.command("tail", help=words("runs_tail"))(tail.tail)
app.command("tag", help=words("runs_tag"))(tag.tag)
app.command("archive", help=words("runs_archive"))(archiving.archive)
app.command("unarchive", help=words("runs_unarchive"))(archiving.unarchive)
app.command("delete", help=words("runs_delete"))(delete.delete)
app.command("export", help=words("runs_export"))(export.export)
app.command("import", help=words("runs_import"))(importing.import_)
app.command("reproduce", help=words("runs_reproduce"))(reproduce.reproduce)
