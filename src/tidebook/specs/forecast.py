"""The request to forecast with a published version."""

from __future__ import annotations

import re
from typing import Any

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, field_validator

from tidebook.core.errors import InvalidInput
from tidebook.core.scope import Address, Aggregation, Mode, Scope, split_alias

MAX_HORIZON = 730


class ForecastSpec(BaseModel):
    """Which model, how far, and what is known of the future.

    The model is named either by its address (`model`) or by mode, ids, algorithm and aggregation. Ids that are
    given choose among the series that the model covers.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        populate_by_name=True,
        json_schema_extra={
            "examples": [
                {
                    "mode": "product",
                    "product_id": "P001",
                    "model_type": "lstm",
                    "version": "best",
                    "horizon": 28,
                },
                {
                    "model": "store/S001_all/lstm",
                    "horizon": 28,
                    "future": [{"date": "2024-08-01", "promo": 1}],
                },
            ]
        },
    )

    model: str | None = Field(
        None, description="Address of a line of versions, such as product/P001_all/lstm, or with an alias …@production."
    )
    mode: Mode | None = Field(
        None,
        validation_alias=AliasChoices("mode", "training_mode"),
        description="The mode that the model was trained in.",
    )
    product_id: str | None = Field(None, description="The product, in product mode; else one of those covered.")
    store_id: str | None = Field(None, description="The store, in store mode; else one of those covered.")
    model_type: str = Field("lstm", description="The algorithm.")
    aggregation_method: Aggregation | None = Field(None, description="The aggregation, in global mode.")
    version: str = Field("best", description="best, latest, a version such as v3, or an alias.")
    horizon: int = Field(28, ge=1, le=MAX_HORIZON, description="Days to forecast.")
    dataset: str | None = Field(None, description="Id of the dataset to go on from; default: the one trained on.")
    future: tuple[dict[str, Any], ...] = Field(
        (),
        description="What is known of the future: rows with a date, optionally product and store, and covariates.",
    )
    project: str | None = Field(
        None,
        pattern=r"^[a-z0-9_-]{1,64}$",
        description="The project that the forecast belongs to; default: that of the dataset, else of the model.",
    )
    history_days: int = Field(120, ge=1, le=3650, description="Days of history given back with the forecast.")

    @field_validator("version")
    @classmethod
    def _version_has_a_known_form(cls, value: str) -> str:
        if value.isdigit():
            value = f"v{value}"
        value = value.removeprefix("@")
        if not re.fullmatch(r"[a-z0-9_-]{1,64}", value):
            raise ValueError("version must be best, latest, v followed by a number, such as v3, or an alias")
        return value

    @property
    def line(self) -> Address:
        """The address of the line of versions that is asked for."""
        if self.model is not None:
            return Address.parse(split_alias(self.model)[0])
        if self.mode is None:
            raise InvalidInput(
                "A forecast must name its model",
                got="neither model nor mode",
                fix="Give model (product/P001_all/lstm), or mode with product_id or store_id.",
            )
        scope = Scope(
            mode=self.mode,
            product_ids=(self.product_id,) if self.mode == "product" and self.product_id else (),
            store_ids=(self.store_id,) if self.mode == "store" and self.store_id else (),
            aggregation=self.aggregation_method,
        )
        return Address.parse(scope.folder(self.model_type))

    @property
    def which(self) -> str:
        """The version of the line that is asked for: best, latest, vN or an alias, which `model` may name as well."""
        alias = None if self.model is None else split_alias(self.model)[1]
        if alias is None:
            return self.version
        if self.version not in {"best", alias}:
            raise InvalidInput(
                "A model that is named by an alias must not come with another version",
                got=f"{self.model} and version {self.version}",
                fix="Leave one of the two out.",
            )
        return alias
