"""Publishing from many processes at once, and lists of 100,000 versions.

TIDEBOOK_DATABASE_URL names another database for the lists; without it SQLite is measured.
"""

from __future__ import annotations

import os
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks.measure import Figure

PROCESSES, PUBLISHED = 64, 1_000
LINES = 3  #: that they publish to
VERSIONS = 100_000
AT_ONCE = 2_000
ALGORITHMS = ("lstm", "gru", "tcn", "kan", "mlstm")
PAGES: tuple[dict[str, Any], ...] = (
    {},
    {"page": 200},
    {"page": 5_000},
    {"model_type": "lstm"},
    {"mode": "product", "model_type": "kan", "page": 20},
    {"scope": "P0007_all"},
    {"project": "north"},
    {"metric": "wape <= 0.01"},
    {"metric": "wape <= 0.5"},
    {"metric": "mae > 99", "model_type": "tcn"},
    {"alias": "production"},
    {"archived": True},
)
SEARCHES = ("P0123", "lstm", "team=east", "run_77777", "促销", "nothing like it", "production", "特")


def measure() -> list[Figure]:
    """The registry in this process; no server, no network."""
    rate, wrong = publish_at_once(PROCESSES, PUBLISHED)
    with tempfile.TemporaryDirectory() as folder:
        pages, searches, mine, built = lists(Path(folder), VERSIONS)
    return [
        Figure(
            f"{PUBLISHED:,} versions from {PROCESSES} processes at once", rate, "1/s", None, "", None, at_least=True
        ),
        Figure("… of them lost, doubled or with a gap before them", wrong, "versions", 0, "", None),
        Figure(f"page of {VERSIONS:,} versions (p95)", pages, "ms", 50, "", None),
        Figure(f"search of {VERSIONS:,} versions (p95)", searches, "ms", 50, "", None),
        Figure("… as a user who sees half of them (p95)", mine, "ms", 50, "", None),
        Figure(f"rows of {VERSIONS:,} versions written", built, "s", None, "", None),
    ]


def publish_at_once(processes: int, count: int) -> tuple[float, float]:
    """Versions per second that came from all processes together, and how many are not as they should be."""
    from tidebook.registry import ModelManager

    with tempfile.TemporaryDirectory() as folder:
        root, run = Path(folder) / "saved_models", _run(Path(folder))
        models = ModelManager(root)
        ready, begin = os.pipe()
        children = [_publisher(models, run, ready, begin, range(own, count, processes)) for own in range(processes)]
        began = time.perf_counter()
        os.close(begin)
        failed = sum(os.waitpid(child, 0)[1] != 0 for child in children)
        took = time.perf_counter() - began
        os.close(ready)
        items = models.list_models()["models"]
        numbers = [sorted(int(item["version"][1:]) for item in models.line(_line(n))["versions"]) for n in range(LINES)]
        gaps = sum(max(found) - len(set(found)) for found in numbers)
        once = len({item["number"] for item in items})
    return count / took, float(failed + abs(count - len(items)) + (len(items) - once) + gaps)


def _publisher(models: Any, run: Path, ready: int, begin: int, numbers: range) -> int:
    child = os.fork()
    if child:
        return child
    os.close(begin)
    os.read(ready, 1)
    status = 1
    try:
        for number in numbers:
            models.publish(run, _line(number), {"number": number}, publish_id=str(number))
        status = 0
    finally:
        os._exit(status)


def _line(number: int) -> str:
    return f"product/P{number % LINES:04}_all/lstm"


def _run(folder: Path) -> Path:
    """A run with a small model."""
    import torch

    from tidebook.runs import TrainingManager

    torch.set_num_threads(1)
    manager = TrainingManager(model_type="lstm", output_dir=folder / "out", scope="P0000_all", run_name="run_1")
    manager.save_config({"epochs": 3})
    manager.save_model({"weight": torch.zeros(32, 32)}, {"model_type": "lstm"}, {"epochs": 3})
    manager.update_status("completed")
    return manager.folder


def lists(home: Path, count: int) -> tuple[float, float, float, float]:
    """Milliseconds (p95) of a page, of a search and of both for one user; seconds in which the rows were written."""
    from tidebook.catalog.access import Access
    from tidebook.catalog.database import open_database
    from tidebook.catalog.migrate import migrate
    from tidebook.catalog.versions import Versions
    from tidebook.core.settings import Settings
    from tidebook.registry import ModelManager

    settings = Settings(home=home)
    database = open_database(settings)
    try:
        migrate(database)
        rows = Versions(database)
        began = time.perf_counter()
        made = _items(count)
        while some := list(islice(made, AT_ONCE)):
            rows.replace([], some)
        built = time.perf_counter() - began
        models = ModelManager(settings, index=rows)
        user = Access("anna", administrator=False, readable=frozenset({"north"}), writable=frozenset({"north"}))
        mine = ModelManager(settings, index=rows.seen_by(user), sees=user.sees)
        searched = [{"search": text} for text in SEARCHES]
        return (
            _times(models, list(PAGES)),
            _times(models, searched),
            _times(mine, [*PAGES, *searched]),
            built,
        )
    finally:
        database.close()


def _times(models: Any, asked: list[dict[str, Any]]) -> float:
    """Milliseconds in which 95 of 100 pages came."""
    times = []
    for turn in range(11):
        for each in asked:
            began = time.perf_counter()
            models.list_models(**{"page": 1, "page_size": 20, **each})
            took = (time.perf_counter() - began) * 1000
            if os.environ.get("TIDEBOOK_BENCHMARK_TOLD") and turn == 1:
                print(f"{took:8.1f} ms {each}")
            if turn:
                times.append(took)
    return statistics.quantiles(times, n=20)[-1]


def _items(count: int) -> Iterator[dict[str, Any]]:
    """List items as they are read from folders: 2,000 lines, with the metadata of a training each."""
    from tidebook.core.scope import Address
    from tidebook.registry.item import Beside, make_item

    rng = random.Random(1)
    first = datetime(2024, 1, 1, tzinfo=UTC)
    for number in range(count):
        line, version = number // 50, number % 50 + 1
        scope, algorithm = f"P{line // 5:04}_all", ALGORITHMS[line % 5]
        address = Address.parse(f"product/{scope}/{algorithm}/v{version}")
        metrics = {name: rng.random() * scale for name, scale in (("wape", 1), ("mae", 100), ("rmse", 100), ("r2", 1))}
        metadata = {
            "description": f"{algorithm} · product · product P{line // 5:04} in all stores",
            "product_ids": [f"P{line // 5:04}"],
            "timestamp": (first + timedelta(minutes=number * 7919 % count)).isoformat(),
            "run_name": f"P{line // 5:04}_all_{algorithm}_run_{number}",
            "task_id": f"TRAI{number:028}",
            "dataset": {"id": "DSET" + "a" * 28, "fingerprint": "b" * 64, "mapping": {}},
            "validation": {"wape": rng.random(), "end": "2024-12-31"},
            "metrics": metrics,
            "baseline": dict.fromkeys(("naive", "seasonal_naive_7"), metrics),
            "hyperparameters": {f"p{place}": rng.random() for place in range(20)},
            "project": "north" if number % 2 else "default",
            "owner": "anna" if number % 7 == 0 else "bo",
        }
        beside = Beside(
            labels={
                "tags": {"team": "east" if number % 3 else "west"},
                "notes": "促销" if number % 500 == 0 else "",
                "pinned": False,
            },
            aliases=["production"] if version == 3 else [],
            archived={"url": "x", "archived_at": "2025-01-01", "bytes": 1} if number % 100 == 0 else None,
        )
        manifest = {"created_at": metadata["timestamp"], "files": [{"size": 1000}]}
        yield make_item(address, manifest, metadata, f"/home/saved_models/{address}", beside)
