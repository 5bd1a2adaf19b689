"""From a request to a published version: data, training, evaluation, run record, publication."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tidebook.core.clock import timestamp
from tidebook.core.errors import TidebookError
from tidebook.core.scope import Address
from tidebook.core.settings import Settings
from tidebook.data.locate import Located, locate
from tidebook.jobs import origin
from tidebook.jobs.context import Cancelled, RunContext
from tidebook.jobs.fitting import fit, refit
from tidebook.jobs.judging import judge
from tidebook.jobs.members import Members, members_of
from tidebook.jobs.planning import parts, planned
from tidebook.jobs.progress import Watcher, nobody
from tidebook.jobs.publication import publish
from tidebook.runs import TrainingManager
from tidebook.specs import TrainSpec

if TYPE_CHECKING:
    from tidebook.abc import Algorithm, Checkpoint, Fitted
    from tidebook.data.panel import Panel
    from tidebook.data.splits import Fold


@dataclass(frozen=True)
class TrainResult:
    """What a training left behind."""

    run_name: str  #: the folder in out/
    run_folder: Path
    version: str | None  #: address of the published version, such as product/P001_all/lstm/v1
    metrics: dict[str, float]  #: on the held-out end, in original units, over all folds
    baseline: dict[str, dict[str, float]]  #: the same metrics of the naive forecasts
    skill: float | None  #: 1 - WAPE over that of the better naive forecast
    coverage: list[dict[str, Any]]  #: {level, nominal, observed, width, points} of each interval
    table: list[dict[str, Any]] = field(default_factory=list)  #: why a composite is made as it is: a row for each model

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {"format_version": 1, **asdict(self), "run_folder": str(self.run_folder)}


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
    owner: str | None = None,
) -> TrainResult:
    """Trains what `spec` asks for and publishes it, unless the spec says not to.

    `watch` sees the progress. `resume` names the run of an earlier attempt: it is continued from its last
    checkpoint. `source` is a data frame to train on in place of the file that `spec.dataset` names. `listener` is given
    the lines of the training log as they come; `publishing` is called when it is too late to stop. `owner` is the id
    of the user whom run and version belong to.
    The run is marked failed, with the reason, whatever the error is that ends the training.
    """
    from tidebook.algorithms import hyperparameters, registry

    scope = spec.scope
    algorithm = registry.find(spec.model_type, settings.plugins)
    chosen: Any = hyperparameters.build(algorithm.Hyperparameters, spec.hyperparameters)
    located = None if source is not None else locate(spec.dataset, spec.mapping, settings)
    members = members_of(algorithm, chosen, settings)
    if members.states:  # which versions `best` meant is recorded
        chosen = replace(chosen, members=", ".join(address for address, _ in members.states))
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
    context.members = members.states
    try:
        run.save_config(_config(spec, run, located, asdict(chosen)))
        origin.begin(run, spec, settings, owner, new=not resume)
        context.enter("preparing")
        run.save_training_log(spec.description)
        panel = _load(spec, located, source, run, members)
        folds = planned(spec, algorithm, chosen, panel)
        span = folds[-1].span
        origin.record_data(run, spec.dataset if located is None else located.reference, panel)
        dates = [f"{name} {panel.dates[first]} to {panel.dates[end - 1]}" for name, first, end in parts(span)]
        run.save_training_log("; ".join(dates))
        fitted = _fit(algorithm, panel, folds, chosen, run, spec, context)

        def earlier(fold: Fold) -> Fitted:
            return refit(algorithm, panel, fold, chosen, context, spec.intervals)

        backtest, last = judge(fitted, earlier, panel, folds, run, spec.description)
        if should_stop():
            raise Cancelled
        publishing()
        version = None
        if spec.publish:
            config = fitted.state().config
            version = str(
                publish(settings, line, spec, located, chosen, panel, span, config, backtest, last, run, task_id)
            )
            run.record_version(version)
            run.save_training_log(f"Published {version}")
        table = fitted.state().config.get("table", [])
        context.enter("completed")
        run.finish()
        return TrainResult(
            run.run_name,
            run.folder,
            version,
            backtest.metrics,
            backtest.baseline,
            backtest.skill,
            backtest.coverage,
            table,
        )
    except Cancelled:
        run.save_training_log("Cancelled")
        run.finish("failed", reason="cancelled")
        raise
    except BaseException as error:
        reason = str(error) if isinstance(error, TidebookError) else f"{type(error).__name__}: {error}"
        run.save_training_log(f"Failed: {reason}")
        run.finish("failed", reason=reason)
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


def _load(spec: TrainSpec, located: Located | None, source: Any, run: TrainingManager, members: Members) -> Panel:
    from tidebook.data.load import load_panel

    started = time.monotonic()
    panel = load_panel(
        source if located is None else located.path,
        spec.mapping if located is None else located.mapping,
        spec.scope,
        start=spec.train_start_date,
        end=spec.train_end_date,
        known_future=spec.known_future,
        categories=members.categories or None,
    )
    if panel.plan:
        panel.plan.check()
    run.save_training_log(
        f"Loaded {len(panel.keys)} series of {panel.end} days, {panel.dates[0]} to {panel.dates[panel.end - 1]}, "
        f"in {time.monotonic() - started:.2f} s"
    )
    for finding in panel.findings:
        sentence = finding["sentence"]
        run.save_training_log(f"Data: {sentence['en'] if isinstance(sentence, dict) else sentence}")
    return panel


def _fit(
    algorithm: Algorithm,
    panel: Panel,
    folds: Sequence[Fold],
    chosen: Any,
    run: TrainingManager,
    spec: TrainSpec,
    context: RunContext,
) -> Fitted:
    """The model that is kept; it is saved in the run."""
    from tidebook.combining.table import lines
    from tidebook.training.devices import choose

    context.begin(choose(spec.device), _last_checkpoint(run), fits=len({fold.span for fold in folds}))
    after = f", continued after epoch {context.resume.epoch}" if context.resume else ""
    run.save_training_log(f"Training on {context.device}{after}")
    origin.record_machine(run, context.device)
    fitted = fit(algorithm, panel, folds[-1].span, chosen, context, spec.intervals)
    state = fitted.state()
    for text in lines(state.config.get("table", ())):
        run.save_training_log(text)
    run.save_model(state.weights, {"model_type": algorithm.name, **state.config}, state.config.get("training", {}))
    origin.record_model(run, state)
    return fitted


def _last_checkpoint(run: TrainingManager) -> Checkpoint | None:
    from tidebook import checkpoint
    from tidebook.abc import Checkpoint

    path = run.latest_checkpoint()
    if path is None:
        return None
    content = checkpoint.load(path)
    return Checkpoint(epoch=int(content["epoch"]), content=content)
