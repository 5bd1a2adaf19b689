"""Files that are sent to the server: streamed to disk under a name of ours, never held in memory."""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import orjson
from pydantic import ValidationError
from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header
from starlette.requests import Request

from tidebook.core.errors import InvalidInput, TooLarge
from tidebook.core.files import storage_errors
from tidebook.core.settings import Settings
from tidebook.records.labels import DEFAULT_PROJECT, check_project
from tidebook.specs import ColumnMapping
from tidebook.specs.faults import readable

SUFFIXES = (".parquet", ".csv")
MAX_FIELD_BYTES = 64 * 1024
MAX_FIELDS = 10
BUFFER_BYTES = 1024 * 1024

MULTIPART: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary", "description": "A .parquet or .csv file."},
                        "name": {"type": "string", "description": "A name for people; default: the file's."},
                        "project": {"type": "string", "description": "The project that it belongs to."},
                        "mapping": {"type": "string", "description": "A ColumnMapping as JSON text."},
                    },
                }
            }
        },
    }
}


@dataclass(frozen=True)
class Upload:
    """A file that has arrived."""

    path: Path  #: where it lies until the caller is done with it
    name: str  #: for people: as stated, else the file's own name made harmless
    mapping: dict[str, Any] | None  #: a checked ColumnMapping
    project: str  #: a checked name


@asynccontextmanager
async def receive(request: Request, settings: Settings) -> AsyncIterator[Upload]:
    """The file of a multipart request, in a temporary folder of the home that vanishes afterwards.

    TooLarge above the limit, InvalidInput for anything but a Parquet or CSV file in multipart/form-data.
    """
    boundary = _boundary(request)
    limit = settings.max_upload_bytes
    stated = request.headers.get("content-length", "")
    if stated.isdigit() and int(stated) > limit + 4 * MAX_FIELD_BYTES:
        raise _too_large(limit, f"{int(stated):,} bytes")
    waiting = settings.cache / "uploads"
    with storage_errors(waiting):
        waiting.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=waiting) as folder:
            form = _Form(Path(folder), limit)
            try:
                await _read(request, boundary, form)
            finally:
                form.close()
            yield form.upload()


async def _read(request: Request, boundary: bytes, form: _Form) -> None:
    try:
        parser = MultipartParser(
            boundary,
            {
                "on_part_begin": form.on_part_begin,
                "on_header_field": form.on_header_field,
                "on_header_value": form.on_header_value,
                "on_header_end": form.on_header_end,
                "on_headers_finished": form.on_headers_finished,
                "on_part_data": form.on_part_data,
                "on_part_end": form.on_part_end,
                "on_end": form.on_end,
            },
        )
        async for chunk in request.stream():
            parser.write(chunk)
            if len(form.buffered) >= BUFFER_BYTES:
                await asyncio.to_thread(form.flush)
        await asyncio.to_thread(form.flush)
        parser.finalize()
    except FormParserError as error:
        raise _not_multipart(str(error)) from error
    if not form.ended:
        raise _not_multipart("a body that ends too early")


@dataclass
class _Form:
    """What the parser finds: one file and a few short fields."""

    folder: Path
    limit: int  #: bytes
    fields: dict[str, bytearray] = field(default_factory=dict)
    filename: str | None = None
    buffered: bytearray = field(default_factory=bytearray)
    received: int = 0
    ended: bool = False
    _headers: dict[str, str] = field(default_factory=dict)
    _name: bytearray = field(default_factory=bytearray)
    _value: bytearray = field(default_factory=bytearray)
    _part: str = ""
    _file: IO[bytes] | None = None

    def on_part_begin(self) -> None:
        self._headers = {}

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def on_header_end(self) -> None:
        self._headers[self._name.decode("latin-1").lower()] = self._value.decode("latin-1")
        self._name, self._value = bytearray(), bytearray()

    def on_headers_finished(self) -> None:
        _, options = parse_options_header(self._headers.get("content-disposition", ""))
        self._part = options.get(b"name", b"").decode("utf-8", "replace")
        if self._part == "file":
            if self.filename is not None:
                raise _not_multipart("more than one file")
            self.filename = options.get(b"filename", b"").decode("utf-8", "replace")
            self._file = (self.folder / f"upload{_suffix(self.filename)}").open("wb")
        else:
            self.fields[self._part] = bytearray()
            if len(self.fields) > MAX_FIELDS:
                raise _not_multipart(f"more than {MAX_FIELDS} fields")

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._part == "file":
            self.received += end - start
            if self.received > self.limit:
                raise _too_large(self.limit, "more than that")
            self.buffered += data[start:end]
            return
        value = self.fields[self._part]
        value += data[start:end]
        if len(value) > MAX_FIELD_BYTES:
            raise _not_multipart(f"more than {MAX_FIELD_BYTES} bytes in the field {self._part[:40]!r}")

    def on_part_end(self) -> None:
        if self._part == "file":
            self.flush()

    def on_end(self) -> None:
        self.ended = True

    def flush(self) -> None:
        """Writes what has gathered."""
        if self._file is not None and self.buffered:
            self._file.write(self.buffered)
            self._file.flush()
            self.buffered.clear()

    def close(self) -> None:
        """Closes the file."""
        if self._file is not None:
            self._file.close()

    def upload(self) -> Upload:
        """The file and its fields, checked."""
        if self.filename is None or self._file is None:
            raise _not_multipart("no file")
        name, mapping, project = (self._text(field) for field in ("name", "mapping", "project"))
        return Upload(
            Path(self._file.name),
            name[:200] or _shown(self.filename),
            _mapping(mapping),
            check_project(project or DEFAULT_PROJECT),
        )

    def _text(self, name: str) -> str:
        return self.fields.get(name, bytearray()).decode("utf-8", "replace").strip()


def _mapping(text: str) -> dict[str, Any] | None:
    if not text:
        return None
    try:
        return ColumnMapping.model_validate(orjson.loads(text)).model_dump(mode="json")
    except orjson.JSONDecodeError as error:
        raise InvalidInput(
            "mapping must be JSON text", got=repr(text[:80]), fix='Send for example {"target": "sales"}.'
        ) from error
    except ValidationError as error:
        raise readable(error, list(ColumnMapping.model_fields)) from error


def _suffix(filename: str) -> str:
    for suffix in SUFFIXES:
        if filename.lower().endswith(suffix):
            return suffix
    raise InvalidInput(
        f"An uploaded file's name must end in {' or '.join(SUFFIXES)}",
        got=repr(filename[-80:]),
        fix="Save the table as Parquet or CSV and send that.",
    )


def _shown(filename: str) -> str:
    base = re.split(r"[/\\]", filename)[-1]
    return re.sub(r"[\x00-\x1f\x7f]", "", base)[:200] or "upload"


def _boundary(request: Request) -> bytes:
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    boundary = options.get(b"boundary")
    if kind != b"multipart/form-data" or not boundary:
        raise _not_multipart(repr(request.headers.get("content-type", "")[:80]))
    return boundary


def _not_multipart(got: str) -> InvalidInput:
    return InvalidInput(
        "An upload must be multipart/form-data with one part `file` and optionally `name`, `project` and `mapping`",
        got=got,
        fix="For example: curl -F file=@sales.csv …/api/datasets/upload.",
    )


def _too_large(limit: int, got: str) -> TooLarge:
    return TooLarge(
        f"An uploaded file must have at most {limit:,} bytes",
        got=got,
        fix="Copy it to the server and register its path, or raise TIDEBOOK_MAX_UPLOAD_BYTES.",
    )
