"""What can be asked for: one record each for the command line, HTTP and the process that computes."""

from tidebook.data.mapping import ColumnMapping
from tidebook.specs.forecast import ForecastSpec
from tidebook.specs.train import TrainSpec

__all__ = ["ColumnMapping", "ForecastSpec", "TrainSpec"]
