from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from tidebook.cli.app import app
from tidebook.cli.output import size_of, time_of
from tidebook.core.errors import Conflict, DataFault, InvalidInput, NotFound, TidebookError
from tidebook.core.files import write_json
from tidebook.core.settings import Settings
from tidebook.store import LocalStore

Command = Callable[..., Result]


@pytest.fixture
def tidebook(settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    """`tidebook …` in a home and a working folder of the test's own; errors of ours are raised."""
    monkeypatch.setenv("TIDEBOOK_LANGUAGE", "en")
    monkeypatch.setenv("COLUMNS", "200")
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")

    def run(*arguments: str | Path) -> Result:
        result = CliRunner().invoke(app, [*map(str, arguments)])
        if isinstance(result.exception, TidebookError):
            raise result.exception
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return run


@pytest.fixture
def model(tidebook: Command) -> Path:
    folder = Path("model")
    (folder / "sub").mkdir(parents=True)
    (folder / "a.json").write_text("{}")
    (folder / "sub" / "b.bin").write_bytes(b"b" * 5000)
    return folder


def told(result: Result) -> Any:
    return json.loads(result.stdout)


def test_files_are_pushed_and_pulled(tidebook: Command, model: Path) -> None:
    assert "Pushed 2 files, 5 kB; 0 shared, 0 there already" in tidebook("push", "demand", "v1", model).stdout
    assert told(tidebook("push", "demand", "v1", model, "--json")) == {
        "moved": [],
        "shared": [],
        "present": ["a.json", "sub/b.bin"],
        "replaced": [],
        "failed": [],
        "bytes": 0,
    }
    assert "Pulled 2 files" in tidebook("pull", "demand", "v1", "out").stdout
    assert (Path("out") / "sub" / "b.bin").read_bytes() == b"b" * 5000
    assert told(tidebook("pull", "demand", "v1", "some", "--include", "*.json", "--json"))["moved"] == ["a.json"]
    with pytest.raises(NotFound, match="A version must have files"):
        tidebook("pull", "demand", "v2", "out")


def test_a_push_goes_to_another_place_below_a_folder_and_moves(tidebook: Command, model: Path, tmp_path: Path) -> None:
    center = tmp_path / "center"
    tidebook("push", "demand", "v1", model / "a.json", model / "sub", "--subdir", "x", "--move", "--center", center)
    assert not (model / "a.json").exists()
    assert not (model / "sub").exists()
    listed = told(tidebook("files", "demand", "v1", "--center", center, "--json"))
    assert [file["path"] for file in listed["files"]] == ["x/a.json", "x/b.bin"]
    assert listed["dir"] == str(center / "files" / "demand" / "v1")


def test_what_failed_is_told_and_sets_the_exit_code(tidebook: Command, model: Path) -> None:
    (model / "link").symlink_to("/etc/passwd")
    result = tidebook("push", "demand", "v1", model)
    assert result.exit_code == InvalidInput.exit_code
    assert "✗ link: Only regular files can be stored" in result.stderr
    assert "Pushed 2 files" in result.stdout
    failed = told(tidebook("push", "demand", "v1", model, "--json"))["failed"]
    assert [(each["path"], each["problem"]["got"]) for each in failed] == [("link", "link, which is a link")]


def test_status_says_how_a_folder_differs(tidebook: Command, model: Path) -> None:
    tidebook("push", "demand", "v1", model)
    assert "0 new, 0 changed, 0 missing, 2 the same" in tidebook("status", "demand", "v1", model).stdout
    os.utime(model / "a.json", (1, 1))
    (model / "new.txt").write_text("new")
    (model / "sub" / "b.bin").unlink()
    assert told(tidebook("status", "demand", "v1", model, "--json")) == {
        "new": ["new.txt"],
        "changed": [],
        "missing": ["sub/b.bin"],
        "same": 1,
        "refused": {},
    }
    (model / "a.json").write_text("[]")
    assert tidebook("status", "demand", "v1", model).stdout.splitlines() == [
        "~ a.json",
        "+ new.txt",
        "- sub/b.bin",
        "1 new, 1 changed, 1 missing, 0 the same",
    ]


def test_diff_says_what_changed_between_two_versions(tidebook: Command, model: Path) -> None:
    tidebook("push", "demand", "v1", model)
    (model / "a.json").write_text("[]")
    (model / "c.txt").write_text("c")
    (model / "sub" / "b.bin").unlink()
    tidebook("push", "demand", "v2", model)
    assert tidebook("diff", "demand", "v1", "v2").stdout.splitlines() == [
        "~ a.json",
        "+ c.txt",
        "- sub/b.bin",
        "3 differ, 0 the same",
    ]
    assert told(tidebook("diff", "demand", "v1", "v2", "--json"))["files"][2] == {
        "path": "sub/b.bin",
        "status": "removed",
        "a_size": 5000,
        "b_size": None,
    }


def test_log_and_files_list_versions_models_and_files(tidebook: Command, model: Path) -> None:
    assert "No model has files in the store yet" in tidebook("files").stdout
    tidebook("push", "demand", "v1", model)
    (model / "a.json").write_text('{"newer": true}')
    tidebook("push", "demand", "v2", model)
    assert [item["version"] for item in told(tidebook("log", "demand", "--json"))["items"]] == ["v2", "v1"]
    assert "5 kB" in tidebook("log", "demand").stdout
    assert "demand" in tidebook("files").stdout
    assert "v2" in tidebook("files", "demand").stdout
    assert list(told(tidebook("files", "--json"))) == ["demand"]
    shown = tidebook("files", "demand", "v1", "--sort", "size", "--checksums").stdout
    assert hashlib.md5(b"{}", usedforsecurity=False).hexdigest() in shown
    with pytest.raises(NotFound, match=r"The model must have a version, but got demnad\. Did you mean demand\?"):
        tidebook("log", "demnad")


def test_versions_of_the_registry_are_read_with_the_same_commands(
    tidebook: Command, settings: Settings, tmp_path: Path
) -> None:
    store, line = LocalStore(settings.saved_models), "product/P001_all/lstm"
    for number, layers in ((1, 1), (2, 3)):
        metadata = {"format_version": 1, "hyperparameters": {"layers": layers}, "metrics": {"wape": 0.5 / number}}
        write_json(tmp_path / "metadata.json", metadata)
        prefix = f"{line}/v{store.claim(line, str(number))}"
        store.commit(prefix, store.fill(prefix, {"metadata.json": tmp_path / "metadata.json"}))
    store.amend(line, "aliases.json", lambda _: {"format_version": 1, "aliases": {"production": {"version": "v1"}}})
    assert [item["version"] for item in told(tidebook("log", line, "--json"))["items"]] == ["v2", "v1"]
    assert [file["path"] for file in told(tidebook("files", line, "v2", "--json"))["files"]] == ["metadata.json"]
    compared = told(tidebook("diff", line, "production", "v2", "--json"))
    assert compared["hyperparameters"] == [{"name": "layers", "a": 1, "b": 3, "changed": True}]
    tidebook("pull", line, "latest", "out")
    assert json.loads((Path("out") / "metadata.json").read_text())["hyperparameters"] == {"layers": 3}
    assert "0 new, 0 changed" in tidebook("status", line, "v2", "out").stdout
    assert "The one file is whole" in tidebook("verify", line, "production").stdout
    with pytest.raises(Conflict, match="A version is written once and never changed"):
        tidebook("push", line, "v2", "out")


def test_verify_finds_what_has_changed(tidebook: Command, model: Path, settings: Settings) -> None:
    tidebook("push", "demand", "v1", model)
    assert "All 2 files are whole" in tidebook("verify", "demand", "v1").stdout
    stored = settings.saved_models / "files" / "demand" / "v1" / "a.json"
    state = stored.stat()
    stored.write_text("[]")
    os.utime(stored, ns=(state.st_atime_ns, state.st_mtime_ns))
    result = tidebook("verify", "demand", "v1")
    assert (result.exit_code, result.stdout) == (1, "✗ a.json has changed\n")
    assert told(tidebook("verify", "demand", "v1", "--json")) == {"faults": ["a.json has changed"]}


def test_two_sources_for_one_name_are_refused_before_anything_is_copied(
    tidebook: Command, model: Path, settings: Settings
) -> None:
    other = Path("other")
    other.mkdir()
    (other / "a.json").write_text("other content")
    with pytest.raises(InvalidInput, match=r"must have different names, but got a.json from model and from other"):
        tidebook("push", "demand", "v1", model, other)
    assert not (settings.saved_models / "files" / "demand" / "v1" / "sub").exists()
    assert "Pushed 2 files" in tidebook("push", "demand", "v1", model, model).stdout


def test_what_is_told_without_a_terminal_has_no_empty_lines(tidebook: Command, model: Path) -> None:
    result = tidebook("push", "demand", "v1", model / "a.json")
    assert result.output.startswith("Pushed 1 file, ")


def test_a_pull_never_replaces_what_somebody_changed_without_being_told_to(tidebook: Command, model: Path) -> None:
    tidebook("push", "demand", "v1", model)
    tidebook("pull", "demand", "v1", "out")
    Path("out/a.json").write_text('{"mine": 1}')
    Path("out/sub/b.bin").unlink()
    Path("out/own.txt").write_text("own")
    refusal = r"but got a\.json in out\. Use --force to replace them, or pull into another folder\."
    with pytest.raises(Conflict, match=refusal):
        tidebook("pull", "demand", "v1", "out")
    assert not Path("out/sub/b.bin").exists()
    assert "Pulled 1 file" in tidebook("pull", "demand", "v1", "out", "--exclude", "a.json").stdout
    assert Path("out/a.json").read_text() == '{"mine": 1}'
    assert "replaced: a.json\n" in tidebook("pull", "demand", "v1", "out", "--force").stdout
    assert (Path("out/a.json").read_text(), Path("out/own.txt").read_text()) == ("{}", "own")
    os.utime("out/a.json", (1, 1))
    assert "Pulled 0 files" in tidebook("pull", "demand", "v1", "out").stdout


def test_a_refused_pull_names_five_files_and_counts_the_rest(tidebook: Command) -> None:
    Path("many").mkdir()
    for number in range(7):
        Path("many", f"f{number}").write_text("a")
    tidebook("push", "demand", "v1", "many")
    for number in range(7):
        Path("many", f"f{number}").write_text("bb")
    with pytest.raises(Conflict, match=r"got f0, f1, f2, f3, f4, … \(\+2\) in many"):
        tidebook("pull", "demand", "v1", "many")


def test_a_push_of_nothing_is_refused_and_leaves_no_version(
    tidebook: Command, settings: Settings, tmp_path: Path
) -> None:
    Path("nothing").mkdir()
    (Path("nothing") / ".hidden").write_text("x")
    for more in ([], ["--move"], ["--center", tmp_path / "center"]):
        with pytest.raises(InvalidInput, match="What is pushed must hold a file"):
            tidebook("push", "demand", "v3", "nothing", *more)
    assert Path("nothing").is_dir()
    assert not (settings.saved_models / "files").exists()
    assert not (tmp_path / "center").exists()


def test_a_push_names_the_files_that_it_replaced(tidebook: Command, model: Path) -> None:
    assert "replaced" not in tidebook("push", "demand", "v1", model).stdout
    (model / "a.json").write_text("[1]")
    assert "replaced: a.json\n" in tidebook("push", "demand", "v1", model).stdout
    (model / "a.json").write_text("[2]")
    assert told(tidebook("push", "demand", "v1", model, "--json"))["replaced"] == ["a.json"]


def test_a_pull_of_a_model_that_is_not_there_names_those_that_are(tidebook: Command, model: Path) -> None:
    tidebook("push", "churn", "v1", model)
    with pytest.raises(NotFound, match=r"Did you mean churn\?"):
        tidebook("pull", "chrn", "v1", "out")
    assert not Path("out").exists()


def test_a_path_as_the_name_of_a_model_is_told_the_rule_for_such_names(tidebook: Command, model: Path) -> None:
    with pytest.raises(InvalidInput, match="The name of a model must be 1 to 255 bytes without '/'"):
        tidebook("push", "../x", "v1", model)


def test_times_of_files_are_those_of_this_machine(tidebook: Command, model: Path) -> None:
    os.utime(model / "sub" / "b.bin", (2_000_000_000, 2_000_000_000))
    tidebook("push", "demand", "v1", model)
    local = time_of("2033-05-18T03:33:20+00:00")
    for command in (["log", "demand"], ["files", "demand"], ["files", "demand", "v1"]):
        shown = tidebook(*command).stdout
        assert local in shown
        assert "T03:33" not in shown


def test_a_home_that_is_a_file_is_refused(tidebook: Command, tmp_path: Path) -> None:
    (tmp_path / "afile").write_text("x")
    with pytest.raises(InvalidInput, match="The home must be a folder, but got .*afile, which is a file"):
        tidebook("--home", tmp_path / "afile", "files")


def test_a_file_that_is_no_backup_is_not_restored(tidebook: Command) -> None:
    Path("v1.zip").write_bytes(b"PK\x03\x04 an export")
    with pytest.raises(DataFault, match="must be a backup made by `tidebook backup`, but got v1.zip"):
        tidebook("restore", "v1.zip", "new-home")
    assert not Path("new-home").exists()


def test_sizes_are_written_for_people() -> None:
    assert [size_of(count) for count in (0, 999, 1536, 5 << 30)] == ["0 B", "999 B", "1.5 kB", "5.4 GB"]
