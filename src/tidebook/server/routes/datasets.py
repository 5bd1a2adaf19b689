"""Datasets: registered by path or uploaded, audited, looked at."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from starlette.requests import Request

from tidebook.records import dataset as records
from tidebook.server.access import Seen, dataset_of
from tidebook.server.checks import allowed_path, check_ids
from tidebook.server.replies import After, Limit, OfProject, errors, reply
from tidebook.server.schemas.dataset import Dataset, DatasetPage, Ids, NewDataset, Preview, SeriesValues
from tidebook.server.services import Parts
from tidebook.server.uploads import MULTIPART, receive
from tidebook.specs import ColumnMapping

router = APIRouter(prefix="/api/datasets", tags=["datasets"])

REGISTER_TIMEOUT = 3600.0  #: seconds; the audit reads every row
READ_TIMEOUT = 120.0  #: seconds

Id = Annotated[str | None, Query(max_length=500)]


@router.get("", response_model=DatasetPage, summary="Datasets, newest first", responses=errors(422))
def list_datasets(
    access: Seen, parts: Parts, project: OfProject = None, limit: Limit = 50, after: After = None
) -> Response:
    """Registered datasets that the user sees, with their audits."""
    items, following = parts.datasets.page(limit, after, access, project)
    return reply({"items": items, "next": following})


@router.post(
    "", response_model=Dataset, status_code=201, summary="Register a file", responses=errors(403, 404, 422, 500)
)
async def register_dataset(body: NewDataset, access: Seen, parts: Parts) -> Response:
    """Audits a file that the server can read and registers it; the file stays where it is."""
    access.check_write(body.project)
    path = await asyncio.to_thread(allowed_path, body.path, parts.settings, access)
    mapping = body.mapping.model_dump(mode="json") if body.mapping else None
    whose = {"project": body.project, "owner": access.user_id}
    return await _register(
        parts, {"path": str(path), "name": body.name or path.name, "mapping": mapping, "uploaded": False, **whose}
    )


@router.post(
    "/upload",
    response_model=Dataset,
    status_code=201,
    summary="Upload a file",
    responses=errors(413, 422, 500),
    openapi_extra=MULTIPART,
)
async def upload_dataset(request: Request, access: Seen, parts: Parts) -> Response:
    """Takes a Parquet or CSV file, audits it and registers it. A file that cannot be used is not kept."""
    async with receive(request, parts.settings) as upload:
        access.check_write(upload.project)
        whose = {"project": upload.project, "owner": access.user_id}
        return await _register(
            parts,
            {"path": str(upload.path), "name": upload.name, "mapping": upload.mapping, "uploaded": True, **whose},
        )


@router.get("/{dataset_id}", response_model=Dataset, summary="A dataset", responses=errors(404, 422))
def get_dataset(dataset_id: str, access: Seen, parts: Parts) -> Response:
    """The record with its mapping and audit."""
    return reply(dataset_of(parts, access, dataset_id).to_json())


@router.delete("/{dataset_id}", status_code=204, summary="Forget a dataset", responses=errors(403, 404, 422))
def delete_dataset(dataset_id: str, access: Seen, parts: Parts) -> Response:
    """Removes the record, and the file if it was uploaded; models that were trained on it stay.

    Its owner, members of its project and administrators may.
    """
    record = dataset_of(parts, access, dataset_id)
    access.check_change(record.project, record.owner)
    records.delete(parts.settings, dataset_id)
    parts.datasets.remove(dataset_id)
    return Response(status_code=204)


@router.put(
    "/{dataset_id}/mapping", response_model=Dataset, summary="Change its mapping", responses=errors(403, 404, 422, 500)
)
async def set_dataset_mapping(dataset_id: str, body: ColumnMapping, access: Seen, parts: Parts) -> Response:
    """Audits the dataset anew with other meanings of its columns. On an error the record stays as it was."""
    record = await asyncio.to_thread(dataset_of, parts, access, dataset_id)
    access.check_change(record.project, record.owner)
    return await _register(
        parts,
        {
            "id": dataset_id,
            "path": record.path,
            "name": record.name,
            "mapping": body.model_dump(mode="json"),
            "uploaded": record.uploaded,
        },
        status=200,
    )


@router.get("/{dataset_id}/preview", response_model=Preview, summary="Its first rows", responses=errors(404, 422, 500))
async def preview_dataset(
    dataset_id: str,
    access: Seen,
    parts: Parts,
    limit: Annotated[int, Query(ge=1, le=1000, description="How many rows.")] = 50,
) -> Response:
    """The rows as they stand in the file."""
    await asyncio.to_thread(dataset_of, parts, access, dataset_id)
    return reply(await parts.workers.call("preview", {"dataset": dataset_id, "limit": limit}, timeout=READ_TIMEOUT))


@router.get("/{dataset_id}/ids", response_model=Ids, summary="Its products or stores", responses=errors(404, 422))
def list_dataset_ids(
    dataset_id: str,
    access: Seen,
    parts: Parts,
    kind: Annotated[Literal["product", "store"], Query(description="Which ids.")],
    search: Annotated[str, Query(max_length=200, description="A part of the id.")] = "",
    limit: Annotated[int, Query(ge=1, le=10_000, description="How many at most.")] = 100,
) -> Response:
    """Ids in order; those that begin with the search come first."""
    dataset_of(parts, access, dataset_id)
    ids: list[str] = records.ids(parts.settings, dataset_id)[f"{kind}s"]
    wanted = search.casefold()
    matching = [value for value in ids if wanted in value.casefold()]
    matching.sort(key=lambda value: not value.casefold().startswith(wanted))
    return reply({"items": matching[:limit], "total": len(matching)})


@router.get(
    "/{dataset_id}/values", response_model=SeriesValues, summary="One series by day", responses=errors(404, 422, 500)
)
async def get_dataset_values(
    dataset_id: str, access: Seen, parts: Parts, product_id: Id = None, store_id: Id = None
) -> Response:
    """The target of a product, a store or both; what is not named is summed up."""
    await asyncio.to_thread(dataset_of, parts, access, dataset_id)
    params: dict[str, Any] = {"dataset": dataset_id, "product_id": product_id, "store_id": store_id}
    await asyncio.to_thread(check_ids, parts.settings, dataset_id, product_id, store_id)
    return reply(await parts.workers.call("values", params, timeout=READ_TIMEOUT))


async def _register(parts: Parts, params: dict[str, Any], status: int = 201) -> Response:
    record = await parts.workers.once("register", params, timeout=REGISTER_TIMEOUT)
    await asyncio.to_thread(parts.datasets.add, record)
    return reply(record, status)
