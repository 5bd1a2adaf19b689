"""What lies below a folder, links not followed and hidden names left out."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator

MODE, SIZE, MTIME = 0, 1, 2  #: of what is found
Found = tuple[int, int, int]  #: st_mode, st_size, st_mtime_ns


def walk(root: str) -> Iterator[tuple[str, Found]]:
    """Path and state of everything below `root` that is no folder; nothing where there is none."""
    folders = [""]
    while folders:
        below = folders.pop()
        try:
            scan = os.scandir(f"{root}/{below}")
        except (FileNotFoundError, NotADirectoryError):
            continue
        with scan:
            for entry in scan:
                name = entry.name
                if name[0] == ".":
                    continue
                if entry.is_dir(follow_symlinks=False):
                    folders.append(f"{below}{name}/")
                    continue
                try:
                    found = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue
                yield below + name, (found.st_mode, found.st_size, found.st_mtime_ns)


def kind(mode: int) -> str:
    """What something that is no regular file is, for people; "" for a regular file."""
    if stat.S_ISREG(mode):
        return ""
    kinds = {stat.S_IFLNK: "a link", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}
    return kinds.get(stat.S_IFMT(mode), "a device")
