"""Whatever happens on the way to a server's store: nothing is seen that is not whole, and a second call finishes."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.integration.conftest import Server, eventually
from tests.integration.cutting import CuttingProxy
from tests.integration.sending import free_port
from tidebook.abc import FileEntry
from tidebook.core.errors import Conflict, TidebookError, Unauthorized
from tidebook.sdk.client import Away
from tidebook.store import LocalStore
from tidebook.store.copying import digest
from tidebook.store.http_store import HttpStore
from tidebook.store.transfer import transfer
from tidebook.store.trees.local import Folder, LocalTree

SIZE = 24_000_000
TREE = "files/model/v1"


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose store the tests of this module share."""
    started = Server(tmp_path_factory.mktemp("held") / "home", "train:3:0.05").start()
    yield started
    started.stop()


@pytest.fixture
def source(tmp_path: Path) -> Folder:
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "large").write_bytes(os.urandom(SIZE))
    for number in range(200):
        (folder / f"{number}").write_bytes(os.urandom(2000))
    return Folder(folder)


def assert_same(folder: Path, other: Path) -> None:
    names = {path.name for path in folder.iterdir()}
    assert {path.name for path in other.iterdir() if path.name not in {"manifest.json", "labels.json"}} == names
    for name in names:
        assert digest(folder / name) == digest(other / name), name


def port_of(server: Server) -> int:
    return int(server.url.rsplit(":", 1)[1])


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_files_go_up_and_down_over_connections_that_are_cut_at_any_byte(
    held: Server, source: Folder, tmp_path: Path, seed: int
) -> None:
    tree = f"files/cut{seed}/v1"
    with CuttingProxy(port_of(held), seed=seed, longest=9_000_000, answers=9_000_000) as proxy:
        store = HttpStore(proxy.url, held.token, cache=tmp_path / "cache", patience=30)
        assert transfer(source, store.tree(tree)).failed == []
        ups = proxy.cuts
        assert transfer(store.tree(tree), Folder(tmp_path / "back")).failed == []
        assert proxy.cuts > ups > 0
    assert_same(source.root, tmp_path / "back")
    assert_same(source.root, held.home / "saved_models" / tree)
    assert not list((held.home / "saved_models").rglob("*.part"))


def test_a_bit_that_is_turned_on_the_way_is_noticed_and_the_file_sent_again(
    held: Server, source: Folder, tmp_path: Path
) -> None:
    with CuttingProxy(port_of(held), seed=0, longest=2) as proxy:
        proxy.cutting, proxy.flips = False, 1
        store = HttpStore(proxy.url, held.token, cache=tmp_path / "cache", patience=30)
        assert transfer(source, store.tree("files/bit/v1")).failed == []
        assert proxy.flips == 0
        assert_same(source.root, held.home / "saved_models" / "files/bit/v1")
        proxy.flips = 1
        again = HttpStore(proxy.url, held.token, cache=tmp_path / "cache", patience=30)
        result = transfer(again.tree("files/bit/v1"), Folder(tmp_path / "back"), ["large"])
        assert proxy.flips == 0
        assert [type(error) for _, error in result.failed] == [Conflict]
        assert not (tmp_path / "back" / "large").exists()
        assert transfer(again.tree("files/bit/v1"), Folder(tmp_path / "back")).failed == []
        assert_same(source.root, tmp_path / "back")


def test_a_server_that_is_killed_in_the_midst_goes_on_where_it_was(
    start_server: Callable[..., Server], source: Folder, tmp_path: Path
) -> None:
    server = start_server()
    port = port_of(server)
    with CuttingProxy(port, seed=0, longest=2) as proxy:
        proxy.cutting, proxy.slow = False, 0.004
        store = HttpStore(proxy.url, server.token, cache=tmp_path / "cache", patience=60)
        place = server.home / "saved_models" / TREE
        with ThreadPoolExecutor(1) as pool:
            sending = pool.submit(transfer, source, store.tree(TREE), ["large"])
            eventually(lambda: any(part.stat().st_size > 10_000_000 for part in place.glob(".*.part")))
            server.kill()
            (part,) = place.glob(".*.part")
            kept = part.stat().st_size
            assert not (place / "large").exists()
            proxy.slow = 0.0
            server.start(port)
            assert sending.result().failed == []
    assert kept > 10_000_000
    assert digest(place / "large") == digest(source.root / "large")
    assert not list(place.glob(".*.part"))
    assert list(store.tree(TREE).entries()) == ["large"]


def test_a_server_that_stays_away_is_an_error_that_says_so(source: Folder, tmp_path: Path) -> None:
    store = HttpStore(f"http://127.0.0.1:{free_port()}", "token", cache=tmp_path, patience=0.5)
    began = time.monotonic()
    with pytest.raises(Away, match="The server must be reachable"):
        transfer(source, store.tree(TREE))
    assert time.monotonic() - began < 20


def test_a_token_that_does_not_hold_opens_nothing(held: Server, source: Folder, tmp_path: Path) -> None:
    store = HttpStore(held.url, "tide_wrong", cache=tmp_path, patience=5)
    for work in (
        lambda: store.claim("product/P1_all/lstm", "run"),
        lambda: store.manifest("product/P1_all/lstm/v1"),
        lambda: transfer(source, store.tree(TREE)),
        lambda: list(store.trees()),
    ):
        with pytest.raises(Unauthorized):
            work()


def test_two_clients_send_the_same_file_at_once(held: Server, source: Folder, tmp_path: Path) -> None:
    stores = [HttpStore(held.url, held.token, cache=tmp_path / str(n), patience=20) for n in range(4)]
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda store: transfer(source, store.tree("files/both/v1")), stores))
    assert [result.failed for result in results] == [[]] * 4
    assert_same(source.root, held.home / "saved_models" / "files/both/v1")
    assert not list((held.home / "saved_models" / "files" / "both").rglob(".*"))


def test_a_file_that_changes_while_it_is_sent_is_not_taken(held: Server, source: Folder, tmp_path: Path) -> None:
    store = HttpStore(held.url, held.token, cache=tmp_path / "cache", patience=5)
    with CuttingProxy(port_of(held), seed=0, longest=2) as proxy:
        proxy.cutting, proxy.slow = False, 0.004
        slow = HttpStore(proxy.url, held.token, cache=tmp_path / "cache", patience=5)
        writer = threading.Timer(0.8, lambda: (source.root / "large").write_bytes(os.urandom(SIZE)))
        writer.start()
        result = transfer(source, slow.tree("files/changing/v1"), ["large"])
        writer.join()
    assert [(path, type(error)) for path, error in result.failed] == [("large", Conflict)]
    assert store.tree("files/changing/v1").entries() == {}


def sent(client: httpx.Client, content: bytes, tree: str = "files/lies/v1", **more: Any) -> httpx.Response:
    """A file that is announced as `more` says, and honestly where it says nothing."""
    from blake3 import blake3

    params = {
        "path": "file",
        "size": len(content),
        "mtime": "2026-01-01T00:00:00+00:00",
        "digest": f"blake3:{blake3(content).hexdigest()}",
        "offset": 0,
        **more,
    }
    return client.put(f"/api/store/content/{tree}", params=params, content=content)


@pytest.mark.parametrize(
    ("lie", "status"),
    [
        ({"digest": f"blake3:{'0' * 64}"}, 409),
        ({"size": 5000}, 422),
        ({"size": 3}, 422),
        ({"offset": 2}, 422),
        ({"offset": 2, "size": 12}, 409),
        ({"size": -1}, 422),
        ({"size": 2**60}, 422),
        ({"size": 2**50}, 413),
        ({"digest": "md5:abc"}, 422),
        ({"mtime": "yesterday"}, 422),
        ({"mtime": ""}, 422),
        ({"path": ""}, 422),
        ({"path": "../outside"}, 422),
        ({"path": "/etc/passwd"}, 422),
        ({"path": "a/../../b"}, 422),
        ({"path": "a\0b"}, 422),
        ({"path": "a//b"}, 422),
        ({"path": "a\\b"}, 422),
        ({"path": ".hidden"}, 422),
        ({"path": "manifest.json"}, 422),
        ({"path": "labels.json"}, 422),
        ({"path": "x" * 300}, 422),
        ({"path": "x/" * 3000}, 422),
    ],
)
def test_what_a_client_says_is_not_believed(held: Server, lie: dict[str, Any], status: int) -> None:
    with held.client() as client:
        honest = sent(client, b"0123456789", path="honest")
        assert honest.status_code == 200, honest.text
        answer = sent(client, b"0123456789", **lie)
        if "size" in lie and lie["size"] == 2**50:
            answer = sent_length(client, lie["size"])
        assert answer.status_code == status, answer.text
        assert {"rule", "got", "fix"} <= answer.json().keys()
        assert client.get("/api/store/entries/files/lies/v1").json()["entries"] == [honest.json()]
    assert not list((held.home / "saved_models" / "files" / "lies").rglob(".*"))
    assert not (held.home.parent / "outside").exists()


def sent_length(client: httpx.Client, size: int) -> httpx.Response:
    """What the server says to a body of that length, of which nothing is sent."""
    return client.post(
        "/api/store/uploads/files/lies/v1",
        params={"path": "f", "size": size, "mtime": "2026-01-01", "digest": f"blake3:{'0' * 64}"},
    )


@pytest.mark.parametrize(
    "tree",
    [
        "files/../files/x",
        "files/x",
        "files/x/../y",
        "files/x/v1/deeper",
        "files/.staging/x",
        "files/x/.claim",
        "files//v1",
        "files/a\\b/v1",
        "files/a%00b/v1",
        "files/" + "x" * 300 + "/v1",
        "product/P001_all/lstm/v1",
        "product/P001_all/lstm",
        "..",
        "files",
        ".staging/x/y",
        "/etc/x",
    ],
)
def test_nothing_can_be_put_outside_of_trees(held: Server, tree: str) -> None:
    before = sorted(path for path in held.home.rglob("*") if "files" in path.parts)
    with held.client() as client:
        assert sent(client, b"x", tree).status_code in {404, 422}, tree
        bundle = client.put(f"/api/store/bundles/{tree}", content=bytes(4))
        assert bundle.status_code in {404, 422}, tree
    assert sorted(path for path in held.home.rglob("*") if "files" in path.parts) == before


def test_a_link_in_the_store_is_not_followed_out_of_it(held: Server, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("a secret")
    with held.client() as client:
        assert sent(client, b"x", "files/links/v1").status_code == 200
        place = held.home / "saved_models" / "files" / "links" / "v1"
        (place / "link").symlink_to(secret)
        (place / "folder").symlink_to(tmp_path)
        entries = client.get("/api/store/entries/files/links/v1").json()["entries"]
        assert [entry["path"] for entry in entries] == ["file"]
        for path in ("link", "folder/secret"):
            answer = client.get("/api/store/content/files/links/v1", params={"path": path})
            assert (answer.status_code, "a secret" in answer.text) == (404, False)
            bundle = client.post("/api/store/contents/files/links/v1", json={"paths": [path]})
            assert b"a secret" not in bundle.content
            assert sent(client, b"y", "files/links/v1", path=path).status_code in {200, 409, 422}
    assert secret.read_text() == "a secret"


def test_models_that_differ_in_case_alone_are_refused(held: Server) -> None:
    with held.client() as client:
        assert sent(client, b"x", "files/Twin/v1").status_code == 200
        refused = sent(client, b"x", "files/twin/v1")
        assert (refused.status_code, "upper and lower case" in refused.text) == (422, True)
        for name in ("模型", "🙂", "a b", "x" * 200):
            assert sent(client, b"x", f"files/{name}/v1").status_code == 200, name


def test_a_bundle_that_is_none_changes_nothing(held: Server) -> None:
    with held.client() as client:
        for content in (b"", b"\0\0\0", b"\xff\xff\xff\xff", b"\0\0\0\x02{}" + bytes(4), b"\0\0\0\x02no", bytes(9)):
            answer = client.put("/api/store/bundles/files/bundle/v1", content=content)
            assert answer.status_code == 422, content
        assert client.get("/api/store/entries/files/bundle/v1").status_code == 200
        assert client.get("/api/store/entries/files/bundle/v1").json() == {"entries": []}


def test_a_commit_of_what_did_not_arrive_is_refused(held: Server, tmp_path: Path) -> None:
    store = HttpStore(held.url, held.token, cache=tmp_path / "cache", patience=5)
    (tmp_path / "metadata.json").write_text('{"format_version": 1}')
    (tmp_path / "model.pth").write_bytes(b"weights")
    prefix = f"product/P200_all/lstm/v{store.claim('product/P200_all/lstm', 'run')}"
    entries = store.fill(prefix, {name: tmp_path / name for name in ("metadata.json", "model.pth")})
    lies = [
        [*entries, FileEntry("more", 5, entries[0].mtime, entries[0].digest)],
        [FileEntry(entry.path, entry.size, entry.mtime, f"blake3:{'0' * 64}") for entry in entries],
        [FileEntry(entry.path, entry.size + 1, entry.mtime, entry.digest) for entry in entries],
        [entries[1]],
        [*entries, FileEntry("../x", 5, entries[0].mtime, entries[0].digest)],
    ]
    for files in lies:
        with pytest.raises(TidebookError):
            store.commit(prefix, files)
        assert list(store.trees("product/P200_all")) == []
    store.commit(prefix, entries)
    manifest = LocalStore(held.home / "saved_models").manifest(prefix)["files"]
    assert [entry["path"] for entry in manifest] == ["metadata.json", "model.pth"]
    assert isinstance(LocalStore(held.home / "saved_models").tree(prefix), LocalTree)
