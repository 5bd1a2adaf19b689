"""`python -m benchmarks [NAME …]` prints the figures as rows for docs/benchmarks.md."""

from __future__ import annotations

import importlib
import sys

from benchmarks.measure import machine

NAMES = (
    "start_up",
    "main_job",
    "audit",
    "scale",
    "rossmann",
    "time_to_accuracy",
    "throughput",
    "decoding",
    "m4",
    "tracking",
    "ingest",
    "finding",
    "registry",
    "retention",
    "store_http",
    "store",
)


def main(names: list[str]) -> None:
    """Runs the benchmarks named, or all."""
    print(f"Machine: {machine()}\n")
    print("| figure | measured | target | reached | beside | ratio |")
    print("|---|---|---|---|---|---|")
    for name in names or NAMES:
        for figure in importlib.import_module(f"benchmarks.{name}").measure():
            print(figure.row(), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
