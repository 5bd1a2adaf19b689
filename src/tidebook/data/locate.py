"""Where the rows of a dataset lie: a registered dataset by its id, or a file by its path."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tidebook.core.errors import NotFound
from tidebook.core.settings import Settings
from tidebook.data.mapping import ColumnMapping


@dataclass(frozen=True)
class Located:
    """A dataset that was found."""

    path: Path  #: the file, absolute
    mapping: ColumnMapping  #: the registered mapping, or the one given
    dataset_id: str | None  #: None for a file that is not registered

    @property
    def reference(self) -> str:
        """What finds it again: the id, else the path."""
        return self.dataset_id or str(self.path)


def locate(dataset: str, mapping: ColumnMapping | None, settings: Settings) -> Located:
    """The dataset with this id, else the file at this path; NotFound where there is neither."""
    if dataset.startswith("DSET") and "/" not in dataset and not Path(dataset).exists():
        from tidebook.records import dataset as records

        record = records.load(settings, dataset)
        path = Path(record.path)
        found = Located(path, mapping or ColumnMapping.model_validate(record.mapping), record.id)
    else:
        path = Path(dataset).expanduser().absolute()
        found = Located(path, mapping or ColumnMapping(), None)
    if not path.is_file():
        raise NotFound(
            "A dataset must be a registered id or the path of a file",
            got=f"no file at {path}" if found.dataset_id is None else f"dataset {dataset}, whose file {path} is gone",
            fix="Check the path, or list the datasets with `tidebook data list`.",
        )
    return found
