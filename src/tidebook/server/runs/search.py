"""Finding lines in a log of any length without reading it into memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

BLOCK = 1 << 20  #: bytes that are read at once; a line that is longer counts as several
AT_ONCE = 256 << 20  #: bytes of one request
MAX_TEXT = 2_000  #: characters of a line that are told


def search_lines(
    path: Path, text: str, after: int, limit: int, *, at_once: int = AT_ONCE
) -> tuple[list[dict[str, Any]], int, bool]:
    """Lines behind the position `after` that hold `text`, in whatever case (of Latin letters), with their numbers.

    At most `limit` of them; then where to go on, and whether the end was reached.
    """
    wanted = text.encode(errors="replace").lower()
    try:
        with path.open("rb") as file:
            number = _lines_before(file, after)
            file.seek(after)
            found: list[dict[str, Any]] = []
            position = after
            for block in _blocks(file):
                for start, line, before in _matches(block, wanted):
                    found.append({"number": number + before + 1, "text": line.decode(errors="replace")[:MAX_TEXT]})
                    if len(found) == limit:
                        return found, min(position + start + len(line) + 1, position + len(block)), False
                position += len(block)
                number += block.count(b"\n")
                if position - after >= at_once:
                    return found, position, False
            return found, position, True
    except FileNotFoundError:
        return [], after, True


def _matches(block: bytes, wanted: bytes) -> Iterator[tuple[int, bytes, int]]:
    """Start, content and number of line ends before it, of each line that holds `wanted`."""
    lowered = block.lower()
    counted = numbered = 0
    at = lowered.find(wanted)
    while at >= 0:
        start = block.rfind(b"\n", 0, at) + 1
        end = block.find(b"\n", at)
        end = len(block) if end < 0 else end
        numbered += block.count(b"\n", counted, start)
        counted = start
        yield start, block[start:end], numbered
        at = lowered.find(wanted, end + 1)


def _blocks(file: IO[bytes]) -> Iterator[bytes]:
    """The content from here on in blocks that end with lines; a last line whose end is not written yet is left out."""
    rest = b""
    while data := file.read(BLOCK):
        data = rest + data
        end = data.rfind(b"\n") + 1
        if end == 0 and len(data) >= BLOCK:
            end = len(data)
        rest = data[end:]
        if end:
            yield data[:end]


def _lines_before(file: IO[bytes], position: int) -> int:
    count = 0
    while position > 0 and (data := file.read(min(BLOCK, position))):
        count += data.count(b"\n")
        position -= len(data)
    return count
