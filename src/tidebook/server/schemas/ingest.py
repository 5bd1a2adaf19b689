"""Runs that are sent from other machines."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from tidebook.server.schemas.base import Answer


class NewRun(BaseModel):
    """A run that is about to be sent."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "id": "0f8c1d2e3b4a59687766554433221100",
                    "run_name": "000001_lstm_20250119_143025",
                    "metadata": {"status": "training", "model_type": "lstm"},
                    "labels": {"project": "default", "tags": {"team": "east"}},
                }
            ]
        },
    )

    id: str = Field(pattern=r"^[0-9a-f]{32}$", description="The run's id, made with it and never changed.")
    run_name: str = Field(min_length=1, max_length=255, description="The name of the folder that it is written to.")
    metadata: dict[str, Any] = Field(default_factory=dict, description="The content of metadata.json.")
    labels: dict[str, Any] = Field(default_factory=dict, description="The content of labels.json.")
    nonce: str | None = Field(
        None,
        pattern=r"^[0-9a-f]{32}$",
        description="The name, without its first '.', of a hidden file that lies in the run's folder now.",
    )
    heartbeat_age: float | None = Field(
        None, ge=0, le=1e9, description="Seconds since the writer gave its last sign of life; null: it has none."
    )


class Registered(Answer):
    """What the server has of a run."""

    run_name: str = Field(description="The name of its folder here.", examples=["000001_lstm_20250119_143025_2"])
    files: dict[str, int] = Field(
        description="Lengths of the logs in bytes; of a JSON array without its closing bracket.",
        examples=[{"logs/metrics.json": 10240}],
    )
    digests: dict[str, str] = Field(
        description="BLAKE3 digests of the other files, as they were sent.", examples=[{"config.json": "ab…"}]
    )
    same: bool = Field(description="Whether the sender's folder is the server's own, so that nothing is to be sent.")


class Appended(Answer):
    """A log that has grown."""

    length: int = Field(description="Its new length in bytes.", examples=[20480])
