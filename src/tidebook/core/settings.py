"""Settings from the environment: every name below with the prefix TIDEBOOK_."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field
from pydantic.functional_validators import BeforeValidator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


def _split_paths(value: object) -> object:
    return [part for part in value.split(":") if part] if isinstance(value, str) else value


class Settings(BaseSettings):
    """What can be set for a whole installation."""

    model_config = SettingsConfigDict(env_prefix="TIDEBOOK_", frozen=True)

    home: Path = Field(Path("tidebook-home"), description="The folder that holds everything.")
    database_url: str | None = Field(None, description="SQLAlchemy URL; default: SQLite at tidebook.db in the home.")
    store: str | None = Field(None, description="Where versions are kept; default: saved_models/ in the home.")
    store_alone: bool = Field(
        False, description="Whether this home's processes are the only ones that write to the store; a server's are."
    )
    s3_endpoint: str | None = Field(None, description="The address of an object store that is not Amazon's.")
    archive: str | None = Field(
        None, description="Where old things are moved to, a folder or URL; default: archive/ in the home."
    )
    data_roots: Annotated[list[Path], NoDecode, BeforeValidator(_split_paths)] = Field(
        default_factory=list,
        description="Folders whose files may be registered by path over HTTP, separated by ':'.",
    )
    host: str = Field("127.0.0.1", description="The address that the server listens on.")
    port: int = Field(8765, ge=0, le=65535, description="The port that the server listens on; 0 takes a free one.")
    allowed_hosts: Annotated[
        list[str], NoDecode, BeforeValidator(lambda v: v.split(",") if isinstance(v, str) else v)
    ] = Field(default_factory=list, description="Further host names that requests may carry, separated by ','.")
    slots: int = Field(2, ge=1, le=256, description="How many trainings run at once.")
    max_upload_bytes: int = Field(4 * 2**30, ge=1, description="The largest file that can be uploaded.")
    timezone: str | None = Field(None, description="IANA zone of run names and training.log; default: the machine's.")
    resources: bool = Field(True, description="Whether trainings record the CPU, memory and GPU they use over time.")
    language: str | None = Field(None, description="Language of the command line, en or zh; default: from LANG.")
    server: str | None = Field(None, description="The address of a server that runs are reported to.")
    token: str | None = Field(None, repr=False, description="The bearer token for that server.")

    @property
    def out(self) -> Path:
        """The runs."""
        return self.home / "out"

    @property
    def saved_models(self) -> Path:
        """The store's default folder."""
        return self.home / "saved_models"

    @property
    def archive_place(self) -> str:
        """Folder or URL of the archive, the only one that anything is moved to or fetched from."""
        return self.archive or str(self.home / "archive")

    @property
    def saved_predictions(self) -> Path:
        """The saved forecasts."""
        return self.home / "saved_predictions"

    @property
    def datasets(self) -> Path:
        """The records of registered datasets, and uploaded files."""
        return self.home / "datasets"

    @property
    def tasks(self) -> Path:
        """A folder for each task."""
        return self.home / "tasks"

    @property
    def plugins(self) -> Path:
        """Algorithms of one's own, one file each."""
        return self.home / "plugins"

    @property
    def cache(self) -> Path:
        """What can be made again."""
        return self.home / "cache"
