"""What a request must fulfil beyond its form, found out before anything starts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tidebook.algorithms import catalogue, hyperparameters
from tidebook.catalog.access import Access
from tidebook.core.errors import Forbidden, InvalidInput, NotFound, nearest
from tidebook.core.ids import is_id
from tidebook.core.settings import Settings
from tidebook.jobs.members import resolve
from tidebook.records import dataset as records
from tidebook.records.belonging import Belonging
from tidebook.records.labels import DEFAULT_PROJECT
from tidebook.registry import ModelManager
from tidebook.server.access import dataset_of
from tidebook.server.services import Services
from tidebook.specs import ForecastSpec, TrainSpec


def check_training(spec: TrainSpec, parts: Services, access: Access, models: ModelManager) -> TrainSpec:
    """The training as it can begin; NotFound, Forbidden or InvalidInput where it cannot.

    Project, dataset, scope, ids, algorithm, the versions it is made of, columns and dates are looked at. `models` is
    the registry as the user sees it: where a version is named best or latest, it is the best that the user sees, and
    stands in the result by its number.
    """
    settings = parts.settings
    access.check_write(spec.project)
    if spec.mapping is not None:
        raise InvalidInput(
            "A registered dataset has its own mapping",
            got="a mapping in the request",
            fix="Leave it out; change it with PUT /api/datasets/{id}/mapping.",
        )
    scope = spec.scope
    record = dataset_of(parts, access, spec.dataset)
    ids = records.ids(settings, spec.dataset)
    _check_known("product", scope.product_ids, ids["products"])
    _check_known("store", scope.store_ids, ids["stores"])
    algorithms = {entry["name"]: entry for entry in catalogue.described(settings)["algorithms"]}
    if spec.model_type not in algorithms:
        raise NotFound(
            "model_type must be an algorithm that is installed",
            got=spec.model_type[:100],
            fix=nearest(spec.model_type, algorithms),
        )
    hyperparameters.check(algorithms[spec.model_type]["schema"], spec.hyperparameters)
    if "members" in spec.hyperparameters:
        members = ", ".join(str(address) for address in resolve(str(spec.hyperparameters["members"]), models))
        spec = spec.model_copy(update={"hyperparameters": {**spec.hyperparameters, "members": members}})
    _check_columns(spec.known_future or (), [str(column["name"]) for column in record.columns])
    if spec.train_start_date and spec.train_end_date and spec.train_start_date > spec.train_end_date:
        raise InvalidInput(
            "train_start_date must not be after train_end_date",
            got=f"{spec.train_start_date} and {spec.train_end_date}",
            fix="Exchange them.",
        )
    return spec


def check_forecast(
    spec: ForecastSpec, parts: Services, access: Access, models: ModelManager
) -> tuple[ForecastSpec, Belonging]:
    """The forecast with its version by number, and whose it will be.

    NotFound for a model, a dataset or a project that the user does not see; also for the dataset that the model was
    trained on, whose history a forecast shows. InvalidInput where the model is not named, or the dataset not by its id.
    """
    record = dataset_of(parts, access, spec.dataset) if spec.dataset is not None else None
    version = models.resolve(spec.line, spec.which)
    item = models.item(version)
    trained_on = _trained_on(item)
    if record is None and trained_on and records.is_registered(parts.settings, trained_on):
        record = records.load(parts.settings, trained_on)
        if not access.sees(record.project, record.owner):
            raise NotFound(
                "A forecast needs a history that the user sees",
                got=f"{version}, whose dataset is private to others",
                fix="Name a dataset to go on from.",
            )
    source = record.project if record else item["project"]
    if spec.project is not None:
        access.check_write(spec.project)
    read_only = source in access.readable and source not in access.writable
    project = spec.project or (DEFAULT_PROJECT if read_only else source)
    exact = spec.model_copy(update={"model": str(version), "version": "best"})
    return exact, Belonging(project, access.user_id)


def _trained_on(item: Mapping[str, Any]) -> str:
    """The id of the dataset that a version was trained on; empty where it was a file or a frame."""
    dataset = item["dataset"]
    found = dataset.get("id") if isinstance(dataset, Mapping) else None
    return found if isinstance(found, str) and is_id(found, "DSET") else ""


def check_ids(settings: Settings, dataset: str, product_id: str | None, store_id: str | None) -> None:
    """NotFound, with the nearest names, where the dataset does not hold the product or the store."""
    ids = records.ids(settings, dataset)
    _check_known("product", (product_id,) if product_id else (), ids["products"])
    _check_known("store", (store_id,) if store_id else (), ids["stores"])


def allowed_path(text: str, settings: Settings, access: Access) -> Path:
    """The file that a client named, links followed, inside one of the data roots; an administrator's in the home too.

    The home holds what others uploaded and made, so that it is closed to everybody else. Forbidden outside of them,
    whether or not it exists; NotFound inside, where there is no such file.
    """
    if "\0" in text or "://" in text:
        raise InvalidInput(
            "A dataset's path must be that of a file on the server", got=repr(text[:120]), fix="Give a plain path."
        )
    home = [settings.home] if access.administrator else []
    roots = [root.expanduser().resolve() for root in [*settings.data_roots, *home]]
    given = Path(text)
    candidates = [given] if given.is_absolute() else [root / given for root in roots]
    resolved = [path.resolve() for path in candidates]
    closed = None if access.administrator else settings.home.expanduser().resolve()
    inside = [
        path
        for path in resolved
        if any(path.is_relative_to(root) for root in roots) and not (closed and path.is_relative_to(closed))
    ]
    if not inside:
        raise Forbidden(
            "A dataset's path must lie inside a folder that the server may read",
            got=repr(text[:200]),
            fix=f"Move the file below {_spoken(settings.data_roots)}, upload it, or have an administrator add its "
            "folder to TIDEBOOK_DATA_ROOTS.",
        )
    for path in inside:
        if path.is_file():
            return path
    raise NotFound("The file must exist on the server", got=repr(text[:200]), fix="Check the path.")


def _check_known(kind: str, wanted: Sequence[str], known: Sequence[str]) -> None:
    missing = sorted(set(wanted) - set(known))
    if missing:
        raise NotFound(
            f"The {kind} must be in the dataset",
            got=missing[0][:100] if len(missing) == 1 else f"{missing[0][:100]} and {len(missing) - 1} more",
            fix=nearest(missing[0], known) if known else f"The dataset has no {kind} column; name no {kind}.",
        )


def _check_columns(wanted: Sequence[str], known: Sequence[str]) -> None:
    for name in wanted:
        if name not in known:
            raise NotFound("known_future must name columns of the dataset", got=name[:100], fix=nearest(name, known))


def _spoken(roots: Sequence[Path]) -> str:
    return " or ".join(str(root) for root in roots) or "a folder of TIDEBOOK_DATA_ROOTS"
