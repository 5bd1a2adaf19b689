"""The store over HTTP: versions and file models that are read and filled from other machines."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from tidebook.abc import FileEntry
from tidebook.core.errors import InvalidInput, NotFound
from tidebook.registry import journal
from tidebook.registry.item import address_of
from tidebook.server.access import Models, Seen
from tidebook.server.replies import errors, reply
from tidebook.server.schemas import store as forms
from tidebook.server.services import Parts
from tidebook.server.storing import models as file_models
from tidebook.server.storing import records
from tidebook.server.storing.committing import commit
from tidebook.server.storing.rights import Rights, check_line, model_of

router = APIRouter(prefix="/api/store", tags=["store"])

Prefix = Annotated[str, Query(max_length=1024, description="Only below this address.")]
Line = Annotated[str, Query(max_length=1024, description="The line.", examples=["product/P001_all/lstm"])]


@router.post("/claims", response_model=forms.Claimed, summary="Claim a number", responses=errors(409, 422))
def claim_number(body: forms.Claim, parts: Parts, access: Seen) -> Response:
    """Reserves the next number of a line. The same user and `owner` get their own claim back.

    Lines belong to nobody: each user publishes versions of their own, and sees those of their projects.
    """
    line = check_line(body.line)
    claimant = Rights(parts.models.store, access).claimant(body.owner)
    return reply({"number": parts.arrivals.claiming.claim(access.user_id, line, claimant, body.above)})


@router.get("/claims", response_model=forms.Claimed, summary="A number that was claimed", responses=errors(422))
def get_claim(
    parts: Parts,
    access: Seen,
    line: Line,
    owner: Annotated[str, Query(min_length=1, max_length=200, description="The name that it was claimed under.")],
) -> Response:
    """The number that the user has claimed, whether or not its version is complete."""
    check_line(line)
    store = parts.models.store
    return reply({"number": store.claimed(line, Rights(store, access).claimant(owner))})


@router.get("/newest", response_model=forms.Claimed, summary="The newest number", responses=errors(422))
def get_newest(parts: Parts, line: Line) -> Response:
    """The highest number ever given in a line, deleted ones and claims counted; 0 if there is none."""
    check_line(line)
    return reply({"number": parts.models.store.newest(line)})


@router.get("/trees", response_model=forms.Prefixes, summary="Complete versions", responses=errors(422))
def list_trees(parts: Parts, access: Seen, prefix: Prefix = "") -> Response:
    """The addresses of all that the user sees."""
    rights = Rights(parts.models.store, access)
    found = (tree for tree in parts.models.store.trees(prefix) if address_of(tree) is not None)
    return reply({"items": [tree for tree in found if access.administrator or rights.sees(tree)]})


@router.get("/lines", response_model=forms.Prefixes, summary="Lines of versions")
def list_lines(parts: Parts, access: Seen) -> Response:
    """The lines that hold a version that the user sees; for administrators also those with claims alone."""
    store, rights = parts.models.store, Rights(parts.models.store, access)
    if access.administrator:
        return reply({"items": list(store.lines())})
    return reply({"items": [line for line in store.lines() if any(map(rights.sees, store.trees(line)))]})


@router.delete(
    "/trees/{prefix:path}", status_code=204, summary="Delete a version", responses=errors(403, 404, 409, 422)
)
def delete_tree(
    prefix: str,
    parts: Parts,
    models: Models,
    access: Seen,
    reason: Annotated[str, Query(max_length=500, description="Why; kept in the tombstone.")] = "",
    force: Annotated[bool, Query(description="Also where it is in use; a reason must be given.")] = False,
) -> Response:
    """Removes its files; its number is never used again. Refused, with reasons, while it is in use, unless forced."""
    address = address_of(prefix)
    try:
        Rights(parts.models.store, access).check_change(prefix)
    except NotFound:
        if not access.administrator or address is None:
            raise
    if address is None:
        raise InvalidInput(
            "Only versions are deleted as a whole", got=prefix[:120], fix="Remove the files of a file model."
        )
    models.delete(address, reason, force=force, by=access.user_id)
    parts.sync.refresh_versions([prefix])
    return Response(status_code=204)


@router.get(
    "/manifests/{prefix:path}", response_model=forms.Manifest, summary="A version's manifest", responses=errors(404)
)
def get_manifest(prefix: str, parts: Parts, access: Seen) -> Response:
    """What a complete version holds."""
    rights = Rights(parts.models.store, access)
    rights.check_read(prefix)
    manifest = parts.models.store.manifest(prefix)
    return reply({**manifest, "owner": rights.claimed_as(manifest.get("owner"))})


@router.post(
    "/commits/{prefix:path}", status_code=204, summary="Complete a version", responses=errors(403, 404, 409, 422)
)
def commit_tree(prefix: str, body: forms.Commit, parts: Parts, access: Seen) -> Response:
    """From now on it exists, in the project that its metadata name, and is the user's."""
    files = [FileEntry(**file.model_dump()) for file in body.files]
    commit(parts.models.store, parts.arrivals, access, prefix, body.claim, files)
    parts.sync.refresh_versions([prefix])
    return Response(status_code=204)


@router.get("/records", response_model=forms.Record, summary="A record", responses=errors(404, 422))
def get_record(
    parts: Parts,
    access: Seen,
    name: Annotated[str, Query(max_length=80, description="labels.json, aliases.json, archived.json …")],
    prefix: Annotated[str, Query(max_length=1024, description="The tree or line.")] = "",
) -> Response:
    """What stands beside a tree or a line, as far as the user sees it."""
    return reply({"value": records.read(parts.models.store, access, prefix, name)})


@router.put("/records", response_model=forms.Record, summary="Change a record", responses=errors(403, 404, 409, 422))
def put_record(body: forms.RecordChange, parts: Parts, access: Seen) -> Response:
    """Replaces labels or settings, if they are still as they were; else 409."""
    value = records.write(parts.models.store, access, body.prefix, body.name, body.before, body.after)
    if model_of(body.prefix) is None:
        journal.note(parts.models.store, [body.prefix])
        parts.sync.refresh_versions([body.prefix])
    return reply({"value": value})


@router.get("/models", response_model=forms.FileModels, summary="File models")
def list_file_models(parts: Parts, access: Seen) -> Response:
    """The models that ModelFile keeps in the store, as far as the user sees them."""
    return reply({"items": file_models.models(parts.models.store, access)})


@router.get("/models/{name}", response_model=forms.FileModelDetail, summary="A file model", responses=errors(404, 422))
def get_file_model(name: str, parts: Parts, access: Seen) -> Response:
    """Its versions."""
    return reply(file_models.model(parts.models.store, access, name))
