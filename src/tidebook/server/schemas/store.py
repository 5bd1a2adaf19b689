"""The store: trees of files, as other machines read and fill them."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from tidebook.server.schemas.base import Answer, Problem

MAX_PATH = 4096  #: characters
MAX_FILES = 100_000  #: of a version
DIGEST = r"^blake3:[0-9a-f]{64}$"


_FILE = {"path": "metadata.json", "size": 12, "mtime": "2026-01-31T12:00:00.000000+00:00", "digest": "blake3:ab…"}


def _config(example: dict[str, Any]) -> ConfigDict:
    return ConfigDict(extra="forbid", json_schema_extra={"examples": [example]})


class StoredFile(BaseModel):
    """A file of a tree."""

    path: str = Field(min_length=1, max_length=MAX_PATH, description="Relative, with '/'.", examples=["model.pth"])
    size: int = Field(ge=0, le=2**53, description="Bytes.")
    mtime: str = Field(max_length=40, description="When it was last changed, ISO 8601.")
    digest: str = Field(max_length=80, description="blake3: and the digest; empty where nobody knows it.")


class Claim(BaseModel):
    """A claim to the next number of a line."""

    model_config = _config({"line": "product/P001_all/lstm", "owner": "lstm_20260131_120000", "above": 0})

    line: str = Field(max_length=1024, description="The line.", examples=["product/P001_all/lstm"])
    owner: str = Field(min_length=1, max_length=200, description="A name of one's own, such as that of the run.")
    above: int = Field(0, ge=0, le=999_999_998, description="The number will be more than this.")


class Claimed(Answer):
    """The number that a claim has."""

    number: int | None = Field(description="N of v{N}; null where there is none.", examples=[3])


class Prefixes(Answer):
    """Where trees or lines lie."""

    items: list[str] = Field(description="Their addresses.", examples=[["product/P001_all/lstm/v1"]])


class Manifest(Answer):
    """What a complete version holds."""

    format_version: int = Field(description="1.")
    owner: str | None = Field(description="Whose claim it came from.")
    created_at: str = Field(description="When it was complete.")
    files: list[StoredFile] = Field(description="All of its files.")


class Entries(Answer):
    """The files of a tree."""

    entries: list[StoredFile] = Field(description="All of them, as they are now.")


class Held(Answer):
    """What is here already of a file."""

    held: int = Field(description="Bytes; what is sent must begin there.", examples=[0])


class Paths(BaseModel):
    """Files of a tree."""

    model_config = _config({"paths": ["metadata.json"]})

    paths: list[str] = Field(min_length=1, max_length=2000, description="Their paths.", examples=[["metadata.json"]])


class Removed(Answer):
    """What was removed."""

    removed: list[str] = Field(description="The paths of those that were there.")


class Share(BaseModel):
    """A file that is to have the content of one that is in the store already."""

    model_config = _config({"file": _FILE, "held": "product/P001_all/lstm/v1/metadata.json"})

    file: StoredFile = Field(description="The file to make.")
    held: str = Field(max_length=MAX_PATH, description="Where the content is: a version's address, '/' and a path.")


class Shared(Answer):
    """Whether a file is there now."""

    shared: bool = Field(description="False: it must be sent.")


class Refused(Answer):
    """A file that was not taken."""

    path: str = Field(description="Its path.")
    problem: Problem = Field(description="Why.")


class Taken(Answer):
    """What became of the files of a bundle."""

    taken: list[StoredFile] = Field(description="Those that are in their places.")
    failed: list[Refused] = Field(description="The others.")


class Commit(BaseModel):
    """The files that make a version."""

    model_config = _config({"claim": "lstm_20260131_120000", "files": [_FILE]})

    claim: str = Field(min_length=1, max_length=200, description="The `owner` of the claim.")
    files: list[StoredFile] = Field(max_length=MAX_FILES, description="All of them.")


class Record(Answer):
    """A record beside a tree or a line."""

    value: dict[str, Any] | None = Field(description="Its content; null where there is none.")


class RecordChange(BaseModel):
    """A change to a record."""

    model_config = _config(
        {
            "prefix": "files/demand",
            "name": "labels.json",
            "before": None,
            "after": {"format_version": 1, "notes": "a note"},
        }
    )

    prefix: str = Field(max_length=1024, description="The tree or line.")
    name: str = Field(max_length=80, description="labels.json or settings.json.")
    before: dict[str, Any] | None = Field(description="What it must be now.")
    after: dict[str, Any] | None = Field(description="What it is to be.")


class FileModel(Answer):
    """A model whose files lie in the store."""

    name: str = Field(description="Its name.")
    versions: int = Field(description="How many versions it has.")
    files: int = Field(description="Their files.")
    bytes: int = Field(description="Their size.")
    project: str = Field(description="The project that it belongs to.")
    owner: str | None = Field(description="The user that it belongs to.")


class FileModels(Answer):
    """The models whose files lie in the store."""

    items: list[FileModel] = Field(description="Those that the user sees.")


class FileVersion(Answer):
    """A version of such a model."""

    version: str = Field(description="Its name.")
    files: int = Field(description="Its files.")
    bytes: int = Field(description="Their size.")
    modified_at: str = Field(description="When one of them was last changed.")


class FileModelDetail(Answer):
    """A model whose files lie in the store, with its versions."""

    name: str = Field(description="Its name.")
    versions: list[FileVersion] = Field(description="In the order of their names.")


class FilePreview(Answer):
    """What a file of a version holds, to be shown."""

    path: str = Field(description="Its path.")
    size: int = Field(description="Bytes.")
    kind: str = Field(description="text, json, image, table or binary.", examples=["table"])
    text: str | None = Field(description="Of text and JSON, as far as it is shown.")
    columns: list[str] | None = Field(description="Of a table.")
    rows: list[list[Any]] | None = Field(description="The first rows of a table.")
    truncated: bool = Field(description="Whether there is more than is shown.")
