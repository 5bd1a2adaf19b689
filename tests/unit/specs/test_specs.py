from __future__ import annotations

import pytest
from pydantic import ValidationError

from tidebook.core.errors import InvalidInput
from tidebook.specs import ForecastSpec, TrainSpec
from tidebook.specs.faults import readable


def _fault(kind: type[TrainSpec] | type[ForecastSpec], **values: object) -> str:
    with pytest.raises(ValidationError) as caught:
        kind.model_validate(values)
    return str(readable(caught.value, tuple(kind.model_fields)))


def test_a_request_survives_the_way_through_json() -> None:
    spec = TrainSpec(dataset="DSET", product_ids=("000001",), hyperparameters={"epochs": 3}, known_future=("promo",))
    assert TrainSpec.model_validate_json(spec.model_dump_json()) == spec


def test_intervals_are_sorted_and_one_may_stand_alone() -> None:
    assert TrainSpec(dataset="DSET").intervals == (80, 95)
    assert TrainSpec(dataset="DSET", intervals=(95, 50)).intervals == (50, 95)
    assert TrainSpec.model_validate({"dataset": "DSET", "intervals": 90}).intervals == (90,)
    assert TrainSpec(dataset="DSET", intervals=()).intervals == ()


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({"intervals": (0.5,)}, "intervals must be valid (each interval holds 1 to 99.9 percent)"),
        ({"intervals": (100,)}, "intervals must be valid (each interval holds 1 to 99.9 percent)"),
        ({"intervals": (80, 80.0)}, "intervals must be valid (each interval comes once)"),
        ({"folds": 0}, "folds must be valid"),
        ({"stride": 0}, "stride must be valid"),
    ],
)
def test_folds_and_intervals_that_make_no_sense_are_refused(values: dict[str, object], fault: str) -> None:
    assert fault in _fault(TrainSpec, dataset="DSET", **values)


def test_the_words_users_know_name_the_model() -> None:
    spec = ForecastSpec(mode="product", product_id="P001")
    assert spec.line.folder == "product/P001_all/lstm"
    assert ForecastSpec(training_mode="store", store_id="S001").line.folder == "store/S001_all/lstm"  # type: ignore[call-arg]
    assert ForecastSpec(mode="global", aggregation_method="sum").line.folder == "global/all/sum/lstm"
    assert spec.version == "best"


def test_a_version_may_be_given_as_a_number() -> None:
    assert ForecastSpec(model="product/P001_all/lstm", version="3").version == "v3"
    assert "version must be best, latest, v followed by a number" in _fault(ForecastSpec, version="The newest")


def test_a_version_may_be_named_by_an_alias_in_either_place() -> None:
    named = ForecastSpec(model="product/P001_all/lstm@production")
    assert (named.line.folder, named.which) == ("product/P001_all/lstm", "production")
    assert ForecastSpec(mode="product", product_id="P001", version="@production").which == "production"
    assert ForecastSpec(model="product/P001_all/lstm@production", version="production").which == "production"
    assert ForecastSpec(model="product/P001_all/lstm").which == "best"
    with pytest.raises(InvalidInput, match="named by an alias must not come with another version"):
        _ = ForecastSpec(model="product/P001_all/lstm@production", version="v3").which


def test_a_forecast_must_name_its_model() -> None:
    with pytest.raises(InvalidInput, match="A forecast must name its model, but got neither model nor mode"):
        _ = ForecastSpec().line


@pytest.mark.parametrize("horizon", [0, 10_000])
def test_a_horizon_out_of_range_is_refused_with_the_range(horizon: int) -> None:
    text = _fault(ForecastSpec, horizon=horizon)
    assert "horizon must be valid" in text
    assert str(horizon) in text
    assert "equal to 1" in text or "equal to 730" in text


def test_an_unknown_field_is_refused_and_the_nearest_offered() -> None:
    assert "Did you mean product_ids?" in _fault(TrainSpec, dataset="x", product_idz=["P001"])
    assert "Hyper-parameters go inside `hyperparameters`" in _fault(TrainSpec, dataset="x", epochs=3)


def test_what_is_missing_is_named() -> None:
    assert "dataset must be given, but got nothing" in _fault(TrainSpec)
