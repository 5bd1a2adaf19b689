"""Names that people give versions, with their history."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.registry.published import LINE, metadata, root_of
from tidebook.core.errors import Conflict, InvalidInput, NotFound
from tidebook.registry import ModelManager


@pytest.fixture
def three(models: ModelManager, run: Path) -> ModelManager:
    """A line of three versions, the second of them the best."""
    for number, wape in enumerate((0.3, 0.1, 0.2), start=1):
        models.publish(run, LINE, metadata(wape), publish_id=f"p{number}")
    return models


def test_an_alias_names_one_version_and_its_history_tells_who_moved_it_and_why(three: ModelManager) -> None:
    three.set_alias(f"{LINE}/v1", "production", by="anna", reason="first")
    three.set_alias(f"{LINE}/v3", "production", by="bo", reason="better on promotions")
    three.set_alias(f"{LINE}/v3", "production", by="bo", reason="the same again")
    content = three.aliases(LINE)
    entry = content["aliases"]["production"]
    assert (entry["version"], entry["by"], entry["reason"]) == ("v3", "bo", "better on promotions")
    told = [(event["previous"], event["version"], event["by"]) for event in content["history"]]
    assert told == [(None, "v1", "anna"), ("v1", "v3", "bo")]
    assert {item["version"]: item["aliases"] for item in three.list_models()["models"]} == {
        "v1": [],
        "v2": [],
        "v3": ["production"],
    }
    three.remove_alias(LINE, "production", by="anna", reason="none is good")
    assert three.aliases(LINE)["aliases"] == {}
    assert three.aliases(LINE)["history"][-1]["previous"] == "v3"


def test_an_alias_stands_wherever_an_address_is_taken(three: ModelManager) -> None:
    three.set_alias(f"{LINE}/v1", "production")
    named = f"{LINE}@production"
    assert str(three.resolve(named)) == str(three.resolve(LINE, "production")) == f"{LINE}/v1"
    assert str(three.resolve(LINE, "@production")) == str(three.resolve(named, "production")) == f"{LINE}/v1"
    assert three.get(named)["version"] == three.item(named)["version"] == "v1"
    assert three.path(named) == three.store.folder(f"{LINE}/v1")
    assert three.open(named, "model.pth").is_file()
    assert three.label(named, notes="as it is")["notes"] == "as it is"
    assert str(three.resolve(f"{LINE}@best")) == f"{LINE}/v2"
    assert str(three.version(f"{LINE}@latest")) == f"{LINE}/v3"
    three.set_alias(f"{LINE}@latest", "candidate")
    assert three.item(f"{LINE}@candidate")["version"] == "v3"


def test_an_alias_that_names_nothing_says_what_there_is(three: ModelManager) -> None:
    three.set_alias(f"{LINE}/v1", "production")
    with pytest.raises(NotFound, match="has v3, v2, v1 and the aliases production"):
        three.resolve(f"{LINE}@productoin")
    with pytest.raises(NotFound, match="Did you mean production"):
        three.remove_alias(LINE, "produktion")
    with pytest.raises(NotFound, match="v9, which does not exist"):
        three.set_alias(f"{LINE}/v9", "production")
    with pytest.raises(InvalidInput, match=r"lstm@production and version latest"):
        three.resolve(f"{LINE}@production", "latest")
    with pytest.raises(InvalidInput, match=r"lstm/v1 and version production"):
        three.resolve(f"{LINE}/v1@production")


@pytest.mark.parametrize(
    "name", ["", "best", "latest", "v1", "v007", "Production", "a/b", "a b", "ä", "x" * 65, "..", "@"]
)
def test_a_name_that_cannot_be_is_refused(three: ModelManager, name: str) -> None:
    with pytest.raises(InvalidInput, match="An alias must be"):
        three.set_alias(f"{LINE}/v1", name)
    assert not (root_of(three) / LINE / "aliases.json").exists()


def test_what_is_wrong_in_the_file_is_passed_over_and_a_change_mends_it(three: ModelManager, tmp_path: Path) -> None:
    path = tmp_path / "saved_models" / LINE / "aliases.json"
    good = {"version": "v1", "by": "anna", "at": "2026-01-01", "reason": ""}
    path.write_text(json.dumps({"aliases": {"fine": good, "Bad Name": good, "odd": 3, "gone": {"version": "../v1"}}}))
    assert list(three.aliases(LINE)["aliases"]) == ["fine"]
    assert three.item(f"{LINE}/v1")["aliases"] == ["fine"]
    for broken in ("{", "[]", '{"aliases": [], "history": {}}'):
        path.write_text(broken)
        assert three.aliases(LINE) == {"aliases": {}, "history": []}
    three.set_alias(f"{LINE}/v2", "fine")
    assert json.loads(path.read_text())["aliases"]["fine"]["version"] == "v2"


def test_a_version_with_an_alias_is_deleted_by_force_alone_and_its_alias_goes_with_it(three: ModelManager) -> None:
    three.set_alias(f"{LINE}/v1", "production")
    three.set_alias(f"{LINE}/v1", "candidate")
    with pytest.raises(Conflict, match="candidate, production") as refused:
        three.delete(f"{LINE}/v1", "too old")
    assert refused.value.details == {"reasons": ["alias:candidate", "alias:production"]}
    three.delete(f"{LINE}@production", "it leaks", force=True, by="anna")
    content = three.aliases(LINE)
    assert content["aliases"] == {}
    told = {(event["alias"], event["version"], event["reason"]) for event in content["history"][-2:]}
    assert told == {("candidate", None, "it leaks"), ("production", None, "it leaks")}
    with pytest.raises(NotFound, match=r"deleted at .* \(it leaks\)"):
        three.get(f"{LINE}/v1")


def test_the_form_of_a_line_has_everything_that_is_known_of_it(three: ModelManager) -> None:
    three.set_alias(f"{LINE}/v1", "production", by="anna")
    form = three.line(LINE)
    assert (form["line"], form["identifier"], form["best"], form["latest"]) == (
        LINE,
        "product_P001_all_lstm",
        "v2",
        "v3",
    )
    assert [item["version"] for item in form["versions"]] == ["v1", "v2", "v3"]
    assert [(each["alias"], each["version"], each["by"]) for each in form["aliases"]] == [("production", "v1", "anna")]
    assert form["total"] == 3
    assert three.line("product/P009_all/lstm")["total"] == 0


def test_a_line_tells_nothing_of_versions_that_somebody_does_not_see(models: ModelManager, run: Path) -> None:
    models.publish(run, LINE, metadata(0.3), publish_id="one")
    models.publish(run, LINE, metadata(0.1, project="north"), publish_id="two")
    models.set_alias(f"{LINE}/v2", "production", reason="a secret")
    models.set_alias(f"{LINE}/v1", "candidate")
    models.set_alias(f"{LINE}/v1", "production", reason="moved")
    seen = ModelManager(models.store, sees=lambda project, owner: project != "north")
    form = seen.line(LINE)
    assert [item["version"] for item in form["versions"]] == ["v1"]
    assert "v2" not in json.dumps(form)
    assert [event["alias"] for event in form["history"]] == ["candidate"]
    with pytest.raises(NotFound):
        seen.set_alias(f"{LINE}/v2", "mine")
