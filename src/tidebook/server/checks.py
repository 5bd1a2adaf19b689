"""What a request must fulfil beyond its form, found out before anything starts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tidebook.algorithms import catalogue, hyperparameters
from tidebook.core.errors import Forbidden, InvalidInput, NotFound, nearest
from tidebook.core.ids import check_id
from tidebook.core.settings import Settings
from tidebook.records import dataset as records
from tidebook.specs import ForecastSpec, TrainSpec


def check_training(spec: TrainSpec, settings: Settings) -> None:
    """NotFound or InvalidInput where the training could not begin: dataset, scope, ids, algorithm, columns, dates."""
    if spec.mapping is not None:
        raise InvalidInput(
            "A registered dataset has its own mapping",
            got="a mapping in the request",
            fix="Leave it out; change it with PUT /api/datasets/{id}/mapping.",
        )
    scope = spec.scope
    record = records.load(settings, check_id(spec.dataset, "DSET"))
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
    _check_columns(spec.known_future or (), [str(column["name"]) for column in record.columns])
    if spec.train_start_date and spec.train_end_date and spec.train_start_date > spec.train_end_date:
        raise InvalidInput(
            "train_start_date must not be after train_end_date",
            got=f"{spec.train_start_date} and {spec.train_end_date}",
            fix="Exchange them.",
        )


def check_forecast(spec: ForecastSpec) -> None:
    """InvalidInput where the model is not named, or the dataset not by its id."""
    _ = spec.line
    if spec.dataset is not None:
        check_id(spec.dataset, "DSET")


def check_ids(settings: Settings, dataset: str, product_id: str | None, store_id: str | None) -> None:
    """NotFound, with the nearest names, where the dataset does not hold the product or the store."""
    ids = records.ids(settings, dataset)
    _check_known("product", (product_id,) if product_id else (), ids["products"])
    _check_known("store", (store_id,) if store_id else (), ids["stores"])


def allowed_path(text: str, settings: Settings) -> Path:
    """The file that a client named, links followed, inside one of the data roots or the home.

    Forbidden outside of them, whether or not it exists; NotFound inside, where there is no such file.
    """
    if "\0" in text or "://" in text:
        raise InvalidInput(
            "A dataset's path must be that of a file on the server", got=repr(text[:120]), fix="Give a plain path."
        )
    roots = [root.expanduser().resolve() for root in [*settings.data_roots, settings.home]]
    given = Path(text)
    candidates = [given] if given.is_absolute() else [root / given for root in roots]
    resolved = [path.resolve() for path in candidates]
    inside = [path for path in resolved if any(path.is_relative_to(root) for root in roots)]
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
    return " or ".join(str(root) for root in roots) or "the home"
