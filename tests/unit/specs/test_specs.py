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


def test_the_words_users_know_name_the_model() -> None:
    spec = ForecastSpec(mode="product", product_id="P001")
    assert spec.line.folder == "product/P001_all/lstm"
    assert ForecastSpec(training_mode="store", store_id="S001").line.folder == "store/S001_all/lstm"  # type: ignore[call-arg]
    assert ForecastSpec(mode="global", aggregation_method="sum").line.folder == "global/all/sum/lstm"
    assert spec.version == "best"


def test_a_version_may_be_given_as_a_number() -> None:
    assert ForecastSpec(model="product/P001_all/lstm", version="3").version == "v3"
    assert "version must be best, latest or v followed by a number" in _fault(ForecastSpec, version="newest")


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
