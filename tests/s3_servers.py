"""Real S3 servers for tests: moto, which honours conditions, and rclone, which checks signatures and ignores them."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

KEY, SECRET = "TIDEBOOKTESTKEY", "tidebook-test-secret"


@dataclass(frozen=True)
class S3Server:
    """A server that answers at `endpoint`."""

    endpoint: str
    key: str = KEY
    secret: str = SECRET

    def use(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Points this process, and those that it starts, to the server."""
        for name in [name for name in os.environ if name.startswith(("AWS_", "OSS_"))]:
            monkeypatch.delenv(name)
        for name, value in self.environment().items():
            monkeypatch.setenv(name, value)

    def environment(self) -> dict[str, str]:
        """What a process needs to reach it."""
        return {
            "TIDEBOOK_S3_ENDPOINT": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.key,
            "AWS_SECRET_ACCESS_KEY": self.secret,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    def new_bucket(self) -> str:
        """The name of a bucket that is made."""
        from s3fs import S3FileSystem

        name = f"b{secrets.token_hex(8)}"
        files = S3FileSystem(key=self.key, secret=self.secret, endpoint_url=self.endpoint, skip_instance_cache=True)
        files.call_s3("create_bucket", Bucket=name)
        return name


@contextmanager
def moto() -> Iterator[S3Server]:
    """moto's server, which keeps everything in memory and accepts any credentials."""
    port = free_port()
    with running([sys.executable, "-W", "ignore", "-m", "moto.server", "-p", str(port)], port):
        yield S3Server(f"http://127.0.0.1:{port}")


@contextmanager
def rclone(folder: Path) -> Iterator[S3Server]:
    """rclone's server; objects are files in `folder`, buckets its folders."""
    program = shutil.which("rclone", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    assert program is not None
    port = free_port()
    command = [program, "serve", "s3", "--config", os.devnull, "--addr", f"127.0.0.1:{port}"]
    with running([*command, "--auth-key", f"{KEY},{SECRET}", str(folder)], port):
        yield S3Server(f"http://127.0.0.1:{port}")


@contextmanager
def ceph(folder: Path) -> Iterator[S3Server]:
    """Ceph's gateway over a monitor and one disk in memory, in about twelve seconds."""
    monitor, gateway = free_port(), free_port()
    (folder / "mon").mkdir(parents=True)
    (folder / "osd").mkdir()
    cluster, disk = str(uuid4()), str(uuid4())
    (folder / "ceph.conf").write_text(CEPH.format(folder=folder, cluster=cluster, monitor=monitor))

    def run(program: str, *arguments: str) -> None:
        command = [program, "-c", str(folder / "ceph.conf"), *arguments]
        subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=60)

    try:
        run("ceph-mon", "-i", "a", "--mkfs", "--fsid", cluster)
        run("ceph-mon", "-i", "a")
        run("ceph", "osd", "new", disk)
        run("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", disk)
        run("ceph-osd", "-i", "0")
        user = ["--uid", "t", "--display-name", "t", "--access-key", KEY, "--secret", SECRET]
        run("radosgw-admin", "user", "create", *user)
        open_to_all = ["--auth_client_required=none", "--ms_mon_client_mode=crc"]
        run("radosgw", "-n", "client.admin", *open_to_all, "--rgw_frontends", f"beast endpoint=127.0.0.1:{gateway}")
        yield S3Server(f"http://127.0.0.1:{gateway}")
    finally:
        for path in folder.glob("*.pid"):
            with suppress(OSError, ValueError):
                os.kill(int(path.read_text()), signal.SIGKILL)


CEPH = """[global]
fsid = {cluster}
mon_host = [v2:127.0.0.1:{monitor}/0]
mon_initial_members = a
auth_cluster_required = none
auth_service_required = none
auth_client_required = none
osd_pool_default_size = 1
osd_pool_default_min_size = 1
mon_allow_pool_size_one = true
osd_pool_default_pg_num = 1
osd_pool_default_pgp_num = 1
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
osd_objectstore = memstore
memstore_device_bytes = 2147483648
run_dir = {folder}
log_file = {folder}/$name.log
admin_socket = {folder}/$name.asok
pid_file = {folder}/$name.pid
mon_data = {folder}/mon
osd_data = {folder}/osd
rgw_data = {folder}
ms_bind_ipv6 = false

[mon.a]
host = localhost
"""


@contextmanager
def running(command: Sequence[str], port: int) -> Iterator[subprocess.Popen[bytes]]:
    """A server process, from when its port answers until it is ended."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            assert process.poll() is None, f"{command[0]} ended with {process.returncode}"
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        else:
            raise AssertionError(f"{command[0]} did not answer")
        yield process
    finally:
        process.kill()
        process.wait()


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port
