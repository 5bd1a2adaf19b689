"""Push and pull of files of models: one large file, thousands of small ones, and with nothing to do.

Beside each other in the same run: `cp`, our digest alone, and DVC (add and push, pull), with a Python that has it in
TIDEBOOK_STORE_PEERS. Everything is in the page cache and nothing waits for the disk, in all of them. What is measured
is written to folders of its own and removed in the end: ext4 looks longer for a free inode where some just were.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from benchmarks.measure import Figure
from tidebook.core import syncing
from tidebook.store import LocalStore
from tidebook.store.copying import digest
from tidebook.store.model_file import ModelFile
from tidebook.store.transfer import transfer
from tidebook.store.trees.local import Folder

LARGE = 1 << 30  #: bytes
SMALL, SIZE = 5_000, 4096  #: files, and bytes of each
MANY = 100_000  #: files of one byte
REPEATED = 3
DVC = """
import json, os, shutil, sys, time
from pathlib import Path
from dvc.repo import Repo
folder, large, small = map(Path, sys.argv[1:4])
os.chdir(folder)
took = {}
for name, source in (("large", large), ("small", small)):
    work = folder / name
    work.mkdir()
    os.chdir(work)
    shutil.copytree(source, work / "data")
    repo = Repo.init(str(work), no_scm=True)
    with repo.config.edit() as config:
        config["remote"]["store"] = {"url": str(folder / ("remote " + name))}
        config["core"]["remote"] = "store"
    repo = Repo(str(work))
    began = time.perf_counter()
    repo.add(["data"])
    repo.push()
    took[name + " push"] = time.perf_counter() - began
    began = time.perf_counter()
    repo.push()
    took[name + " nothing"] = time.perf_counter() - began
    shutil.rmtree(work / "data")
    shutil.rmtree(work / ".dvc" / "cache")
    repo = Repo(str(work))
    began = time.perf_counter()
    repo.pull()
    took[name + " pull"] = time.perf_counter() - began
print(json.dumps(took))
"""


def measure() -> list[Figure]:
    """Seconds of push and pull, beside cp, the digest alone and DVC."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        os.environ.setdefault("TIDEBOOK_HOME", str(folder / "home"))
        large, small, many = _made(folder)
        copied = _median(lambda out: _cp(large, out), folder)
        hashed = _median(lambda _: digest(large / "model.bin"), folder)
        pushed = _median(lambda out: _push(large, out), folder)
        small_copied = _median(lambda out: _cp(small, out), folder)
        small_pushed = _median(lambda out: _push(small, out), folder)
        _push(small, folder / "held")
        small_pulled = _median(lambda out: _pull(folder / "held", out), folder)
        nothing = _median(lambda _: _nothing(small, folder / "held"), folder)
        _push(many, folder / "held many")
        nothing_of_many = _median(lambda _: _nothing(many, folder / "held many"), folder)
        peer = _peer(folder, large, small)
    slower = max(copied, hashed)
    return [
        Figure("push of 1 GiB", pushed, "s", round(1.25 * slower, 2), "DVC", peer.get("large push")),
        Figure("… beside the slower of `cp` and the digest", pushed, "s", None, "the slower", slower),
        Figure("`cp` of 1 GiB", copied, "s", None, "the digest alone", hashed),
        Figure("push of 5,000 files of 4 KiB", small_pushed, "s", 1, "DVC", peer.get("small push")),
        Figure("pull of the same", small_pulled, "s", 1, "DVC", peer.get("small pull")),
        Figure("`cp -r` of the same", small_copied, "s", None, "", None),
        Figure("push with nothing to do, 5,000 files", nothing, "s", 0.1, "DVC", peer.get("small nothing")),
        Figure("… 100,000 files", nothing_of_many, "s", 3, "", None),
    ]


def _made(folder: Path) -> tuple[Path, Path, Path]:
    large, small, many = (folder / name for name in ("large", "small", "many"))
    large.mkdir()
    with (large / "model.bin").open("wb") as file:
        for _ in range(LARGE >> 24):
            file.write(os.urandom(1 << 24))
    for where, count, size in ((small, SMALL, SIZE), (many, MANY, 1)):
        for number in range(count):
            part = where / f"part {number % 100}"
            part.mkdir(parents=True, exist_ok=True)
            (part / f"{number}.bin").write_bytes(os.urandom(size))
    os.sync()
    return large, small, many


def _median(act: Callable[[Path], object], folder: Path) -> float:
    """Seconds, after all that was written before has reached the disk. What is written is removed in the end."""
    times = []
    for _ in range(REPEATED):
        out = Path(tempfile.mkdtemp(dir=folder)) / "out"
        syncing.flush()
        os.sync()
        began = time.perf_counter()
        act(out)
        times.append(time.perf_counter() - began)
        if sum(path.stat().st_size for path in out.rglob("*.bin")) >= LARGE:
            with suppress(OSError):
                shutil.rmtree(out)
    return statistics.median(times)


def _cp(source: Path, out: Path) -> None:
    subprocess.run(["/bin/cp", "-r", source, out], check=True)


def _push(source: Path, center: Path) -> None:
    result = ModelFile("demand", "v1", center).filepipe().import_dir(source)
    assert result.moved
    assert not result.failed


def _pull(center: Path, out: Path) -> None:
    result = ModelFile("demand", "v1", center).filepipe().pull_dir(out)
    assert len(result.moved) == SMALL
    assert not result.failed


def _nothing(source: Path, center: Path) -> None:
    result = transfer(Folder(source), LocalStore(center).tree("files/demand/v1"))
    assert not result.moved
    assert not result.failed
    assert len(result.present) in {SMALL, MANY}


def _peer(folder: Path, large: Path, small: Path) -> dict[str, float]:
    python = os.environ.get("TIDEBOOK_STORE_PEERS")
    if not python:
        return {}
    work = folder / "peer"
    work.mkdir()
    command = [python, "-W", "ignore", "-c", DVC, str(work), str(large), str(small)]
    shown = subprocess.run(command, capture_output=True, text=True, check=True, cwd=work).stdout
    return dict(json.loads(shown.splitlines()[-1]))
