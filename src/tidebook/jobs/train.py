"""From a request to a published version: data, training, evaluation, run record, publication."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tidebook.core.clock import timestamp
from tidebook.core.errors import TaskFailure, TidebookError
from tidebook.core.scope import Address
from tidebook.core.settings import Settings
from tidebook.data.locate import Located, locate
from tidebook.data.mapping import ColumnMapping
from tidebook.jobs.context import RunContext
from tidebook.jobs.progress import Watcher, nobody
from tidebook.registry import ModelManager
from tidebook.runs import TrainingManager
from tidebook.specs import TrainSpec

if TYPE_CHECKING:
    from tidebook.abc import Algorithm, Checkpoint, Fitted
    from tidebook.data.panel import Panel
    from tidebook.data.splits import Span
    from tidebook.training.evaluation import Evaluation


@dataclass(frozen=True)
class TrainResult:
    """What a training left behind."""

    run_name: str  #: the folder in out/
    run_folder: Path
    version: str | None  #: address of the published version, such as product/P001_all/lstm/v1
    metrics: dict[str, float]  #: on the held-out end, in original units
    baseline: dict[str, dict[str, float]]  #: the same metrics of the naive forecasts

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {"format_version": 1, **asdict(self), "run_folder": str(self.run_folder)}


class Cancelled(BaseException):
    """Somebody asked the training to end. Not an Exception, so that no algorithm swallows it."""


def train(
    spec: TrainSpec,
    settings: Settings,
    *,
    watch: Watcher = nobody,
    should_stop: Callable[[], bool] = lambda: False,
    task_id: str | None = None,
    resume: str | None = None,
    source: Any = None,
    listener: Callable[[str], object] | None = None,
    publishing: Callable[[], object] = lambda: None,
) -> TrainResult:
    """Trains what `spec` asks for and publishes it, unless the spec says not to.

    `watch` sees the progress. `resume` names the run of an earlier attempt: it is continued from its last
    checkpoint. `source` is a data frame to train on in place of the file that `spec.dataset` names. `listener` is given
    the lines of the training log as they come; `publishing` is called when it is too late to stop.
    The run is marked failed, with the reason, whatever the error is that ends the training.
    """
    from tidebook.algorithms import hyperparameters, registry

    scope = spec.scope
    algorithm = registry.find(spec.model_type, settings.plugins)
    chosen: Any = hyperparameters.build(algorithm.Hyperparameters, spec.hyperparameters)
    located = None if source is not None else locate(spec.dataset, spec.mapping, settings)
    line = Address.parse(scope.folder(spec.model_type))

    run = (
        TrainingManager.load_run(resume, output_dir=settings.out)
        if resume
        else TrainingManager(
            model_type=spec.model_type,
            output_dir=settings.out,
            scope=scope.name,
            task_id=task_id,
            timezone=settings.timezone,
        )
    )
    run.listener = listener
    context = RunContext(run, seed=spec.seed, watch=watch, should_stop=should_stop)
    try:
        run.save_config(_config(spec, run, located, asdict(chosen)))
        context.enter("preparing")
        run.save_training_log(spec.description)
        panel, span = _prepare(spec, located, source, chosen, run)
        fitted = _fit(algorithm, panel, span, chosen, run, spec.device, context)
        evaluation = _evaluate(fitted, panel, span, run, spec)
        if should_stop():
            raise Cancelled
        publishing()
        version = None
        if spec.publish:
            version = str(
                _publish(settings, line, spec, located, chosen, panel, span, fitted, evaluation, run, task_id)
            )
            run.save_training_log(f"Published {version}")
        context.enter("completed")
        return TrainResult(run.run_name, run.folder, version, evaluation.metrics, evaluation.baseline)
    except Cancelled:
        run.save_training_log("Cancelled")
        run.update_status("failed", reason="cancelled")
        raise
    except BaseException as error:
        reason = str(error) if isinstance(error, TidebookError) else f"{type(error).__name__}: {error}"
        run.save_training_log(f"Failed: {reason}")
        run.update_status("failed", reason=reason)
        raise


def _config(
    spec: TrainSpec, run: TrainingManager, located: Located | None, chosen: Mapping[str, Any]
) -> dict[str, Any]:
    request = spec.model_dump(mode="json", exclude={"hyperparameters", "model_type", "mapping"})
    return {
        "format_version": 1,
        "run_name": run.run_name,
        "stock_symbol": spec.scope.product_id,
        "model_type": spec.model_type,
        "data_source": "frame" if located is None else located.path.suffix.lstrip(".").upper(),
        "created_at": timestamp(),
        **chosen,
        **request,
        "dataset": spec.dataset if located is None else located.reference,
        "description": spec.description,
        "hyperparameters": dict(chosen),
    }


def _prepare(
    spec: TrainSpec, located: Located | None, source: Any, chosen: Any, run: TrainingManager
) -> tuple[Panel, Span]:
    from tidebook.data.load import load_panel
    from tidebook.data.splits import split

    started = time.monotonic()
    panel = load_panel(
        source if located is None else located.path,
        spec.mapping if located is None else located.mapping,
        spec.scope,
        start=spec.train_start_date,
        end=spec.train_end_date,
        known_future=spec.known_future,
    )
    run.save_training_log(
        f"Loaded {len(panel.keys)} series of {panel.end} days, {panel.dates[0]} to {panel.dates[panel.end - 1]}, "
        f"in {time.monotonic() - started:.2f} s"
    )
    for finding in panel.findings:
        sentence = finding["sentence"]
        run.save_training_log(f"Data: {sentence['en'] if isinstance(sentence, dict) else sentence}")
    span = split(
        panel,
        validation_days=spec.validation_days,
        test_days=spec.test_days,
        look_back=getattr(chosen, "seq_length", 1),
        output_length=getattr(chosen, "output_length", 1),
    )
    parts = [
        f"{name} {panel.dates[first]} to {panel.dates[last - 1]}"
        for name, first, last in (
            ("train", span.start, span.train_end),
            ("validation", span.train_end, span.validation_end),
            ("test", span.validation_end, span.test_end),
        )
    ]
    run.save_training_log("; ".join(parts))
    return panel, span


def _fit(
    algorithm: Algorithm,
    panel: Panel,
    span: Span,
    chosen: Any,
    run: TrainingManager,
    device: str,
    context: RunContext,
) -> Fitted:
    from tidebook.training.devices import choose

    context.begin(choose(device), _last_checkpoint(run))
    after = f", continued after epoch {context.resume.epoch}" if context.resume else ""
    run.save_training_log(f"Training on {context.device}{after}")
    try:
        fitted = algorithm.fit(panel, span, chosen, context)
    except TidebookError:
        raise
    except Exception as error:
        run.save_training_log(traceback.format_exc())
        place = traceback.extract_tb(error.__traceback__)[-1]
        raise TaskFailure(
            f"The algorithm {algorithm.name} must train without an error",
            got=f"{type(error).__name__}: {error} ({place.filename}, line {place.lineno})",
            fix="The run's log holds the details.",
        ) from error
    if context.should_stop():
        raise Cancelled
    state = fitted.state()
    run.save_model(state.weights, {"model_type": algorithm.name, **state.config}, state.config.get("training", {}))
    return fitted


def _last_checkpoint(run: TrainingManager) -> Checkpoint | None:
    from tidebook import checkpoint
    from tidebook.abc import Checkpoint

    path = run.latest_checkpoint()
    if path is None:
        return None
    content = checkpoint.load(path)
    return Checkpoint(epoch=int(content["epoch"]), content=content)


def _evaluate(fitted: Fitted, panel: Panel, span: Span, run: TrainingManager, spec: TrainSpec) -> Evaluation:
    from tidebook.training.evaluation import evaluate

    evaluation = evaluate(fitted, panel, span)
    run.save_evaluation_results(
        {
            **evaluation.metrics,
            "test_samples": len(evaluation.predictions),
            "baseline": evaluation.baseline,
            "description": spec.description,
        }
    )
    run.save_predictions(evaluation.predictions)
    naive = ", ".join(f"{name} {metrics['wape']:.4f}" for name, metrics in evaluation.baseline.items())
    run.save_training_log(f"Test WAPE {evaluation.metrics['wape']:.4f} ({naive})")
    return evaluation


def _publish(
    settings: Settings,
    line: Address,
    spec: TrainSpec,
    located: Located | None,
    chosen: Any,
    panel: Panel,
    span: Span,
    fitted: Fitted,
    evaluation: Evaluation,
    run: TrainingManager,
    task_id: str | None,
) -> Address:
    from tidebook.training import figures

    scope = spec.scope
    history = _history(run)
    title = spec.description
    drawn = {"forecast.png": run.folder / "results" / "forecast.png"}
    figures.forecast(panel, evaluation, title, drawn["forecast.png"])
    if history:
        drawn["loss_curve.png"] = run.folder / "results" / "loss_curve.png"
        figures.loss_curve(history, title, drawn["loss_curve.png"])
    config = fitted.state().config
    mapping = panel.mapping or ColumnMapping()
    metadata: dict[str, Any] = {
        "format_version": 1,
        "description": title,
        "model_type": spec.model_type,
        "training_mode": scope.mode,
        "scope": scope.name,
        "aggregation_method": scope.aggregation,
        "product_ids": list(scope.product_ids),
        "store_ids": list(scope.store_ids),
        "timestamp": timestamp(),
        "run_name": run.run_name,
        "task_id": task_id,
        "dataset": {
            "id": located.dataset_id if located else None,
            "path": str(located.path) if located else None,
            "fingerprint": panel.fingerprint,
            "mapping": mapping.model_dump(mode="json"),
            "first_date": str(panel.dates[span.start]),
            "last_date": str(panel.dates[span.test_end - 1]),
        },
        "known_future": list(panel.known_names),
        "categories": {name: list(values) for name, values in panel.categories.items()},
        "series": [[key.product_id, key.store_id] for key in panel.keys],
        "validation": config.get("validation"),
        "metrics": evaluation.metrics,
        "baseline": evaluation.baseline,
        "history": history,
        "hyperparameters": asdict(chosen),
        "seed": spec.seed,
        "publish_id": run.run_name,
    }
    return ModelManager(settings).publish(run.folder, line, metadata, drawn, publish_id=run.run_name)


def _history(run: TrainingManager) -> list[dict[str, Any]]:
    """The losses by epoch; of an epoch that was trained again after a resume the last."""
    from tidebook.runs.metrics_log import read_metrics

    entries, _ = read_metrics(run.folder / "logs" / "metrics.json")
    by_epoch = {
        entry["epoch"]: {name: _number(entry.get(name)) for name in ("train_loss", "val_loss")} for entry in entries
    }
    return [{"epoch": epoch, **losses} for epoch, losses in sorted(by_epoch.items())]


def _number(value: Any) -> float | None:
    """A finite number, else None; the log writes the others as text."""
    return float(value) if isinstance(value, int | float) else None
