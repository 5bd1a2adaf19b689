"""A stand-in for an MLflow server, for where none is installed. It checks what the protocol's description demands:
limits of batches, keys and values, params that never change, and errors as MLflow words them. Where
TIDEBOOK_TRACKING_PEERS names a Python that has MLflow, the tests run against the real server as well.
"""

from __future__ import annotations

import json
import posixpath
import re
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

_KEY = re.compile(r"[/\w.\- :]{1,250}")


class Refused(Exception):
    """An answer other than 200."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.body = status, {"error_code": code, "message": message}


class Store:
    """What the server keeps."""

    def __init__(self) -> None:
        self.experiments: dict[str, str] = {}
        self.runs: dict[str, dict[str, Any]] = {}
        self.artifacts: dict[str, bytes] = {}
        self.requests: list[str] = []

    def answer(self, method: str, path: str, query: dict[str, str], body: dict[str, Any]) -> dict[str, Any]:
        match method, path:
            case "GET", "experiments/get-by-name":
                name = query["experiment_name"]
                if name not in self.experiments:
                    raise Refused(404, "RESOURCE_DOES_NOT_EXIST", f"No Experiment with name={name} exists")
                return {"experiment": {"experiment_id": self.experiments[name], "name": name}}
            case "POST", "experiments/create":
                self.experiments[body["name"]] = str(len(self.experiments))
                return {"experiment_id": self.experiments[body["name"]]}
            case "POST", "experiments/search":
                found = [{"experiment_id": id_, "name": name} for name, id_ in self.experiments.items()]
                return {"experiments": found}
            case "POST", "runs/create":
                return {"run": self._create(body)}
            case "POST", "runs/search":
                return self._search(body)
            case "POST", "runs/log-batch":
                return self._log(body)
            case "POST", "runs/update":
                run = self._run(body["run_id"])
                run["info"] |= {name: body[name] for name in ("status", "end_time", "run_name") if name in body}
                return {"run_info": run["info"]}
            case "GET", "metrics/get-history":
                points = self._run(query["run_id"])["history"].get(query["metric_key"], [])
                start = int(query.get("page_token", 0))
                following = {"next_page_token": str(start + 100)} if start + 100 < len(points) else {}
                return {"metrics": points[start : start + 100], **following}
            case "GET", "artifacts/list":
                return {"files": self._listed(query["run_id"], query.get("path", ""))}
            case _:
                raise Refused(404, "ENDPOINT_NOT_FOUND", path)

    def _create(self, body: dict[str, Any]) -> dict[str, Any]:
        run_id = uuid.uuid4().hex
        experiment = body["experiment_id"]
        if experiment not in self.experiments.values():
            raise Refused(404, "RESOURCE_DOES_NOT_EXIST", f"No Experiment with id={experiment} exists")
        info = {
            "run_id": run_id,
            "run_uuid": run_id,
            "experiment_id": experiment,
            "run_name": body["run_name"],
            "status": "RUNNING",
            "start_time": body["start_time"],
            "artifact_uri": f"mlflow-artifacts:/{experiment}/{run_id}/artifacts",
        }
        tags = {tag["key"]: tag["value"] for tag in body["tags"]}
        self.runs[run_id] = {"info": info, "tags": tags, "params": {}, "history": {}}
        return self._shown(self.runs[run_id])

    def _search(self, body: dict[str, Any]) -> dict[str, Any]:
        runs = [run for run in self.runs.values() if run["info"]["experiment_id"] in body["experiment_ids"]]
        if body["filter"]:
            asked = re.fullmatch(r"tags\.`([^`]+)` = '([^']*)'", body["filter"])
            if asked is None:
                raise Refused(400, "INVALID_PARAMETER_VALUE", body["filter"])
            runs = [run for run in runs if run["tags"].get(asked[1]) == asked[2]]
        start = int(body.get("page_token", 0))
        following = {"next_page_token": str(start + 2)} if start + 2 < len(runs) else {}
        return {"runs": [self._shown(run) for run in runs[start : start + 2]], **following}

    def _log(self, body: dict[str, Any]) -> dict[str, Any]:
        run = self._run(body["run_id"])
        counts = [len(body[kind]) for kind in ("metrics", "params", "tags")]
        if counts[0] > 1000 or counts[1] > 100 or counts[2] > 100 or sum(counts) > 1000:
            raise Refused(400, "INVALID_PARAMETER_VALUE", f"too many in one batch: {counts}")
        for entry in (*body["metrics"], *body["params"], *body["tags"]):
            name = entry["key"]
            if not _KEY.fullmatch(name) or posixpath.normpath(name) != name or name.startswith(("/", "..")):
                raise Refused(400, "INVALID_PARAMETER_VALUE", f"Invalid name: {name!r}")
        for param in body["params"]:
            if len(param["value"]) > 6000 or run["params"].get(param["key"], param["value"]) != param["value"]:
                raise Refused(400, "INVALID_PARAMETER_VALUE", f"Changing param {param['key']} is not allowed")
            run["params"][param["key"]] = param["value"]
        for tag in body["tags"]:
            if len(tag["value"]) > 8000:
                raise Refused(400, "INVALID_PARAMETER_VALUE", f"Tag {tag['key']} is too long")
            run["tags"][tag["key"]] = tag["value"]
        for metric in body["metrics"]:
            if not isinstance(metric["timestamp"], int) or not isinstance(metric["step"], int):
                raise Refused(400, "INVALID_PARAMETER_VALUE", "timestamp and step must be whole numbers")
            history = run["history"].setdefault(metric["key"], [])
            if metric not in history:
                history.append(metric)
        return {}

    def _listed(self, run_id: str, path: str) -> list[dict[str, Any]]:
        info = self._run(run_id)["info"]
        root = f"{info['experiment_id']}/{run_id}/artifacts/"
        inside = f"{path}/" if path else ""
        rest = [name.removeprefix(root + inside) for name in self.artifacts if name.startswith(root + inside)]
        files = [{"path": inside + name, "is_dir": False} for name in rest if "/" not in name]
        return files + [{"path": inside + name, "is_dir": True} for name in {n.split("/")[0] for n in rest if "/" in n}]

    def _run(self, run_id: str) -> dict[str, Any]:
        if run_id not in self.runs:
            raise Refused(404, "RESOURCE_DOES_NOT_EXIST", f"Run with id={run_id} not found")
        return self.runs[run_id]

    @staticmethod
    def _shown(run: dict[str, Any]) -> dict[str, Any]:
        pairs = {kind: [{"key": k, "value": v} for k, v in run[kind].items()] for kind in ("params", "tags")}
        return {"info": run["info"], "data": {**pairs, "metrics": [points[-1] for points in run["history"].values()]}}


@contextmanager
def serving(store: Store) -> Iterator[str]:
    """The address of a server of `store`."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Says nothing."""

        def do_GET(self) -> None:
            self._do("GET")

        def do_POST(self) -> None:
            self._do("POST")

        def do_PUT(self) -> None:
            self._do("PUT")

        def _do(self, method: str) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            parts = urlsplit(self.path)
            path = unquote(parts.path)
            store.requests.append(f"{method} {path}")
            status, answer = 200, b"{}"
            try:
                if path.startswith("/api/2.0/mlflow-artifacts/artifacts/"):
                    name = path.removeprefix("/api/2.0/mlflow-artifacts/artifacts/")
                    if method == "PUT":
                        store.artifacts[name] = content
                    else:
                        answer = store.artifacts[name]
                elif len(content) > 1_000_000:
                    raise Refused(400, "INVALID_PARAMETER_VALUE", "Batched logging requests must be at most 1 MB")
                else:
                    if content and self.headers["Content-Type"] != "application/json":
                        raise Refused(400, "INVALID_PARAMETER_VALUE", "Bad Request. Content-Type header is missing.")
                    body = json.loads(content) if content else {}
                    asked = path.removeprefix("/api/2.0/mlflow/")
                    answer = json.dumps(store.answer(method, asked, dict(parse_qsl(parts.query)), body)).encode()
            except Refused as refused:
                status, answer = refused.status, json.dumps(refused.body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
