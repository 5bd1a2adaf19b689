"""The backtest of a training, into the run: what it measured, drawn and as a table of predictions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from tidebook.core.files import write_json

if TYPE_CHECKING:
    from tidebook.abc import Fitted
    from tidebook.data.panel import Panel
    from tidebook.data.splits import Fold
    from tidebook.runs import TrainingManager
    from tidebook.training.backtest import Backtest
    from tidebook.training.evaluation import Evaluation


def judge(
    fitted: Fitted,
    earlier: Callable[[Fold], Fitted],
    panel: Panel,
    folds: Sequence[Fold],
    run: TrainingManager,
    description: str,
) -> tuple[Backtest, Evaluation]:
    """The backtest over `folds`, and the evaluation of the last of them.

    `fitted` forecasts the last fold and all that share its span; `earlier` trains the model of another.
    """
    from tidebook.training import backtest_chart
    from tidebook.training.backtest import backtest
    from tidebook.training.evaluation import evaluate, predictions

    last = folds[-1]
    evaluations = []
    for fold in folds:
        anew = fold.span != last.span
        model = earlier(fold) if anew else fitted
        evaluations.append(evaluate(model, panel, fold.origin, fold.horizon, refit=anew))
    result = backtest(panel, evaluations)
    rows = [row for evaluation in evaluations for row in predictions(panel, evaluation)]
    results = run.folder / "results"
    run.save_evaluation_results(
        {
            **result.metrics,
            "skill": result.skill,
            "test_samples": len(rows),
            "baseline": result.baseline,
            "coverage": result.coverage,
            "description": description,
        }
    )
    run.save_predictions(rows)
    write_json(results / "backtest.json", result.document)
    backtest_chart.draw(result.document, description, results / "backtest.png")
    _tell(result, len(folds), run)
    return result, evaluations[-1]


def _tell(result: Backtest, folds: int, run: TrainingManager) -> None:
    naive = ", ".join(f"{name} {metrics['wape']:.4f}" for name, metrics in result.baseline.items())
    over = f" over {folds} folds" if folds > 1 else ""
    run.save_training_log(f"Test WAPE {result.metrics['wape']:.4f}{over} ({naive})")
    for entry in result.coverage:
        if entry["observed"] is not None:
            run.save_training_log(
                f"The {entry['level']:g} % interval held {100 * entry['observed']:.1f} % of {entry['points']} values"
            )
