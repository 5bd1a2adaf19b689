"""Intervals around a model's forecasts that hold as often as they say."""

from tidebook.intervals.calibrated import Calibrated, restored
from tidebook.intervals.calibration import Calibration, calibrate

__all__ = ["Calibrated", "Calibration", "calibrate", "restored"]
