"""Versions as a team compares, names, archives and keeps them, in a real browser."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from playwright.sync_api import Page, expect

from tests.acceptance.conftest import Server
from tests.unit.registry.published import metadata
from tidebook.registry import ModelManager
from tidebook.runs import TrainingManager
from tidebook.store.model_file import ModelFile

pytestmark = pytest.mark.browser

LINE = "product/P001_all/lstm"
WAPES = (0.3, 0.25, 0.2)


@pytest.fixture
def published(home: Path) -> str:
    """Three versions of a line, each better than the one before; they are there before the server starts."""
    models = ModelManager(home / "saved_models")
    for number, wape in enumerate(WAPES, 1):
        run = TrainingManager(model_type="lstm", output_dir=home / "out", scope="P001_all", run_name=f"run_{number}")
        run.save_config({"epochs": number, "hidden_size": 8})
        weights = {"layer.weight": torch.full((2, 3), float(number))}
        run.save_model(weights, {"model_type": "lstm", "input_size": 3}, {"epochs": number})
        run.save_evaluation_results({"wape": wape})
        run.update_status("completed")
        told = {"run_name": run.run_name, "hyperparameters": {"epochs": number, "hidden_size": 8}}
        models.publish(run.folder, LINE, metadata(wape, number, metrics={"wape": wape}, **told))
    return LINE


def test_versions_are_compared_named_kept_archived_and_brought_back(published: str, page: Page, fresh: Server) -> None:
    page.goto(fresh.login)
    page.get_by_test_id("nav-models").first.click()
    expect(page.get_by_test_id("models").locator("tbody tr")).to_have_count(3)
    for version in ("v1", "v3"):
        page.get_by_test_id(f"choose-{published}/{version}").check()
    page.get_by_test_id("compare").click()
    parameters = page.get_by_test_id("compared-parameters")
    expect(parameters).to_contain_text("epochs")
    expect(parameters).not_to_contain_text("hidden_size")  # equal, and folded away
    expect(page.get_by_test_id("compared-metrics").locator("tr[data-better=b]").first).to_be_visible()
    expect(page.get_by_test_id("compared-files")).to_contain_text("model.pth")

    page.goto(f"{fresh.url}/models/{published}")
    expect(page.get_by_test_id("timeline")).to_have_attribute("data-points", "3")
    expect(page.get_by_test_id("timeline").locator("canvas")).to_be_visible()
    expect(page.get_by_test_id("versions").locator("tbody tr")).to_have_count(3)

    name(page, "production", "v2", "first in use")
    name(page, "production", "v1", "simple is enough")
    aliases = page.get_by_test_id("aliases")
    expect(aliases.locator("[data-alias=production]")).to_contain_text("v1")
    aliases.locator("summary").click()
    history = page.get_by_test_id("alias-history")
    expect(history).to_contain_text("v2 → v1")
    expect(history).to_contain_text("first in use")

    page.goto(f"{fresh.url}/models/{published}/v1")
    page.get_by_test_id("delete-version").click()
    page.get_by_test_id("confirm-word").fill("v1")
    page.get_by_test_id("confirm").click()
    expect(page.get_by_test_id("delete-refused")).to_contain_text("production")
    expect(page.get_by_test_id("confirm")).to_be_disabled()  # until a reason is given
    page.keyboard.press("Escape")

    archive(page, fresh, f"{published}/v2")
    page.goto(f"{fresh.url}/models/{published}/v2?file=config.json")
    expect(page.get_by_test_id("file-preview")).to_have_attribute("data-kind", "json")
    expect(page.get_by_test_id("restored-note")).to_be_visible()

    archive(page, fresh, f"{published}/v2")
    page.goto(f"{fresh.url}/storage/archive")
    page.get_by_role("button", name=f"Bring back: {published}/v2").click()
    expect(page.get_by_test_id("restored")).to_contain_text(f"{published}/v2")
    expect(page.get_by_test_id("empty")).to_be_visible()


def test_the_storage_pages_tell_what_takes_the_space_and_what_would_go(
    published: str, page: Page, fresh: Server
) -> None:
    page.goto(fresh.login)
    page.get_by_test_id("nav-storage").first.click()
    expect(page.get_by_test_id("disk")).to_contain_text("Free")
    expect(page.get_by_test_id("storage-kinds")).to_contain_text("Versions")

    page.goto(f"{fresh.url}/storage/plan")
    expect(page.get_by_test_id("plan-sentence")).to_contain_text("Nothing would go")
    expect(page.get_by_test_id("plan-items")).to_contain_text("best of its line")

    page.goto(f"{fresh.url}/storage/policies")
    page.locator("[data-policy=default]").get_by_test_id("edit-policy").click()
    page.get_by_test_id("policy-versions").fill("0")
    page.get_by_test_id("save-policy").click()
    expect(page.get_by_test_id("save-policy")).to_have_count(0)
    page.get_by_test_id("schedule-on").click()
    expect(page.get_by_test_id("schedule")).to_contain_text("Every day at 03:00")

    expect(page.locator("[data-policy=default]")).to_contain_text("only the best and the newest")

    page.goto(f"{fresh.url}/storage/plan")
    expect(page.get_by_test_id("plan-rest")).to_contain_text("stay")
    expect(page.get_by_test_id("plan-items").locator("[data-goes=false]")).to_have_count(0)
    expect(page.get_by_test_id("plan-sentence")).to_contain_text("version")
    going = page.get_by_test_id("plan-items").locator("[data-goes=true]").count()
    assert going >= 1
    page.get_by_test_id("clean-up").click()
    page.get_by_test_id("confirm-word").fill("cleanup")
    page.get_by_test_id("confirm").click()
    expect(page.get_by_test_id("cleaned")).to_contain_text(f"{going} deleted")
    expect(page.get_by_test_id("plan-sentence")).to_contain_text("Nothing would go")


def test_the_files_of_a_version_are_listed_and_downloaded(
    published: str, page: Page, fresh: Server, home: Path, tmp_path: Path
) -> None:
    for number in ("v1", "v2"):
        (folder := tmp_path / number).mkdir()
        (folder / "weights.bin").write_bytes(number.encode() * 1000)
        ModelFile("embeddings", number, str(home / "saved_models")).filepipe().import_dir(folder)
    page.goto(fresh.login)
    page.goto(f"{fresh.url}/files/embeddings")
    expect(page.get_by_test_id("file-versions").locator("tbody tr").first).to_contain_text("v2")
    files = page.get_by_test_id("file-version")
    expect(files).to_contain_text("Files of v2")
    page.get_by_role("link", name="v1", exact=True).click()
    expect(files).to_contain_text("Files of v1")
    expect(files).to_contain_text("2 kB")
    with page.expect_download() as download:
        files.get_by_role("link", name="Download: weights.bin").click()
    assert download.value.path().read_bytes() == b"v1" * 1000

    page.goto(f"{fresh.url}/files/embeddings?version=v9")
    expect(page.get_by_test_id("version-absent")).to_contain_text("v9")
    expect(page.get_by_test_id("file-versions").locator("tbody tr")).to_have_count(2)
    expect(files).to_have_count(0)


def test_what_is_not_there_says_so_and_leads_on(published: str, page: Page, fresh: Server) -> None:
    page.goto(fresh.login)
    page.goto(f"{fresh.url}/files/nope")
    missing = page.get_by_test_id("missing")
    expect(missing).to_contain_text("nope")
    expect(page.locator("main")).not_to_contain_text("/api/")
    expect(missing.get_by_role("link", name="All models of files")).to_have_attribute("href", "/files")
    page.goto(f"{fresh.url}/models/{published}/v99")
    expect(page.get_by_test_id("page-title")).to_have_text(f"{published}/v99")
    expect(missing.get_by_role("link", name="Models", exact=True)).to_have_attribute("href", "/models")
    missing.get_by_role("link", name="All versions of the line").click()
    expect(page.get_by_test_id("versions").locator("tbody tr")).to_have_count(3)


def test_an_archived_run_is_brought_back_from_its_own_page(published: str, page: Page, fresh: Server) -> None:
    page.goto(fresh.login)
    status = page.evaluate("""fetch('/api/archive', {method: 'POST', headers: {'Content-Type': 'application/json'},
        body: JSON.stringify({kind: 'run', id: 'run_1'})}).then((answer) => answer.status)""")
    assert status == 204
    page.goto(f"{fresh.url}/runs/run_1")
    expect(page.get_by_test_id("archived-run")).to_contain_text("In the archive since")
    expect(page.get_by_test_id("problem")).to_have_count(0)
    page.get_by_test_id("restore-run").click()
    expect(page.get_by_test_id("tab-overview")).to_be_visible()


def test_a_page_that_does_not_load_is_told_of_and_opened_later(published: str, page: Page, fresh: Server) -> None:
    page.goto(fresh.login)
    page.get_by_test_id("nav-models").first.click()
    expect(page.get_by_test_id("models").locator("tbody tr")).to_have_count(3)
    page.route("**/*", lambda route: route.abort("connectionrefused"))  # as when the server was stopped
    page.get_by_test_id("nav-history").first.click()
    missed = page.get_by_test_id("missed")
    expect(missed).to_contain_text("The server does not answer")
    expect(missed).to_contain_text("/history")
    expect(page.get_by_test_id("nav-models").first).to_have_attribute("aria-current", "page")
    page.get_by_test_id("missed-again").click()
    expect(missed).to_be_visible()
    assert page.url.endswith("/models")
    page.unroute("**/*")
    page.get_by_test_id("missed-again").click()
    expect(page).to_have_url(f"{fresh.url}/history")
    expect(page.get_by_test_id("page-title")).to_have_text("History")
    expect(missed).to_have_count(0)


def test_a_version_is_moved_to_another_project(published: str, page: Page, fresh: Server) -> None:
    page.goto(fresh.login)
    page.evaluate("""fetch('/api/projects', {method: 'POST', headers: {'Content-Type': 'application/json'},
        body: JSON.stringify({name: 'east', title: 'East', visibility: 'private'})})""")
    page.goto(f"{fresh.url}/models/{published}/v1")
    page.get_by_test_id("move-to").select_option("east")
    page.get_by_test_id("move").click()
    expect(page.get_by_test_id("move")).to_be_disabled()
    page.reload()
    expect(page.get_by_test_id("move-to")).to_have_value("east")
    told = page.get_by_test_id("timeline").get_by_role("img").get_attribute("aria-describedby")
    expect(page.locator(f"#{told}")).to_contain_text("with a link to each")


def name(page: Page, alias: str, version: str, reason: str) -> None:
    """Gives a version an alias on the page of its line."""
    page.get_by_test_id("set-alias").click()
    page.get_by_test_id("alias-name").fill(alias)
    page.get_by_test_id("alias-version").select_option(version)
    page.get_by_test_id("alias-reason").fill(reason)
    page.get_by_test_id("alias-save").click()
    expect(page.get_by_test_id("aliases").locator(f"[data-alias={alias}]")).to_contain_text(version)


def archive(page: Page, server: Server, version: str) -> None:
    """Moves a version to the archive on its page."""
    page.goto(f"{server.url}/models/{version}")
    page.get_by_test_id("archive-version").click()
    page.get_by_test_id("confirm").click()
    expect(page.get_by_test_id("archived-note")).to_contain_text("In the archive")
