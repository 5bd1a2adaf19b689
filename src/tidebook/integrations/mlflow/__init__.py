"""Runs to and from an MLflow server, over its REST API; MLflow itself need not be installed."""

from tidebook.integrations.mlflow.client import MLflowServer
from tidebook.integrations.mlflow.export import Exported, export_run
from tidebook.integrations.mlflow.importing import Imported, import_runs

__all__ = ["Exported", "Imported", "MLflowServer", "export_run", "import_runs"]
