"""What happens when somebody archives, brings back, opens or deletes the same thing at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.unit.retention.homes import LINE, forecast, publish, run
from tidebook.core.errors import Conflict, DataFault, NotFound
from tidebook.core.settings import Settings
from tidebook.records import forecast as forecasts
from tidebook.registry import ModelManager
from tidebook.retention import moving
from tidebook.retention.forecasts import delete_forecast, open_forecast
from tidebook.retention.moving import Kind
from tidebook.retention.runs import finish_run
from tidebook.store import LocalStore, packing, verify
from tidebook.store.place import Place

V1, RUN = f"{LINE}/v1", "run_1"


@pytest.fixture
def names(settings: Settings) -> dict[Kind, str]:
    """The names of a version, a forecast and a run."""
    return {"version": publish(settings), "forecast": forecast(settings, V1), "run": run(settings, RUN).name}


def files(settings: Settings) -> dict[str, bytes]:
    """All files of things."""
    folders = ("out", "saved_predictions", "saved_models/product")
    paths = [path for folder in folders for path in (settings.home / folder).rglob("*") if path.is_file()]
    return {str(path.relative_to(settings.home)): path.read_bytes() for path in paths}


def packs(settings: Settings) -> list[Path]:
    return list(Path(settings.archive_place).rglob("*.tar.zst"))


@contextmanager
def during(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> Iterator[None]:
    """Does something once everything was unpacked, and nothing is in its place yet."""

    def unpack(*arguments: Any) -> None:
        unpacked(*arguments)
        act()

    unpacked = packing.unpack
    with monkeypatch.context() as context:
        context.setattr(packing, "unpack", unpack)
        yield


@pytest.mark.parametrize("kind", moving.KINDS)
def test_nothing_is_archived_while_it_comes_back(
    settings: Settings, names: dict[Kind, str], kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = files(settings)
    moving.archive(settings, kind, names[kind], by=None)
    refused: list[Conflict] = []

    def remove(place: Place, *arguments: str) -> None:
        with pytest.raises(Conflict) as caught:
            moving.archive(settings, kind, names[kind], by=None)  # As a cleanup does at this moment.
        refused.append(caught.value)
        removed(place, *arguments)

    removed = Place.remove
    monkeypatch.setattr(Place, "remove", remove)
    moving.restore(settings, kind, names[kind])
    assert len(refused) == 1
    assert files(settings) == before
    assert packs(settings) == []


def test_many_who_open_a_forecast_at_once_get_it(settings: Settings, names: dict[Kind, str]) -> None:
    moving.archive(settings, "forecast", names["forecast"], by=None)
    opened: list[Any] = []

    def open_it() -> None:
        try:
            opened.append(open_forecast(settings, names["forecast"])[0]["id"])
        except BaseException as error:  # noqa: BLE001 - told in the test's own thread
            opened.append(error)

    threads = [threading.Thread(target=open_it) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert opened == [names["forecast"]] * 8
    assert packs(settings) == []


def test_a_cleanup_that_finishes_leaves_a_run_alone_that_comes_back(
    settings: Settings, names: dict[Kind, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = files(settings)
    moving.archive(settings, "run", RUN, by=None)

    def flush() -> None:
        with pytest.raises(Conflict):
            finish_run(settings, RUN)

    monkeypatch.setattr("tidebook.store.shelving.syncing.flush", flush)
    moving.restore(settings, "run", RUN)
    assert files(settings) == before


def test_a_run_that_is_written_while_it_is_archived_stays(
    settings: Settings, names: dict[Kind, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def put(place: Place, *arguments: Any) -> str:
        (settings.out / RUN / "notes.txt").write_text("new")
        return written(place, *arguments)

    written = Place.put
    monkeypatch.setattr(Place, "put", put)
    with pytest.raises(Conflict, match="stay as it is"):
        moving.archive(settings, "run", RUN, by=None)
    assert (settings.out / RUN / "notes.txt").read_text() == "new"
    assert packs(settings) == []


def test_a_version_that_is_deleted_while_it_comes_back_stays_deleted(
    settings: Settings, names: dict[Kind, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(settings)
    moving.archive(settings, "version", V1, by=None)
    models = ModelManager(settings)

    def meanwhile() -> None:
        models.delete(V1, "meanwhile", force=True)

    with during(monkeypatch, meanwhile), pytest.raises(NotFound, match="meanwhile"):
        moving.restore(settings, "version", V1)
    assert [path.name for path in (settings.saved_models / V1).iterdir()] == ["deleted.json"]
    assert packs(settings) == []


def test_a_version_that_is_deleted_while_it_is_archived_leaves_nothing_there(
    settings: Settings, names: dict[Kind, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def amend(store: LocalStore, prefix: str, name: str, *arguments: Any, **more: Any) -> Any:
        if name == "archived.json":
            store.delete(prefix, "meanwhile")
        return amended(store, prefix, name, *arguments, **more)

    amended = LocalStore.amend
    monkeypatch.setattr(LocalStore, "amend", amend)
    with pytest.raises(NotFound, match="meanwhile"):
        moving.archive(settings, "version", V1, by=None)
    assert [path.name for path in (settings.saved_models / V1).iterdir()] == ["deleted.json"]
    assert packs(settings) == []


def test_a_forecast_that_comes_back_is_deleted_afterwards(
    settings: Settings, names: dict[Kind, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    name = names["forecast"]
    moving.archive(settings, "forecast", name, by=None)
    thread = threading.Thread(target=delete_forecast, args=(settings, name))
    with during(monkeypatch, thread.start):
        moving.restore(settings, "forecast", name)
    thread.join()
    assert forecasts.every(settings) == {}
    assert packs(settings) == []


def test_archiving_twice_gives_each_a_name_of_its_own(settings: Settings, names: dict[Kind, str]) -> None:
    first = moving.archive(settings, "version", V1, by=None)
    assert moving.archive(settings, "version", V1, by=None) == first
    moving.restore(settings, "version", V1)
    second = moving.archive(settings, "version", V1, by=None)
    assert first["pack"] != second["pack"]
    assert first["digest"] == second["digest"]
    place = Place.of(settings)
    place.remove("version", V1, first["pack"])
    assert [pack for _, pack in place.packs("version")] == [second["pack"]]
    moving.restore(settings, "version", V1)
    assert verify(LocalStore(settings.saved_models), V1) == []


@pytest.mark.parametrize("kind", moving.KINDS)
@pytest.mark.parametrize("pack", ["../../x", "v2.0123456789ab-0123456789abcdef.tar.zst", "x", ""])
def test_a_record_can_name_no_packed_file_but_one_of_its_own(
    settings: Settings, names: dict[Kind, str], kind: Kind, pack: str
) -> None:
    publish(settings)
    other = moving.archive(settings, "version", f"{LINE}/v2", by=None)
    record = moving.archive(settings, kind, names[kind], by=None)
    thing = moving.thing(settings, kind, names[kind])
    for wrong in (pack, other["pack"], f"../{LINE.rpartition('/')[2]}/{other['pack']}"):
        place = Place.of(settings)
        for act in (place.remove, place.size):
            with pytest.raises(DataFault, match="packed file"):
                act(kind, thing.name, wrong)
    assert len(packs(settings)) == 2
    assert record["pack"] in {path.name for path in packs(settings)}


def test_what_a_damaged_manifest_hides_is_not_deleted(settings: Settings, names: dict[Kind, str]) -> None:
    moving.archive(settings, "version", V1, by=None)
    folder = settings.saved_models / V1
    content = (folder / "manifest.json").read_bytes()
    (folder / "manifest.json").write_text("{")
    with pytest.raises(NotFound):
        moving.restore(settings, "version", V1)
    (folder / "manifest.json").write_bytes(content)
    assert ModelManager(settings).open(V1, "model.pth").read_bytes() == V1.encode() * 100


def test_a_run_whose_tombstone_was_lost_comes_back_from_the_archive(settings: Settings, names: dict[Kind, str]) -> None:
    before = files(settings)
    moving.archive(settings, "run", RUN, by=None)
    (settings.out / RUN / "deleted.json").unlink()
    moving.restore(settings, "run", RUN)
    assert files(settings) == before
