"""The web UI: built files, and index.html for every address that the browser's router knows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse

from tidebook.core.errors import InvalidInput, NotFound
from tidebook.core.files import safe_join
from tidebook.server.auth import COOKIE
from tidebook.server.services import Parts

STATIC = Path(__file__).parent / "static"
YEAR = 365 * 24 * 3600

router = APIRouter(include_in_schema=False)

_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Tidebook</title>
<meta name="viewport" content="width=device-width">
<body style="font: 16px/1.5 system-ui, sans-serif; max-width: 40rem; margin: 4rem auto; padding: 0 1rem">
<h1 style="font-size: 1.25rem">{title}</h1>{paragraphs}</body></html>
"""


@router.get("/login")
async def login(request: Request, parts: Parts, token: Annotated[str, Query(max_length=200)] = "") -> Response:
    """Takes a one-time token, gives a session cookie, and goes on to the web UI."""
    secret = await run_in_threadpool(parts.credentials.begin_session, token)
    if secret is None:
        return _page(
            "This link has been used or is too old",
            "Every link opens one browser, once, within a day. Ask an administrator for a new one "
            "(<code>tidebook users login</code>).",
            "这个链接已经用过或已过期。每个链接只能在一天内打开一个浏览器一次。请向管理员索取新的链接"
            "（<code>tidebook users login</code>）。",
            status=401,
        )
    answer = RedirectResponse("/", status_code=303)
    answer.set_cookie(
        COOKIE,
        secret,
        max_age=30 * 24 * 3600,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return answer


@router.api_route("/api/{path:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
async def unknown(request: Request, path: str) -> Response:
    """What no route below /api knows."""
    raise NotFound(
        "The path must be one that the server knows",
        got=f"{request.method} /api/{path[:200]}",
        fix="See /api/openapi.json for all of them.",
    )


@router.get("/{path:path}")
def web_ui(path: str) -> Response:
    """A built file, else index.html."""
    index = STATIC / "index.html"
    if not index.is_file():
        return _page(
            "Tidebook is running; its web UI is not built",
            "Install the package with <code>pip install .</code>, which builds it, or use the HTTP interface below "
            "<code>/api</code>.",
            "网页界面尚未构建。用 <code>pip install .</code> 安装会自动构建。",
            status=503,
        )
    try:
        file = safe_join(STATIC, path) if path else index
    except InvalidInput:
        file = index
    if file.is_file() and file != index:
        fresh = f"public, max-age={YEAR}, immutable" if path.startswith("assets/") else "no-cache"
        return FileResponse(file, headers={"Cache-Control": fresh})
    if path.startswith("assets/"):
        return Response(status_code=404)
    return FileResponse(index, headers={"Cache-Control": "no-cache"})


def _page(title: str, *paragraphs: str, status: int) -> Response:
    text = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    return HTMLResponse(_PAGE.format(title=title, paragraphs=text), status_code=status)
