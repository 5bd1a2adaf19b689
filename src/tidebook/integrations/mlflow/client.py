"""MLflow's REST API, as far as runs need it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote, urlsplit

import httpx
import orjson

from tidebook.core.errors import Conflict, InvalidInput, NotFound, StorageFailure, TidebookError
from tidebook.sdk.backoff import Backoff
from tidebook.sdk.client import is_loopback

API = "/api/2.0/mlflow"
ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts"
ATTEMPTS = 4  #: at a request that the server could not answer now
_TRANSIENT = frozenset({408, 429, 500, 502, 503, 504})
_PAGE = 1000
_JSON = {"Content-Type": "application/json"}


class MLflowServer:
    """A connection to a tracking server.

    Credentials are those that MLflow's own client takes: MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and
    MLFLOW_TRACKING_PASSWORD, or a user and password in the address.
    """

    def __init__(self, address: str) -> None:
        parts = urlsplit(address.strip())
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise InvalidInput(
                "An MLflow server's address must look like http://127.0.0.1:5000",
                got=f"{address!r:.80}",
                fix="Start one with `mlflow server` and give its address.",
            )
        host = parts.netloc.rpartition("@")[2]
        self.address = f"{parts.scheme}://{host}{parts.path.rstrip('/')}"
        user, password = os.environ.get("MLFLOW_TRACKING_USERNAME"), os.environ.get("MLFLOW_TRACKING_PASSWORD", "")
        token = os.environ.get("MLFLOW_TRACKING_TOKEN")
        if parts.username:
            user, password = parts.username, parts.password or ""
        self._http = httpx.Client(
            base_url=self.address,
            auth=(user, password) if user else None,
            headers={"Authorization": f"Bearer {token}"} if token and not user else {},
            timeout=httpx.Timeout(60.0, connect=10.0),
            trust_env=not is_loopback(self.address),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def get(self, path: str, /, **params: str | int) -> dict[str, Any]:
        """The answer to a question; NotFound where there is no such thing."""
        return self._answer("GET", f"{API}/{path}", params=params)

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to a change or a search."""
        return self._answer("POST", f"{API}/{path}", content=orjson.dumps(body), headers=_JSON)

    def experiments(self) -> Iterator[dict[str, Any]]:
        """All experiments that are not deleted."""
        yield from self._pages("experiments/search", {"view_type": "ACTIVE_ONLY"}, "experiments")

    def runs(self, experiments: list[str], where: str = "") -> Iterator[dict[str, Any]]:
        """The runs of experiments (their ids) that are not deleted."""
        body = {"experiment_ids": experiments, "filter": where, "run_view_type": "ACTIVE_ONLY"}
        yield from self._pages("runs/search", body, "runs") if experiments else ()

    def history(self, run_id: str, metric: str) -> Iterator[dict[str, Any]]:
        """All values of a metric."""
        page: dict[str, str | int] = {"run_id": run_id, "metric_key": metric, "max_results": 25_000}
        while True:
            answer = self.get("metrics/get-history", **page)
            yield from answer.get("metrics") or ()
            if not answer.get("next_page_token"):
                return
            page["page_token"] = answer["next_page_token"]

    def upload(self, root: str, path: str, source: Path) -> None:
        """Keeps a file as the artifact `path` under `root` (of `artifact_root`)."""
        size = source.stat().st_size
        with source.open("rb") as file:
            headers = {"Content-Type": "application/octet-stream", "Content-Length": str(size)}
            self._answer("PUT", f"{ARTIFACTS}/{root}/{quote(path)}", content=file, headers=headers)

    def artifacts(self, run_id: str, path: str = "") -> Iterator[str]:
        """The paths of all files that a run keeps."""
        answer = self.get("artifacts/list", run_id=run_id, **({"path": path} if path else {}))
        for entry in answer.get("files") or ():
            if entry.get("is_dir"):
                yield from self.artifacts(run_id, entry["path"])
            else:
                yield entry["path"]

    def download(self, root: str, path: str, target: Path) -> None:
        """Writes an artifact to `target`."""
        try:
            with self._http.stream("GET", f"{ARTIFACTS}/{root}/{quote(path)}") as answer:
                if not answer.is_success:
                    answer.read()
                    raise self._error(answer)
                with target.open("wb") as file:
                    for block in answer.iter_bytes():
                        file.write(block)
        except httpx.HTTPError as error:
            raise self._away(str(error) or type(error).__name__) from error

    def _pages(self, path: str, body: Mapping[str, Any], name: str) -> Iterator[dict[str, Any]]:
        token = None
        while True:
            answer = self.post(path, {**body, "max_results": _PAGE, **({"page_token": token} if token else {})})
            yield from answer.get(name) or ()
            token = answer.get("next_page_token")
            if not token:
                return

    def _answer(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        backoff = Backoff()
        for attempt in range(ATTEMPTS):
            last = attempt == ATTEMPTS - 1
            if hasattr(request.get("content"), "seek"):
                request["content"].seek(0)
            try:
                answer = self._http.request(method, path, **request)
            except httpx.HTTPError as error:
                if last or isinstance(error, httpx.ConnectError):
                    raise self._away(str(error) or type(error).__name__) from error
            else:
                if answer.is_success:
                    value = orjson.loads(answer.content) if answer.content else {}
                    return value if isinstance(value, dict) else {}
                if last or answer.status_code not in _TRANSIENT:
                    raise self._error(answer)
            time.sleep(backoff.next())
        raise AssertionError("unreachable")  # pragma: no cover

    def _away(self, fault: str) -> TidebookError:
        return StorageFailure(
            "The MLflow server must be reachable",
            got=f"no answer from {self.address} ({fault})",
            fix="See that it runs; what was sent already is not sent again.",
        )

    def _error(self, answer: httpx.Response) -> TidebookError:
        try:
            told = orjson.loads(answer.content)
            got = f"{told['error_code']}: {told['message']}"[:500]
        except (ValueError, KeyError, TypeError):
            got = f"{answer.status_code} from {answer.url.copy_with(query=None, userinfo=b'')}"
        kinds: dict[int, type[TidebookError]] = {400: InvalidInput, 404: NotFound, 409: Conflict}
        kind = kinds.get(answer.status_code, TidebookError)
        fix = "Check the address and the rights of the user that the credentials are for."
        return kind("The MLflow server must accept the request", got=got, fix=fix)


def artifact_root(info: Mapping[str, Any]) -> str | None:
    """Where the server itself keeps a run's files; None where only MLflow's client could reach them."""
    uri = urlsplit(str(info.get("artifact_uri", "")))
    return uri.path.strip("/") if uri.scheme == "mlflow-artifacts" else None
