"""From a published version to a saved forecast: the engine, the analysis and the chart."""

from tidebook.forecasting.engine import PredictionEngine

__all__ = ["PredictionEngine"]
