"""`tidebook models …`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner, Result

from tests.unit.registry.foreign import trapped, write_version
from tests.unit.registry.published import LINE
from tests.unit.server.test_models import put
from tidebook.cli.app import app
from tidebook.cli.output import console, time_of
from tidebook.core.errors import Conflict, DataFault, InvalidInput, NotFound, TidebookError
from tidebook.core.settings import Settings
from tidebook.core.translation import problem_in
from tidebook.records import forecast
from tidebook.registry import ModelManager

Command = Callable[..., Result]


@pytest.fixture
def models(settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    """`tidebook models …` in a home of the test's own; errors of ours are raised."""
    monkeypatch.setenv("TIDEBOOK_LANGUAGE", "en")
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str | Path, answer: str | None = None) -> Result:
        result = CliRunner().invoke(app, ["models", *map(str, arguments)], input=answer)
        if isinstance(result.exception, TidebookError):
            raise result.exception
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return run


@pytest.fixture
def three(settings: Settings, tmp_path: Path) -> None:
    """Three versions of a line, the second of them the best."""
    for number, wape in enumerate((0.3, 0.1, 0.2), start=1):
        put(settings, tmp_path, LINE, wape=wape, day=number, metrics={"wape": wape})


def listed(result: Result) -> list[str]:
    return [item["version"] for item in json.loads(result.stdout)["models"]]


@pytest.mark.usefixtures("three")
def test_versions_are_listed_by_filters(models: Command) -> None:
    assert listed(models("list", "--json")) == ["v3", "v2", "v1"]
    assert listed(models("list", "--metric", "wape <= 0.2", "--json")) == ["v3", "v2"]
    assert listed(models("list", "--scope", "P002_all", "--json")) == []
    assert listed(models("list", "--archived", "--json")) == []
    models("alias", "set", f"{LINE}/v1", "production")
    assert listed(models("list", "--alias", "production", "--json")) == ["v1"]
    assert "No version matches" in models("list", "--alias", "candidate").stdout
    with pytest.raises(InvalidInput, match="Write it like wape <= 0.1"):
        models("list", "--metric", "wape")


@pytest.mark.usefixtures("three")
def test_an_alias_is_set_moved_shown_and_removed(models: Command) -> None:
    assert f"{LINE}/v1 is production now" in models("alias", "set", f"{LINE}/v1", "production").stdout
    moved = models("alias", "set", f"{LINE}@best", "production", "--reason", "better")
    assert f"{LINE}/v2 is production now; before it was v1" in moved.stdout.replace("\n", " ")
    content = json.loads(models("alias", "list", LINE, "--json").stdout)
    assert content["aliases"]["production"]["version"] == "v2"
    history = models("alias", "list", LINE, "--history").stdout
    assert history.count("production") == 2
    assert "better" in history
    assert json.loads(models("show", f"{LINE}@production", "--json").stdout)["version"] == "v2"
    models("alias", "remove", LINE, "production")
    assert "No alias yet" in models("alias", "list", LINE).stdout
    with pytest.raises(NotFound):
        models("show", f"{LINE}@production")


@pytest.mark.usefixtures("three")
def test_a_version_is_tagged_and_shown(models: Command) -> None:
    models("tag", f"{LINE}/v1", "team=east", "stage=try", "--notes", "看促销", "--pin")
    item = json.loads(models("tag", f"{LINE}/v1", "--remove", "stage", "--json").stdout)
    assert (item["tags"], item["pinned"]) == ({"team": "east"}, True)
    shown = models("show", f"{LINE}/v1").stdout
    assert "team=east" in shown
    assert "看促销" in shown
    assert "run_1 (no longer there)" in shown
    for nothing in ([], ["--remove"], ["team"]):
        with pytest.raises((InvalidInput, AssertionError)):
            assert models("tag", f"{LINE}/v1", *nothing).exit_code == 0


@pytest.mark.usefixtures("three")
def test_two_versions_are_compared(models: Command) -> None:
    compared = models("compare", f"{LINE}/v1", f"{LINE}/v2").stdout
    assert "0.1 ★" in compared
    assert "not shown; --all shows" in compared
    assert len(json.loads(models("compare", f"{LINE}/v1", LINE, "--json").stdout)["metrics"]) == 1
    assert "epochs" in models("compare", f"{LINE}/v1", f"{LINE}/v2", "--all").stdout


@pytest.mark.usefixtures("three")
def test_a_version_in_use_is_deleted_by_force_alone(models: Command, settings: Settings) -> None:
    with pytest.raises(Conflict, match="the best of its line"):
        models("delete", f"{LINE}/v2", "--yes")
    saved = {"id": "PRED" + "a" * 28, "model": {"address": f"{LINE}/v1"}}
    forecast.save(settings, saved)
    with pytest.raises(Conflict, match="used by 1 saved forecast"):
        models("delete", f"{LINE}/v1", "--yes")
    with pytest.raises(InvalidInput, match="must have a reason"):
        models("delete", f"{LINE}/v2", "--yes", "--force")
    assert models("delete", f"{LINE}/v3", answer="n\n").exit_code == 1
    models("delete", f"{LINE}/v3", answer="y\n")
    models("delete", f"{LINE}/v2", "--yes", "--force", "--reason", "leaks")
    assert listed(models("list", "--json")) == ["v1"]


def test_a_version_is_carried_by_a_file_and_flat_files_come_in(
    models: Command, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(settings, tmp_path, LINE, wape=0.1, metrics={"wape": 0.1})
    exported = json.loads(models("export", LINE, "v1.zip", "--json").stdout)
    assert (exported["address"], exported["files"]) == (f"{LINE}/v1", 1)
    monkeypatch.setenv("TIDEBOOK_HOME", str(tmp_path / "other"))
    (tmp_path / "kan_product_P001_v1.pth").write_bytes(trapped(tmp_path / "witness"))
    taken = json.loads(models("import", "v1.zip", "kan_product_P001_v1.pth", "--json").stdout)["items"]
    assert [each["address"] for each in taken] == [f"{LINE}/v1", "product/P001_all/kan/v1"]
    assert "is a pickle" in taken[1]["problem"]
    again = models("import", "v1.zip", "kan_product_P001_v1.pth").stdout
    assert again.count("already") == 2
    with pytest.raises(InvalidInput, match=r"must end in \.zip"):
        models("export", f"{LINE}/v1", "v1.tar")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_table_fits_eighty_columns(
    models: Command, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    monkeypatch.setattr(console, "width", 80)
    line = "global/stores/S001_S002_S003/products/P001_P002_P003/median/temporal_fusion"
    for number in range(2):
        put(
            settings,
            tmp_path,
            line,
            wape=0.123456 + number,
            metrics={"wape": 0.123456, "mae": 1e9 + number},
            day=number + 1,
        )
    write_version(settings.saved_models / LINE / "v1", trapped(tmp_path / "witness"))
    manager = ModelManager(settings)
    manager.set_alias(f"{line}/v1", "production", by="a-user-with-quite-a-long-name", reason="because " * 20)
    manager.label(f"{line}/v1", tags={"team": "x" * 200}, notes="y" * 200, pinned=True)
    for arguments in (
        ["list"],
        ["show", f"{line}/v1"],
        ["compare", f"{line}/v1", f"{line}/v2", "--all"],
        ["alias", "list", line],
        ["alias", "list", line, "--history"],
    ):
        for text in models(*arguments).stdout.splitlines():
            assert console.measure(text).maximum <= 80, text


def test_the_help_of_every_command_is_there_without_heavy_imports(models: Command) -> None:
    for command in ("list", "show", "compare", "tag", "delete", "export", "import", "alias"):
        assert models(command, "--help").exit_code == 0


@pytest.mark.usefixtures("three")
def test_a_mode_that_there_is_not_is_refused_with_those_there_are(models: Command) -> None:
    with pytest.raises(InvalidInput, match="product, store, global"):
        models("list", "--mode", "prod")


def test_values_that_are_compared_have_the_same_digits(models: Command, settings: Settings, tmp_path: Path) -> None:
    for number, wape in enumerate((0.12524999, 0.23563123), start=1):
        put(settings, tmp_path, LINE, wape=wape, day=number, metrics={"wape": wape})
    compared = models("compare", f"{LINE}/v1", f"{LINE}/v2").stdout
    assert "0.1252 ★" in compared
    assert "0.2356 " in compared
    assert "0.235631" not in compared


def test_what_cannot_be_forecast_with_is_told_at_import_and_never_best(models: Command, tmp_path: Path) -> None:
    weights = {"format_version": 1, "model_type": "kan", "config": {}, "model_state_dict": {"w": torch.zeros(2)}}
    torch.save(weights, tmp_path / "kan_product_P001_v1.pth")
    taken = models("import", "kan_product_P001_v1.pth").stdout
    assert "! Its metadata do not say what it was trained on" in taken
    (item,) = json.loads(models("list", "--json").stdout)["models"]
    assert not item["is_best"]
    assert "not loadable" in models("list").stdout
    with pytest.raises(DataFault, match="must be one that can be loaded"):
        models("show", "product/P001_all/kan")


def test_a_version_without_metrics_is_shown_without_empty_tables(models: Command, tmp_path: Path) -> None:
    torch.save({"w": torch.zeros(2)}, tmp_path / "kan_product_P001_v1.pth")
    models("import", "kan_product_P001_v1.pth")
    shown = models("show", "product/P001_all/kan/v1").stdout
    assert "Metric" not in shown
    assert "Flag" not in shown
    assert "model.pth" in shown


def test_why_no_version_can_be_loaded_is_told_in_chinese_whole(models: Command, tmp_path: Path) -> None:
    (tmp_path / "gru_product_P002_v1.pth").write_bytes(trapped(tmp_path / "witness"))
    models("import", "gru_product_P002_v1.pth")
    with pytest.raises(DataFault) as refused:
        models("show", "product/P002_all/gru")
    told = problem_in("zh", refused.value.problem())
    assert "是 pickle；载入会执行代码，因此从不载入" in told["got"]
    assert not {"which", "never", "because"} & set(told["got"].split())


@pytest.mark.usefixtures("three")
def test_projects_and_algorithms_that_nobody_knows_are_refused(models: Command, settings: Settings) -> None:
    with pytest.raises(NotFound, match=r"must be one of those installed, but got lstn\. Did you mean .*lstm"):
        models("list", "--algorithm", "lstn")
    assert "No version matches" in models("list", "--algorithm", "gru").stdout
    cleanup = CliRunner().invoke(app, ["cleanup", "--project", "nope", "--dry-run"])
    assert str(cleanup.exception).startswith("The project must exist, but got nope")
    assert (settings.home / "tidebook.db").exists()
    with pytest.raises(NotFound, match="The project must exist, but got nope"):
        models("list", "--project", "nope")


@pytest.mark.usefixtures("three")
def test_a_version_that_was_deleted_is_not_deleted_again(models: Command) -> None:
    models("delete", f"{LINE}/v3", "--yes")
    with pytest.raises(NotFound, match="which was deleted at"):
        models("delete", f"{LINE}/v3", "--yes")


@pytest.mark.usefixtures("three")
def test_a_second_call_finishes_a_deletion_that_was_killed(models: Command, settings: Settings) -> None:
    models("delete", f"{LINE}/v3", "--yes")
    left = settings.saved_models / LINE / "v3" / "left.bin"
    left.write_bytes(b"x")
    with pytest.raises(NotFound, match="which was deleted at"):
        models("delete", f"{LINE}/v3", "--yes")
    assert not left.exists()


@pytest.mark.usefixtures("three")
def test_a_version_does_not_differ_from_itself(models: Command) -> None:
    compared = models("compare", f"{LINE}/v1", f"{LINE}/v1").stdout
    assert "Nothing differs" in compared
    assert "Metric" not in compared
    assert "Nothing differs" not in models("compare", f"{LINE}/v1", f"{LINE}/v2").stdout


@pytest.mark.usefixtures("three")
def test_versions_are_compared_with_the_times_of_this_machine(models: Command) -> None:
    compared = models("compare", f"{LINE}/v1", f"{LINE}/v2").stdout
    (item,) = [each for each in json.loads(models("list", "--json").stdout)["models"] if each["version"] == "v1"]
    assert time_of(item["timestamp"]) in compared
    assert item["timestamp"] not in compared


@pytest.mark.usefixtures("three")
def test_the_aliases_of_a_line_say_that_there_were_others(models: Command) -> None:
    models("alias", "set", f"{LINE}/v1", "production")
    assert "--history" not in models("alias", "list", LINE).stdout
    models("alias", "set", f"{LINE}/v2", "production")
    assert "1 earlier change not shown; --history shows it" in models("alias", "list", LINE).stdout
