"""`tidebook files`."""

from __future__ import annotations

from typing import Annotated

import typer

from tidebook.cli.files.options import Center, Exclude, Include, Json
from tidebook.cli.words import words


def files(
    model: Annotated[str | None, typer.Argument(help=words("file_model"), metavar="[MODEL]")] = None,
    version: Annotated[str | None, typer.Argument(help=words("file_version"), metavar="[VERSION]")] = None,
    include: Include = None,
    exclude: Exclude = None,
    sort: Annotated[str, typer.Option(help=words("sort_files"))] = "name",
    checksums: Annotated[bool, typer.Option("--checksums", help=words("checksums"))] = False,
    center: Center = None,
    json: Json = False,
) -> None:
    """The models of files in the central store; or the versions of one; or the files of a version."""
    if model is None:
        _models(center, json)
    elif version is None:
        from tidebook.cli.files.log import log

        log(model, center, json)
    else:
        _files(model, version, include, exclude, sort, checksums, center, json)


def _models(center: str | None, json: bool) -> None:
    from tidebook.cli.output import console, print_json, print_table
    from tidebook.store.profiles import list_profiles

    found = list_profiles(center_path=center)
    if json:
        print_json(found)
    elif not found:
        console.print(words("no_file_models"), highlight=False)
    else:
        rows = [[name, config["filerepo"]] for name, config in found.items()]
        print_table([words("name"), words("place_column")], rows)


def _files(
    model: str,
    version: str,
    include: str | None,
    exclude: str | None,
    sort: str,
    checksums: bool,
    center: str | None,
    json: bool,
) -> None:
    from tidebook.cli.files.options import pipe_of
    from tidebook.cli.output import print_json, print_table, size_of, time_of
    from tidebook.store.selection import ordered, selected

    pipe = pipe_of(model, version, center)
    there = pipe.existing()
    entries = ordered((there[path] for path in selected(there, include, exclude)), sort)
    sums = pipe.checksums(entries) if checksums else []
    if json:
        crc = {entry.path: md5 for entry, md5 in zip(entries, sums, strict=False)}
        items = [
            {
                "path": entry.path,
                "size": entry.size,
                "modified_at": entry.mtime,
                "digest": entry.digest,
                **({"crc": crc[entry.path]} if checksums else {}),
            }
            for entry in entries
        ]
        print_json({"dir": pipe.dir, "files": items})
        return
    head = [words("file"), words("size_column"), words("when_column"), *(["MD5"] if checksums else [])]
    rows = [[entry.path, size_of(entry.size), time_of(entry.mtime)] for entry in entries]
    print_table(head, [[*row, *sums[i : i + 1]] for i, row in enumerate(rows)])
