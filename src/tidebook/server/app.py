"""The application: parts, gate, routes and web UI put together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

import tidebook
from tidebook.core.settings import Settings
from tidebook.server import live, problems, web
from tidebook.server.auth import Gate
from tidebook.server.bodies import BodyLimit
from tidebook.server.headers import SecurityHeaders
from tidebook.server.languages import Languages
from tidebook.server.lifetime import Commands, running
from tidebook.server.openapi import document
from tidebook.server.routes import (
    archive,
    datasets,
    ingest,
    model_comparison,
    model_files,
    model_lines,
    model_types,
    models,
    prediction,
    projects,
    retention,
    run_overview,
    runs,
    session,
    storage,
    store,
    store_files,
    training,
    users,
    views,
)

ROUTERS: tuple[APIRouter, ...] = (
    session.router,
    users.router,
    projects.router,
    datasets.router,
    training.router,
    ingest.router,
    runs.router,
    run_overview.router,
    views.router,
    prediction.router,
    model_types.router,
    models.router,
    model_lines.router,
    model_comparison.router,
    model_files.router,
    store.router,
    store_files.router,
    storage.router,
    retention.router,
    archive.router,
    live.router,
    web.router,  # last: it answers whatever is left
)


def create_app(settings: Settings, commands: Commands | None = None) -> FastAPI:
    """The ASGI application of a home. Database, queue and workers start with its lifespan."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with running(settings, commands or Commands()) as services:
            app.state.services = services
            yield

    app = FastAPI(
        title="Tidebook",
        version=tidebook.__version__,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        generate_unique_id_function=_operation_id,
        redirect_slashes=False,
    )
    problems.install(app)
    app.add_middleware(BodyLimit)
    app.add_middleware(Gate, settings=settings)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(Languages)
    for router in ROUTERS:
        app.include_router(router)

    def openapi() -> dict[str, object]:
        if app.openapi_schema is None:
            app.openapi_schema = document(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]
    return app


def _operation_id(route: APIRoute) -> str:
    return route.name
