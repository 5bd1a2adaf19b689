"""The built web UI, and the addresses that only its own router knows."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.responses import FileResponse, Response

from tidebook.server import web


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as the build makes it."""
    static = tmp_path / "static"
    (static / "assets").mkdir(parents=True)
    (static / "index.html").write_text("<!doctype html>")
    (static / "assets" / "app-1a2b.js").write_text("1")
    (tmp_path / "secret.txt").write_text("secret")
    monkeypatch.setattr(web, "STATIC", static)
    return static


def served(response: Response) -> str:
    """The name of the file that a response is."""
    assert isinstance(response, FileResponse)
    return Path(response.path).name


@pytest.mark.parametrize("path", ["", "train", "models/product/P001_all/lstm/v1", "index.html"])
def test_every_address_of_the_router_gets_index_html_and_it_is_never_kept(built: Path, path: str) -> None:
    answer = web.web_ui(path)
    assert served(answer) == "index.html"
    assert answer.headers["cache-control"] == "no-cache"


def test_a_built_file_is_kept_for_ever_because_its_name_changes_with_it(built: Path) -> None:
    answer = web.web_ui("assets/app-1a2b.js")
    assert served(answer) == "app-1a2b.js"
    assert "immutable" in answer.headers["cache-control"]


def test_a_built_file_that_is_gone_is_not_found_rather_than_a_page(built: Path) -> None:
    assert web.web_ui("assets/app-0000.js").status_code == 404


@pytest.mark.parametrize("path", ["../secret.txt", "assets/../../secret.txt", "a//b", "x\0", "..\\secret.txt"])
def test_a_trick_leads_to_nothing_but_the_page(built: Path, path: str) -> None:
    answer = web.web_ui(path)
    assert answer.status_code == 404 or served(answer) == "index.html"


def test_without_a_build_a_plain_page_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "STATIC", tmp_path / "nothing")
    answer = web.web_ui("train")
    assert answer.status_code == 503
    assert b"its web UI is not built" in answer.body
