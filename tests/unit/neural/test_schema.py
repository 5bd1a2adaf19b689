from __future__ import annotations

from dataclasses import replace

import numpy as np
import orjson
import pytest

from tests.unit.algorithms.panels import fit, panel, span
from tidebook.data.panel import Panel
from tidebook.neural.hyperparameters import NeuralHyperparameters
from tidebook.neural.schema import MOST_FLAGS, Schema


def kinds(count: int = 3) -> Panel:
    """The panel with a category for an attribute and one for a covariate, instead of their numbers."""
    data = panel()
    known = np.concatenate([data.known, (np.arange(data.days) % count)[None, :, None].repeat(3, axis=0)], axis=-1)
    return replace(
        data,
        known=known.astype(np.float32),
        known_names=(*data.known_names, "event"),
        static=np.array([[0.0], [1.0], [0.0]], dtype=np.float32),
        static_names=("kind",),
        categories={"event": tuple(f"e{i}" for i in range(count)), "kind": ("mall", "street")},
    )


def schema(data: Panel, **values: object) -> Schema:
    return Schema.fit(data, span(), NeuralHyperparameters(**values))  # type: ignore[arg-type]


def test_a_category_becomes_a_flag_for_each_of_its_texts() -> None:
    made = schema(kinds())
    assert made.static_columns == ("kind=mall", "kind=street")
    assert made.static_values(kinds()).tolist() == [[1, 0], [0, 1], [1, 0]]
    assert made.known_columns == ("open", "promo", "event=e0", "event=e1", "event=e2")
    assert made.known_values(kinds())[0, :3, 2:].tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]


def test_a_text_never_seen_has_no_flag_set_and_can_be_forecast() -> None:
    data = kinds()
    stranger = replace(data, static=np.full((3, 1), 2, dtype=np.float32))
    assert schema(data).static_values(stranger).tolist() == [[0, 0]] * 3
    fitted = fit("lstm", data, span(), epochs=1)
    assert np.isfinite(fitted.forecast(stranger, np.arange(3), np.full(3, 106), 7).values).all()


def test_of_many_texts_the_most_frequent_have_flags() -> None:
    made = schema(kinds(50))
    assert len(made.known_columns) == 2 + MOST_FLAGS
    assert made.known_values(kinds(50))[0, 49, 2:].tolist() == [0] * MOST_FLAGS


def test_days_are_told_alike_by_the_covariates_that_say_yes_or_no() -> None:
    data = panel()
    made = schema(data)
    assert made.yes_or_no == ("promo",)
    assert (made.flags(data) == data.known[:, :, 1]).all()


@pytest.mark.parametrize("scaling", ["window", "series", "global"])
def test_a_schema_through_json_is_the_same(scaling: str) -> None:
    made = schema(kinds(), scaling=scaling)
    again = Schema.from_json(*(orjson.loads(orjson.dumps(part)) for part in (made.columns(), made.scalers())))
    assert again.columns() == made.columns()
    assert again.scalers() == made.scalers()


def test_levels_are_those_of_the_train_part_alone() -> None:
    data = panel()
    later = replace(data, target=np.where(np.arange(data.days) >= span().train_end, 1e6, data.target))
    for scaling in ("series", "global"):
        one, other = (schema(d.__class__(**d.__dict__), scaling=scaling).levels for d in (data, later))
        assert one is not None
        assert one == other


def test_a_series_without_a_level_uses_that_of_its_windows() -> None:
    data = panel()
    levels = schema(data, scaling="series").levels
    assert levels is not None
    of_first = levels.of(data.keys[:1])
    part = data.target[0, : span().train_end]
    assert of_first.tolist() == [[pytest.approx(part.mean(), rel=1e-5), pytest.approx(part.std(), rel=1e-4)]]
    assert levels.of([replace(data.keys[0], store_id="new")]).tolist() == [[0, 0]]
