"""What is special about a store that is not a folder: it can be away, refuse, break off, or ignore what it is asked."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.cutting import CuttingProxy
from tests.meddling import MeddlingProxy
from tests.s3_servers import SECRET, S3Server, free_port, moto, rclone
from tidebook.abc import FileEntry
from tidebook.core.errors import Conflict, InvalidInput, NotFound, StorageFailure
from tidebook.core.settings import Settings
from tidebook.store import LocalStore, open_store, store_at, verify
from tidebook.store.objects import Bucket, ObjectStore
from tidebook.store.objects.sending import PART
from tidebook.store.trees.local import Folder

LINE = "product/P001_all/lstm"


@pytest.fixture(scope="module")
def server() -> Iterator[S3Server]:
    with moto() as server:
        yield server


@pytest.fixture(scope="module")
def careless(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """A server that checks signatures and ignores conditions."""
    with rclone(tmp_path_factory.mktemp("rclone")) as server:
        yield server


@pytest.fixture
def proxy(server: S3Server) -> Iterator[MeddlingProxy]:
    with MeddlingProxy(int(server.endpoint.rpartition(":")[2])) as proxy:
        yield proxy


@pytest.fixture
def url(server: S3Server, monkeypatch: pytest.MonkeyPatch) -> str:
    server.use(monkeypatch)
    return f"s3://{server.new_bucket()}/models"


@pytest.fixture
def store(url: str, tmp_path: Path) -> ObjectStore:
    return ObjectStore(url, tmp_path / "cache")


@pytest.fixture
def meddled(url: str, proxy: MeddlingProxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ObjectStore:
    """The same store, reached through the proxy."""
    monkeypatch.setenv("TIDEBOOK_S3_ENDPOINT", proxy.url)
    return ObjectStore(url, tmp_path / "cache-of-meddled")


@pytest.fixture
def source(tmp_path: Path) -> Folder:
    folder = Folder(tmp_path / "source")
    folder.root.mkdir()
    (folder.root / "large.bin").write_bytes(os.urandom(3 * PART + 12_345))
    (folder.root / "small.bin").write_bytes(os.urandom(50_000))
    return folder


def put(store: ObjectStore, source: Folder, owner: str = "run") -> str:
    prefix = f"{LINE}/v{store.claim(LINE, owner)}"
    store.commit(prefix, store.fill(prefix, {path: source.root / path for path in source.entries()}))
    return prefix


# ---- which store a URL means


def test_the_settings_and_a_url_name_a_store(
    settings: Settings, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIDEBOOK_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TIDEBOOK_STORE", url)
    for store in (open_store(Settings()), store_at(None), store_at(url)):
        assert isinstance(store, ObjectStore)
        assert store.location("product") == f"{url}/product"
    assert isinstance(store_at(tmp_path), LocalStore)
    assert isinstance(store_at(f"file://{tmp_path}"), LocalStore)
    with pytest.raises(InvalidInput, match="A store must be a folder, a file://, s3:// or oss:// URL, or the address"):
        store_at("ftp://user:secret@host/x")


def test_oss_is_spoken_to_as_s3_with_its_own_keys(
    url: str, server: S3Server, source: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("AWS_ACCESS_KEY_ID", "OSS_ACCESS_KEY_ID"), ("AWS_SECRET_ACCESS_KEY", "OSS_ACCESS_KEY_SECRET")):
        monkeypatch.setenv(value, os.environ[name])
        monkeypatch.delenv(name)
    monkeypatch.setenv("OSS_ENDPOINT", server.endpoint)
    monkeypatch.delenv("TIDEBOOK_S3_ENDPOINT")
    store = ObjectStore(url.replace("s3://", "oss://"), tmp_path / "cache")
    assert verify(store, put(store, source)) == []


@pytest.mark.parametrize("url", ["s3://key:hidden@bucket/x", "s3://bucket/x?secret=hidden", "s3://", "s3:///x"])
def test_a_url_with_credentials_is_refused_and_not_repeated(url: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="The URL of an object store must be s3://bucket/prefix") as caught:
        ObjectStore(url, tmp_path)
    assert "hidden" not in str(caught.value)


# ---- large files


def test_a_large_file_goes_in_parts_and_comes_back(store: ObjectStore, source: Folder) -> None:
    prefix = put(store, source)
    assert verify(store, prefix) == []
    for path in ("large.bin", "small.bin"):
        assert store.open(prefix, path).read_bytes() == (source.root / path).read_bytes()
    tree = store.tree(prefix)
    large = (source.root / "large.bin").read_bytes()
    assert b"".join(tree.read("large.bin", PART - 5)) == large[PART - 5 :]
    assert b"".join(tree.read("large.bin", len(large))) == b""
    shared = store.tree("files/demo/v1")
    entry = tree.entries()["large.bin"]
    assert shared.share(entry, f"{prefix}/large.bin")
    assert shared.entries()["large.bin"] == entry


def test_what_was_sent_before_a_cut_is_not_sent_again(
    store: ObjectStore, meddled: ObjectStore, proxy: MeddlingProxy, source: Folder
) -> None:
    (source.root / "large.bin").write_bytes(os.urandom(6 * PART))
    entry, tree = source.entries()["large.bin"], meddled.tree("files/demo/v1")
    proxy.cut_up = 5 * PART + PART // 2  # Four are on their way together, so that at least one has arrived.
    with pytest.raises(StorageFailure, match="must answer, but got no answer") as caught:
        tree.take(source, entry)
    assert "what has arrived is not sent again" in str(caught.value)
    assert store.tree("files/demo/v1").entries() == {}
    proxy.cut_up, before = None, proxy.up
    taken = tree.take(source, entry)
    assert proxy.up - before < entry.size - PART // 2
    assert b"".join(store.tree("files/demo/v1").read("large.bin")) == (source.root / "large.bin").read_bytes()
    assert store.tree("files/demo/v1").entries() == {"large.bin": taken}


def test_an_interrupted_upload_goes_on_only_with_the_same_file(store: ObjectStore, source: Folder) -> None:
    class Cut(Folder):
        def read(self, path: str, start: int = 0) -> Iterator[bytes]:
            for sent, piece in enumerate(super().read(path, start)):
                if sent > PART * 2 // len(piece):
                    raise StorageFailure("cut", got="cut", fix="cut")
                yield piece

    entry, tree = source.entries()["large.bin"], store.tree("files/demo/v1")
    with pytest.raises(StorageFailure):
        tree.take(Cut(source.root), entry)
    (source.root / "large.bin").write_bytes(os.urandom(entry.size))
    changed = source.entries()["large.bin"]
    taken = tree.take(source, changed)
    assert b"".join(tree.read("large.bin")) == (source.root / "large.bin").read_bytes()
    assert tree.entries() == {"large.bin": FileEntry("large.bin", entry.size, changed.mtime, taken.digest)} or (
        tree.entries()["large.bin"].digest == ""
    )


def test_a_file_that_changes_while_it_is_sent_is_not_stored(store: ObjectStore, source: Folder) -> None:
    class Changing(Folder):
        def read(self, path: str, start: int = 0) -> Iterator[bytes]:
            for piece in super().read(path, start):
                yield piece
                os.utime(self.root / path, ns=(1, 1))

    tree = store.tree("files/demo/v1")
    for path, entry in source.entries().items():
        with pytest.raises(Conflict, match="A file must stay as it is while it is stored"):
            tree.take(Changing(source.root), entry)
        with pytest.raises(NotFound):
            list(tree.read(path))
    assert tree.entries() == {}


# ---- damage


@pytest.mark.parametrize("path", ["small.bin", "large.bin"])
def test_a_bit_that_flips_on_the_way_there_is_noticed_and_sent_again(
    store: ObjectStore, meddled: ObjectStore, proxy: MeddlingProxy, source: Folder, path: str
) -> None:
    content = (source.root / path).read_bytes()
    proxy.flip_up = content[-500:-480]
    taken = meddled.tree("files/demo/v1").take(source, source.entries()[path])
    assert proxy.flips == 1
    assert b"".join(store.tree("files/demo/v1").read(path)) == content
    assert store.tree("files/demo/v1").entries()[path].digest == taken.digest


@pytest.mark.parametrize("path", ["small.bin", "large.bin"])
def test_a_bit_that_flips_on_the_way_back_is_noticed(
    store: ObjectStore, meddled: ObjectStore, proxy: MeddlingProxy, source: Folder, path: str
) -> None:
    prefix = put(store, source)
    content = (source.root / path).read_bytes()
    proxy.flip_down = content[-500:-480]
    with pytest.raises(Conflict, match="What is copied must have the digest that was written down for it"):
        meddled.open(prefix, path)
    assert proxy.flips == 1
    assert meddled.open(prefix, path).read_bytes() == content


def test_a_flipped_manifest_is_read_again(
    store: ObjectStore, meddled: ObjectStore, proxy: MeddlingProxy, source: Folder
) -> None:
    prefix = put(store, source)
    proxy.flip_down = b'"blake3:'
    assert meddled.manifest(prefix) == store.manifest(prefix)
    assert proxy.flips == 1


def test_content_that_was_damaged_in_the_store_is_found_and_never_opened(
    store: ObjectStore, url: str, source: Folder, tmp_path: Path
) -> None:
    prefix = put(store, source)
    content = bytearray((source.root / "small.bin").read_bytes())
    content[7] ^= 4
    Bucket.at(url).put(f"{prefix}/small.bin", bytes(content))
    assert verify(store, prefix) == ["small.bin has changed"]
    with pytest.raises(Conflict, match="What is copied must have the digest"):
        store.open(prefix, "small.bin")
    Bucket.at(url).delete([f"{prefix}/small.bin"])
    assert verify(store, prefix) == ["small.bin is missing"]
    with pytest.raises(NotFound):
        store.open(prefix, "small.bin")


def test_a_copy_that_was_damaged_here_is_fetched_again(
    store: ObjectStore, url: str, source: Folder, tmp_path: Path
) -> None:
    prefix = put(store, source)
    copy = store.open(prefix, "small.bin")
    good = copy.read_bytes()
    copy.chmod(0o644)
    copy.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    assert ObjectStore(url, tmp_path / "cache").open(prefix, "small.bin").read_bytes() == good


# ---- away, refused


def test_a_store_that_is_away_says_so_soon(
    store: ObjectStore, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIDEBOOK_S3_ENDPOINT", f"http://127.0.0.1:{free_port()}")
    away = ObjectStore(url, tmp_path / "cache")
    began = time.monotonic()
    with pytest.raises(StorageFailure, match=rf"The object store of {url} must answer") as caught:
        away.claim(LINE, "run")
    assert time.monotonic() - began < 10
    assert SECRET not in str(caught.value)


def test_wrong_credentials_are_told_without_being_shown(
    careless: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    careless.use(monkeypatch)
    url = f"s3://{careless.new_bucket()}/models"
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another-secret")
    with pytest.raises(StorageFailure, match="must be open to the credentials in the environment") as caught:
        ObjectStore(url, tmp_path).manifest(f"{LINE}/v1")
    assert not {"another-secret", careless.key} & set(str(caught.value).split())
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(StorageFailure, match=r"Credentials for .* must be in the environment"):
        ObjectStore(url, tmp_path).manifest(f"{LINE}/v1")


def test_a_bucket_that_does_not_exist_is_named(
    server: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.use(monkeypatch)
    with pytest.raises(StorageFailure, match="The bucket of s3://nowhere/models must exist"):
        ObjectStore("s3://nowhere/models", tmp_path).claim(LINE, "run")


def test_a_store_that_ignores_conditions_is_written_to_by_one_server_alone(
    careless: S3Server, source: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    careless.use(monkeypatch)
    url = f"s3://{careless.new_bucket()}/models"
    direct = ObjectStore(url, tmp_path / "cache")
    with pytest.raises(StorageFailure, match="Publish through a Tidebook server that has this store"):
        direct.claim(LINE, "run")
    with pytest.raises(StorageFailure, match="Publish through a Tidebook server that has this store"):
        direct.amend("", "versions.json", lambda before: {})
    prefix = put(ObjectStore(url, tmp_path / "cache", alone=tmp_path / "locks"), source)
    assert verify(direct, prefix) == []


def test_cut_at_random_bytes_a_version_is_whole_or_not_there_and_is_finished_in_the_end(
    store: ObjectStore, url: str, source: Folder, server: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with CuttingProxy(int(server.endpoint.rpartition(":")[2]), seed=7, longest=4 * PART) as proxy:
        monkeypatch.setenv("TIDEBOOK_S3_ENDPOINT", proxy.url)
        away, published = ObjectStore(url, tmp_path / "cache-of-cut"), 0
        for _ in range(100):
            try:
                put(away, source, f"run {published}")
            except StorageFailure:
                continue
            except Conflict:
                pass  # It was complete, and the answer that says so was lost.
            finally:
                for prefix in store.trees():
                    assert verify(store, prefix) == []
            published += 1
            if proxy.cuts > 20:
                break
    assert published
    assert list(store.trees()) == [f"{LINE}/v{number + 1}" for number in range(published)]


# ---- the copies


def test_copies_are_bounded_and_the_oldest_go_first(
    store: ObjectStore, source: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tidebook.store.objects.cache import Cache

    cache = Cache(tmp_path / "copies", limit=250_000)
    entry, folders = source.entries()["small.bin"], []
    for number in range(8):
        tree = store.tree(f"files/demo/v{number}")
        taken = tree.take(source, entry)
        folders.append(cache.files(tree, "", [taken]))
        old = time.time() - 7200 + number
        os.utime(folders[-1] / ".used", (old, old))
    left = [folder for folder in folders if folder.exists()]
    assert folders[-1] in left
    assert folders[0] not in left
    assert 3 <= len(left) <= 6


# ---- death

PUBLISH = """
import os, signal, sys
from pathlib import Path
import aiobotocore.session, s3fs
from tidebook.store.objects import Bucket, ObjectStore

LINE = "product/P001_all/lstm"


def publish(url, cache, files, last):
    attempt, done = Bucket._attempt, 0

    def counted(self, work):
        nonlocal done
        if done == last:
            os.kill(os.getpid(), signal.SIGKILL)
        done += 1
        return attempt(self, work)

    Bucket._attempt = counted
    store = ObjectStore(url, cache)
    prefix = LINE + "/v" + str(store.claim(LINE, "run"))
    if prefix not in set(store.trees()):
        store.commit(prefix, store.fill(prefix, {path.name: path for path in files.iterdir()}))
    store.amend("", "versions.json", lambda before: {"product_P001_all_lstm": 1})


for line in sys.stdin:  # Each in a process of its own, which has loaded everything.
    url, cache, files, last = line.split()
    child = os.fork()
    if not child:
        publish(url, Path(cache), Path(files), int(last))
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


def test_killed_at_any_request_a_version_is_whole_or_not_there_and_a_second_call_finishes(
    server: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.use(monkeypatch)
    files = tmp_path / "files"
    files.mkdir()
    (files / "model.pth").write_bytes(os.urandom(PART + 1000))
    (files / "metadata.json").write_text("{}")
    publishing = subprocess.Popen(
        [sys.executable, "-c", PUBLISH], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    )

    def publish(url: str, last: int) -> int:
        assert publishing.stdin is not None
        assert publishing.stdout is not None
        print(url, tmp_path / "cache", files, last, file=publishing.stdin, flush=True)
        return int(publishing.stdout.readline())

    bucket, last, seen = server.new_bucket(), 0, set()
    with publishing:
        while True:
            url = f"s3://{bucket}/killed-{last}"
            store = ObjectStore(url, tmp_path / "cache")
            ended = publish(url, last)
            there = list(store.trees())
            seen.add(bool(there))
            for prefix in there:
                assert verify(store, prefix) == []
            if ended == 0:
                break
            assert ended == -9
            prefix = f"{LINE}/v{store.claim(LINE, 'run')}"
            if prefix not in there:
                store.commit(prefix, store.fill(prefix, {path.name: path for path in files.iterdir()}))
            assert list(store.trees()) == [prefix]
            assert verify(store, prefix) == []
            assert store.newest(LINE) == 1, "a number was lost"
            last += 1
    assert last > 15
    assert seen == {True, False}
